"""Which frame of a recording each frame of its overlay video shows."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from behavior.frame_times import find_stretches, frame_edges, frame_stops

__all__ = ["Clip", "plan_frames"]

# More frames per second than projectors show.
_HIGHEST_FPS = 60.0


@dataclass(frozen=True)
class Clip:
    """What part of a recording is shown, and how fast.

    Attributes
    ----------
    start_s, stop_s
        The part, half-open, in the recording's seconds; to its end where `stop_s` is None.
    speed
        How many times as fast as in life it plays.
    """

    start_s: float = 0.0
    stop_s: float | None = None
    speed: float = 1.0


def plan_frames(time_s: npt.NDArray[np.float64], fps: float, clip: Clip | None = None) -> tuple[npt.NDArray[np.int64], float]:
    """Return which frame of a recording each frame of its overlay shows, and how many of those there are in a second.

    The overlay's frames are equally far apart; where the recording's are not, some are repeated and others left out, so that everything
    happens when it happened; gaps in which nothing was recorded (`frame_times.find_gaps`) are left out. Above 60 frames per second only
    every second frame is kept, or every third, and so on.

    Parameters
    ----------
    time_s
        Times of the recording's frames in seconds, shape (T,).
    fps
        Its frames per second.
    clip
        What is shown; all of the recording at its own speed where None.

    Returns
    -------
    Int64 of shape (N,), ascending; empty where the recording ends before the clip starts. Frames per second.

    Examples
    --------
    >>> frames, fps = plan_frames(np.arange(6) / 10, 10.0, Clip(start_s=0.2, speed=0.5))
    >>> frames.tolist(), fps
    ([2, 3, 4, 5], 5.0)
    """
    clip = clip or Clip()
    rate = fps * clip.speed
    # 59.94 and 60.02 are 60.
    rate /= max(math.ceil(rate / _HIGHEST_FPS - 0.01), 1)
    stops, last = frame_stops(frame_edges(time_s, fps)), math.inf if clip.stop_s is None else clip.stop_s
    shown = [np.zeros(0, dtype=np.int64)]
    for first, stop in find_stretches(time_s).tolist():
        start_s = clip.start_s if first == 0 else max(clip.start_s, float(time_s[first]))
        stop_s = min(last, float(stops[stop - 1])) if stop else 0.0
        if stop_s <= start_s:
            continue
        n_shown = max(round((stop_s - start_s) * rate / clip.speed), 1)
        times = start_s + np.arange(n_shown) * clip.speed / rate
        # Stamps in whole milliseconds are a little early or late.
        frames = np.searchsorted(time_s, times + 0.5 / fps, side="right") - 1
        shown.append(np.clip(frames, first, stop - 1).astype(np.int64))
    return np.concatenate(shown), rate
