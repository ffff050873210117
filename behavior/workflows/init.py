"""`behavior init`: pairs the videos, pose and label files of a folder and writes the study that they make."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from behavior.config import LabelFiles, is_view_name
from behavior.errors import BehaviorError, OutputError, UsageError, count_noun
from behavior.files.atomic import make_folder, require_writable, write_text
from behavior.files.behavior_names import ChosenNames, choose_names
from behavior.files.crop_choice import choose_crop, choose_view_crops
from behavior.files.manifest import read_manifest, write_manifest
from behavior.files.new_study import (
    MANIFEST_FILE,
    STUDY_FILE,
    NewCrop,
    NewPose,
    choose_body_axis,
    format_new_study,
)
from behavior.files.opening import locate
from behavior.files.paired_files import Pairing
from behavior.files.pairing import pair_files, pair_poses
from behavior.files.pose import open_pose
from behavior.files.pose_frames import find_pose_frames
from behavior.files.shared_videos import introduce_companions
from behavior.files.video import open_video
from behavior.files.view_cells import name_view
from behavior.learning.label_reading import describe_unowned
from behavior.recording import Recording
from behavior.vision.backbone_weights import IMAGENET, PACKAGED, RANDOM
from behavior.vision.backbones import find_backbone
from behavior.vision.convnet import CONVNET

__all__ = ["InitResult", "choose_sampling", "init_study", "make_recording"]

# Videos of more frames a second are sampled: behavior is hardly ever faster than these.
FAST_FPS, SAMPLING_FPS = 15.0, 10.0
THESIS_BEHAVIORS = ("grooming", "mid_rearing", "wall_rearing")


@dataclass(frozen=True)
class InitResult:
    """What was found and written.

    Attributes
    ----------
    pairings
        One for each video, or for each individual of a video with several.
    study
        Path of the study file.
    notes
        Sentences on what found no partner, and on what was chosen.
    """

    pairings: list[Pairing]
    study: Path
    notes: list[str] = field(default_factory=list)


def init_study(
    folder: Path,
    *,
    backbone: str = "resnet50v2",
    individuals: Sequence[str] = (),
    views: Sequence[str] = (),
    fps: float | None = None,
    out: Path | None = None,
) -> InitResult:
    """Pair the files below `folder` and write `study.yaml` and `recordings.csv`, with a row for each individual of each video.

    A folder of pose without any video makes a study that works on pose alone. A manifest that is there without a study, by a person or by
    an `init` that was killed, is kept, and the study is made for it.

    Parameters
    ----------
    individuals
        Which animals of videos with several are in the study, all where empty. The only one of these is named in the study file, and each
        video is one recording.
    views
        Other views than the first, which are at the end of the names of their videos: `side` for `mouse_01_side.mp4` beside
        `mouse_01.mp4`.
    fps
        Frames per second of pose without videos whose files do not say it.
    out
        Where to write them; into `folder` where None.

    Raises
    ------
    UsageError
        If the folder is missing or holds neither video nor pose, `fps` is given with videos, no video is of one of the `views`, or the
        manifest that is there cannot be read.
    OutputError
        If there is a study already, or nothing can be written there.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder; give the one that holds the videos.")
    for view in views:
        if not is_view_name(view):
            raise UsageError(f"--views {view}: cannot be the name of a view; use letters, digits, dashes and underscores, and not 'first'.")
    target = folder if out is None else make_folder(out)
    require_writable(target)
    study_path, manifest_path = target / STUDY_FILE, target / MANIFEST_FILE
    if study_path.exists():
        raise OutputError(f"{study_path}: is there already and is never written over; edit it, or move it away first.")
    specification = find_backbone(backbone)
    apart = None if len(individuals) == 1 else individuals
    pairings, notes = pair_files(folder, apart, views=views)
    is_pose_alone = not pairings
    if is_pose_alone:
        pairings, notes = pair_poses(folder, apart)
    elif fps is not None:
        raise UsageError(f"--fps {fps:g} is for pose without videos, and {folder} holds videos, which have their own; leave it out.")
    if not pairings:
        raise UsageError(
            f"{folder}: found no video (such as .mp4, .avi or .mts) in it or below, and no pose file; give the folder that holds them."
        )
    is_kept = manifest_path.exists()
    recordings = read_manifest(manifest_path) if is_kept else [make_recording(pairing) for pairing in pairings]
    names = _choose_behaviors(recordings, pairings)
    crop, crop_notes = choose_crop(recordings, pairings, folder)
    pose = None
    view_crops, view_notes = choose_view_crops(recordings, views, folder)
    crop_notes += view_notes
    if is_pose_alone:
        crop, pose, rates, crop_notes = _choose_pose_alone(recordings, crop, crop_notes, fps)
    elif crop.center_parts:
        crop_notes.append(_describe_axis(crop.body_axis))
    if len(individuals) == 1 and crop.center_parts:
        crop = replace(crop, individual=individuals[0])
    weights, weight_notes = ("", []) if is_pose_alone else _choose_weights(backbone)
    if is_kept:
        notes.append(f"{manifest_path}: was there already and is kept; the study is for {count_noun(len(recordings), 'recording')}.")
    else:
        write_manifest(manifest_path, recordings)
    sampling, sampling_notes = _sample(rates, "Recordings") if pose is not None else choose_sampling(recordings)
    text = format_new_study(names, crop, backbone=specification.name, weights=weights, sampling=sampling, pose=pose, views=view_crops)
    write_text(study_path, text)
    labels = LabelFiles(map=dict(names.mapping), ignore=list(names.ignored))
    owner_notes = describe_unowned(introduce_companions(recordings), names.behaviors, settings=labels)
    return InitResult(pairings, study_path, [*notes, *names.notes, *owner_notes, *crop_notes, *weight_notes, *sampling_notes])


def _choose_behaviors(recordings: Sequence[Recording], pairings: Sequence[Pairing]) -> ChosenNames:
    """Return the behaviors in the label files, those of the thesis where there are none."""
    files = [path for recording in recordings for path in recording.labels.values() if path.is_file()]
    files += [path for pairing in pairings for path in pairing.undecided]
    chosen = choose_names(list(dict.fromkeys(files)))
    if chosen.behaviors:
        return chosen
    why = "The label files name no behavior" if chosen.n_files else "No label file was found that can be read"
    note = f"{why}; behaviors are set to {', '.join(THESIS_BEHAVIORS)}: change them in the study file."
    return replace(chosen, behaviors=tuple(THESIS_BEHAVIORS), notes=(*chosen.notes, note))


def _choose_pose_alone(
    recordings: Sequence[Recording], crop: NewCrop, crop_notes: Sequence[str], fps: float | None
) -> tuple[NewCrop, NewPose, list[float], list[str]]:
    """Return where the animal is and what its axis is, what the study says of pose, the rates of the recordings, and notes."""
    notes = [note.replace("Crops are centred on", "The animal is where its pose has") for note in crop_notes]
    # One file of each kind: a tracker writes them alike, and tables of long recordings take a while to read.
    chosen = {recording.pose.suffix.casefold(): recording for recording in reversed(recordings) if recording.pose is not None}
    rates, is_open, has_others, axis = [], False, False, None
    for recording in chosen.values():
        assert recording.pose is not None
        with suppress(BehaviorError):
            pose = open_pose(recording.pose)
            has_others |= len(pose.list_present()) > 1
            axis = axis or choose_body_axis(next(iter(pose.individuals.values())))
            if pose.fps is None and pose.time_s is None and (recording.fps or fps) is None:
                is_open = True
                notes.append(
                    f"{recording.pose.name}: does not say how many frames a second it is of; enter it as pose: {{fps: 30}} in the study "
                    "file, or for each recording in the manifest's column fps."
                )
                continue
            rates.append(find_pose_frames(pose, recording.fps or fps).fps)
    notes.append(_describe_axis(axis))
    if has_others:
        notes.append("What each animal does is described together with the nearest other one (pose: {others: nearest}).")
    notes.append("There is no video, so the study works on pose alone (streams: [pose]).")
    return replace(crop, body_axis=axis), NewPose(fps, is_open, has_others), rates, notes


def _describe_axis(axis: tuple[str, str] | None) -> str:
    if axis is None:
        return "The ends of the body are not known by their names; name them in the study file: crop: {body_axis: [TAIL, HEAD]}."
    return f"Posture is described along the line from {axis[0]} to {axis[1]}."


def choose_sampling(recordings: Sequence[Recording]) -> tuple[float | None, list[str]]:
    """Return how many frames a second a new study uses, None for all, and a note on it.

    It is `SAMPLING_FPS` where a video is faster than `FAST_FPS` by its header. A video that cannot be read is left to `behavior check`.
    """
    rates = []
    for path in dict.fromkeys(recording.video for recording in recordings if recording.video is not None):
        with suppress(BehaviorError), open_video(path) as video:
            rates.append(video.nominal_fps)
    return _sample(rates, "Videos")


def _sample(rates: Sequence[float], what: str) -> tuple[float | None, list[str]]:
    if not rates or max(rates) <= FAST_FPS:
        return None, []
    shown = " to ".join(dict.fromkeys(f"{rate:.4g}" for rate in (min(rates), max(rates))))
    note = (
        f"{what} have {shown} frames per second, of which {SAMPLING_FPS:g} are used (sampling in the study file), which is enough for most "
        "behaviors and takes a fraction of the time; ethograms have a row for every frame all the same."
    )
    return SAMPLING_FPS, [note]


def _choose_weights(backbone: str) -> tuple[str, list[str]]:
    """Return the weights that a backbone begins with, and a note where they have to be brought."""
    if backbone == "squeezenet":
        return "squeezenet.h5", ["squeezenet needs a weights file: correct weights: squeezenet.h5 in the study file to its path."]
    if backbone == CONVNET:
        return RANDOM, [
            "convnet has learned nothing yet: run behavior finetune first, and write its file as weights into the section backbone of a "
            "study without the recordings that it was trained on."
        ]
    return PACKAGED if backbone == "openfield" else IMAGENET, []


def make_recording(pairing: Pairing) -> Recording:
    """Return the row of a manifest for a video, or an individual in it, and the files that belong to it."""
    labels = {"": pairing.labels, **pairing.raters}
    views = {
        view: Recording(name_view(pairing.recording, view), video=_locate(own.video), pose=_locate(own.pose))
        for view, own in pairing.views.items()
    }
    return Recording(
        pairing.recording,
        video=_locate(pairing.video),
        pose=_locate(pairing.pose),
        views=views,
        labels={rater: locate(path) for rater, path in labels.items() if path is not None},
        animal=pairing.recording,
        individual=pairing.individual,
    )


def _locate(path: Path | None) -> Path | None:
    return None if path is None else locate(path)
