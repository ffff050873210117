"""Connected spots of a picture that look like animals: their places, their axes, and the animals in each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from behavior.tracking.background import Levels
from behavior.tracking.detections import Detections
from behavior.tracking.splitting import allot_animals, find_seeds, fit_ellipses

__all__ = ["AnimalSize", "Spots", "find_spots", "measure_axes", "take_animals"]

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int32]

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
    """Connected spots of one picture.

    Attributes
    ----------
    labels
        Int32 of shape (H, W): 0, or 1 + the spot's number in what the picture had.
    numbers
        Values of `labels` of the S spots that are kept, shape (S,).
    boxes
        Left, top, width and height of each, int of shape (S, 4).
    areas
        In pixels, shape (S,).
    """

    labels: Labels
    numbers: npt.NDArray[np.intp]
    boxes: npt.NDArray[np.intp]
    areas: Floats

    def __len__(self) -> int:
        return len(self.numbers)

    def cut(self, spot: int) -> tuple[npt.NDArray[np.bool_], tuple[slice, slice]]:
        """Return a spot's own pixels as a mask of its box, and where in the picture that box is."""
        left, top, width, height = self.boxes[spot]
        place = (slice(top, top + height), slice(left, left + width))
        return self.labels[place] == self.numbers[spot], place

    def select(self, spots: Sequence[int]) -> Spots:
        """Return some of the spots, by index."""
        chosen = np.asarray(spots, dtype=np.intp)
        return Spots(self.labels, self.numbers[chosen], self.boxes[chosen], self.areas[chosen])


def find_spots(difference: Levels, *, threshold: float, smallest_area: float) -> Spots:
    """Return the connected spots of `difference` (H, W) above `threshold` that have at least `smallest_area` pixels, holes filled.

    >>> picture = np.zeros((9, 9), dtype=np.float32)
    >>> picture[1:4, 1:4] = 50
    >>> find_spots(picture, threshold=20, smallest_area=4).areas.tolist()
    [9.0]
    """
    mask = (difference > threshold).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8, ltype=cv2.CV_32S)
    areas = stats[1:, cv2.CC_STAT_AREA]
    kept = np.flatnonzero(areas >= smallest_area)
    if len(kept) > _MOST_SPOTS:
        kept = np.sort(kept[np.argsort(-areas[kept])[:_MOST_SPOTS]])
    return Spots(labels, kept + 1, stats[1:][kept, :4].astype(np.intp), areas[kept].astype(np.float64))


def measure_axes(covariance: Floats) -> tuple[float, float, float]:
    """Return angle, length and width of the ellipse with the second moments `covariance`, (2, 2).

    The ends of the long axis are not told apart: the angle, from x towards y, is in [-pi/2, pi/2).

    >>> [round(value, 3) for value in measure_axes(np.array([[4.0, 0.0], [0.0, 1.0]]))]
    [0.0, 8.0, 4.0]
    """
    (a, b), (_, d) = covariance
    root = np.hypot((a - d) / 2, b)
    angle = 0.5 * np.arctan2(2 * b, a - d)
    length, width = 4 * np.sqrt(max((a + d) / 2 + root, 0)), 4 * np.sqrt(max((a + d) / 2 - root, 0))
    return float((angle + np.pi / 2) % np.pi - np.pi / 2), float(length), float(width)


def take_animals(spots: Spots, difference: Levels, size: AnimalSize, *, before: Floats, n_animals: int | None = None) -> Detections:
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
    found = []
    for spot, count in enumerate(counts):
        if count:
            found.append(_measure(spots, spot, int(count), difference, size, before[owners == spot]))
    return Detections.join(found)


def _find_owners(spots: Spots, before: Floats, *, reach: float) -> npt.NDArray[np.intp]:
    """Return the spot in which each animal of the picture before was, or which it was nearest to within `reach`; -1 where none is."""
    owners = np.full(len(before), -1, dtype=np.intp)
    if not len(spots):
        return owners
    height, width = spots.labels.shape
    by_label = np.full(int(spots.labels.max()) + 1, -1, dtype=np.intp)
    by_label[spots.numbers] = np.arange(len(spots))
    span = max(round(reach), 1)
    for animal, (x, y) in enumerate(np.rint(before).astype(np.intp)):
        top, left = max(y - span, 0), max(x - span, 0)
        patch = by_label[spots.labels[top : min(y + span + 1, height), left : min(x + span + 1, width)]]
        rows, columns = np.nonzero(patch >= 0)
        if len(rows):
            nearest = np.argmin((rows + top - y) ** 2 + (columns + left - x) ** 2)
            owners[animal] = patch[rows[nearest], columns[nearest]]
    return owners


def _measure(spots: Spots, spot: int, count: int, difference: Levels, size: AnimalSize, before: Floats) -> Detections:
    mask, place = spots.cut(spot)
    corner = np.array([place[1].start, place[0].start], dtype=np.float64)
    # A hole is a pale part of the animal.
    if count == 1:
        contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        mask = cv2.drawContours(np.zeros(mask.shape, dtype=np.uint8), contours, -1, 1, cv2.FILLED) > 0
    rows, columns = np.nonzero(mask)
    points = np.column_stack((columns, rows)).astype(np.float64)
    if count == 1:
        center = points.mean(axis=0)
        offset = points - center
        # A pixel is a square; its own second moment matters if animals are a few pixels wide.
        covariances = (offset.T @ offset / len(points) + np.eye(2) / 12)[None]
        centers, sharpness = center[None], np.ones(1)
        areas = np.array([float(len(points))])
        skews = np.array([_find_skew(offset, measure_axes(covariances[0])[0])])
    else:
        starts = before - corner
        if len(starts) != count:
            starts = _complete(starts, mask, count)
        weights = difference[place][rows, columns].astype(np.float64)
        centers, covariances, sharpness = fit_ellipses(points, weights, starts, length=size.length, width=size.width)
        areas, skews = np.full(count, len(points) / count), np.full(count, np.nan)
    axes = np.array([measure_axes(covariance) for covariance in covariances])
    touching = np.full(count, count > 1)
    fit = np.minimum(areas / size.area, size.area / areas)
    qualities = np.clip(sharpness * (0.5 + 0.5 * fit) * np.where(touching, 0.9, 1.0), 0.01, 1.0)
    return Detections(centers + corner, axes[:, 0], axes[:, 1], axes[:, 2], areas, skews, qualities, touching)


def _find_skew(offset: Floats, angle: float) -> float:
    """Return how much longer a spot's thin end is in the direction of `angle` than in the other."""
    along = offset @ np.array([np.cos(angle), np.sin(angle)])
    spread = float(np.mean(along**2)) ** 1.5
    return float(np.mean(along**3)) / spread if spread > 0 else 0.0


def _complete(starts: Floats, mask: npt.NDArray[np.bool_], count: int) -> Floats:
    """Return `count` starting points in a spot: those that are known, and seeds far from them."""
    seeds = find_seeds(mask.astype(np.uint8), count)
    chosen = list(starts[:count])
    while len(chosen) < count:
        if not chosen:
            return seeds
        distances = np.min([np.hypot(*(seeds - start).T) for start in chosen], axis=0)
        chosen.append(seeds[int(np.argmax(distances))])
    return np.array(chosen)
