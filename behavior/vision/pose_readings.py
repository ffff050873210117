"""Two readings of a pose's coordinates where a video is turned by its metadata: of the upright picture, or of the stored one."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

__all__ = ["rank_on_foreground", "share_inside", "turn_points"]

Floats = npt.NDArray[np.float64]

# Side of the square that changes are averaged over, as a share of the picture's longer side.
_PATCH = 1 / 40
# By how many grey levels a place has to change more than another one. What compression leaves of noise, and rounding, differ by less.
_LEAST_CHANGE = 2.0


def turn_points(points: Floats, quarter_turns: int, size: tuple[int, int]) -> Floats:
    """Return points of a picture where they are once it is turned by `numpy.rot90`.

    Parameters
    ----------
    points
        Pixels from the upper left corner as x, y, shape (..., 2).
    quarter_turns
        To the left.
    size
        Width and height of the picture before it is turned.

    Examples
    --------
    >>> turn_points(np.array([10.0, 20.0]), 1, (640, 480)).tolist(), turn_points(np.array([10.0, 20.0]), 2, (640, 480)).tolist()
    ([20.0, 630.0], [630.0, 460.0])
    """
    x, y = points[..., 0], points[..., 1]
    width, height = size
    turned = {0: (x, y), 1: (y, width - x), 2: (width - x, height - y), 3: (height - y, x)}[quarter_turns % 4]
    return np.stack(turned, axis=-1)


def share_inside(points: Floats, size: tuple[int, int]) -> float:
    """Return the share of points (N, 2) that lie in a picture of `size`, width and height; NaN points do not count.

    >>> share_inside(np.array([[1.0, 1.0], [700.0, 1.0], [np.nan, 1.0]]), (640, 480))
    0.5
    """
    known = points[np.isfinite(points).all(axis=-1)]
    return float(((known >= 0) & (known <= size)).all(axis=-1).mean()) if len(known) else float("nan")


def rank_on_foreground(images: Sequence[npt.NDArray[np.uint8]], points: Floats) -> float:
    """Return how much the picture changes at points, as a rank from 0 to 1: about 1 on an animal that moves, 0.5 on the ground.

    Parameters
    ----------
    images
        RGB of N times, (H, W, 3), which lie so far apart that the animal moved.
    points
        Where the animal is in each, shape (N, 2) in pixels; NaN if unknown.

    Returns
    -------
    Median over the images of the share of the picture that differs less from the median image, by two grey levels at least; 0 for a
    point outside, and NaN where no point is known.
    """
    stack = np.stack(images).astype(np.int16)
    change = np.abs(stack - np.median(stack, axis=0).astype(np.int16)).max(axis=3).astype(np.float32)
    height, width = change.shape[1:]
    side = max(round(max(width, height) * _PATCH), 3)
    ranks = []
    for picture, point in zip(change, points, strict=True):
        if not np.isfinite(point).all():
            continue
        if not ((point >= 0) & (point <= (width, height))).all():
            ranks.append(0.0)
            continue
        blurred = cv2.blur(picture, (side, side))
        x, y = np.minimum(point.astype(int), (width - 1, height - 1))
        ranks.append(float((blurred < blurred[y, x] - _LEAST_CHANGE).mean()))
    return float(np.median(ranks)) if ranks else float("nan")
