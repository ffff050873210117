"""`behavior init`: pairs the videos, pose and label files of a folder and writes the study that they make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from behavior.errors import BehaviorError, OutputError, UsageError
from behavior.files.atomic import write_text
from behavior.files.behavior_names import ChosenNames, choose_names
from behavior.files.manifest import write_manifest
from behavior.files.new_study import MANIFEST_FILE, STUDY_FILE, choose_center_parts, format_new_study
from behavior.files.pairing import Pairing, pair_files
from behavior.files.pose import read_pose
from behavior.recording import Recording
from behavior.vision.backbones import IMAGENET, PACKAGED, find_backbone

__all__ = ["InitResult", "init_study"]

THESIS_BEHAVIORS = ("grooming", "mid_rearing", "wall_rearing")


@dataclass(frozen=True)
class InitResult:
    """What was found and written.

    Attributes
    ----------
    pairings
        One for each video.
    study
        Path of the study file.
    notes
        Sentences on what found no partner, and on what was chosen.
    """

    pairings: list[Pairing]
    study: Path
    notes: list[str] = field(default_factory=list)


def init_study(folder: Path, *, backbone: str = "resnet50v2") -> InitResult:
    """Pair the files below `folder` and write `study.yaml` and `recordings.csv` into it.

    Raises
    ------
    UsageError
        If the folder is missing or holds no video.
    OutputError
        If it holds a study already, or cannot be written to.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder; give the one that holds the videos.")
    study_path, manifest_path = folder / STUDY_FILE, folder / MANIFEST_FILE
    for path in (study_path, manifest_path):
        if path.exists():
            raise OutputError(f"{path}: is there already and is never written over; edit it, or move it away first.")
    specification = find_backbone(backbone)
    pairings, notes = pair_files(folder)
    if not pairings:
        raise UsageError(f"{folder}: found no video (such as .mp4, .avi or .mts) in it or below; give the folder that holds the videos.")
    names = _choose_behaviors(pairings)
    center_parts, center_notes = _choose_center(pairings)
    weights, weight_notes = _choose_weights(backbone)
    write_manifest(manifest_path, [_make_recording(pairing) for pairing in pairings])
    write_text(study_path, format_new_study(names, center_parts, backbone=specification.name, weights=weights))
    return InitResult(pairings, study_path, [*notes, *names.notes, *center_notes, *weight_notes])


def _choose_behaviors(pairings: Sequence[Pairing]) -> ChosenNames:
    """Return the behaviors in the label files, those of the thesis where there are none."""
    files = [path for pairing in pairings for path in (pairing.labels, *pairing.raters.values(), *pairing.undecided) if path is not None]
    chosen = choose_names(files)
    if chosen.behaviors:
        return chosen
    why = "The label files name no behavior" if chosen.n_files else "No label file was found that can be read"
    note = f"{why}; behaviors are set to {', '.join(THESIS_BEHAVIORS)}: change them in the study file."
    return replace(chosen, behaviors=tuple(THESIS_BEHAVIORS), notes=(*chosen.notes, note))


def _choose_center(pairings: Sequence[Pairing]) -> tuple[list[str], list[str]]:
    """Return the body parts that crops are centred on, by the first pose that can be read, [] without any; and notes."""
    notes = []
    for pairing in pairings:
        if pairing.pose is None:
            continue
        try:
            names = read_pose(pairing.pose).body_parts
        except BehaviorError as error:
            notes.append(str(error))
            continue
        chosen = choose_center_parts(names)
        return chosen, [*notes, f"Crops are centred on {' + '.join(chosen)}; the pose has {', '.join(names)}."]
    note = "No pose was found, so each whole frame is embedded; name pose files in recordings.csv and a body part in the study file."
    return [], [*notes, note]


def _choose_weights(backbone: str) -> tuple[str, list[str]]:
    """Return the weights that a backbone begins with, and a note where they have to be brought."""
    if backbone == "squeezenet":
        return "squeezenet.h5", ["squeezenet needs a weights file: correct weights: squeezenet.h5 in the study file to its path."]
    return PACKAGED if backbone == "openfield" else IMAGENET, []


def _make_recording(pairing: Pairing) -> Recording:
    labels = {"": pairing.labels, **pairing.raters}
    return Recording(
        pairing.recording,
        video=pairing.video.resolve() if pairing.video else None,
        pose=pairing.pose.resolve() if pairing.pose else None,
        labels={rater: path.resolve() for rater, path in labels.items() if path is not None},
        animal=pairing.recording,
    )
