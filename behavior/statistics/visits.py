"""When the animal is said to be in a zone, for counting entries: not each time that a trembling track crosses the edge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from behavior.frame_times import find_stretches, frame_edges, frame_stops
from behavior.statistics.zones import CENTRE, CORNERS, WALLS, Points, find_inside, measure_depth, measure_to_edge, split_arena

__all__ = ["Presence", "find_presence", "find_visits", "split_presence"]

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Presence:
    """Where points lie to a zone, each bool of shape (N,).

    Attributes
    ----------
    inside
        In the zone or on its edge.
    surely_inside, surely_outside
        Further from the edge than its width; neither for points near the edge.
    """

    inside: Mask
    surely_inside: Mask
    surely_outside: Mask


def find_presence(points: Points, polygon: Sequence[tuple[float, float]], *, edge: float) -> Presence:
    """Tell how points (N, 2) lie to a polygon whose edge is `edge` wide to both sides; NaN is nowhere.

    The edge reaches no further in than half-way to the middle, so that a narrow zone can be entered.

    >>> presence = find_presence(np.array([[5.0, 5.0], [9.5, 5.0], [20.0, 5.0]]), [(0, 0), (10, 0), (10, 10), (0, 10)], edge=1.0)
    >>> presence.surely_inside.tolist(), presence.surely_outside.tolist()
    ([True, False, False], [False, False, True])
    """
    known = np.isfinite(points).all(axis=1)
    inside = find_inside(points, polygon) & known
    distance = measure_to_edge(points, polygon)
    inner = min(edge, measure_depth(polygon) / 2)
    return Presence(inside, inside & (distance >= inner), known & ~inside & (distance > edge))


def split_presence(points: Points, corners: Sequence[tuple[float, float]], margin: float, *, edge: float) -> dict[str, Presence]:
    """Tell how points (N, 2) lie to the parts of the arena that `zones.split_arena` makes, whose edges are `edge` wide to both sides.

    The edge is no wider than half of the strip along the walls, and reaches no further in than half-way to the middle. A point is surely
    outside of a part if it is surely inside of another.
    """
    edge = max(min(edge, margin / 2, (measure_depth(corners) - margin) / 2), 0.0)
    inside = split_arena(points, corners, margin)
    if not edge:
        return {name: Presence(mask, mask, ~mask & np.isfinite(points).all(axis=1)) for name, mask in inside.items()}
    narrow, wide = (split_arena(points, corners, width) for width in (margin - edge, margin + edge))
    surely = {
        CENTRE: wide[CENTRE],
        WALLS: (narrow[WALLS] | narrow[CORNERS]) & ~wide[CORNERS],
        CORNERS: narrow[CORNERS],
    }
    others = {name: np.any([mask for other, mask in surely.items() if other != name], axis=0) for name in surely}
    return {name: Presence(inside[name], surely[name], others[name]) for name in inside}


def find_visits(
    presence: Presence,
    tracked: Mask,
    time_s: npt.NDArray[np.float64],
    *,
    min_stay_s: float = 0.0,
    fps: float | None = None,
) -> Mask:
    """Tell in which frames the animal is visiting a zone, bool of shape (T,); never where it has no position.

    It comes in once it is surely inside, and leaves once it is surely outside; near the edge it is where it was before, and by its
    position where there is no before: at its first position, and after a gap in time (`frame_times.find_gaps`). Then absences, and
    after these visits, that last less than `min_stay_s` are left out, but for a visit that was there from the first position on.

    Parameters
    ----------
    presence
        In each frame, arrays of shape (T,).
    tracked
        False for frames without a position, which are skipped, shape (T,).
    time_s
        Times of the frames in seconds, shape (T,), increasing.

    Examples
    --------
    >>> near = np.array([True, False, True, False])
    >>> nowhere = np.zeros(4, dtype=bool)
    >>> find_visits(Presence(near, nowhere, nowhere), ~nowhere, np.arange(4.0)).tolist()
    [True, True, True, True]
    """
    edges = frame_edges(time_s, fps)
    stops = frame_stops(edges)
    visiting = np.zeros(len(time_s), dtype=bool)
    for start, stop in find_stretches(time_s).tolist():
        frames = start + np.flatnonzero(tracked[start:stop])
        if not len(frames):
            continue
        # 1 surely inside, 0 surely outside, -1 as before.
        known = np.where(presence.surely_inside[frames], 1, np.where(presence.surely_outside[frames], 0, -1))
        if known[0] == -1:
            known[0] = int(presence.inside[frames[0]])
        state = known[np.maximum.accumulate(np.where(known >= 0, np.arange(len(frames)), 0))] == 1
        if min_stay_s > 0:
            # A state lasts until the next position.
            borders = np.append(edges[frames], stops[frames[-1]])
            for value in (False, True):
                state = _leave_out_short(state, borders, value=value, min_s=min_stay_s)
        visiting[frames] = state
    return visiting


def _leave_out_short(state: Mask, borders: npt.NDArray[np.float64], *, value: bool, min_s: float) -> Mask:
    """Turn the runs of `value` that last less than `min_s`, but for the first; an absence at the end stays, too."""
    changes = np.flatnonzero(np.diff(state)) + 1
    starts, stops = np.append(0, changes), np.append(changes, len(state))
    lasting = borders[stops] - borders[starts]
    short = (state[starts] == value) & (lasting < min_s - 1e-9) & (starts > 0)
    if not value:
        short &= stops < len(state)
    turned = state.copy()
    for start, stop in zip(starts[short], stops[short], strict=True):
        turned[start:stop] = not value
    return turned
