"""The frames of a recording without a video: as many, and at the times, as its pose file says."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from behavior.errors import PoseError
from behavior.files.counter_columns import find_first_number
from behavior.files.pose import PoseFile, match_pose_to_frames, open_pose
from behavior.frame_times import estimate_fps, have_same_rate
from behavior.recording import Frames, Recording, Track

__all__ = ["PoseFrames", "find_pose_frames", "place_on_frames", "read_pose_frames"]

# A file that says so many times as many frames as it has rows was not tracked from beginning to end.
_SPARSEST = 10
_FEW_ROWS = 1000
# Times are whole numbers if they are this near to them, in seconds.
_WHOLE = 1e-5
# A rate of one a second with whole times may be frame numbers instead.
_ONE_A_SECOND = 1.0


@dataclass(frozen=True)
class PoseFrames:
    """The frames that a pose file is about.

    Attributes
    ----------
    frames
        With their times, which begin at 0.
    fps
        Frames per second.
    notes
        Sentences on what a user should know.
    """

    frames: Frames
    fps: float
    notes: tuple[str, ...] = ()


def read_pose_frames(recording: Recording) -> PoseFrames:
    """Return the frames of a recording without a video; raises as `find_pose_frames` and `open_pose`, and PoseError without a pose."""
    if recording.pose is None:
        raise PoseError(f"recording {recording.id!r} has neither a video nor a pose; name one in the manifest.")
    return find_pose_frames(open_pose(recording.pose), recording.fps)


def find_pose_frames(pose: PoseFile, fps: float | None) -> PoseFrames:
    """Return the frames that a pose file is about: by the times of its rows, else by its own rate, else by `fps`.

    Parameters
    ----------
    fps
        Frames per second that the manifest or the study gives; what the file says comes before it.

    Raises
    ------
    PoseError
        If nobody says how many frames a second there are, or the file says that it is about far more frames than it has rows.
    """
    if pose.time_s is not None and len(pose.time_s) > 1:
        return _take_times(pose, pose.time_s, fps)
    rate = pose.fps or fps
    if rate is None:
        raise PoseError(
            f"{pose.path}: there is no video, and this file does not say how many frames a second it is of; enter that in the manifest's "
            "column fps, or for all recordings in the study file: pose: {fps: 30}."
        )
    numbers = pose.frame_numbers
    # A file that counts from 1 has no frame 0.
    first = 0 if numbers is None else find_first_number(numbers, len(numbers))
    n_frames = max(pose.stated_frames or 0, pose.n_rows - first)
    if n_frames >= _SPARSEST * (pose.n_rows + _FEW_ROWS):
        raise PoseError(
            f"{pose.path}: says that its video has {n_frames:,} frames, and ends after {pose.n_rows:,}; run the tracker on the whole video."
        )
    return PoseFrames(Frames.from_times(np.arange(n_frames) / rate), rate, tuple(_compare(pose.path, rate, fps)))


def place_on_frames(track: Track, frames: Frames, *, path: Path) -> tuple[Track, list[str]]:
    """Return a track of the file at `path` with a row for each of its `frames`, which are those of `find_pose_frames`; and notes."""
    placed, note = match_pose_to_frames(replace(track, time_s=None, stated_frames=None, may_end_early=True), frames, path=path)
    return placed, [note] if note else []


def _take_times(pose: PoseFile, time_s: npt.NDArray[np.float64], fps: float | None) -> PoseFrames:
    rate = estimate_fps(time_s)
    are_whole = bool((np.abs(time_s - np.rint(time_s)) < _WHOLE).all())
    if are_whole and have_same_rate(rate, _ONE_A_SECOND) and not have_same_rate(fps or rate, rate):
        assert fps is not None
        note = f"{pose.path}: its rows have whole numbers for times, which are taken for frame numbers, {fps:g} of them a second."
        return PoseFrames(Frames.from_times((time_s - time_s[0]) / fps), fps, (note,))
    notes = _compare(pose.path, rate, fps)
    if abs(time_s[0]) > 0.5 / rate:
        notes.append(f"{pose.path}: its times begin at {time_s[0]:.6g} s, which counts as the beginning of the recording.")
    return PoseFrames(Frames.from_times(time_s - time_s[0]), rate, tuple(notes))


def _compare(path: Path, rate: float, fps: float | None) -> list[str]:
    """Return a note where a file says another rate than the manifest or the study."""
    if fps is None or have_same_rate(rate, fps):
        return []
    return [f"{path}: says that it has {rate:.4g} frames per second, and not the {fps:.4g} of the manifest or the study; the file counts."]
