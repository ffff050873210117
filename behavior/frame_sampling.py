"""Which frames of a video stand for it at a lower rate, and how what is known of them becomes known of every frame.

The times k / rate, k = 0, 1, ..., are a grid. A frame belongs to the grid point that is nearest to it, and of the frames of a grid point
the nearest is taken: so each grid point gets its nearest frame, and no frame is taken twice. Frames about a step apart, of a video that
is no faster than the grid, are all taken.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from behavior.frame_times import find_stretches, have_same_rate

__all__ = ["RowLayer", "SampledRows", "Sampler", "find_greatest", "find_nearest", "find_point", "lay_rows", "sample", "sample_frames"]

Item = TypeVar("Item")

# Of a step: less is rounding of time stamps.
_NOTHING = 1e-6
# Frames at least this part of a step apart are not in each other's way: stamps in whole milliseconds make unequal steps of equal ones.
_APART = 0.95


def sample(items: Iterable[tuple[float, Item]], rate: float) -> Iterator[Item]:
    """Yield the items that stand for all of them at `rate` a second, of pairs of a time in seconds, increasing, and an item.

    >>> list(sample(((frame / 30, frame) for frame in range(10)), 10))
    [0, 3, 6, 9]
    >>> list(sample(((frame / 25, frame) for frame in range(11)), 10))
    [0, 2, 5, 7, 10]
    >>> list(sample(((frame / 5, frame) for frame in range(4)), 10))
    [0, 1, 2, 3]
    """
    sampler: Sampler[Item] = Sampler(rate)
    for time_s, item in items:
        yield from sampler.take(time_s, item)
    yield from sampler.finish()


class Sampler(Generic[Item]):
    """Does what `sample` does, item by item.

    Parameters
    ----------
    rate
        Items a second.

    Examples
    --------
    >>> sampler = Sampler(10)
    >>> [list(sampler.take(frame / 25, frame)) for frame in range(6)], list(sampler.finish())
    ([[0], [], [], [2], [], [5]], [])
    """

    def __init__(self, rate: float) -> None:
        self._rate = rate
        # What may still be followed by a nearer one; nothing is held longer than needed, because pictures take memory.
        self._held: list[Item] = []
        self._best_point, self._best_position = -1, 0.0

    def take(self, time_s: float, item: Item) -> list[Item]:
        """Take the next item, and return those, in order, of which it is now known that they are taken."""
        position = time_s * self._rate
        point = find_point(time_s, self._rate)
        chosen: list[Item] = []
        is_other = point != self._best_point or position - self._best_position >= _APART
        if is_other or abs(position - point) >= abs(self._best_position - point) - _NOTHING:
            chosen, self._held = self._held, []
            if not is_other:
                return chosen
        self._held = [item]
        self._best_point, self._best_position = point, position
        # Nothing is nearer.
        return chosen + self.finish() if abs(position - point) <= _NOTHING else chosen

    def finish(self) -> list[Item]:
        """Return what is held, which nothing follows for a while."""
        held, self._held = self._held, []
        return held


def find_point(time_s: float, rate: float) -> int:
    """Return the point of the grid of `rate` a second that is nearest to a time in seconds."""
    return math.ceil(time_s * rate - 0.5 - _NOTHING)


def sample_frames(time_s: npt.NDArray[np.float64], rate: float) -> npt.NDArray[np.int64]:
    """Return the frames at `time_s` (T,) that stand for all of them at `rate` frames a second, int64 of shape (S,), increasing.

    >>> sample_frames(np.arange(8) / 20, 10).tolist()
    [0, 2, 4, 6]
    """
    return np.fromiter(sample(zip(time_s.tolist(), range(len(time_s)), strict=True), rate), dtype=np.int64)


@dataclass(frozen=True)
class SampledRows:
    """Rows at a regular rate, each of which stands at one frame of a video with T frames.

    Attributes
    ----------
    frames
        The frame of each row, int64 of shape (N,), never decreasing; a frame is repeated where the video is slower than the rows.
    rate
        Rows a second.
    time_s
        Times of all frames in seconds, float64 of shape (T,).
    """

    frames: npt.NDArray[np.int64]
    rate: float
    time_s: npt.NDArray[np.float64]

    def __post_init__(self) -> None:
        frames = self.frames
        if frames.ndim != 1 or not len(frames) or (np.diff(frames) < 0).any() or not 0 <= frames[0] <= frames[-1] < len(self.time_s):
            raise ValueError(f"rows do not stand at frames in order of {len(self.time_s)}, or there is none")

    def __len__(self) -> int:
        return len(self.frames)

    @property
    def row_time_s(self) -> npt.NDArray[np.float64]:
        """Times of the rows' frames in seconds, float64 of shape (N,)."""
        return self.time_s[self.frames]

    def find_nearest(self) -> npt.NDArray[np.int64]:
        """Return the row whose frame is nearest in time to each frame, int64 of shape (T,).

        >>> SampledRows(np.array([0, 3]), 10, np.arange(5) / 30).find_nearest().tolist()
        [0, 0, 1, 1, 1]
        """
        return find_nearest(self.row_time_s, self.time_s, slack=_NOTHING / self.rate)

    def find_stretches(self) -> list[tuple[int, int]]:
        """Return the stretches [start, stop) of rows between which nothing was recorded, those of no row left out.

        >>> SampledRows(np.array([0, 2, 4]), 10, np.array([0, 0.05, 0.1, 60, 60.05])).find_stretches()
        [(0, 2), (2, 3)]
        """
        edges = find_stretches(self.time_s)[:, 0]
        starts = np.searchsorted(self.frames, edges).tolist()
        return [(start, stop) for start, stop in zip(starts, [*starts[1:], len(self.frames)], strict=True) if start < stop]

    def weigh(self, frame: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        """Return the rows that `spread` makes a frame's values of, int64 of shape (M,), and how much each counts, shape (M,), adding to 1.

        >>> rows, weights = SampledRows(np.array([0, 2]), 10, np.arange(4) / 20).weigh(1)
        >>> rows.tolist(), weights.tolist()
        ([0, 1], [0.5, 0.5])
        """
        start, stop = next((start, stop) for start, stop in find_stretches(self.time_s).tolist() if start <= frame < stop)
        low, high = np.searchsorted(self.frames, [start, stop]).tolist()
        time = self.time_s[frame]
        if low == high:
            nearest = self.frames[find_nearest(self.row_time_s, self.time_s[[frame]])[0]]
            left, right, share = nearest, nearest, 0.0
        else:
            known = self.frames[low:high]
            left = known[max(int(np.searchsorted(known, frame, side="right")) - 1, 0)]
            right = known[min(int(np.searchsorted(known, frame)), len(known) - 1)]
            between = self.time_s[right] - self.time_s[left]
            share = float((time - self.time_s[left]) / between) if between > 0 else 0.0
        weights = np.zeros(len(self.frames))
        for one, part in ((left, 1 - share), (right, share)):
            of_frame = self.frames == one
            weights[of_frame] += part / of_frame.sum()
        rows = np.flatnonzero(weights)
        return rows.astype(np.int64), weights[rows]

    def spread(self, values: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
        """Return `values` (N, K) of the rows for every frame, float32 of shape (T, K): linear in time between rows.

        Before the first and after the last row of a stretch without a gap, that row counts; where a stretch has none, the nearest. Rows
        of one frame count with their mean.

        >>> SampledRows(np.array([0, 2]), 10, np.arange(4) / 20).spread(np.array([[0.0], [1.0]]))[:, 0].tolist()
        [0.0, 0.5, 1.0, 1.0]
        """
        frames, firsts = np.unique(self.frames, return_index=True)
        values = np.asarray(values, dtype=np.float64)
        if len(frames) < len(self.frames):
            counts = np.diff(np.append(firsts, len(self.frames)))
            values = np.add.reduceat(values, firsts, axis=0) / counts[:, None]
        known = self.time_s[frames]
        spread = np.empty((len(self.time_s), values.shape[1]), dtype=np.float32)
        for start, stop in find_stretches(self.time_s).tolist():
            low, high = np.searchsorted(frames, [start, stop]).tolist()
            times = self.time_s[start:stop]
            if low == high:
                spread[start:stop] = values[find_nearest(known, times)]
                continue
            for column in range(values.shape[1]):
                spread[start:stop, column] = np.interp(times, known[low:high], values[low:high, column])
        return spread


def lay_rows(time_s: npt.NDArray[np.float64], frames: npt.NDArray[np.int64], *, rate: float, fps: float) -> SampledRows:
    """Return rows at `rate` a second from those of `frames` that are known: each point of the grid in time gets the nearest one.

    There is no row where nothing was recorded. All frames are rows, each once, of a video that has the rate itself.

    Parameters
    ----------
    time_s
        Times of all frames of the video in seconds, shape (T,).
    frames
        Those that are known, as `sample_frames` chooses them, shape (S,), increasing.
    fps
        The video's rate.

    Examples
    --------
    >>> lay_rows(np.arange(4) / 5, np.arange(4), rate=10, fps=5).frames.tolist()
    [0, 0, 1, 1, 2, 2, 3]
    """
    if have_same_rate(fps, rate) and len(frames) == len(time_s):
        return SampledRows(frames, rate, time_s)
    rows: list[npt.NDArray[np.int64]] = []
    after = -1
    for start, stop in find_stretches(time_s).tolist():
        low, high = np.searchsorted(frames, [start, stop]).tolist()
        if low == high:
            continue
        first, last = (find_point(float(time_s[frame]), rate) for frame in (start, stop - 1))
        points = np.arange(max(first, after + 1), last + 1)
        after = max(last, after)
        times = time_s[frames[low:high]]
        rows.append(frames[low:high][find_nearest(times, points / rate, slack=_NOTHING / rate)])
    return SampledRows(np.concatenate(rows), rate, time_s)


class RowLayer:
    """Does what `lay_rows` does, frame by frame.

    Parameters
    ----------
    rate
        Rows a second.
    is_patient
        Whether a row waits for a later frame, which may be nearer. In a video that is faster than its rows none is.

    Examples
    --------
    >>> layer = RowLayer(10)
    >>> [layer.take(number / 10, number) for number in (0, 1, 4)], layer.finish(0.65)
    ([[0], [1], [1, 4, 4]], [4, 4])
    """

    def __init__(self, rate: float, *, is_patient: bool = False) -> None:
        self._rate, self._is_patient = rate, is_patient
        self._next = 0
        self._before: tuple[float, Any] | None = None

    def start_stretch(self, time_s: float) -> None:
        """Begin again after a gap, with the time of the first frame."""
        self._next = max(self._next, find_point(time_s, self._rate))
        self._before = None

    def take(self, time_s: float, item: Item) -> list[Item]:
        """Take what stands at the next frame that `Sampler` chose, and return what the next rows are of."""
        rows: list[Item] = []
        for point in range(self._next, find_point(time_s, self._rate) + 1):
            wanted = point / self._rate
            if self._is_patient and wanted > time_s:
                break
            is_before = self._before is not None and wanted - self._before[0] <= time_s - wanted + _NOTHING / self._rate
            rows.append(self._before[1] if is_before and self._before is not None else item)
        self._next += len(rows)
        self._before = time_s, item
        return rows

    def finish(self, time_s: float) -> list[Any]:
        """Return what the rows are of that follow up to the last frame, at `time_s`."""
        n_more = find_point(time_s, self._rate) + 1 - self._next if self._before is not None else 0
        rows = [self._before[1]] * n_more if self._before is not None else []
        self._next += len(rows)
        return rows


def find_greatest(values: npt.NDArray[np.floating], n_bins: int) -> npt.NDArray[np.floating]:
    """Return the greatest of each of `n_bins` stretches of `values` (T,), shape (n_bins,); all values where there are no more.

    >>> find_greatest(np.array([1.0, 3.0, 2.0, 0.0]), 2).tolist()
    [3.0, 2.0]
    """
    if len(values) <= n_bins:
        return values
    return np.maximum.reduceat(values, np.arange(n_bins) * len(values) // n_bins)


def find_nearest(times: npt.NDArray[np.float64], wanted: npt.NDArray[np.float64], *, slack: float = 0.0) -> npt.NDArray[np.int64]:
    """Return which of `times` (N,), increasing, is nearest to each that is `wanted` (M,), the earlier where the difference is slack.

    >>> find_nearest(np.array([0.0, 1.0, 2.0]), np.array([-1.0, 0.4, 1.6])).tolist()
    [0, 0, 2]
    """
    right = np.clip(np.searchsorted(times, wanted), 0, len(times) - 1)
    left = np.maximum(right - 1, 0)
    return np.where(wanted - times[left] <= times[right] - wanted + slack, left, right).astype(np.int64)
