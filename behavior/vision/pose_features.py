"""What a pose says about posture and movement, as one vector per frame.

Lengths are in crop sizes and times in seconds, so that the numbers mean the same at any resolution and frame rate.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from behavior.vision.body_frame import (
    Floats,
    Points,
    Span,
    cosine_and_sine,
    describe_in_parts,
    find_likelihoods,
    locate_body,
    split_coordinates,
)

__all__ = ["POSE_VERSION", "describe_pose", "group_pose_features", "name_pose_features"]

# Counts up whenever the same pose would give other numbers.
POSE_VERSION = 1
# Walls whose directions are nearer to each other are one wall with a corner, or neighbours in a round arena.
_OTHER_DIRECTION = np.deg2rad(44.9)


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
    body = locate_body(positions, likelihoods, origin=origin, axis=axis, min_likelihood=min_likelihood, size=size)
    names = name_pose_features([""] * n_parts, has_axis=axis is not None, has_arena=arena is not None)
    if body is None:
        return np.zeros((n_frames, len(names)), dtype=np.float32)
    place, turned, heading = body.place, body.turned, body.heading
    head_angles = None
    if axis is not None:
        tail, head = (body.find_part(end) for end in axis)
        length, head_angles = np.abs(head - tail), _unwrap_turns(place - tail, head - place)
    walls = None if arena is None else np.asarray(arena @ np.array([1, 1j]) / size, dtype=np.complex128)

    def describe(span: Span) -> list[npt.NDArray]:
        rows, rate = span.rows, span.rate
        whole, velocity = body.find_whole(rows), rate(place)
        features = [
            split_coordinates(body.in_body[rows], up_is_positive=axis is not None),
            np.abs(span.divide(body.find_whole(span.after) - body.find_whole(span.before))),
            np.abs(rate(body.in_body)),
            find_likelihoods(positions[rows], likelihoods[rows]),
            cosine_and_sine(whole[:, 1:-1] - whole[:, :-2], whole[:, 2:] - whole[:, 1:-1]),
            np.abs(velocity),
        ]
        if heading is not None and head_angles is not None:
            along = split_coordinates(velocity * np.conj(turned[rows]), up_is_positive=True)
            features += [along, rate(heading), length[rows], rate(length)]
            features += [cosine_and_sine(place[rows] - tail[rows], head[rows] - place[rows]), rate(head_angles)]
        if walls is not None:
            features += [*_measure_walls(place[rows], walls)]
            features += [_measure_walls(head[rows], walls)[0]] if axis is not None else []
        return features

    return describe_in_parts(describe, n_frames=n_frames, n_columns=len(names), fps=fps)


def _require_polygon(arena: Floats) -> None:
    if arena.ndim != 2 or arena.shape[1] != 2 or not np.isfinite(arena).all():
        raise ValueError(f"arena has shape {arena.shape}, expected corners as (C, 2), all finite")
    if (n_corners := len(np.unique(arena, axis=0))) < 3:
        raise ValueError(f"arena has {n_corners} different corners, expected at least 3")


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
