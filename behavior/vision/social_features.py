"""What the poses of two or more animals say about one of them and the others, as one vector per frame.

Lengths are in crop sizes and times in seconds, as in `pose_features`. Nothing depends on what the animals are called.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from behavior.vision.body_frame import (
    BodyFrame,
    Floats,
    Points,
    Span,
    cosine_and_sine,
    describe_in_parts,
    find_likelihoods,
    locate_body,
    split_coordinates,
)

__all__ = ["SOCIAL_VERSION", "PosedAnimal", "describe_social", "group_social_features", "name_social_features"]

# Counts up whenever the same poses would give other numbers.
SOCIAL_VERSION = 1
# Crop sizes; animals whose places are nearer have no direction from one to the other.
_NO_LENGTH = 1e-9


@dataclass(frozen=True)
class PosedAnimal:
    """The pose of an animal: `positions` (T, P, 2) in pixels, `likelihoods` (T, P), and the columns of `pose_features.describe_pose`."""

    positions: Floats
    likelihoods: Floats
    origin: Sequence[int]
    axis: tuple[int, int] | None = None


def name_social_features(
    body_parts: Sequence[str], other_parts: Sequence[Sequence[str]], *, has_axis: bool, takes_nearest: bool
) -> tuple[str, ...]:
    """Return the names of the columns of `describe_social`.

    Parameters
    ----------
    body_parts
        P names, those of the animal itself.
    other_parts
        The names of each other animal's body parts; with `takes_nearest`, all have the same.
    has_axis, takes_nearest
        As for `describe_social`.
    """
    described = other_parts[:1] if takes_nearest else other_parts
    numbers = [""] if len(described) == 1 else [str(number) for number in range(1, len(described) + 1)]
    names: list[str] = []
    for number, parts in zip(numbers, described, strict=True):
        names += [f"other{number}_{name}" for name in _name_one(body_parts, parts, has_axis=has_axis)]
    return tuple(names)


def group_social_features(
    body_parts: Sequence[str], other_parts: Sequence[Sequence[str]], *, has_axis: bool, takes_nearest: bool
) -> dict[str, npt.NDArray[np.intp]]:
    """Return the columns of `describe_social` that are about each other animal.

    >>> groups = group_social_features(("nose",), (("nose",), ("nose",)), has_axis=False, takes_nearest=False)
    >>> {name: len(columns) for name, columns in groups.items()}
    {'other animal 1': 16, 'other animal 2': 16}
    """
    described = other_parts[:1] if takes_nearest else other_parts
    groups, start = {}, 0
    for number, parts in enumerate(described, start=1):
        stop = start + len(_name_one(body_parts, parts, has_axis=has_axis))
        groups["other animal" if len(described) == 1 else f"other animal {number}"] = np.arange(start, stop)
        start = stop
    return groups


def describe_social(
    animal: PosedAnimal, others: Sequence[PosedAnimal], *, fps: float, min_likelihood: float, size: float, takes_nearest: bool = False
) -> npt.NDArray[np.float32]:
    """Return where the others are, how they move and how they stand towards an animal; `name_social_features` names the columns.

    Parameters
    ----------
    animal
        The one that is described, in T frames.
    others
        Those that are described from it, in as many frames; all with an axis if it has one.
    fps
        Frames per second.
    min_likelihood
        Below it a point counts as missing, and is filled in as in `pose_features.describe_pose`.
    size
        Pixels of the crop's side, the unit of length.
    takes_nearest
        Whether each frame has the numbers of the other that is nearest in it, instead of those of each one after the other. One that is
        found in the frame goes before one that is not.

    Returns
    -------
    Float32 of shape (T, D), finite; zeros for another that is never found, and throughout if the animal itself is not. For each other, in
    order: its place from this animal's (with an axis: to the right of it and ahead, else x and y); the distance between the two places;
    the distance between the two points that are nearest to each other; the rate of change of the distance; how fast this animal
    comes nearer by its own movement, and how fast the other does by its; the other's speed, and its velocity in this animal's frame. With
    an axis: cosine and sine of the direction in which the other is, from this animal's heading; of the other's heading, from this
    animal's; and of the direction in which this animal is, from the other's heading; its turning in radians per second, and the length
    of its axis. Then the distance from this animal's head end to each of the other's body parts, and from the other's head end to each of
    this animal's (without an axis, from the places); the other's body parts in this animal's frame of reference; their speeds; their
    likelihoods. Angles are positive clockwise in the image; those between points that coincide are left at cosine and sine 0.

    Raises
    ------
    ValueError
        If `fps` or `size` is not a positive number, there is no other animal, or frames or axes do not fit together.
    """
    for name, value in (("fps", fps), ("size", size)):
        if not 0 < value < np.inf:
            raise ValueError(f"{name} is {value}, expected a positive number")
    if not others:
        raise ValueError("others are none, expected at least one animal")
    if any(len(other.positions) != len(animal.positions) or (other.axis is None) != (animal.axis is None) for other in others):
        raise ValueError("the others differ from the animal in frames, or in having an axis")

    def locate(one: PosedAnimal) -> BodyFrame | None:
        return locate_body(one.positions, one.likelihoods, origin=one.origin, axis=one.axis, min_likelihood=min_likelihood, size=size)

    own, bodies = locate(animal), [locate(other) for other in others]
    n_frames, has_axis = len(animal.positions), animal.axis is not None
    n_columns = [
        len(_name_one([""] * animal.likelihoods.shape[1], [""] * other.likelihoods.shape[1], has_axis=has_axis)) for other in others
    ]
    if takes_nearest and len(set(n_columns)) > 1:
        raise ValueError("the others have different body parts, expected the same of all where the nearest is taken")
    chosen = _find_nearest(own, bodies, n_frames) if takes_nearest else np.empty(0, dtype=np.intp)

    def describe(span: Span) -> list[npt.NDArray]:
        described: list[npt.NDArray] = []
        n_rows = len(span.before)
        for other, body, count in zip(others, bodies, n_columns, strict=True):
            if own is None or body is None:
                described.append(np.zeros((n_rows, count)))
                continue
            likelihoods = find_likelihoods(other.positions[span.rows], other.likelihoods[span.rows])
            columns = [*_describe_one(own, body, animal.axis, other.axis, span), likelihoods]
            described.append(np.concatenate([values.reshape(n_rows, -1) for values in columns], axis=1))
        return [np.stack(described)[chosen[span.rows], np.arange(n_rows)]] if takes_nearest else described

    total = n_columns[0] if takes_nearest else sum(n_columns)
    return describe_in_parts(describe, n_frames=n_frames, n_columns=total, fps=fps)


def _name_one(body_parts: Sequence[str], other_parts: Sequence[str], *, has_axis: bool) -> list[str]:
    right, forward, end = ("right", "forward", "head") if has_axis else ("x", "y", "body")
    names = [right, forward, "distance", "gap", "distance_rate", "approached", "approaching", "speed"]
    names += [f"velocity_{right}", f"velocity_{forward}"]
    if has_axis:
        names += [f"{angle}_{ratio}" for angle in ("bearing", "heading", "facing") for ratio in ("cosine", "sine")]
        names += ["turning", "length"]
    names += [f"{part}_from_{end}" for part in other_parts]
    names += [f"{end}_from_{part}" for part in body_parts]
    names += [f"{part}_{direction}" for part in other_parts for direction in (right, forward)]
    names += [f"{part}_speed" for part in other_parts]
    return names + [f"{part}_likelihood" for part in other_parts]


def _describe_one(
    own: BodyFrame, other: BodyFrame, own_axis: tuple[int, int] | None, other_axis: tuple[int, int] | None, span: Span
) -> list[npt.NDArray]:
    """Return the columns (N, ...) of one other animal in some frames, but for its likelihoods."""
    has_axis = own_axis is not None and other_axis is not None
    rows = span.rows
    into_own = np.conj(own.turned[rows])
    way = other.place[rows] - own.place[rows]
    distance = np.abs(way)
    towards = np.divide(way, distance, out=np.zeros_like(way), where=distance > _NO_LENGTH)
    own_velocity, velocity = span.rate(own.place), span.rate(other.place)
    after, before = (np.abs(other.place[at] - own.place[at]) for at in (span.after, span.before))
    whole, other_whole = own.find_whole(rows), other.find_whole(rows)
    columns: list[npt.NDArray] = [
        split_coordinates(way * into_own, up_is_positive=has_axis),
        distance,
        _measure_gap(whole, other_whole),
        span.divide(after - before),
        (own_velocity * np.conj(towards)).real,
        -(velocity * np.conj(towards)).real,
        np.abs(velocity),
        split_coordinates(velocity * into_own, up_is_positive=has_axis),
    ]
    ends = own.place[rows], other.place[rows]
    if own_axis is not None and other_axis is not None and other.heading is not None:
        # Up is where the heading is in a frame of reference.
        ahead, other_ahead = own.turned[rows] * -1j, other.turned[rows] * -1j
        columns += [cosine_and_sine(ahead, way), cosine_and_sine(ahead, other_ahead), cosine_and_sine(other_ahead, -way)]
        columns += [span.rate(other.heading), np.abs(other_whole[:, other_axis[1]] - other_whole[:, other_axis[0]])]
        ends = whole[:, own_axis[1]], other_whole[:, other_axis[1]]
    return [
        *columns,
        np.abs(other_whole - ends[0][:, None]),
        np.abs(whole - ends[1][:, None]),
        split_coordinates((other_whole - own.place[rows, None]) * into_own[:, None], up_is_positive=has_axis),
        np.abs(span.divide(other.find_whole(span.after) - other.find_whole(span.before))),
    ]


def _measure_gap(own: Points, other: Points) -> Floats:
    """Return the distance (N,) between the two points, one of each animal, that are nearest to each other."""
    gaps = np.full(len(own), np.inf)
    for column in range(own.shape[1]):
        gaps = np.minimum(gaps, np.abs(other - own[:, column, None]).min(axis=1))
    return gaps


def _find_nearest(own: BodyFrame | None, others: Sequence[BodyFrame | None], n_frames: int) -> npt.NDArray[np.intp]:
    """Return which of the others is nearest in each frame, (T,): one that is found in it before one that is not, and never found last."""
    distances = np.full((len(others), n_frames), np.inf)
    lost = np.full((len(others), n_frames), 2)
    for number, other in enumerate(others):
        if own is not None and other is not None:
            distances[number] = np.abs(other.place - own.place)
            lost[number] = ~other.is_found
    return np.asarray(np.where(lost == lost.min(axis=0), distances, np.inf).argmin(axis=0), dtype=np.intp)
