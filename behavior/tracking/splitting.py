"""Animals that touch are one spot; these functions say how many are in it, and where each one is."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

__all__ = ["allot_animals", "find_seeds", "fit_ellipses"]

Floats = npt.NDArray[np.float64]

# A spot of this many animals' area holds at least one.
SMALLEST_PART = 0.35

# A spot is given another animal if each then has this part of an animal's area; less is enough where animals came together. Where one is
# out of sight, a lower part would cut one that is large or stretched in two, and go on to.
_CROWDED, _CAME_TOGETHER = 0.8, 0.575

# More pixels than these do not move an ellipse.
_MOST_PIXELS = 900

_N_STEPS = 20

# How far an ellipse's axes may be from those of an animal that is alone, as a factor.
_AXIS_RANGE = (0.55, 1.35)


def allot_animals(
    areas: Floats, *, typical_area: float, support: npt.NDArray[np.intp], n_animals: int | None = None
) -> npt.NDArray[np.intp]:
    """Return how many animals are in each of S spots, int of shape (S,); 0 where a spot is not an animal.

    Parameters
    ----------
    areas
        Of the spots, shape (S,).
    typical_area
        Of one animal that is alone.
    support
        How many of the animals of the picture before were where the spot is, shape (S,).
    n_animals
        How many there are in all; None if unknown.

    Examples
    --------
    >>> allot_animals(np.array([100.0, 210.0, 9.0]), typical_area=100.0, support=np.array([1, 2, 0]), n_animals=3).tolist()
    [1, 2, 0]
    """
    sizes = areas / typical_area
    counts = (sizes >= SMALLEST_PART).astype(np.intp)
    if n_animals is None:
        # What was two animals a moment ago still is, even if one covers the other.
        by_area = np.maximum(np.rint(sizes), 1).astype(np.intp)
        follows = np.abs(sizes - support) < 0.85
        return np.where(counts == 0, 0, np.where(follows & (support > 0), support, np.where(sizes > 1.6, by_area, 1)))
    while (missing := n_animals - int(counts.sum())) > 0:
        supported = (counts > 0) & (support > counts) & (sizes / (counts + 1) >= _CAME_TOGETHER)
        crowded = (counts > 0) & (sizes / (counts + 1) >= _CROWDED)
        candidates = supported | crowded
        if not candidates.any():
            break
        room = np.where(candidates, sizes / (counts + 1) + 0.5 * supported, -np.inf)
        counts[np.argmax(room)] += 1
        if missing == 1:
            break
    return counts


def find_seeds(mask: npt.NDArray[np.uint8], count: int) -> Floats:
    """Return `count` points (x, y) that are far inside a spot and far from each other, float64 of shape (count, 2).

    The first is the one farthest from the edge; each further one has the largest product of its distances from edge and other points.

    >>> mask = np.zeros((7, 20), dtype=np.uint8)
    >>> mask[1:6, 1:7] = mask[1:6, 13:19] = mask[3, 7:13] = 1
    >>> sorted((find_seeds(mask, 2)[:, 0] > 10).tolist())
    [False, True]
    """
    depth = cv2.distanceTransform(cv2.copyMakeBorder(mask, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0), cv2.DIST_L2, 3)[1:-1, 1:-1]
    rows, columns = np.nonzero(mask)
    points = np.column_stack((columns, rows)).astype(np.float64)
    depths = depth[rows, columns].astype(np.float64)
    chosen = [int(np.argmax(depths))]
    distance = np.hypot(*(points - points[chosen[0]]).T)
    for _ in range(count - 1):
        chosen.append(int(np.argmax(depths * distance)))
        distance = np.minimum(distance, np.hypot(*(points - points[chosen[-1]]).T))
    return points[chosen]


def fit_ellipses(points: Floats, weights: Floats, starts: Floats, *, length: float, width: float) -> tuple[Floats, Floats, Floats]:
    """Return centres, covariances and sharpness of K animals in one spot.

    A mixture of K normal distributions is fitted to the spot's pixels by expectation and maximisation, from the places where the animals
    were before; their axes stay near those of an animal that is alone.

    Parameters
    ----------
    points, weights
        Pixels (M, 2) as x, y, and how much each counts, (M,).
    starts
        Where the animals were, shape (K, 2).
    length, width
        Axes of an animal that is alone, in pixels.

    Returns
    -------
    Centres (K, 2), covariances (K, 2, 2), and for each animal the mean of the shares in which its pixels are its own, (K,), in [1/K, 1].
    """
    if len(points) > _MOST_PIXELS:
        step = -(-len(points) // _MOST_PIXELS)
        points, weights = points[::step], weights[::step]
    count = len(starts)
    centers = starts.astype(np.float64).copy()
    spread = ((length + width) / 8) ** 2
    covariances = np.repeat(np.eye(2)[None] * spread, count, axis=0)
    shares = np.ones((len(points), count)) / count
    for step in range(_N_STEPS):
        shares = _share_pixels(points, centers, covariances)
        mass = shares * weights[:, None]
        totals = np.maximum(mass.sum(axis=0), 1e-9)
        moved = (mass.T @ points) / totals[:, None]
        for animal in range(count):
            offset = points - moved[animal]
            covariance = (offset * mass[:, animal, None]).T @ offset / totals[animal]
            covariances[animal] = _keep_axes(covariance, length, width)
        shift = float(np.abs(moved - centers).max())
        centers = moved
        if step > 2 and shift < 0.02:
            break
    owned = (shares * weights[:, None]).sum(axis=0)
    sharpness = (shares**2 * weights[:, None]).sum(axis=0) / np.maximum(owned, 1e-9)
    return centers, covariances, sharpness


def _share_pixels(points: Floats, centers: Floats, covariances: Floats) -> Floats:
    """Return in which shares each pixel belongs to the animals, (M, K); animals are of one size, so they have equal prior weight."""
    logs = np.empty((len(points), len(centers)))
    for animal, (center, covariance) in enumerate(zip(centers, covariances, strict=True)):
        offset = points - center
        (a, b), (_, d) = covariance
        determinant = max(a * d - b * b, 1e-9)
        x, y = offset.T
        logs[:, animal] = -0.5 * ((d * x * x - 2 * b * x * y + a * y * y) / determinant + np.log(determinant))
    shares = np.exp(logs - logs.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)


def _keep_axes(covariance: Floats, length: float, width: float) -> Floats:
    """Return a covariance with axes close to those of an animal that is alone."""
    values, vectors = np.linalg.eigh(covariance)
    # The axis of an ellipse is four standard deviations of the pixels in it.
    usual = np.array([(width / 4) ** 2, (length / 4) ** 2])
    low, high = _AXIS_RANGE
    values = np.clip(values, usual * low**2, usual * high**2)
    return (vectors * values) @ vectors.T
