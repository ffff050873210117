"""Pose whose rows have times instead of frame numbers: which frame of the video each row is of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import numpy as np
import numpy.typing as npt

from behavior.errors import PoseError
from behavior.frame_times import estimate_fps, have_same_rate
from behavior.recording import Frames, Track

__all__ = ["TOLERATED_ROWS", "align_times", "find_wrong_time", "place_by_time"]

# Pose and video that differ by more rows than this do not belong together.
TOLERATED_ROWS = 2

# Times that differ by less, in seconds, are one.
_SAME_TIME = 1e-6

# Three hundred years.
_LONGEST_S = 1e10

# A step between times is a whole number of intervals if it is within this share of one.
_STEP_TOLERANCE = 0.1

# A row is of a frame if it is no further from it than this share of the interval between frames.
_FRAME_TOLERANCE = 0.51

# Rows that are further apart than this many frames are samples, and what is between them is not missing.
_SAMPLED = 1.5
# Fewer are single detections.
_FEWEST_SAMPLES = 10

# Times are whole numbers if they are this near to them, in seconds.
_WHOLE = 1e-5

_ANOTHER_VIDEO = "is it the pose of another video?"


@dataclass(frozen=True)
class _Rows:
    """What the times say by themselves: the usual interval in seconds, and how many intervals each row is after the first.

    `steps` is None where the intervals are of varying length.
    """

    time_s: npt.NDArray[np.float64]
    interval: float
    steps: npt.NDArray[np.int64] | None

    @property
    def are_unbroken(self) -> bool:
        return self.steps is not None and int(self.steps[-1]) == len(self.steps) - 1


def place_by_time(track: Track, frames: Frames, *, path: Path) -> tuple[Track, list[str]]:
    """Return `track` with a row per frame of its video, NaN and likelihood 0 where it has none, and sentences on what is odd.

    Rows in unbroken order that are as many as the frames are the frames. Others are placed by their times: by the count of intervals
    where these are regular and of the video's rate (which is often rounded), else at the nearest frame. Where rows are samples that
    are further apart than frames, positions between two of them lie on the straight line.

    Parameters
    ----------
    frames
        Those of the video, with their times.
    path
        Where the track came from, for the message.

    Raises
    ------
    PoseError
        If times and frames contradict each other, or the video's times are not known.
    """
    assert track.time_s is not None
    if not len(track):
        return _take(track, np.empty(0, dtype=np.int64), frames.n_frames), []
    rows = _describe_rows(track.time_s)
    if frames.time_s is None or not frames.n_frames:
        raise PoseError(f"{path}: its rows have times, and those of the video's frames are not known; give the video.")
    fps = estimate_fps(frames.time_s) if frames.n_frames > 1 else 0.0
    if len(track) == frames.n_frames and (rows.steps is None or rows.are_unbroken):
        return _take(track, np.arange(len(track)), frames.n_frames), _compare_rates(rows, fps, path)
    if _are_frame_numbers(rows, fps):
        index, notes = _take_frame_numbers(rows, frames, path)
        return _take(track, index, frames.n_frames), [*notes, *_describe_ends(index, rows, frames, path)]
    if rows.interval and fps and rows.interval * fps > _SAMPLED and rows.are_unbroken and len(track) >= _FEWEST_SAMPLES:
        return _interpolate(track, frames, rows, path)
    if rows.steps is not None and _is_unbroken(frames.time_s) and (not fps or not rows.interval or have_same_rate(1 / rows.interval, fps)):
        index = _find_first(rows, frames.time_s) + rows.steps
    else:
        index = _find_nearest(rows.time_s, frames.time_s)
        _require_frames(index, rows, frames.time_s, path)
    index, notes = _begin_with_video(index, rows, frames, path)
    _require_one_row_each(index, rows, path)
    if frames.broke_off and index[-1] >= frames.n_frames:
        notes.append(f"{path}: the video breaks off, and {int((index >= frames.n_frames).sum())} pose rows are after its end and left out.")
    elif index[-1] >= frames.n_frames:
        notes.append(f"{path}: {int((index >= frames.n_frames).sum())} of {len(index)} pose rows are after the last frame and left out.")
    return _take(track, index, frames.n_frames), [*notes, *_describe_ends(index, rows, frames, path)]


def find_wrong_time(time_s: npt.NDArray[np.float64]) -> int | None:
    """Return the first row whose time is not a number, or is not later than that of the row before; None if all times are valid.

    >>> find_wrong_time(np.array([0.0, 0.1, 0.1])), find_wrong_time(np.array([0.0, 0.1]))
    (2, None)
    """
    is_right = np.abs(time_s) < _LONGEST_S
    is_right[1:] &= ~(np.diff(time_s) <= _SAME_TIME)
    wrong = np.flatnonzero(~is_right)
    return int(wrong[0]) if len(wrong) else None


def align_times(series: Sequence[npt.NDArray[np.float64]]) -> tuple[npt.NDArray[np.float64], list[npt.NDArray[np.int64]]]:
    """Return all times that any of several series of growing times has, float64 of shape (T,), and which of them are each series' own.

    >>> align_times([np.array([0.0, 0.2]), np.array([0.1, 0.2 + 1e-9])])[1]
    [array([0, 2]), array([1, 2])]
    """
    counted = [np.round(own / _SAME_TIME).astype(np.int64) for own in series]
    together = np.unique(np.concatenate(counted))
    # What was rounded to either side is one time.
    is_first = np.concatenate(([True], np.diff(together) > 1)) if len(together) else np.empty(0, dtype=bool)
    row_of = np.cumsum(is_first) - 1
    return together[is_first].astype(np.float64) * _SAME_TIME, [row_of[np.searchsorted(together, own)] for own in counted]


def _describe_rows(time_s: npt.NDArray[np.float64]) -> _Rows:
    if len(time_s) < 2:
        return _Rows(time_s, 0.0, np.zeros(len(time_s), dtype=np.int64))
    intervals = np.diff(time_s)
    interval = float(np.median(intervals))
    ratios = intervals / interval
    whole = np.round(ratios)
    is_regular = bool(np.all(np.abs(ratios - whole) <= _STEP_TOLERANCE) and whole.min() >= 1)
    return _Rows(time_s, interval, np.concatenate(([0], np.cumsum(whole))).astype(np.int64) if is_regular else None)


def _compare_rates(rows: _Rows, fps: float, path: Path) -> list[str]:
    """Return a note where rows that are as many as the frames have another rate."""
    if len(rows.time_s) < 2 or not fps:
        return []
    own = (len(rows.time_s) - 1) / float(rows.time_s[-1] - rows.time_s[0])
    if have_same_rate(own, fps):
        return []
    return [
        f"{path}: its times are those of {own:.4g} rows per second, the video has {fps:.4g} frames; as there is a row for each frame, rows "
        "are taken for the frames of their numbers."
    ]


def _are_frame_numbers(rows: _Rows, fps: float) -> bool:
    """Tell whether times are whole numbers, which converters write that do not know the video's rate."""
    return (
        bool(fps)
        and not have_same_rate(1.0, fps)
        and bool(np.all(np.abs(rows.time_s - np.round(rows.time_s)) < _WHOLE))
        and rows.time_s[-1] > 0
    )


def _take_frame_numbers(rows: _Rows, frames: Frames, path: Path) -> tuple[npt.NDArray[np.int64], list[str]]:
    assert frames.time_s is not None
    index = np.round(rows.time_s).astype(np.int64)
    if index[0] < 0 or index[-1] >= frames.n_frames + TOLERATED_ROWS:
        _refuse(rows, frames, path)
    if rows.time_s[-1] <= frames.time_s[-1]:
        raise PoseError(
            f"{path}: its times are the whole numbers from {index[0]} to {index[-1]}, which can be seconds or numbers of frames; export "
            "the pose again with the video's frame rate, or as the tracker's own file."
        )
    return index, [
        f"{path}: its times are the whole numbers from {index[0]} to {index[-1]}, more than the video has seconds, and are taken for "
        "numbers of frames."
    ]


def _refuse(rows: _Rows, frames: Frames, path: Path) -> NoReturn:
    assert frames.time_s is not None
    last = frames.time_s[-1]
    # Of a video that is tracked from somewhere to its end, or over most of it.
    is_milliseconds = last / 2 < rows.time_s[-1] / 1000 <= last + 1
    reason = "are they milliseconds? NWB has seconds; write the file again." if is_milliseconds else _ANOTHER_VIDEO
    raise PoseError(
        f"{path}: its times go from {rows.time_s[0]:.6g} to {rows.time_s[-1]:.6g} s, the video's {frames.n_frames} frames from "
        f"{frames.time_s[0]:.6g} to {frames.time_s[-1]:.6g} s, expected times within the video; {reason}"
    )


def _is_unbroken(frame_times: npt.NDArray[np.float64]) -> bool:
    """Tell whether the video neither lost frames nor paused, so that counts of intervals are counts of frames."""
    intervals = np.diff(frame_times)
    return not len(intervals) or float(intervals.max()) < _SAMPLED * float(np.median(intervals))


def _find_nearest(time_s: npt.NDArray[np.float64], frame_times: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Return the frame nearest to each time; before and after the video they go on by its usual interval."""
    interval = _measure_interval(frame_times)
    after = np.clip(np.searchsorted(frame_times, time_s), 1, max(len(frame_times) - 1, 1))
    nearest = np.where(time_s - frame_times[after - 1] <= frame_times[np.minimum(after, len(frame_times) - 1)] - time_s, after - 1, after)
    beyond = np.round((time_s - frame_times[-1]) / interval)
    before = np.round((time_s - frame_times[0]) / interval)
    nearest = np.where(beyond > 0, len(frame_times) - 1 + beyond, np.where(before < 0, before, nearest))
    return nearest.astype(np.int64)


def _find_first(rows: _Rows, frame_times: npt.NDArray[np.float64]) -> int:
    """Return the frame of the first of regular rows: a whole number of intervals from the start where it is one, as rates are rounded."""
    count = rows.time_s[0] / rows.interval if rows.interval else 0.5
    if abs(count - round(count)) <= _STEP_TOLERANCE:
        return round(count)
    return int(_find_nearest(rows.time_s[:1], frame_times)[0])


def _require_frames(index: npt.NDArray[np.int64], rows: _Rows, frame_times: npt.NDArray[np.float64], path: Path) -> None:
    """Raise PoseError where a row within the video is of no frame."""
    inside = (index >= 0) & (index < len(frame_times))
    distance = np.abs(rows.time_s - frame_times[np.clip(index, 0, len(frame_times) - 1)])
    wrong = np.flatnonzero(inside & (distance > _FRAME_TOLERANCE * _measure_interval(frame_times)))
    if len(wrong):
        row = int(wrong[0])
        raise PoseError(
            f"{path}: has a row at {rows.time_s[row]:.6g} s, and the nearest frame, {index[row]}, is at {frame_times[index[row]]:.6g} s, "
            f"expected the times of frames; {_ANOTHER_VIDEO}"
        )


def _measure_interval(frame_times: npt.NDArray[np.float64]) -> float:
    interval = float(np.median(np.diff(frame_times))) if len(frame_times) > 1 else 0.0
    return interval if interval > 0 else 1.0


def _begin_with_video(index: npt.NDArray[np.int64], rows: _Rows, frames: Frames, path: Path) -> tuple[npt.NDArray[np.int64], list[str]]:
    """Return `index`, moved to the video's beginning where the times are those of another clock and the rows fill the video."""
    last = frames.n_frames - 1
    if index[0] >= 0 and (index[-1] <= last + TOLERATED_ROWS or (frames.broke_off and index[0] <= last)):
        return index, []
    span = int(index[-1] - index[0]) + 1
    if abs(span - frames.n_frames) <= TOLERATED_ROWS:
        note = (
            f"{path}: its times begin at {rows.time_s[0]:.6g} s, and its rows are as many as the video's frames; the first is taken for "
            "the video's first."
        )
        return index - index[0], [note]
    _refuse(rows, frames, path)


def _require_one_row_each(index: npt.NDArray[np.int64], rows: _Rows, path: Path) -> None:
    """Raise PoseError where two rows are nearest to one frame."""
    same = np.flatnonzero(np.diff(index) < 1)
    if len(same):
        row = int(same[0])
        raise PoseError(
            f"{path}: rows at {rows.time_s[row]:.6g} and {rows.time_s[row + 1]:.6g} s are both nearest to frame {index[row]}, expected "
            f"one row per frame; {_ANOTHER_VIDEO}"
        )


def _describe_ends(index: npt.NDArray[np.int64], rows: _Rows, frames: Frames, path: Path) -> list[str]:
    """Return notes on frames before the first row and after the last one."""
    notes = []
    if index[0] > 0:
        notes.append(f"{path}: its rows begin at {rows.time_s[0]:.6g} s, frame {index[0]}; the frames before it count as unmeasured.")
    missing = frames.n_frames - 1 - int(index[-1])
    if missing > 0:
        notes.append(f"{path}: {missing} of {frames.n_frames} frames, the last ones, have no pose row and count as unmeasured.")
    return notes


def _interpolate(track: Track, frames: Frames, rows: _Rows, path: Path) -> tuple[Track, list[str]]:
    """Return the track at the times of the frames, on straight lines between its samples; NaN next to a sample that is NaN."""
    assert frames.time_s is not None
    time_s = rows.time_s
    if time_s[0] < frames.time_s[0] - rows.interval or time_s[-1] > frames.time_s[-1] + 2 * rows.interval:
        _refuse(rows, frames, path)
    inside = (frames.time_s >= time_s[0] - _FRAME_TOLERANCE * rows.interval) & (
        frames.time_s <= time_s[-1] + _FRAME_TOLERANCE * rows.interval
    )
    n_parts = len(track.body_parts)
    values = np.concatenate((track.positions, track.likelihoods[..., np.newaxis]), axis=2).reshape(len(track), n_parts * 3)
    sampled = np.column_stack([np.interp(frames.time_s, time_s, column) for column in values.T])
    # Next to a sample that is missing, a frame has the position of a sample at its own time only.
    nearest = np.abs(frames.time_s[:, np.newaxis] - time_s[_find_nearest_rows(time_s, frames.time_s)][:, np.newaxis])
    is_sample = nearest <= _FRAME_TOLERANCE * _measure_interval(frames.time_s)
    sampled = np.where(np.isnan(sampled) & is_sample, values[_find_nearest_rows(time_s, frames.time_s)], sampled)
    sampled = sampled.reshape(frames.n_frames, n_parts, 3)
    sampled[~inside, :, :2], sampled[~inside, :, 2] = np.nan, 0.0
    note = (
        f"{path}: its rows are {rows.interval:.4g} s apart, more than the frames; positions between two rows are taken from the straight "
        "line between them."
    )
    missing = int((~inside).sum())
    notes = [note, f"{path}: {missing} of {frames.n_frames} frames, before its first row or after its last, count as unmeasured."][
        : 1 + bool(missing)
    ]
    return Track(sampled[..., :2], sampled[..., 2], track.body_parts), notes


def _find_nearest_rows(time_s: npt.NDArray[np.float64], frame_times: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    return np.clip(_find_nearest(frame_times, time_s), 0, len(time_s) - 1)


def _take(track: Track, index: npt.NDArray[np.int64], n_frames: int) -> Track:
    inside = index < n_frames
    positions = np.full((n_frames, len(track.body_parts), 2), np.nan)
    likelihoods = np.zeros((n_frames, len(track.body_parts)))
    positions[index[inside]] = track.positions[: len(index)][inside]
    likelihoods[index[inside]] = track.likelihoods[: len(index)][inside]
    return Track(positions, likelihoods, track.body_parts)
