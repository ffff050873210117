"""What a pose says about posture and movement, as one vector per frame.

Lengths are in crop sizes and times in seconds, so that the numbers mean the same at any resolution and frame rate.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from behavior.vision.crops import UP, find_body_axis, find_measured_points

__all__ = ["POSE_VERSION", "describe_pose", "group_pose_features", "name_pose_features"]

Floats = npt.NDArray[np.float64]
Points = npt.NDArray[np.complex128]

# Counts up whenever the same pose would give other numbers.
POSE_VERSION = 1
# Rates of change are taken over this time before and after a frame, at least one frame each.
_HALF_SPAN_S = 0.1
# Walls whose directions are nearer to each other are one wall with a corner, or neighbours in a round arena.
_OTHER_DIRECTION = np.deg2rad(44.9)
# What is in memory in double precision at once.
_FRAMES_AT_ONCE = 1 << 16
# Crop sizes; below it a line has no direction but that of rounding.
_NO_LENGTH = 1e-9


def name_pose_features(body_parts: Sequence[str], *, has_axis: bool, has_arena: bool) -> tuple[str, ...]:
    """Return the names of the columns of `describe_pose`.

    Parameters
    ----------
    body_parts
        P names, in the order of the pose's columns.
    has_axis, has_arena
        Whether `describe_pose` is given an axis and an arena.
    """
    right, forward = ("right", "forward") if has_axis else ("x", "y")
    names = [f"{part}_{direction}" for part in body_parts for direction in (right, forward)]
    names += [f"{part}_speed" for part in body_parts]
    names += [f"{part}_speed_in_body" for part in body_parts]
    names += [f"{part}_likelihood" for part in body_parts]
    names += [f"{part}_bend_{ratio}" for part in body_parts[1:-1] for ratio in ("cosine", "sine")]
    names += ["body_speed"]
    if has_axis:
        names += ["body_speed_right", "body_speed_forward", "body_turning", "body_length", "body_lengthening"]
        names += ["head_cosine", "head_sine", "head_turning"]
    if has_arena:
        names += ["wall_distance", "second_wall_distance"]
        names += ["head_wall_distance"] if has_axis else []
    return tuple(names)


def group_pose_features(body_parts: Sequence[str], *, has_axis: bool, has_arena: bool) -> dict[str, npt.NDArray[np.intp]]:
    """Return the columns of `describe_pose` that each body part has, then those of the whole body, of the head and of the walls.

    >>> [name for name in group_pose_features(("nose", "tail"), has_axis=False, has_arena=True)]
    ['nose', 'tail', 'whole body', 'walls']
    """
    names = name_pose_features([f"{number}." for number in range(len(body_parts))], has_axis=has_axis, has_arena=has_arena)
    beginnings = {f"{number}.": part for number, part in enumerate(body_parts)} | {"body": "whole body", "head": "head direction"}
    beginnings |= dict.fromkeys(("wall", "second", "head_wall"), "walls")
    groups = [beginnings["head_wall" if name.startswith("head_wall") else name.partition("_")[0]] for name in names]
    return {group: np.array([column for column, own in enumerate(groups) if own == group]) for group in dict.fromkeys(groups)}


def describe_pose(
    positions: Floats,
    likelihoods: Floats,
    *,
    fps: float,
    origin: Sequence[int],
    axis: tuple[int, int] | None = None,
    min_likelihood: float,
    size: float,
    arena: Floats | None = None,
) -> npt.NDArray[np.float32]:
    """Return posture and movement in each frame; `name_pose_features` names the columns.

    Parameters
    ----------
    positions
        Pixels, shape (T, P, 2) as x, y.
    likelihoods
        Shape (T, P). `find_measured_points` tells which points count. The others are filled in: the origin and the axis as the
        crop's centre and angle are, linearly in time; a body part where it was in the body, linearly in time; a body part that is
        never found lies at the origin.
    fps
        Frames per second.
    origin
        Columns of the body parts whose mean is the body's place; where none of them is ever found, all are taken.
    axis
        Columns of the body axis's tail and head end; None describes the body as the camera saw it.
    min_likelihood
        Below it a point counts as missing.
    size
        Pixels of the crop's side, the unit of length.
    arena
        Corners of the arena's floor in pixels, in order, shape (C, 2).

    Returns
    -------
    Float32 of shape (T, D), finite; zeros throughout where no point was ever found. In order: place in the body of each body part
    (with an axis: to the right of and forward along it; else in the image, x and y), its speed, its speed within the body, its
    likelihood (0 where it has no position); the cosine and sine of the turn at each body part from the line that comes from the body
    part before to the line that goes to the next, positive clockwise in the image; the body's speed. With an axis: its speed to the
    right and forward, its turning in radians per second, the axis's length and its rate of change; cosine, sine and rate of change,
    radians per second, of the angle from the line tail end - origin to the line origin - head end. With an arena: the distance from
    the origin to the nearest wall and to the nearest one that runs in another direction, and with an axis from the head end to the
    nearest wall; negative outside the arena. Angles between points that coincide are left at cosine and sine 0.

    Raises
    ------
    ValueError
        If `fps` or `size` is not a positive number, `origin` is empty, or `arena` is not a polygon.
    """
    for name, value in (("fps", fps), ("size", size)):
        if not 0 < value < np.inf:
            raise ValueError(f"{name} is {value}, expected a positive number")
    if not len(origin):
        raise ValueError("origin is empty, expected the column of at least one body part")
    if arena is not None:
        _require_polygon(arena)
    n_frames, n_parts = likelihoods.shape
    found = find_measured_points(positions, likelihoods, min_likelihood=min_likelihood)
    if not found.any():
        names = name_pose_features([""] * n_parts, has_axis=axis is not None, has_arena=arena is not None)
        return np.zeros((n_frames, len(names)), dtype=np.float32)

    # From here on a point of the plane is a complex number, x + iy, and a direction one of length 1.
    points = np.empty((n_frames, n_parts), dtype=np.complex128)
    points.real, points.imag = (np.where(found, positions[..., side], 0.0) for side in range(2))
    points /= size
    columns = list(origin) if found[:, list(origin)].any() else list(range(n_parts))
    place = _fill_place(points[:, columns], found[:, columns])
    heading = None
    if axis is not None:
        angles, measured = find_body_axis(positions[:, list(axis)], likelihoods[:, list(axis)], min_likelihood=min_likelihood)
        heading = np.unwrap(angles - UP) if measured.any() else np.zeros(n_frames)
    turned = np.ones(n_frames) if heading is None else np.exp(1j * heading)
    points -= place[:, None]
    points *= np.conj(turned)[:, None]
    in_body = _fill_gaps(points, found)
    del points
    head_angles = None
    if axis is not None:
        tail, head = (place + in_body[:, end] * turned for end in axis)
        length, head_angles = np.abs(head - tail), _unwrap_turns(place - tail, head - place)
    walls = None if arena is None else np.asarray(arena @ np.array([1, 1j]) / size, dtype=np.complex128)

    def describe(start: int, stop: int) -> Floats:
        """Return the features of some frames; a day of all in double precision would fill memory."""
        span = slice(start, stop)
        before, after, seconds = _find_span(start, stop, n_frames, fps)

        def find_whole(frames: slice | npt.NDArray[np.int64]) -> Points:
            return place[frames, None] + in_body[frames] * turned[frames, None]

        def rate(values: npt.NDArray) -> npt.NDArray:
            return _divide(values[after] - values[before], seconds)

        whole, velocity, shown = find_whole(span), rate(place), positions[span]
        is_shown = np.isfinite(shown).all(axis=2) & (shown != 0).any(axis=2)
        features = [
            _split(in_body[span], up_is_positive=axis is not None),
            np.abs(_divide(find_whole(after) - find_whole(before), seconds)),
            np.abs(rate(in_body)),
            np.where(is_shown, np.clip(np.nan_to_num(likelihoods[span]), 0, 1), 0),
            _cosine_and_sine(whole[:, 1:-1] - whole[:, :-2], whole[:, 2:] - whole[:, 1:-1]),
            np.abs(velocity),
        ]
        if heading is not None and head_angles is not None:
            along = _split(velocity * np.conj(turned[span]), up_is_positive=True)
            features += [along, rate(heading), length[span], rate(length)]
            features += [_cosine_and_sine(place[span] - tail[span], head[span] - place[span]), rate(head_angles)]
        if walls is not None:
            features += [*_measure_walls(place[span], walls)]
            features += [_measure_walls(head[span], walls)[0]] if axis is not None else []
        return np.concatenate([values.reshape(stop - start, -1) for values in features], axis=1)

    names = name_pose_features([""] * n_parts, has_axis=axis is not None, has_arena=arena is not None)
    described = np.empty((n_frames, len(names)), dtype=np.float32)
    for start in range(0, n_frames, _FRAMES_AT_ONCE):
        stop = min(start + _FRAMES_AT_ONCE, n_frames)
        described[start:stop] = describe(start, stop)
    return described


def _require_polygon(arena: Floats) -> None:
    if arena.ndim != 2 or arena.shape[1] != 2 or not np.isfinite(arena).all():
        raise ValueError(f"arena has shape {arena.shape}, expected corners as (C, 2), all finite")
    if (n_corners := len(np.unique(arena, axis=0))) < 3:
        raise ValueError(f"arena has {n_corners} different corners, expected at least 3")


def _fill_gaps(values: Points, found: npt.NDArray[np.bool_]) -> Points:
    """Return `values` (T, P) with those not `found` interpolated in time, at the ends the nearest; 0 for a column without any."""
    filled = np.where(found, values, 0)
    frames = np.arange(len(values))
    for column in np.flatnonzero(found.any(axis=0) & ~found.all(axis=0)):
        known = found[:, column]
        filled[~known, column] = np.interp(frames[~known], frames[known], values[known, column])
    return filled


def _fill_place(points: Points, found: npt.NDArray[np.bool_]) -> Points:
    """Return the mean (T,) of the body parts that were ever found, each with its gaps filled: one that is lost does not make a jump."""
    ever = found.any(axis=0)
    return _fill_gaps(points[:, ever], found[:, ever]).mean(axis=1)


def _find_span(start: int, stop: int, n_frames: int, fps: float) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Floats]:
    """Return the frames before and after each of some frames that its rates of change are over, at the ends fewer, and seconds between."""
    half = max(1, round(_HALF_SPAN_S * fps))
    frames = np.arange(start, stop)
    before, after = np.maximum(frames - half, 0), np.minimum(frames + half, n_frames - 1)
    return before, after, (after - before) / fps


def _divide(changes: npt.NDArray, seconds: Floats) -> npt.NDArray:
    """Return `changes` (N, ...) per second; 0 for the only frame of a recording."""
    spread = seconds.reshape(-1, *[1] * (changes.ndim - 1))
    return np.divide(changes, spread, out=np.zeros_like(changes), where=spread > 0)


def _split(vectors: Points, *, up_is_positive: bool) -> Floats:
    """Return the coordinates of `vectors` (T, ...) as float64 (T, ..., 2)."""
    return np.stack([vectors.real, -vectors.imag if up_is_positive else vectors.imag], axis=-1)


def _cosine_and_sine(before: Points, after: Points) -> Floats:
    """Return cosine and sine (T, ..., 2) of the turn from `before` to `after`; 0 and 0 where one of them has no length."""
    turn = after * np.conj(before)
    length = np.abs(turn)
    turn = np.divide(turn, length, out=np.zeros_like(turn), where=length > _NO_LENGTH)
    return np.stack([turn.real, turn.imag], axis=-1)


def _unwrap_turns(before: Points, after: Points) -> Floats:
    """Return the turn (T,) from `before` to `after`, radians, without jumps by a whole turn."""
    return np.unwrap(np.angle(after * np.conj(before)))


def _measure_walls(places: Points, corners: Points) -> tuple[Floats, Floats]:
    """Return the distance (T,) to the nearest wall, and to the nearest that runs in another direction; negative outside the polygon."""
    walls = np.roll(corners, -1) - corners
    walls, starts = walls[walls != 0], corners[walls != 0]
    from_start = places[:, None] - starts
    along = np.clip((from_start * np.conj(walls)).real / np.abs(walls) ** 2, 0, 1)
    distances = np.abs(from_start - along * walls)
    nearest = distances.argmin(axis=1)
    others = np.abs(np.angle(walls[:, None] * np.conj(walls))) > _OTHER_DIRECTION
    first = distances.min(axis=1)
    second = np.where(others[nearest], distances, np.inf).min(axis=1)
    # A place is inside where a ray from it to the right crosses an odd number of walls.
    ends = starts + walls
    straddles = (starts.imag > places.imag[:, None]) != (ends.imag > places.imag[:, None])
    rise = np.where(walls.imag == 0, 1, walls.imag)
    crossing = starts.real + (places.imag[:, None] - starts.imag) * walls.real / rise
    inside = np.count_nonzero(straddles & (places.real[:, None] < crossing), axis=1) % 2 == 1
    sign = np.where(inside, 1.0, -1.0)
    return sign * first, sign * second
