"""From body parts to one position, one axis and one size of each animal, whichever of its parts were found."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

__all__ = ["PlacedPoses", "PoseShape", "find_pose_shape", "place_poses"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

# Names of the foremost part, and of the hindmost one that does not swing, letters alone, the best first.
_FRONT = ("nose", "snout", "noseend", "nosetip", "beak", "head", "headend", "neck")
_BACK = ("tailbase", "basetail", "tailstart", "tailroot", "tti", "tailend", "abdomen", "hip", "hips", "rump", "tail", "tail0", "tail1")
# Parts that swing, which tell little of where an animal is and how wide, by what is in their names; those above do not.
_SWINGING = ("tail", "leg", "paw", "foot", "wing", "antenna", "whisker")
_SWINGING_WEIGHT = 0.02
# A pair of parts is an axis if it was seen together in this share of the animals.
_OFTEN = 0.1
# More animals than these say no more of their shape.
_MOST_ANIMALS = 20_000
_N_ROUNDS = 3
# Parts that move by this part of the length keep half their weight.
_LOOSE = 0.05
# Body parts lie within the body; how much wider it is. Of the length, where parts lie on a line, and within which a width is credible.
_MARGIN, _USUAL_WIDTH, _WIDTH_RANGE = 1.2, 0.4, (0.2, 0.8)
# Parts with less of the greatest weight are not where an animal is wide.
_RIGID = 0.1


@dataclass(frozen=True)
class PoseShape:
    """Where P body parts are in an animal that lies straight, in pixels.

    Attributes
    ----------
    places
        Float64 of shape (P, 2), x towards the front, from half way between the front and the back part; NaN for parts that are never seen.
    weights
        How firmly each part sits there, float64 of shape (P,), 0 or more.
    length, width
        Of an animal.
    knows_head
        Whether the names of the parts tell front from back; else the front is the same part in all animals, but perhaps the tail.
    """

    places: Floats
    weights: Floats
    length: float
    width: float
    knows_head: bool


@dataclass(frozen=True)
class PlacedPoses:
    """N animals by their body parts: centres (N, 2), directions of their front in radians (N,), and lengths (N,); NaN where unknown."""

    centers: Floats
    directions: Floats
    lengths: Floats


def find_pose_shape(points: Floats, body_parts: Sequence[str]) -> PoseShape | None:
    """Return the usual shape of animals by their body parts; None where no two parts are seen together.

    The axis runs between parts that are named as nose and base of the tail, or such; else between those that are the farthest apart.

    Parameters
    ----------
    points
        Pixels, float64 of shape (N, P, 2); NaN where a part was not found.
    body_parts
        P names.
    """
    points = points[:: max(1, len(points) // _MOST_ANIMALS)]
    found: Bools = np.asarray(np.isfinite(points).all(axis=2))
    named = _find_named(body_parts, found)
    axis = named or _find_farthest(points, found)
    if axis is None:
        return None
    front, back = axis
    both = found[:, front] & found[:, back]
    along = points[both, front] - points[both, back]
    middle = (points[both, front] + points[both, back]) / 2
    own = _turn(points[both] - middle[:, None], -np.arctan2(along[:, 1], along[:, 0]))
    length = float(np.median(np.hypot(*along.T)))
    swings = np.array([number not in axis and _is_swinging(name) for number, name in enumerate(body_parts)])
    factors = np.where(swings, _SWINGING_WEIGHT, 1.0)
    places, weights = _average(own, length)
    for _ in range(_N_ROUNDS):
        shape = PoseShape(places, weights * factors, length, length, True)
        placed = place_poses(points, shape)
        own = _turn(points - placed.centers[:, None], -placed.directions)
        places, weights = _average(own, length)
        middle = (places[front] + places[back]) / 2
        places = places - middle
    weights = weights * factors
    across = _MARGIN * float(np.ptp(places[weights >= _RIGID * weights.max(), 1]))
    low, high = (part * length for part in _WIDTH_RANGE)
    width = min(across, high) if across > low else _USUAL_WIDTH * length
    return PoseShape(places, weights, length, width, named is not None)


def place_poses(points: Floats, shape: PoseShape) -> PlacedPoses:
    """Return where animals are whose body parts are at `points` (N, P, 2), NaN where one was not found.

    The shape is laid on the parts that were found by the rotation with the least sum of weighted squared distances (Kabsch 1976); where
    only one was found there is no direction.

    >>> shape = PoseShape(np.array([[5.0, 0.0], [-5.0, 0.0]]), np.ones(2), 10.0, 4.0, True)
    >>> placed = place_poses(np.array([[[20.0, 30.0], [20.0, 20.0]], [[7.0, 7.0], [np.nan, np.nan]]]), shape)
    >>> placed.centers.tolist(), placed.directions.round(3).tolist()
    ([[20.0, 25.0], [7.0, 7.0]], [1.571, nan])
    """
    weights = np.where(np.isfinite(points).all(axis=2), np.where(np.isfinite(shape.places[:, 0]), shape.weights, 0.0), 0.0)
    total = weights.sum(axis=1)
    share = weights / np.where(total > 0, total, 1.0)[:, None]
    seen, places = np.nan_to_num(points), np.nan_to_num(shape.places)
    middles = np.einsum("np,npc->nc", share, seen)
    own_middles = share @ places
    offsets, own = seen - middles[:, None], places[None] - own_middles[:, None]
    dot = np.einsum("np,npc,npc->n", share, own, offsets)
    cross = np.einsum("np,np->n", share, own[..., 0] * offsets[..., 1] - own[..., 1] * offsets[..., 0])
    has_direction = ((weights > 0).sum(axis=1) >= 2) & (np.hypot(dot, cross) > 0)
    directions = np.where(has_direction, np.arctan2(cross, dot), np.nan)
    shift = _turn(own_middles[:, None], np.nan_to_num(directions))[:, 0]
    centers = middles - np.where(has_direction[:, None], shift, 0.0)
    centers[total <= 0] = np.nan
    return PlacedPoses(centers, directions, np.where(has_direction, shape.length, np.nan))


def _find_named(body_parts: Sequence[str], found: Bools) -> tuple[int, int] | None:
    """Return the front and the back part by their names, those that are seen together most of all."""
    plain = [_simplify(name) for name in body_parts]
    fronts = [plain.index(name) for name in _FRONT if name in plain]
    backs = [plain.index(name) for name in _BACK if name in plain]
    least = _OFTEN * len(found)
    return next(((front, back) for front in fronts for back in backs if (found[:, front] & found[:, back]).sum() > least), None)


def _simplify(name: str) -> str:
    """Return letters and digits of a name.

    >>> _simplify("Tail_Base")
    'tailbase'
    """
    return re.sub(r"[^a-z0-9]", "", name.casefold())


def _is_swinging(name: str) -> bool:
    return any(part in _simplify(name) for part in _SWINGING) and _simplify(name) not in (*_FRONT, *_BACK[:5])


def _find_farthest(points: Floats, found: Bools) -> tuple[int, int] | None:
    best: tuple[float, tuple[int, int]] | None = None
    for first, second in combinations(range(points.shape[1]), 2):
        both = found[:, first] & found[:, second]
        if both.sum() > _OFTEN * len(found):
            distance = float(np.median(np.hypot(*(points[both, first] - points[both, second]).T)))
            if distance > 0 and (best is None or distance > best[0]):
                best = distance, (first, second)
    return None if best is None else best[1]


def _average(own: Floats, length: float) -> tuple[Floats, Floats]:
    """Return the usual place of each part, and its weight: less the more it moves about."""
    places, weights = np.full(own.shape[1:], np.nan), np.zeros(own.shape[1])
    for part in range(own.shape[1]):
        seen = own[np.isfinite(own[:, part]).all(axis=1), part]
        if len(seen):
            places[part] = np.median(seen, axis=0)
            spread = float(np.median(np.hypot(*(seen - places[part]).T)))
            weights[part] = 1.0 / (1.0 + (spread / (_LOOSE * length)) ** 2)
    return places, weights


def _turn(points: Floats, angles: Floats) -> Floats:
    """Return points (N, P, 2) turned about the origin by angles (N,), from x towards y."""
    cosine, sine = np.cos(angles)[:, None], np.sin(angles)[:, None]
    return np.stack((points[..., 0] * cosine - points[..., 1] * sine, points[..., 0] * sine + points[..., 1] * cosine), axis=-1)
