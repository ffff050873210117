"""New videos, which no study names: the recordings that they are for a model, one for each individual, and their annotations."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

from behavior.embedding.recordings import require_features_together
from behavior.errors import UsageError, VideoError, advise_on_missing
from behavior.files.individuals import choose_individuals, name_individuals
from behavior.files.listed_folders import ListedFolders
from behavior.files.new_videos import name_recordings, require_pose
from behavior.files.pose import open_pose
from behavior.files.pose_formats.deeplabcut import list_animals
from behavior.files.pose_names import is_pose_file
from behavior.files.shared_videos import introduce_companions
from behavior.files.video_packets import VIDEO_SUFFIXES
from behavior.learning.annotator import Annotator
from behavior.learning.opened_model import OpenedModel
from behavior.progress import warn
from behavior.recording import Annotation, PoseCoordinates, Recording

__all__ = ["annotate_individuals", "list_new_recordings"]


def list_new_recordings(
    model: OpenedModel,
    name: str,
    video: Path,
    *,
    pose: Path | None = None,
    individual: str | None = None,
    coordinates: PoseCoordinates = "auto",
    fps: float | None = None,
    taken: Collection[str] = (),
    folders: ListedFolders | None = None,
) -> list[Recording]:
    """Return the recordings of a video that is in no study; those of several individuals are called `NAME_INDIVIDUAL`.

    For a model that works on pose alone, a pose file may stand for the video.

    Individuals without a position in any frame are left out, with a warning. A model of a study that names its only individual is for
    animals of that name, so that a video is one recording.

    Parameters
    ----------
    name
        Id that the video's only recording has.
    pose
        Looked for next to the video if it is not given and the model needs one.
    individual
        Which of several animals of the pose; None for all.
    coordinates, fps
        As in `Recording`.
    taken
        Ids that other videos have.
    folders
        Where there are many videos, what was read of their folders.

    Raises
    ------
    PoseError
        If there is no pose, it cannot be read, or has no such individual.
    UsageError
        If a pose file stands for the video of a model that needs one.
    """
    crop = model.crop
    shown, pose = _sort_files(model, video, pose)
    known: dict[str, Any] = {"video": shown, "pose_coordinates": coordinates, "fps": fps if shown is None else None}
    if crop is None or crop.whole_frame:
        return [Recording(name, pose=pose, animal=name, **known)]
    pose = pose or require_pose(video, crop.body_parts, folders)
    alone = Recording(name, pose=pose, animal=name, **known)
    named = model.description.crop.individual if model.description.crop is not None else None
    # Nothing below the header is read where that tells enough: tables of long videos take long to read.
    if (individual is None and named is not None) or len(list_animals(pose)) == 1:
        return [alone]
    names, absent = choose_individuals(open_pose(pose), () if individual is None else (individual,))
    for sentence in absent:
        warn(sentence)
    if not names:
        return [alone]
    ids = name_individuals(name, names, taken)
    return introduce_companions([Recording(ids[one], pose=pose, animal=ids[one], individual=one, **known) for one in names])


def _sort_files(model: OpenedModel, video: Path, pose: Path | None) -> tuple[Path | None, Path | None]:
    """Return the video and the pose, where `video` may be a pose file that stands for it."""
    if video.suffix.casefold() in VIDEO_SUFFIXES or not is_pose_file(video):
        return video, pose
    if pose is not None:
        raise UsageError(f"{video}: is a pose file itself, and another one is given for it ({pose}); leave one of the two out.")
    if needing := model.streams_of_pictures:
        raise UsageError(
            f"{video}: is a pose file, and this model needs the picture too, for {' and '.join(needing)}; give the video, with its pose "
            "next to it."
        )
    return None, video


def annotate_individuals(
    annotator: Annotator,
    video: Path,
    *,
    pose: Path | None = None,
    individual: str | None = None,
    coordinates: PoseCoordinates = "auto",
    fps: float | None = None,
    is_single: bool = False,
) -> list[Annotation]:
    """Return the annotation of each individual of one video; nothing is written but features, to the annotator's cache.

    Parameters
    ----------
    pose, individual, coordinates, fps
        As for `list_new_recordings`.
    is_single
        Whether several individuals are an error.

    Raises
    ------
    UsageError
        If the model works on imported features, or there are several individuals where one is wanted.
    BehaviorError
        If the video, its pose or the model cannot be used.
    """
    annotator.require_videos()
    if not video.is_file():
        raise VideoError(f"{video}: no such video; {advise_on_missing(video)}.")
    (name,) = name_recordings([video])
    recordings = list_new_recordings(annotator.model, name, video, pose=pose, individual=individual, coordinates=coordinates, fps=fps)
    if is_single and len(recordings) > 1:
        names = ", ".join(recording.individual for recording in recordings)
        raise UsageError(
            f"{video}: its pose has {len(recordings)} individuals ({names}); name one with individual=, or take annotate_individuals."
        )
    annotator.warn_of_training(recordings)
    for problem in require_features_together(annotator.features.streams, recordings).values():
        raise problem
    return [annotator.annotate_with_warning(recording) for recording in recordings]
