"""Connected spots of a picture that look like animals: their places, their axes, and the animals in each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from behavior.tracking.background import Grey
from behavior.tracking.detections import Detections
from behavior.tracking.splitting import allot_animals, find_seeds, fit_ellipses

__all__ = ["AnimalSize", "Spots", "find_spots", "measure_axes", "measure_mask", "take_animals"]

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.uint8]

# More spots than these in one picture are noise.
_MOST_SPOTS = 400


@dataclass(frozen=True)
class AnimalSize:
    """One animal that is alone: area, and axes of the ellipse with its second moments, in pixels."""

    area: float
    length: float
    width: float


@dataclass(frozen=True)
class Spots:
    """Connected spots of one picture, S of them.

    Attributes
    ----------
    boxes
        Left, top, width and height of each, int of shape (S, 4).
    masks
        Pixels of each in its box, uint8 of shape (height, width), 1 or 0.
    filled
        The same with holes filled.
    areas
        In pixels, without holes, shape (S,).
    """

    boxes: npt.NDArray[np.intp]
    masks: tuple[Mask, ...]
    filled: tuple[Mask, ...]
    areas: Floats

    def __len__(self) -> int:
        return len(self.masks)

    def cut(self, spot: int) -> tuple[npt.NDArray[np.bool_], tuple[slice, slice]]:
        """Return a spot's own pixels as a mask of its box, and where in the picture that box is."""
        left, top, width, height = self.boxes[spot].tolist()
        return self.masks[spot].astype(np.bool_), (slice(top, top + height), slice(left, left + width))

    def select(self, spots: Sequence[int]) -> Spots:
        """Return some of the spots, by index."""
        chosen = np.asarray(spots, dtype=np.intp)
        masks, filled = (tuple(each[spot] for spot in chosen.tolist()) for each in (self.masks, self.filled))
        return Spots(self.boxes[chosen], masks, filled, self.areas[chosen])


def find_spots(difference: Grey, *, threshold: float, smallest_area: float) -> Spots:
    """Return the connected spots of `difference` (H, W) above `threshold` that have at least `smallest_area` pixels, holes not counted.

    >>> picture = np.zeros((9, 9), dtype=np.uint8)
    >>> picture[1:4, 1:4] = 50
    >>> find_spots(picture, threshold=20, smallest_area=4).areas.tolist()
    [9.0]
    """
    # To follow edges takes a tenth of the time that it takes to number all pixels of a picture.
    above = cv2.threshold(difference, threshold, 1, cv2.THRESH_BINARY)[1]
    edges, levels = cv2.findContours(above, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    found = []
    for number, edge in enumerate(edges):
        left, top, width, height = box = cv2.boundingRect(edge)
        # Edges that have a parent are those of holes.
        if width * height < smallest_area or levels[0, number, 3] >= 0:
            continue
        filled = np.zeros((height, width), dtype=np.uint8)
        cv2.drawContours(filled, edges, number, 1, cv2.FILLED, offset=(-left, -top))
        mask = filled & above[top : top + height, left : left + width]
        area = cv2.countNonZero(mask)
        if area >= smallest_area:
            found.append((area, box, mask, filled))
    if len(found) > _MOST_SPOTS:
        found = sorted(found, key=lambda spot: -spot[0])[:_MOST_SPOTS]
    boxes = np.array([box for _, box, _, _ in found], dtype=np.intp).reshape(-1, 4)
    areas = np.array([area for area, _, _, _ in found], dtype=np.float64)
    return Spots(boxes, tuple(mask for _, _, mask, _ in found), tuple(filled for _, _, _, filled in found), areas)


def measure_axes(covariance: Floats) -> tuple[float, float, float]:
    """Return angle, length and width of the ellipse with the second moments `covariance`, (2, 2).

    The ends of the long axis are not told apart: the angle, from x towards y, is in [-pi/2, pi/2).

    >>> [round(value, 3) for value in measure_axes(np.array([[4.0, 0.0], [0.0, 1.0]]))]
    [0.0, 8.0, 4.0]
    """
    (a, b), (_, d) = covariance.tolist()
    return _measure_ellipse(a, b, d)


class Shape(NamedTuple):
    """What the pixels of one animal measure: centre and area in pixels, `measure_axes`, and `Detections.skews`."""

    x: float
    y: float
    axes: tuple[float, float, float]
    area: float
    skew: float


def measure_mask(mask: Mask) -> Shape:
    """Return the moments of a mask, uint8 of shape (H, W) with pixels that are not 0; positions are in its own pixels.

    >>> shape = measure_mask(np.ones((3, 9), dtype=np.uint8))
    >>> shape.x, shape.y, shape.area, round(shape.axes[1], 1)
    (4.0, 1.0, 27.0, 10.4)
    """
    moments = cv2.moments(mask, binaryImage=True)
    area = moments["m00"]
    a, b, d = moments["mu20"] / area, moments["mu11"] / area, moments["mu02"] / area
    # A pixel is a square; its own second moment matters if animals are a few pixels wide.
    axes = _measure_ellipse(a + 1 / 12, b, d + 1 / 12)
    x, y = math.cos(axes[0]), math.sin(axes[0])
    # How much longer the thin end is in the direction of the axis than in the other.
    spread = (x * x * a + 2 * x * y * b + y * y * d) ** 1.5
    third = x**3 * moments["mu30"] + 3 * x * x * y * moments["mu21"] + 3 * x * y * y * moments["mu12"] + y**3 * moments["mu03"]
    return Shape(moments["m10"] / area, moments["m01"] / area, axes, area, third / area / spread if spread > 0 else 0.0)


def _measure_ellipse(a: float, b: float, d: float) -> tuple[float, float, float]:
    root = math.hypot((a - d) / 2, b)
    angle = 0.5 * math.atan2(2 * b, a - d)
    length, width = 4 * math.sqrt(max((a + d) / 2 + root, 0)), 4 * math.sqrt(max((a + d) / 2 - root, 0))
    return (angle + math.pi / 2) % math.pi - math.pi / 2, length, width


def take_animals(spots: Spots, difference: Grey, size: AnimalSize, *, before: Floats, n_animals: int | None = None) -> Detections:
    """Return the animals in the spots of one picture; a spot that several share is taken apart.

    Parameters
    ----------
    difference
        What the spots were found in, shape (H, W).
    size
        Of an animal that is alone.
    before
        Where the animals of the picture before were, shape (K, 2) as x, y: they tell how many share a spot, and where to start.
    n_animals
        How many there are in all; None if unknown.
    """
    owners = _find_owners(spots, before, reach=size.width / 2)
    support = np.bincount(owners[owners >= 0], minlength=len(spots)) if len(spots) else np.zeros(0, dtype=np.intp)
    counts = allot_animals(spots.areas, typical_area=size.area, support=support, n_animals=n_animals)
    rows: list[tuple[float, ...]] = []
    for spot, count in enumerate(counts.tolist()):
        if count == 1:
            rows.append(_measure(spots, spot, size))
        elif count:
            rows += _split(spots, spot, count, difference, size, before[owners == spot])
    values = np.array(rows, dtype=np.float64).reshape(-1, 9)
    angles, lengths, widths, areas, skews, qualities, touching = values[:, 2:].T
    return Detections(values[:, :2], angles, lengths, widths, areas, skews, qualities, touching > 0, np.full(len(values), np.nan))


def _find_owners(spots: Spots, before: Floats, *, reach: float) -> npt.NDArray[np.intp]:
    """Return the spot in which each animal of the picture before was, or which it was nearest to within `reach`; -1 where none is."""
    owners = np.full(len(before), -1, dtype=np.intp)
    span = max(round(reach), 1)
    places = np.rint(before).astype(np.intp)
    offsets = places[:, None] - spots.boxes[None, :, :2]
    near = ((offsets >= -span) & (offsets < spots.boxes[None, :, 2:] + span)).all(axis=2)
    closest = np.full(len(before), np.inf)
    for animal, spot in np.argwhere(near).tolist():
        x, y = offsets[animal, spot].tolist()
        distance = _find_distance(spots.masks[spot], x, y, span)
        if distance < closest[animal]:
            owners[animal], closest[animal] = spot, distance
    return owners


def _find_distance(mask: Mask, x: int, y: int, span: int) -> float:
    """Return the squared distance of a place from a spot's pixels that are less than `span` rows and columns away."""
    height, width = mask.shape
    if 0 <= x < width and 0 <= y < height and mask[y, x]:
        return 0.0
    top, left = max(y - span, 0), max(x - span, 0)
    rows, columns = np.nonzero(mask[top : y + span + 1, left : x + span + 1])
    return float(((rows + top - y) ** 2 + (columns + left - x) ** 2).min()) if len(rows) else math.inf


def _measure(spots: Spots, spot: int, size: AnimalSize) -> tuple[float, ...]:
    """Return position, angle, length, width, area, skew, quality, and whether it touches another, of an animal that is alone."""
    left, top = spots.boxes[spot, :2].tolist()
    # A hole is a pale part of the animal.
    shape = measure_mask(spots.filled[spot])
    quality = 0.5 + 0.5 * min(shape.area / size.area, size.area / shape.area)
    return left + shape.x, top + shape.y, *shape.axes, shape.area, shape.skew, max(quality, 0.01), 0.0


def _split(spots: Spots, spot: int, count: int, difference: Grey, size: AnimalSize, before: Floats) -> list[tuple[float, ...]]:
    """Return what `_measure` does for each of the animals that share a spot."""
    mask, place = spots.cut(spot)
    corner = np.array([place[1].start, place[0].start], dtype=np.float64)
    rows, columns = np.nonzero(mask)
    points = np.column_stack((columns, rows)).astype(np.float64)
    starts = before - corner
    if len(starts) != count:
        starts = _complete(starts, spots.masks[spot], count)
    weights = difference[place][rows, columns].astype(np.float64)
    centers, covariances, sharpness = fit_ellipses(points, weights, starts, length=size.length, width=size.width)
    area = len(points) / count
    fit = 0.5 + 0.5 * min(area / size.area, size.area / area)
    qualities = np.clip(0.9 * sharpness * fit, 0.01, 1.0)
    each = zip((centers + corner).tolist(), map(measure_axes, covariances), qualities.tolist(), strict=True)
    return [(*center, *axes, area, math.nan, quality, 1.0) for center, axes, quality in each]


def _complete(starts: Floats, mask: Mask, count: int) -> Floats:
    """Return `count` starting points in a spot: those that are known, and seeds far from them."""
    seeds = find_seeds(mask, count)
    chosen = list(starts[:count])
    while len(chosen) < count:
        if not chosen:
            return seeds
        distances = np.min([np.hypot(*(seeds - start).T) for start in chosen], axis=0)
        chosen.append(seeds[int(np.argmax(distances))])
    return np.array(chosen)
