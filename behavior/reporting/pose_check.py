"""Checking the pose of a recording: whether it can be read, fits the frames, and sees the animal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from behavior.config import Crop, PoseFiles
from behavior.embedding.crop_windows import CropCenters
from behavior.embedding.other_animals import name_others
from behavior.embedding.upright_pose import read_upright_track
from behavior.errors import BehaviorError
from behavior.files.needed_files import require_pose
from behavior.files.pose import PoseFile, find_body_parts, match_pose_to_frames, open_pose
from behavior.files.pose_frames import place_on_frames
from behavior.files.pose_index import count_from_0
from behavior.recording import Frames, Recording, Track
from behavior.reporting.check_result import Problem

__all__ = ["PoseCheck", "check_pose", "open_pose_of"]

# An individual that is measured in fewer frames may be a name that the tracker has for another video's.
_MOSTLY_LOST = 0.5


@dataclass(frozen=True)
class PoseCheck:
    """What there is of the pose of a recording.

    Attributes
    ----------
    n_rows
        Rows of its animal's track; None where it cannot be read.
    measured
        Share of the frames in which the animal's place is measured; None where that is not known.
    problems
        What is wrong with it.
    """

    n_rows: int | None = None
    measured: float | None = None
    problems: Sequence[Problem] = ()


def open_pose_of(recording: Recording) -> PoseFile:
    """Return the pose file of a recording; PoseError where it has none, or it cannot be read."""
    return open_pose(require_pose(recording))


def check_pose(
    recording: Recording,
    crop: Crop,
    frames: Frames,
    size: tuple[int, int] | None,
    *,
    open_file: Callable[[], PoseFile],
    settings: PoseFiles | None = None,
) -> PoseCheck:
    """Return what there is of the pose of a recording with these `frames`, and what is wrong with it.

    Parameters
    ----------
    size
        Width and height of the picture in pixels; None where there is no video.
    open_file
        Gives the pose file, as `open_pose_of` does.
    settings
        The study's section `pose`, where other animals of the file are needed; None where they are not.
    """
    try:
        opened = open_file()
        track, turned = read_upright_track(recording, crop.individual, crop.pose_scale, opened=opened, doubts_scale=True)
    except BehaviorError as error:
        return PoseCheck(problems=[Problem.error(recording.id, error)])
    n_rows = len(count_from_0(track, frames.n_frames, path=opened.path)[0])
    try:
        measured, messages = _compare_track(recording, track, crop, frames, size)
        if settings is not None and settings.others is not None:
            _require_others(recording, crop, settings, opened)
    except BehaviorError as error:
        return PoseCheck(n_rows, problems=[Problem.error(recording.id, error)])
    messages = [*opened.notes, *([turned] if turned else []), *messages]
    return PoseCheck(n_rows, measured, [Problem.warning(recording.id, message) for message in messages])


def _compare_track(recording: Recording, track: Track, crop: Crop, frames: Frames, size: tuple[int, int] | None) -> tuple[float, list[str]]:
    """Return the share of the frames whose crop centre is measured, and what is odd about the pose."""
    assert recording.pose is not None
    parts = find_body_parts(track, crop.body_parts, path=recording.pose)
    if crop.body_axis is not None:
        find_body_parts(track, crop.body_axis, path=recording.pose)
    if recording.video is None:
        track, warnings = place_on_frames(track, frames, path=recording.pose)
    else:
        track, warning = match_pose_to_frames(track, frames, path=recording.pose)
        warnings = [warning] if warning else []
    centers = CropCenters(track, parts, min_likelihood=crop.min_likelihood, size=size)
    centers.require_any(recording.pose, parts=crop.body_parts, min_likelihood=crop.min_likelihood)
    measured = float(centers.measured[: frames.n_frames].mean()) if len(track) else 0.0
    consequence = f"look at {' and '.join(crop.body_parts)} and its likelihood ({crop.min_likelihood:g} is asked for)"
    if recording.individual and measured < _MOSTLY_LOST:
        consequence += ", and delete its row from the manifest if this animal is not in the video"
    lost = centers.describe(recording.pose, n_frames=frames.n_frames, consequence=consequence, individual=recording.individual)
    return measured, [*warnings, *lost]


def _require_others(recording: Recording, crop: Crop, settings: PoseFiles, opened: PoseFile) -> None:
    """Raise PoseError where another animal that is needed, or a body part of it, is not in the file."""
    for name in name_others(recording, crop, settings, opened):
        track = opened.read(name, crop.pose_scale)
        find_body_parts(track, [*crop.body_parts, *(crop.body_axis or ())], path=opened.path)
