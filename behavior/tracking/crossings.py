"""Where in a track it is least certain which animal is which: crossings, losses and jumps, at which tracklets end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from behavior.recording import Tracklet

__all__ = ["Crossing", "find_crossings"]

# Tracklets that end within so many frames of each other, at most so many lengths apart, end for one reason.
_WITHIN, _NEAR_LENGTHS = 5, 3.0


@dataclass(frozen=True)
class Crossing:
    """A place in which one tracklet of an animal ends and its next one begins.

    Attributes
    ----------
    start_frame, stop_frame
        Frames [start, stop): from the last one before to the first one after it.
    animals
        Those that it is about, in order; one where an animal was lost or jumped, two and more where they met.
    """

    start_frame: int
    stop_frame: int
    animals: tuple[int, ...]


def find_crossings(tracklets: Sequence[Tracklet], animals: npt.NDArray[np.integer], *, length: float) -> list[Crossing]:
    """Return the crossings of a track in order.

    Parameters
    ----------
    tracklets
        N of them.
    animals
        Of each, shape (N,); -1 for what is no animal.
    length
        Of an animal, in pixels.

    Examples
    --------
    >>> def follow(start, stop, x):
    ...     n = stop - start
    ...     unknown = np.full((n, 2), np.nan)
    ...     return Tracklet(np.arange(start, stop), np.full((n, 2), x), unknown[:, 0], unknown, np.zeros(n, dtype=bool))
    >>> found = [follow(0, 9, 5.0), follow(9, 20, 5.0), follow(0, 10, 9.0), follow(12, 20, 9.0)]
    >>> find_crossings(found, np.array([0, 0, 1, 1]), length=8.0)
    [Crossing(start_frame=8, stop_frame=13, animals=(0, 1))]
    """
    owners = np.asarray(animals)
    ends: list[tuple[int, int, float, float, int]] = []
    for animal in np.unique(owners[owners >= 0]).tolist():
        own = sorted(np.flatnonzero(owners == animal).tolist(), key=lambda number: tracklets[number].start_frame)
        for before, after in pairwise(own):
            x, y = tracklets[before].positions[-1]
            # Tracklets of an animal may lie within each other, where one was cut out of another by hand.
            start = min(tracklets[before].stop_frame - 1, tracklets[after].start_frame)
            ends.append((start, max(tracklets[after].start_frame + 1, start + 1), float(x), float(y), animal))
    groups: list[list[tuple[int, int, float, float, int]]] = []
    growing: list[list[tuple[int, int, float, float, int]]] = []
    for one in sorted(ends):
        growing = [group for group in growing if any(one[0] < other[1] + _WITHIN for other in group)]
        for group in growing:
            if any(_belong(one, other, _NEAR_LENGTHS * length) for other in group):
                group.append(one)
                break
        else:
            groups.append([one])
            growing.append(groups[-1])
    crossings = [
        Crossing(min(one[0] for one in group), max(one[1] for one in group), tuple(sorted({one[4] for one in group}))) for group in groups
    ]
    return sorted(crossings, key=lambda crossing: (crossing.start_frame, crossing.animals))


def _belong(one: tuple[int, int, float, float, int], other: tuple[int, int, float, float, int], near: float) -> bool:
    return one[0] < other[1] + _WITHIN and other[0] < one[1] + _WITHIN and np.hypot(one[2] - other[2], one[3] - other[3]) <= near
