"""Where the animal was: distance, speed, time and entries in parts of the arena."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from behavior.frame_times import find_gaps, frame_durations, frame_edges, frame_stops
from behavior.statistics.bouts import WHOLE
from behavior.statistics.time_bins import ROUNDING_S, assign_bins, find_latencies, make_bin_edges, measure_in_bins

__all__ = [
    "CENTRE",
    "CORNERS",
    "EVERYWHERE",
    "WALLS",
    "ZONE_COLUMNS",
    "fill_short_gaps",
    "find_inside",
    "measure_depth",
    "measure_steps",
    "measure_to_edge",
    "measure_zones",
    "split_arena",
]

ZONE_COLUMNS = ("zone", "bin", "metric", "value")
EVERYWHERE, CENTRE, WALLS, CORNERS = "everywhere", "centre", "walls", "corners"

# Walls that meet at a wider angle make no corner: a round arena drawn as a polygon has none.
_WIDEST_CORNER = np.deg2rad(134)

Points = npt.NDArray[np.float64]
Corners = Sequence[tuple[float, float]] | npt.NDArray[np.floating]


def fill_short_gaps(positions: Points, time_s: npt.NDArray[np.float64], *, max_gap_s: float) -> Points:
    """Return `positions` with short gaps filled in.

    Parameters
    ----------
    positions
        Where the animal is, shape (T, 2); a frame on which x or y is NaN has no position.
    time_s
        Times of the frames in seconds, shape (T,), increasing.
    max_gap_s
        A run of frames without a position is filled in where it lasts this long at most, from the start of its first frame to the start
        of the frame after it: linearly in time between the positions on both sides. Longer runs, those at the ends, and those next to a
        gap in time (`frame_times.find_gaps`) stay NaN.

    Returns
    -------
    Float64 of shape (T, 2).

    Examples
    --------
    >>> positions = np.array([[0.0, 0.0], [np.nan, np.nan], [2.0, 4.0]])
    >>> fill_short_gaps(positions, np.array([0.0, 0.1, 0.2]), max_gap_s=0.1).tolist()
    [[0.0, 0.0], [1.0, 2.0], [2.0, 4.0]]
    """
    positions = np.array(positions, dtype=np.float64)
    missing = ~_are_known(positions)
    positions[missing] = np.nan
    gaps = find_gaps(frame_edges(time_s))
    steps = np.diff(np.concatenate(([0], missing.astype(np.int8), [0])))
    for start, stop in zip(np.flatnonzero(steps == 1), np.flatnonzero(steps == -1), strict=True):
        if start == 0 or stop == len(positions) or time_s[stop] - time_s[start] > max_gap_s + 1e-9:
            continue
        if gaps[start - 1 : stop].any():
            continue
        for axis in range(2):
            sides = [start - 1, stop]
            positions[start:stop, axis] = np.interp(time_s[start:stop], time_s[sides], positions[sides, axis])
    return positions


def find_inside(points: Points, polygon: Corners) -> npt.NDArray[np.bool_]:
    """Tell which of `points` (N, 2) lie inside a polygon (P, 2) or on its sides; points with NaN do not.

    A polygon may be concave, and its corners run either way; by the rule of an odd number of crossings.

    >>> find_inside(np.array([[1.0, 1.0], [3.0, 1.0]]), [(0, 0), (2, 0), (2, 2), (0, 2)]).tolist()
    [True, False]
    """
    corners = np.asarray(polygon, dtype=np.float64)
    inside = np.zeros(len(points), dtype=bool)
    x, y = points[:, 0], points[:, 1]
    for (x1, y1), (x2, y2) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if y1 == y2:
            continue
        crosses = (y1 > y) != (y2 > y)
        inside ^= crosses & (x < x1 + (x2 - x1) * (y - y1) / (y2 - y1))
    distances, _ = _measure_to_sides(points, corners)
    return inside | (distances.min(axis=1) <= 1e-9)


def split_arena(points: Points, corners: Corners, margin: float) -> dict[str, npt.NDArray[np.bool_]]:
    """Tell which of `points` lie in the centre of the arena, along its walls, and in its corners.

    Parameters
    ----------
    points
        Shape (N, 2); NaN where there is no position.
    corners
        Of the arena, in their order around it, shape (P, 2).
    margin
        Width of the strip along the walls, in the unit of `points`.

    Returns
    -------
    `CENTRE`, `WALLS` and `CORNERS`, bool of shape (N,). A point is in the centre if it is inside and further than `margin` from every
    wall; in a corner if it is within `margin` of two walls that meet at less than 135 degrees; along the walls otherwise. A point outside
    of the arena, where trackers put an animal that leans over a wall, counts as the nearest point of the walls. So every point with a
    position is in exactly one of the three.

    Examples
    --------
    >>> parts = split_arena(np.array([[5.0, 5.0], [5.0, 0.5], [0.5, 0.5]]), [(0, 0), (10, 0), (10, 10), (0, 10)], 1.0)
    >>> {name: inside.tolist() for name, inside in parts.items()}
    {'centre': [True, False, False], 'walls': [False, True, False], 'corners': [False, False, True]}
    """
    outline = np.asarray(corners, dtype=np.float64)
    known = _are_known(points)
    distances, nearest = _measure_to_sides(points, outline)
    outside = known & ~find_inside(points, outline)
    if outside.any():
        sides = distances[outside].argmin(axis=1)
        moved = nearest[outside, sides]
        distances[outside], _ = _measure_to_sides(moved, outline)
    near = distances <= margin + 1e-9
    cornered = np.zeros(len(points), dtype=bool)
    for side, angle in enumerate(_measure_angles(outline)):
        # The corner at which a side starts, where it meets the side before.
        if angle <= _WIDEST_CORNER:
            cornered |= near[:, side - 1] & near[:, side]
    walled = near.any(axis=1)
    return {CENTRE: known & ~walled, WALLS: known & walled & ~cornered, CORNERS: known & cornered}


def measure_to_edge(points: Points, polygon: Corners) -> npt.NDArray[np.float64]:
    """Return the distances (N,) of points (N, 2) from the nearest side of a polygon.

    >>> measure_to_edge(np.array([[1.0, 5.0], [13.0, 14.0]]), [(0, 0), (10, 0), (10, 10), (0, 10)]).tolist()
    [1.0, 5.0]
    """
    distances, _ = _measure_to_sides(points, np.asarray(polygon, dtype=np.float64))
    return np.asarray(distances.min(axis=1), dtype=np.float64)


def measure_depth(polygon: Corners) -> float:
    """Return how far from its sides a polygon's innermost point is, within some per cent: the radius of a circle that fits.

    >>> round(measure_depth([(0, 0), (30, 0), (30, 10), (0, 10)]), 1)
    5.0
    """
    corners = np.asarray(polygon, dtype=np.float64)
    axes = (np.linspace(low, high, 65) for low, high in zip(corners.min(axis=0), corners.max(axis=0), strict=True))
    grid = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, 2)
    within = grid[find_inside(grid, corners)]
    return float(measure_to_edge(within, corners).max()) if len(within) else 0.0


def measure_zones(
    positions: Points,
    zones: Mapping[str, npt.NDArray[np.bool_]],
    time_s: npt.NDArray[np.float64],
    *,
    visits: Mapping[str, npt.NDArray[np.bool_]] | None = None,
    pixels_per_cm: float | None = None,
    max_gap_s: float = 0.5,
    bin_s: float | None = None,
    fps: float | None = None,
) -> pd.DataFrame:
    """Measure how an animal moved in each zone, in one recording.

    Parameters
    ----------
    positions
        Where the animal is in pixels, shape (T, 2), short gaps filled in (`fill_short_gaps`); NaN if unknown.
    zones
        Whether that is in a zone, shape (T,), by the zone's name. `EVERYWHERE` is added.
    time_s
        Times of the frames in seconds, shape (T,), increasing.
    visits
        When the animal counts as being there, shape (T,), by the zone's name, for entries and latencies (`visits.find_visits`); where it
        is in the zone for those that are not named.
    pixels_per_cm
        Distances are in pixels where None.
    max_gap_s
        Between two frames that are further apart than this and one usual interval, no distance is measured.
    bin_s, fps
        As `describe_behaviors` takes them.

    Returns
    -------
    Table with the columns of `ZONE_COLUMNS`, `bin` as in `describe_behaviors`:

    - time_s: time with a position in the zone
    - share: of the time with a position anywhere; NaN where there is none, as is all else
    - entries: how often a visit begins. Frames without a position are skipped, and an animal that is there on its first position, or on
      the first after a gap in time, has not come in. An entry belongs to the bin it falls in.
    - latency_s: from the first position of the bin to the first visit
    - distance_cm or distance_px: length of the way from frame to frame, in straight lines; a step counts for the zone that it starts in
    - mean_speed_cm_per_s or mean_speed_px_per_s: distance divided by the time of the steps

    and of everywhere, instead of share, entries and latency, `tracked_share`: time with a position divided by the recording's.

    Tracking that trembles adds to distances; positions are taken as they are.

    Raises
    ------
    ValueError
        If the arrays differ in length.

    Examples
    --------
    >>> positions = np.array([[0.0, 0.0], [3.0, 4.0], [3.0, 4.0]])
    >>> table = measure_zones(positions, {"left": positions[:, 0] < 1}, np.arange(3.0), max_gap_s=1.0)
    >>> everywhere = table[table["zone"] == "everywhere"].set_index("metric")["value"]
    >>> float(everywhere["distance_px"]), float(everywhere["time_s"])
    (5.0, 3.0)
    """
    visits = visits or {}
    for name, array in {"time_s": time_s, **zones, **visits}.items():
        if np.shape(array) != (len(positions),):
            raise ValueError(f"{name!r} has shape {np.shape(array)}, expected {(len(positions),)}")
    edges = frame_edges(time_s, fps)
    tracked = _are_known(positions)
    distances, stepping = measure_steps(positions, edges, max_gap_s)
    unit = "px" if pixels_per_cm is None else "cm"
    distances = distances / (pixels_per_cm or 1.0)
    tables: list[pd.DataFrame] = []
    for bin_edges in [make_bin_edges(edges, None)] + ([] if bin_s is None else [make_bin_edges(edges, bin_s)]):
        names = np.array([WHOLE]) if not tables else bin_edges[:-1] - bin_edges[0]
        by_zone = {}
        for zone, inside in {EVERYWHERE: tracked, **zones}.items():
            inside = np.asarray(inside, dtype=bool) & tracked
            visiting = np.asarray(visits.get(zone, inside), dtype=bool) & tracked
            by_zone[zone] = _measure_zone(
                inside, visiting, tracked, distances, stepping, edges, bin_edges, unit=unit, is_everywhere=zone == EVERYWHERE
            )
        tables += [
            pd.DataFrame({"zone": zone, "bin": names, "metric": metric, "value": value})
            for zone, metrics in by_zone.items()
            for metric, value in metrics.items()
        ]
    return pd.concat(tables, ignore_index=True)


def _are_known(points: Points) -> npt.NDArray[np.bool_]:
    return np.asarray(np.isfinite(points).all(axis=1), dtype=bool)


def _measure_zone(
    inside: npt.NDArray[np.bool_],
    visiting: npt.NDArray[np.bool_],
    tracked: npt.NDArray[np.bool_],
    distances: npt.NDArray[np.float64],
    stepping: npt.NDArray[np.bool_],
    edges: npt.NDArray[np.float64],
    bin_edges: npt.NDArray[np.float64],
    *,
    unit: str,
    is_everywhere: bool,
) -> dict[str, npt.NDArray[np.float64]]:
    durations, gaps = frame_durations(edges), find_gaps(edges)
    n_bins = len(bin_edges) - 1
    nothing = np.full(n_bins, np.nan)
    tracked_s = measure_in_bins(durations * tracked, edges, bin_edges)
    seen = tracked_s > ROUNDING_S
    inside_s = measure_in_bins(durations * inside, edges, bin_edges)
    moved = measure_in_bins(distances * inside, edges, bin_edges)
    moving_s = measure_in_bins(durations * (inside & stepping), edges, bin_edges)
    speeds = np.divide(moved, moving_s, out=nothing.copy(), where=moving_s > ROUNDING_S)
    metrics = {"time_s": np.where(seen, inside_s, np.nan)}
    if is_everywhere:
        recorded_s = measure_in_bins(durations, edges, bin_edges)
        metrics["tracked_share"] = np.divide(tracked_s, recorded_s, out=nothing.copy(), where=recorded_s > ROUNDING_S)
    else:
        frames = np.flatnonzero(tracked)
        # Where it came from over a gap is not known.
        gaps_before = np.concatenate(([0], np.cumsum(gaps)))
        follows = gaps_before[frames[1:]] == gaps_before[frames[:-1]]
        entered = frames[1:][visiting[frames[1:]] & ~visiting[frames[:-1]] & follows]
        entries = np.bincount(assign_bins(edges[entered], bin_edges), minlength=n_bins)
        metrics["share"] = np.divide(inside_s, tracked_s, out=nothing.copy(), where=seen)
        metrics["entries"] = np.where(seen, entries, np.nan)
        # An animal that is inside when a bin begins has been there since then.
        there = np.concatenate((edges[:-1][visiting], bin_edges[:-1][_is_inside_at(bin_edges[:-1], visiting, edges)]))
        metrics["latency_s"] = find_latencies(there, tracked, edges, bin_edges)
    return {**metrics, f"distance_{unit}": np.where(seen, moved, np.nan), f"mean_speed_{unit}_per_s": speeds}


def _is_inside_at(times: npt.NDArray[np.float64], inside: npt.NDArray[np.bool_], edges: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    if not len(inside):
        return np.zeros(len(times), dtype=bool)
    frames = np.clip(np.searchsorted(edges, times + ROUNDING_S, side="right") - 1, 0, len(inside) - 1)
    return np.asarray(inside[frames] & (times < frame_stops(edges)[frames]), dtype=bool)


def measure_steps(
    positions: Points, edges: npt.NDArray[np.float64], max_gap_s: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Return the distance from each frame to the next in pixels, 0 where it is not known, and whether it is; both of shape (T,).

    `positions` has shape (T, 2), NaN where unknown, and `edges` (T + 1,); over gaps, and between frames further apart than `max_gap_s` and
    one usual interval, nothing is known.

    >>> distances, known = measure_steps(np.array([[0.0, 0.0], [3.0, 4.0], [np.nan, np.nan]]), np.arange(4.0), 1.0)
    >>> distances.tolist(), known.tolist()
    ([5.0, 0.0, 0.0], [True, False, False])
    """
    distances, stepping = np.zeros(len(positions)), np.zeros(len(positions), dtype=bool)
    if len(positions) > 1:
        intervals = np.diff(edges)[:-1]
        steps = np.hypot(*np.diff(positions, axis=0).T)
        stepping[:-1] = np.isfinite(steps) & (intervals <= max_gap_s + 1.5 * np.median(intervals)) & ~find_gaps(edges)[:-1]
        distances[:-1] = np.where(stepping[:-1], steps, 0.0)
    return distances, stepping


def _measure_to_sides(points: Points, corners: Points) -> tuple[Points, npt.NDArray[np.float64]]:
    """Return distances (N, P) of points to the sides of a polygon, and the nearest points (N, P, 2) on them."""
    starts = corners
    ways = np.roll(corners, -1, axis=0) - starts
    squares = np.maximum((ways**2).sum(axis=1), 1e-300)
    along = ((points[:, None, :] - starts) * ways).sum(axis=2) / squares
    nearest = starts + np.clip(along, 0, 1)[:, :, None] * ways
    return np.hypot(*np.moveaxis(points[:, None, :] - nearest, 2, 0)), nearest


def _measure_angles(corners: Points) -> npt.NDArray[np.float64]:
    """Return the angle between the two sides that meet at each corner, in radians from 0 to pi, shape (P,)."""
    back, onward = np.roll(corners, 1, axis=0) - corners, np.roll(corners, -1, axis=0) - corners
    cosines = (back * onward).sum(axis=1) / np.maximum(np.hypot(*back.T) * np.hypot(*onward.T), 1e-300)
    return np.arccos(np.clip(cosines, -1, 1))
