"""Photos as squares with the animal in the middle: what differs from an even ground, or else the whole photo."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

__all__ = ["cut_to_subject", "make_square"]

Image = npt.NDArray[np.uint8]

# Of the shorter side: how broad the edges are that show the ground.
_EDGE = 0.05
# Grey levels by which the ground of an even photo varies at most, and by which an animal differs at least.
_EVEN, _UNLIKE = 12.0, 20.0
# Of the photo: how much of it the animal covers at least, and the box around it at most.
_LEAST_AREA, _MOST_BOX = 0.01, 0.85
_MARGIN = 0.08
_LOOKED_AT = 256


def cut_to_subject(photo: Image) -> Image:
    """Return the part of a photo (H, W, 3) that differs from its edges, with a margin; the whole photo where edges are not even.

    The largest spot that differs from the median colour of the edges by more than Otsu's threshold (1979, IEEE Transactions on Systems, Man
    and Cybernetics 9: 62).

    >>> photo = np.full((100, 100, 3), 200, dtype=np.uint8)
    >>> photo[20:60, 30:50] = 40
    >>> cut_to_subject(photo).shape
    (48, 28, 3)
    """
    height, width = photo.shape[:2]
    scale = min(1.0, _LOOKED_AT / max(height, width))
    small = cv2.resize(photo, (max(1, round(width * scale)), max(1, round(height * scale))), interpolation=cv2.INTER_AREA)
    rows, columns = small.shape[:2]
    edge = max(1, round(_EDGE * min(rows, columns)))
    if min(rows, columns) < 4 * edge:
        return photo
    inner = small[edge:-edge, edge:-edge]
    is_edge = np.ones((rows, columns), dtype=np.bool_)
    is_edge[edge : edge + len(inner), edge : edge + inner.shape[1]] = False
    ground = np.median(small[is_edge], axis=0)
    difference = np.abs(small.astype(np.float32) - ground).max(axis=2)
    if float(np.median(difference[is_edge])) > _EVEN:
        return photo
    levels = np.clip(difference, 0, 255).astype(np.uint8)
    threshold, _ = cv2.threshold(levels, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    unlike = cv2.morphologyEx((levels > max(threshold, _UNLIKE)).astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), dtype=np.uint8))
    _, _, spots, _ = cv2.connectedComponentsWithStats(unlike, connectivity=8)
    if len(spots) < 2:
        return photo
    left, top, wide, high, area = spots[1 + int(np.argmax(spots[1:, cv2.CC_STAT_AREA]))].tolist()
    if area < _LEAST_AREA * rows * columns or wide * high > _MOST_BOX * rows * columns:
        return photo
    margin = _MARGIN * max(wide, high)
    low = np.floor(np.array([top - margin, left - margin]) / scale).astype(int)
    high_end = np.ceil(np.array([top + high + margin, left + wide + margin]) / scale).astype(int)
    (top, left), (bottom, right) = np.maximum(low, 0).tolist(), np.minimum(high_end, (height, width)).tolist()
    return photo[top:bottom, left:right]


def make_square(photo: Image, size: int) -> Image:
    """Return a photo (H, W, 3) scaled into a square (size, size, 3); what is added at two sides has the colour of its edges."""
    height, width = photo.shape[:2]
    scale = size / max(height, width)
    shape = (max(1, round(width * scale)), max(1, round(height * scale)))
    scaled = cv2.resize(photo, shape, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    edges = np.concatenate([scaled[0], scaled[-1], scaled[:, 0], scaled[:, -1]])
    square = np.empty((size, size, 3), dtype=np.uint8)
    square[:] = np.median(edges, axis=0).astype(np.uint8)
    top, left = (size - scaled.shape[0]) // 2, (size - scaled.shape[1]) // 2
    square[top : top + scaled.shape[0], left : left + scaled.shape[1]] = scaled
    return square
