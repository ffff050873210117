"""Times of frames: how long each is shown, where nothing was recorded, and how many there are in a second."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

__all__ = [
    "HIGHEST_RATE",
    "count_lost",
    "estimate_fps",
    "find_gaps",
    "find_rate_change",
    "find_stretches",
    "frame_durations",
    "frame_edges",
    "frame_stops",
    "have_same_rate",
    "measure_recorded",
]

RATE_TOLERANCE = 0.01
# Frames per second; cameras of the field have a tenth of it.
HIGHEST_RATE = 10_000

# Nothing was recorded between two frames that are further apart than this, in seconds, and than this many of the usual intervals: a few
# frames that a camera lost are shorter, and are bridged by what was seen on both sides.
_SHORTEST_GAP_S, _SHORTEST_GAP = 0.5, 2.5

# An interval is that of `estimate_fps` if it and its multiples explain this share of the intervals, each to this part of itself, and this
# share of them is one of it.
_EXPLAINED, _RESIDUAL, _SINGLE = 0.9, 0.15, 0.1
# A rate is that of parts so long at least; it changes where parts differ by this factor.
_PART_FRAMES, _PART_S, _CHANGED = 50, 1.0, 1.2
# A camera that loses more frames in a row than this has paused.
_MOST_LOST = 4


def frame_edges(time_s: npt.NDArray[np.float64], fps: float | None = None) -> npt.NDArray[np.float64]:
    """Return the times at which frames start, and that at which the last one stops.

    Parameters
    ----------
    time_s
        Times of the frames in seconds, shape (T,), increasing.
    fps
        Gives the duration of the only frame where T is 1.

    Returns
    -------
    Float64 of shape (T + 1,): `time_s`, then the last time plus the median interval. The bout [start, stop) lasts from
    ``edges[start]`` to ``frame_stops(edges)[stop - 1]``, which is ``edges[stop]`` unless a gap follows.

    Examples
    --------
    >>> frame_edges(np.array([0.0, 0.5, 1.0])).tolist()
    [0.0, 0.5, 1.0, 1.5]
    """
    if len(time_s) == 0:
        return np.zeros(1)
    if len(time_s) > 1:
        interval = float(np.median(np.diff(time_s)))
    else:
        interval = 1.0 / fps if fps else 0.0
    return np.append(np.asarray(time_s, dtype=np.float64), time_s[-1] + interval)


def find_gaps(edges: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Tell after which frames a gap follows: time in which nothing was recorded, such as a pause.

    Parameters
    ----------
    edges
        As `frame_edges` gives them, shape (T + 1,).

    Returns
    -------
    Bool of shape (T,): the next frame starts later than after half a second and two and a half usual (median) intervals.

    Examples
    --------
    >>> find_gaps(np.array([0.0, 0.1, 0.2, 60.2, 60.3])).tolist()
    [False, False, True, False]
    """
    intervals = np.diff(edges)
    if not len(intervals):
        return np.zeros(0, dtype=bool)
    return np.asarray(intervals > max(_SHORTEST_GAP_S, _SHORTEST_GAP * float(np.median(intervals))), dtype=bool)


def find_stretches(time_s: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Return the stretches without a gap of frames at `time_s` (T,): start and stop frame, half-open, int64 of shape (N, 2), N at least 1.

    >>> find_stretches(np.array([0.0, 0.1, 0.2, 60.2, 60.3])).tolist()
    [[0, 3], [3, 5]]
    """
    after = np.flatnonzero(find_gaps(frame_edges(time_s))) + 1
    return np.column_stack((np.append(0, after), np.append(after, len(time_s)))).astype(np.int64)


def frame_stops(edges: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return when each frame stops: as the next one starts, and before a gap a usual (median) interval after its own start.

    Parameters
    ----------
    edges
        As `frame_edges` gives them, shape (T + 1,).

    Returns
    -------
    Float64 of shape (T,).

    Examples
    --------
    >>> frame_stops(np.array([0.0, 1.0, 2.0, 60.0, 61.0])).tolist()
    [1.0, 2.0, 3.0, 61.0]
    """
    gaps = find_gaps(edges)
    if not gaps.any():
        return edges[1:]
    return np.where(gaps, edges[:-1] + np.median(np.diff(edges)), edges[1:])


def frame_durations(edges: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return how long each frame lasts in seconds, shape (T,), by `frame_edges` (T + 1,); gaps belong to none.

    >>> frame_durations(np.array([0.0, 1.0, 2.0, 60.0, 61.0])).tolist()
    [1.0, 1.0, 1.0, 1.0]
    """
    return frame_stops(edges) - edges[:-1]


def measure_recorded(time_s: npt.NDArray[np.float64], fps: float | None = None) -> float:
    """Return how many seconds were recorded: from the first frame to the end of the last one, without gaps.

    >>> measure_recorded(np.array([0.0, 1.0, 60.0, 61.0]))
    4.0
    """
    return float(frame_durations(frame_edges(time_s, fps)).sum())


def estimate_fps(time_s: npt.NDArray[np.float64]) -> float:
    """Return frames per second from `time_s` (T,) in seconds: of the camera, also where frames that it lost leave steps of two or more.

    The interval is the mean, because stamps in whole milliseconds make 33, 34, 33 of 30 frames per second; a step over lost frames counts
    as so many intervals, and gaps count nowhere.

    Raises
    ------
    ValueError
        If there are fewer than two frames, or all have one time.

    Examples
    --------
    >>> round(estimate_fps(np.array([0.0, 0.1, 0.2, 0.3])), 6)
    10.0

    Of 30 frames per second, every third lost, with stamps in whole milliseconds:

    >>> round(estimate_fps(np.array([0, 33, 100, 133, 200, 233, 300]) / 1000), 6)
    30.0
    """
    if len(time_s) < 2:
        raise ValueError(f"a frame rate needs at least 2 frames, found {len(time_s)}")
    # Some files give two frames one stamp.
    intervals = np.diff(time_s)
    intervals = intervals[intervals > 0]
    if not len(intervals):
        raise ValueError("all frames have one time")
    steps, counted = _count_steps(intervals)
    return float(1.0 / (intervals[counted].sum() / steps[counted].sum()))


def count_lost(time_s: npt.NDArray[np.float64]) -> int:
    """Return how many frames the camera lost between those at `time_s` (T,), increasing, as longer steps show; in gaps it lost none.

    >>> count_lost(np.array([0.0, 0.1, 0.2, 0.4, 0.5, 0.6, 60.0, 60.1]))
    1
    """
    intervals = np.diff(time_s)
    if not len(intervals):
        return 0
    steps, _ = _count_steps(intervals)
    return int((steps - 1)[~find_gaps(frame_edges(time_s))[:-1]].sum())


def find_rate_change(time_s: npt.NDArray[np.float64]) -> tuple[int, float, float] | None:
    """Return the frame near which the rate of those at `time_s` (T,), increasing, changes most, and frames per second before and after it.

    None where it does not change by a fifth for a second and 50 frames. Frames that a camera lost, and gaps, are no change.

    >>> find_rate_change(np.concatenate([np.arange(200) / 30, 10 + np.arange(200) / 15]))
    (200, 30.0, 15.0)
    >>> find_rate_change(np.arange(400) / 30)
    """
    rates: list[float] = []
    starts: list[int] = []
    for low, high in find_stretches(time_s).tolist():
        n_parts = max(min((high - low) // _PART_FRAMES, int((time_s[high - 1] - time_s[low]) // _PART_S)), 1)
        edges = np.linspace(low, high, n_parts + 1).astype(int).tolist()
        for start, stop in pairwise(edges):
            if stop - start >= _PART_FRAMES:
                starts.append(start)
                rates.append(estimate_fps(time_s[start:stop]))
    if len(rates) < 2 or max(rates) <= _CHANGED * min(rates):
        return None
    ratios = np.abs(np.log(np.array(rates[1:]) / np.array(rates[:-1])))
    number = int(ratios.argmax()) + 1
    return starts[number], round(rates[number - 1], 2), round(rates[number], 2)


def have_same_rate(first_fps: float, second_fps: float) -> bool:
    """Tell whether two frame rates are the same but for rounding: 29.97 and 30 are.

    >>> have_same_rate(29.97, 30), have_same_rate(25, 30)
    (True, False)
    """
    return abs(first_fps / second_fps - 1) <= RATE_TOLERANCE


def _count_steps(intervals: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Return how many usual intervals each interval is, and which of them tell how long one is.

    The usual interval is the median, or where a camera loses so many frames that this is two or three of them, that of the short steps.
    """
    median = float(np.median(intervals))
    candidates, shorter = [median], intervals
    while len(candidates) < _MOST_LOST and len(shorter := shorter[shorter < 0.75 * candidates[-1]]):
        candidates.append(float(np.median(shorter)))
    for candidate in candidates:
        steps = np.maximum(np.rint(intervals / candidate), 1)
        fits = np.abs(intervals / candidate - steps) <= _RESIDUAL * np.sqrt(steps)
        if fits.mean() >= _EXPLAINED and (steps[fits] == 1).mean() >= _SINGLE:
            return steps, fits & (steps <= _MOST_LOST + 1)
    # No camera that loses frames, but intervals that vary.
    near = np.abs(intervals - median) <= median / 2
    if not near.any():
        # Of two middle intervals the median is the mean, which may be like neither.
        near = intervals <= median
    return np.ones(len(intervals)), near
