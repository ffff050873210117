"""`behavior annotate`: videos to ethograms, with a model that was trained before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from behavior.compute.where import HERE, Where
from behavior.config import Crop
from behavior.errors import BehaviorError, UsageError, join_first
from behavior.files.atomic import make_folder, require_writable
from behavior.files.listed_folders import ListedFolders
from behavior.files.manifest import read_manifest
from behavior.files.new_videos import list_videos, name_recordings
from behavior.files.study import open_study
from behavior.learning.annotating import AnnotateResult, AnnotatorRequest, annotate_recordings
from behavior.learning.new_recordings import list_new_recordings
from behavior.progress import complain
from behavior.recording import PoseCoordinates, Recording

__all__ = ["AnnotateOptions", "AnnotateResult", "annotate_manifest", "annotate_study", "annotate_videos"]


@dataclass(frozen=True)
class AnnotateOptions:
    """How recordings are annotated.

    Attributes
    ----------
    body_parts
        Centre the crops on these instead of those that the model was trained with.
    individual
        Which of several animals in the pose; all of them where None, unless the model is for one.
    others
        What the other animals are called that the model takes by name; as in its study if empty.
    pose_coordinates
        As in `Recording`; a study says it itself.
    fps
        Frames per second of pose without a video whose file does not say it, and the manifest neither.
    may_resample
        Accept videos of another frame rate than the model's.
    cache
        Folder for the features; `out`/cache where None, or the study's if its crops are not replaced.
    overwrite
        Replace ethograms in `out` that another model, or this one with other settings, has made.
    """

    body_parts: tuple[str, ...] = ()
    individual: str | None = None
    others: tuple[str, ...] = ()
    pose_coordinates: PoseCoordinates = "auto"
    fps: float | None = None
    may_resample: bool = False
    cache: Path | None = None
    overwrite: bool = False

    def request(self, model: Path, cache: Path, *, imported: Path | None = None, study: Path | None = None) -> AnnotatorRequest:
        """Return which annotator is to be opened for this, with its features in the folder `cache`."""
        return AnnotatorRequest(
            model, cache, self.body_parts, self.individual, self.others, may_resample=self.may_resample, imported=imported, study=study
        )


def annotate_videos(
    model: Path,
    videos: Sequence[Path],
    out: Path,
    options: AnnotateOptions,
    *,
    pose: Path | None = None,
    where: Where = HERE,
) -> AnnotateResult:
    """Annotate `videos` with the bundle in the folder `model`, each individual of a video by itself; one bad video never stops the rest.

    Parameters
    ----------
    videos
        A folder stands for the videos in it, but for hidden ones, overlays and videos in which a tracker drew its points. For a model that
        works on pose alone, pose files stand for videos too.
    pose
        Pose of the only video; without it each video's pose is looked for next to it, as `behavior init` does.
    where
        Where work runs; a unit is a video, with all individuals in it.

    Raises
    ------
    UsageError
        If `pose` is given for several videos, the model works on imported features, or takes other animals than are named.
    ModelError
        If the bundle cannot be used.
    """
    require_writable(make_folder(out))
    asked = options.request(model, options.cache or out / "cache")
    annotator = asked.open()
    annotator.require_videos()
    videos, problems = list_videos(videos, or_poses=not annotator.model.streams_of_pictures)
    result = AnnotateResult(failures=problems)
    n_given = len(videos) + len(problems)
    if pose is not None and n_given != 1:
        raise UsageError(f"--pose names one file, but {n_given} videos are given; annotate them one at a time or leave --pose out.")
    for sentence in problems.values():
        complain(sentence)
    recordings: list[Recording] = []
    names, folders = name_recordings(videos), ListedFolders()
    taken = set(names)
    for video, name in zip(videos, names, strict=True):
        try:
            found = list_new_recordings(
                annotator.model,
                name,
                video,
                pose=pose,
                individual=options.individual,
                coordinates=options.pose_coordinates,
                fps=options.fps,
                taken=taken,
                folders=folders,
            )
        except BehaviorError as error:
            result.fail(name, error)
            continue
        recordings += found
        taken.update(recording.id for recording in found)
    return annotate_recordings(annotator, asked, recordings, out, result, overwrite=options.overwrite, where=where)


def annotate_study(model: Path, study_path: Path, out: Path, options: AnnotateOptions, *, where: Where = HERE) -> AnnotateResult:
    """Annotate every recording of the study at `study_path` with the bundle in the folder `model`; raises as `annotate_videos`.

    The study's cache is used, unless other body parts are asked for: those features go to `out`/cache, so that the study keeps its own.
    Of a model that works on several views, views that a recording lacks are left out, with a warning.
    """
    study, recordings = open_study(study_path)
    _refuse_other_individual(study.recordings, recordings, options.individual)
    require_writable(make_folder(out))
    other_crops = bool(options.body_parts) or options.individual is not None
    cache = options.cache or (out / "cache" if other_crops or options.others else study.cache)
    asked = options.request(model, cache, imported=study.cache, study=study_path)
    annotator = asked.open()
    annotator.require_views(recordings, study_path)
    crop = annotator.model.crop
    if crop is not None and study.crop is not None and not other_crops and _fold(crop) != _fold(study.crop):
        raise UsageError(
            f"{study_path}: its crop ({_describe_crop(study.crop)}) is not that of the model ({_describe_crop(crop)}); "
            "name the body part to use with --body-part, or train on this study's crop."
        )
    return annotate_recordings(annotator, asked, recordings, out, AnnotateResult(), overwrite=options.overwrite, where=where)


def annotate_manifest(model: Path, manifest: Path, out: Path, options: AnnotateOptions, *, where: Where = HERE) -> AnnotateResult:
    """Annotate every recording of a manifest, with all of its views, with the bundle in the folder `model`; there needs to be no study.

    Raises as `annotate_videos`; `options.fps` is for recordings of pose alone of which the manifest says none.
    """
    recordings = [_read_as(one, options.pose_coordinates, options.fps) for one in read_manifest(manifest)]
    _refuse_other_individual(manifest, recordings, options.individual)
    require_writable(make_folder(out))
    asked = options.request(model, options.cache or out / "cache")
    annotator = asked.open()
    annotator.require_made_features()
    annotator.require_views(recordings, manifest)
    return annotate_recordings(annotator, asked, recordings, out, AnnotateResult(), overwrite=options.overwrite, where=where)


def _read_as(recording: Recording, coordinates: PoseCoordinates, fps: float | None) -> Recording:
    """Return a recording, with its views, as it is asked to be read."""
    views = {name: _read_as(view, coordinates, fps) for name, view in recording.views.items()}
    rate = recording.fps or (fps if recording.video is None else None)
    return replace(recording, pose_coordinates=coordinates, fps=rate, views=views)


def _refuse_other_individual(manifest: Path, recordings: Sequence[Recording], individual: str | None) -> None:
    """Raise UsageError if an individual is asked for and the manifest names that of recordings."""
    named = [recording.id for recording in recordings if recording.individual]
    if individual is not None and named:
        raise UsageError(
            f"{manifest}: names the individual of {join_first(named, 3)}, and --individual "
            f"{individual} another for all; leave --individual out, or empty that column."
        )


def _describe_crop(crop: Crop) -> str:
    if crop.whole_frame:
        return "whole frame"
    animal = f" of {crop.individual}" if crop.individual else ""
    return f"{' + '.join(crop.body_parts)}{animal}, {crop.size} pixels, likelihood {crop.min_likelihood:g}"


def _fold(crop: Crop) -> Crop:
    """Return `crop` with names as they are compared, without case."""
    parts = [name.casefold() for name in crop.body_parts]
    return crop.model_copy(update={"body_part": parts or None})
