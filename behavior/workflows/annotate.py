"""`behavior annotate`: videos to ethograms, with a model that was trained before."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from behavior.config import Crop
from behavior.embedding.recordings import require_features_together
from behavior.errors import BehaviorError, EthogramError, OutputError, UsageError, WeightsError
from behavior.files.atomic import make_folder
from behavior.files.ethograms import ETHOGRAM_SUFFIX, read_provenance, write_annotation
from behavior.files.listed_folders import ListedFolders
from behavior.files.new_videos import list_videos, name_recordings
from behavior.files.shared_videos import group_by_video
from behavior.files.study import open_study
from behavior.learning.annotator import Annotator, open_annotator
from behavior.learning.new_recordings import list_new_recordings
from behavior.progress import announce, complain
from behavior.recording import PoseCoordinates, Recording

__all__ = ["AnnotateResult", "annotate_study", "annotate_videos"]


@dataclass
class AnnotateResult:
    """What was annotated, by recording id.

    Attributes
    ----------
    frames_per_second
        Frames of the video divided by the seconds that they took, embedding included.
    failures
        A sentence for each recording that could not be annotated.
    """

    frames_per_second: dict[str, float] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)


def annotate_videos(
    model: Path,
    videos: Sequence[Path],
    out: Path,
    *,
    pose: Path | None = None,
    body_parts: Sequence[str] = (),
    individual: str | None = None,
    pose_coordinates: PoseCoordinates = "auto",
    resample: bool = False,
    cache: Path | None = None,
    overwrite: bool = False,
) -> AnnotateResult:
    """Annotate `videos` with the bundle in the folder `model`, each individual of a video by itself; one bad video never stops the rest.

    Parameters
    ----------
    videos
        A folder stands for the videos in it, but for hidden ones, overlays and videos in which a tracker drew its points.
    pose
        Pose of the only video; without it each video's pose is looked for next to it, as `behavior init` does.
    body_parts, pose_coordinates
        Centre the crops on these instead of those that the model was trained with; `pose_coordinates` as in `Recording`.
    individual
        Which of several animals in the pose; all of them where None, unless the model is for one.
    resample
        Accept videos of another frame rate than the model's.
    cache
        Folder for the features, `out`/cache where None.
    overwrite
        Replace ethograms in `out` that another model, or this one with other settings, has made.

    Raises
    ------
    UsageError
        If `pose` is given for several videos, or the model works on imported features.
    ModelError
        If the bundle cannot be used.
    """
    videos, problems = list_videos(videos)
    result = AnnotateResult(failures=problems)
    n_given = len(videos) + len(problems)
    if pose is not None and n_given != 1:
        raise UsageError(f"--pose names one file, but {n_given} videos are given; annotate them one at a time or leave --pose out.")
    make_folder(out)
    annotator = open_annotator(model, body_parts=body_parts, individual=individual, may_resample=resample, cache=cache or out / "cache")
    annotator.require_videos()
    for sentence in problems.values():
        complain(sentence)
    recordings: list[Recording] = []
    names, folders = name_recordings(videos), ListedFolders()
    taken = set(names)
    for video, name in zip(videos, names, strict=True):
        try:
            found = list_new_recordings(
                annotator.model, name, video, pose=pose, individual=individual, coordinates=pose_coordinates, taken=taken, folders=folders
            )
        except BehaviorError as error:
            _fail(result, name, error)
            continue
        recordings += found
        taken.update(recording.id for recording in found)
    return _annotate(annotator, recordings, out, result, overwrite=overwrite)


def annotate_study(
    model: Path,
    study_path: Path,
    out: Path,
    *,
    body_parts: Sequence[str] = (),
    individual: str | None = None,
    resample: bool = False,
    cache: Path | None = None,
    overwrite: bool = False,
) -> AnnotateResult:
    """Annotate every recording of the study at `study_path` with the bundle in the folder `model`; arguments as for `annotate_videos`.

    The study's cache is used, unless other body parts are asked for: those features go to `out`/cache, so that the study keeps its own.
    """
    study, recordings = open_study(study_path)
    named = [recording.id for recording in recordings if recording.individual]
    if individual is not None and named:
        raise UsageError(
            f"{study_path}: its manifest names the individual of {', '.join(named[:3])}{' and others' if len(named) > 3 else ''}, and "
            f"--individual {individual} another for all; leave --individual out, or empty that column."
        )
    make_folder(out)
    if cache is None:
        cache = out / "cache" if body_parts or individual is not None else study.cache
    annotator = open_annotator(
        model,
        body_parts=body_parts,
        individual=individual,
        may_resample=resample,
        cache=cache,
        imported=study.cache,
        arena=study.arena,
    )
    crop = annotator.model.crop
    asked_for = bool(body_parts) or individual is not None
    if crop is not None and study.crop is not None and not asked_for and _fold(crop) != _fold(study.crop):
        raise UsageError(
            f"{study_path}: its crop ({_describe_crop(study.crop)}) is not that of the model ({_describe_crop(crop)}); "
            "name the body part to use with --body-part, or train on this study's crop."
        )
    return _annotate(annotator, recordings, out, AnnotateResult(), overwrite=overwrite)


def _annotate(
    annotator: Annotator, recordings: Sequence[Recording], out: Path, result: AnnotateResult, *, overwrite: bool
) -> AnnotateResult:
    annotator.warn_of_training(recordings)
    for group in group_by_video(recordings):
        began = time.perf_counter()
        wanted = [one for one in group if overwrite or _is_free(annotator, one, out, result)]
        problems = require_features_together(annotator.features.streams, wanted)
        # What individuals of a video have in common is shared among them.
        embedding_s = (time.perf_counter() - began) / max(len(wanted), 1)
        for recording in wanted:
            began = time.perf_counter()
            try:
                if recording.id in problems:
                    raise problems[recording.id]
                annotation = annotator.annotate_with_warning(recording)
                write_annotation(out, annotation)
            except WeightsError:
                raise
            except BehaviorError as error:
                _fail(result, recording.id, error)
                continue
            n_frames, seconds = len(annotation.time_s), embedding_s + time.perf_counter() - began
            result.frames_per_second[recording.id] = n_frames / seconds
            announce(f"{recording.id}: {n_frames:,} frames in {seconds:.1f} s, {n_frames / seconds:,.1f} frames/s")
    return result


def _is_free(annotator: Annotator, recording: Recording, out: Path, result: AnnotateResult) -> bool:
    """Tell whether an ethogram may be written; if not, why not is added to the result."""
    try:
        _refuse_other_ethogram(annotator, recording, out)
    except BehaviorError as error:
        _fail(result, recording.id, error)
        return False
    return True


def _refuse_other_ethogram(annotator: Annotator, recording: Recording, out: Path) -> None:
    """Raise OutputError if `out` holds an ethogram of this recording by another model, with other settings or from another video."""
    path = out / f"{recording.id}{ETHOGRAM_SUFFIX}"
    if not path.is_file():
        return
    try:
        provenance = read_provenance(path)
    except EthogramError as error:
        raise OutputError(f"{str(error).rstrip('.')}; or give --overwrite to replace it.") from None
    if not annotator.would_repeat(provenance, recording):
        raise OutputError(
            f"{path}: was made by another model, with other settings or from another video; give another --out, or --overwrite to "
            "replace it."
        )


def _fail(result: AnnotateResult, name: str, error: BehaviorError) -> None:
    result.failures[name] = str(error)
    complain(f"{name}: {error}")


def _describe_crop(crop: Crop) -> str:
    if crop.whole_frame:
        return "whole frame"
    animal = f" of {crop.individual}" if crop.individual else ""
    return f"{' + '.join(crop.body_parts)}{animal}, {crop.size} pixels, likelihood {crop.min_likelihood:g}"


def _fold(crop: Crop) -> Crop:
    """Return `crop` with names as they are compared, without case."""
    parts = [name.casefold() for name in crop.body_parts]
    return crop.model_copy(update={"body_part": parts or None})
