"""Rows of labels that have times of their own: their frames are those of the video at these times, not the rows' numbers.

A row whose time contradicts its frame number, or rows whose times do not fit the video, are errors that say what both say.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from behavior.errors import LabelError
from behavior.files.label_formats.label_format import FrameLabels, RowTimes
from behavior.files.label_formats.naming import IN_STUDY_FILE
from behavior.files.label_formats.painting import TOLERATED_FRAMES
from behavior.files.label_formats.request import LabelRequest
from behavior.frame_times import estimate_fps, have_same_rate

__all__ = ["place_rows"]

# Rows farther apart than this many usual steps have others missing between them.
_GAP = 1.5

# Videos write at least this precision.
_ROUNDING_S = 1e-3

# Times of another unit last as long as the video to this share.
_SAME_LENGTH = 0.02

# What tables round their times to, coarsest first.
_RESOLUTIONS_S = (1.0, 0.1, 0.01)


def place_rows(path: Path, contents: FrameLabels, request: LabelRequest) -> FrameLabels:
    """Return `contents` with a row for each frame, from the row that is nearest to it in time, or the last one before it.

    A row counts until the next one; a frame without a row is -1. Contents without times, for a video whose times are unknown or that
    has a frame at the time of every row, are returned as they are.

    Raises
    ------
    LabelError
        If times go back or repeat, contradict the frame numbers or the number of rows, or do not cover the video.
    """
    time_s = request.frames.time_s
    if contents.times is None or time_s is None or len(time_s) < 2 or len(contents.times.seconds) < 2 or not (np.diff(time_s) > 0).all():
        return contents
    placing = _Placing(path, contents, contents.times, request, time_s)
    return placing.check_numbered() if contents.is_numbered else placing.place()


@dataclass(frozen=True)
class _Placing:
    """The rows of one file, and the times of the frames that they are for."""

    path: Path
    contents: FrameLabels
    times: RowTimes
    request: LabelRequest
    time_s: npt.NDArray[np.float64]

    @property
    def interval(self) -> float:
        """The usual time between two frames."""
        return float(np.median(np.diff(self.time_s)))

    @property
    def step(self) -> float:
        """The usual time between two rows."""
        steps = np.diff(self.times.seconds)
        return float(np.median(steps[steps > 0])) if (steps > 0).any() else 0.0

    @property
    def tolerance(self) -> float:
        """By how much the times of a row and its frame may differ: a frame, or what rounding explains."""
        seconds = self.times.seconds[np.isfinite(self.times.seconds)]
        coarse = [size for size in _RESOLUTIONS_S if np.allclose(seconds / size, np.round(seconds / size), rtol=0, atol=1e-6)]
        return max(self.interval, *coarse[:1]) + _ROUNDING_S if coarse else self.interval + _ROUNDING_S

    def check_numbered(self) -> FrameLabels:
        """Return the contents, whose rows have frame numbers, if their times are those of the frames."""
        n_rows = min(len(self.times.seconds), len(self.time_s))
        rows = np.flatnonzero(np.isfinite(self.times.seconds[:n_rows]))
        difference = self.times.seconds[rows] - self.time_s[rows]
        wrong = np.flatnonzero(np.abs(difference) > self.tolerance)
        if not len(wrong):
            return self.contents
        row = int(rows[wrong[0]])
        said = f"gives frame {row} the time {self.times.seconds[row]:g} s, but that frame of the video is at {self.time_s[row]:g} s"
        where = f"{self.path}: {self.times.row_word} {self.times.lines[row]}"
        if self._is_another_clock(difference) or self._is_nominal(self.times.seconds[rows], rows):
            return self._add_note(f"{where} {said}; the frames count.")
        raise LabelError(f"{where} {said}; correct one of them, or remove the column {self.times.column!r} or that of the frames.")

    def place(self) -> FrameLabels:
        """Return the contents with the rows at the frames of their times."""
        seconds, time_s = self.times.seconds, self.time_s
        self._require_order()
        n_rows = len(seconds)
        is_row_per_frame = abs(n_rows - len(time_s)) <= TOLERATED_FRAMES
        if is_row_per_frame:
            common = min(n_rows, len(time_s))
            difference = seconds[:common] - time_s[:common]
            if (np.abs(difference) <= self.tolerance).all():
                # A table of samples may have one at the very end of the video.
                return replace(self.contents, values=self.contents.values[: len(time_s)], times=None)
            if self._is_another_clock(difference):
                return self._add_note(
                    f"{self.path}: its column {self.times.column!r} starts at {seconds[0]:g} s, longer than the video lasts, and counts as "
                    "the video does from there; its first row is taken for frame 0."
                )
            if self._is_nominal(seconds, np.arange(n_rows)):
                return self._add_note(
                    f"{self.path}: has as many rows as the video has frames, but its column {self.times.column!r} ends at "
                    f"{seconds[-1]:.6g} s, the video at {time_s[-1]:.6g} s; rows are taken for frames, at nearly the same rate."
                )
        self._require_distinct()
        self._require_cover(is_row_per_frame=is_row_per_frame)
        values = self._hold()
        notes = []
        if is_row_per_frame:
            notes.append(
                f"{self.path}: has as many rows as the video has frames, but at other times; rows are placed by the column "
                f"{self.times.column!r}."
            )
        if self.step > _GAP * self.interval:
            notes.append(f"{self.path}: has a row every {self.step:g} s, which counts for the frames until the next one.")
        unlabelled = int(np.count_nonzero((values == -1).all(axis=1)))
        if unlabelled and not (self.contents.values == -1).all(axis=1).any():
            notes.append(f"{self.path}: {unlabelled} of {len(values)} frames have no row near their time and count as not labelled.")
        return replace(self.contents, values=values, times=None, notes=(*self.contents.notes, *notes))

    def _add_note(self, note: str) -> FrameLabels:
        return replace(self.contents, times=None, notes=(*self.contents.notes, note))

    def _is_another_clock(self, difference: npt.NDArray[np.float64]) -> bool:
        """Tell whether rows count as the video does, but from a start that cannot be in it."""
        is_steady = bool((np.abs(difference - difference[0]) <= self.tolerance).all())
        return is_steady and abs(float(difference[0])) > self.time_s[-1] - self.time_s[0] + self.interval

    def _is_nominal(self, seconds: npt.NDArray[np.float64], rows: npt.NDArray[np.integer]) -> bool:
        """Tell whether both count evenly, at rates that are the same but for rounding, such as 29.97 and 30."""
        if len(rows) < 2 or seconds[-1] <= seconds[0]:
            return False
        # Over all rows, because their times are rounded.
        step, fps = (seconds[-1] - seconds[0]) / (rows[-1] - rows[0]), estimate_fps(self.time_s)
        evenly = seconds[0] + step * (rows - rows[0])
        even_frames = self.time_s[0] + np.arange(len(self.time_s)) / fps
        return (
            have_same_rate(float(1 / step), fps)
            and bool((np.abs(seconds - evenly) <= self.tolerance).all())
            and bool((np.abs(self.time_s - even_frames) <= self.interval).all())
            and abs(float(seconds[0] - self.time_s[rows[0]])) <= self.tolerance
        )

    def _require_order(self) -> None:
        back = np.flatnonzero(np.diff(self.times.seconds) < 0)
        if len(back):
            row = int(back[0]) + 1
            raise LabelError(
                f"{self.path}: {self.times.row_word} {self.times.lines[row]} has {self.times.seconds[row]:g} s in its column "
                f"{self.times.column!r}, after {self.times.seconds[row - 1]:g} s in the row before; put the rows in order of time."
            )

    def _require_distinct(self) -> None:
        same = np.flatnonzero(np.diff(self.times.seconds) == 0)
        if len(same):
            row = int(same[0]) + 1
            where = f"{self.path}: {self.times.row_word} {self.times.lines[row]}"
            raise LabelError(
                f"{where} repeats the time {self.times.seconds[row]:g} s of the row before, and {len(self.times.seconds)} rows are not one "
                f"for each of {len(self.time_s)} frames, so that nothing tells the frames of the rows; correct the column "
                f"{self.times.column!r}."
            )

    def _require_cover(self, *, is_row_per_frame: bool) -> None:
        """Raise LabelError if the times of the rows begin or end elsewhere than those of the video, as the policy says."""
        first, stop = float(self.times.seconds[0]), float(self.times.seconds[-1]) + self.step
        video_stop = float(self.time_s[-1]) + self.interval
        slack = TOLERATED_FRAMES * self.interval + self.step
        is_early, is_late = first < self.time_s[0] - slack, stop > video_stop + slack
        is_short = stop < video_stop - slack and not self.contents.is_open_ended
        if not is_early and not is_late and not is_short:
            return
        last, rows, column = float(self.times.seconds[-1]), len(self.times.seconds), self.times.column
        said = (
            f"its column {column!r} counts from {first:g} to {last:g} s, {self.step:.4g} s a row, the video from {self.time_s[0]:g} to "
            f"{self.time_s[-1]:g} s, {self.interval:.4g} s a frame"
        )
        if is_row_per_frame:
            raise LabelError(
                f"{self.path}: has {rows} rows, as many as the video has frames ({len(self.time_s)}), but {said}; correct the times, or "
                f"remove that column if each row is a frame.{self._guess_unit(video_stop)}"
            )
        if self.request.policies.out_of_range == "error" and not (self.request.frames.broke_off and not is_early):
            recording = self.request.recording_names[-1] if self.request.recording_names else "RECORDING"
            raise LabelError(
                f"{self.path}: {said}; are they the labels of another video? If they count from another start, say {IN_STUDY_FILE} "
                f"when the video starts: labels: {{offset_s: {{{recording}: SECONDS}}}}; if only a part was labelled, "
                f"labels: {{out_of_range: warn}}.{self._guess_unit(video_stop)}"
            )

    def _guess_unit(self, video_stop: float) -> str:
        """Return a sentence on what the times look like, if that is frames or another unit; "" else."""
        length, n_frames = float(self.times.seconds[-1] - self.times.seconds[0]) + self.step, len(self.time_s)
        duration = video_stop - float(self.time_s[0])
        for size, unit, name in (
            (n_frames, "frame numbers", "frame"),
            (1e3 * duration, "milliseconds", "time_ms"),
            (duration / 60, "minutes", "time_min"),
        ):
            if abs(length / size - 1) <= _SAME_LENGTH:
                return f" They look like {unit}: if they are, call the column {name!r}."
        return ""

    def _hold(self) -> npt.NDArray[np.int8]:
        """Return the labels of each frame, int8 of shape (n_frames, N)."""
        seconds, time_s, step = self.times.seconds, self.time_s, self.step
        # The frame that is nearest, or the first after it where the camera lost frames.
        nearest = np.searchsorted(time_s, seconds - self.interval / 2)
        inside = np.flatnonzero(nearest < len(time_s))
        nearest = nearest[inside]
        # Of several rows that are for one frame, the nearest counts.
        order = np.lexsort((np.abs(seconds[inside] - time_s[nearest]), nearest))
        order = order[np.concatenate(([True], np.diff(nearest[order]) > 0))]
        kept = inside[order]
        holder = np.searchsorted(nearest[order], np.arange(len(time_s)), side="right") - 1
        row = kept[np.maximum(holder, 0)]
        following = np.append(seconds[1:], np.inf)
        # The next row begins up to half a frame later; the last one before others are missing counts for as long as one does.
        until = np.where(following - seconds <= _GAP * step, following + self.interval, seconds + step)
        behind = time_s - seconds[row]
        is_held = (holder >= 0) & ((behind <= self.interval / 2 + _ROUNDING_S) | (time_s < until[row] - _ROUNDING_S / 2))
        return np.where(is_held[:, np.newaxis], self.contents.values[row], np.int8(-1)).astype(np.int8)
