"""Whether the camera was moved while it recorded, by pictures from all over the video."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from behavior.tracking.background import Grey

__all__ = ["CameraMove", "find_camera_move"]

# Longest side of the pictures that are compared.
_LONGEST_SIDE = 400

# The first and the last pictures that are compared: this part of all, and at least so many.
_PART, _FEWEST = 8, 5

# A move by less, in pixels of the pictures that are compared, changes nothing.
_LEAST = 0.7

# A move explains what differs if this part of it, or less, is left once the pictures are put on top of each other.
_LEFT = 0.4

# Differences above this, in grey levels, count no more: an animal is not worth more than an edge.
_MOST = 30.0

# Part of the pictures that may be like those on the other side of the move.
_MIXED = 0.1


@dataclass(frozen=True)
class CameraMove:
    """Where the camera was moved, and how far.

    Attributes
    ----------
    sample
        The first picture after it.
    shift
        By how many pixels what is seen moved in the picture, as x, y.
    """

    sample: int
    shift: tuple[float, float]


def find_camera_move(samples: Grey) -> CameraMove | None:
    """Return where in a video the camera was moved for good; None where it was not.

    Medians over the first and over the last pictures show no animals; phase correlation (Kuglin and Hines 1975) finds by how much they
    are shifted. A shift counts if it explains most of their difference, and if all pictures before some place in the video are like the
    first ones, and all after it like the last ones.

    Parameters
    ----------
    samples
        Pictures from all over the video in their order, uint8 of shape (K, H, W).

    Examples
    --------
    >>> floor = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 255, (80, 90)).astype(np.uint8), (0, 0), 2)
    >>> move = find_camera_move(np.stack([floor] * 10 + [np.roll(floor, 4, axis=1)] * 10))
    >>> move.sample, round(move.shift[0])
    (10, 4)
    """
    n = max(len(samples) // _PART, _FEWEST)
    if len(samples) < 2 * n:
        return None
    factor = max(max(samples.shape[1:]) / _LONGEST_SIDE, 1.0)
    size = (round(samples.shape[2] / factor), round(samples.shape[1] / factor))
    small = [cv2.GaussianBlur(cv2.resize(sample, size, interpolation=cv2.INTER_AREA), (0, 0), 1.0) for sample in samples]
    before, after = (np.median(part, axis=0).astype(np.float32) for part in (small[:n], small[-n:]))
    shift = _find_shift(before, after)
    if shift is None:
        return None
    is_after = np.array([_differ(picture, after) < _differ(picture, before) for picture in small])
    # For each place, how many pictures before it are like the last ones, and after it like the first ones.
    wrong = np.concatenate(([0], np.cumsum(is_after))) + np.append(np.cumsum(~is_after[::-1])[::-1], 0)
    place = int(np.argmin(wrong))
    return CameraMove(place, (shift[0] * factor, shift[1] * factor)) if wrong[place] <= _MIXED * len(small) else None


def _differ(first: npt.NDArray, second: npt.NDArray) -> float:
    return float(np.mean(np.minimum(np.abs(first.astype(np.float32) - second), _MOST) ** 2))


def _find_shift(before: npt.NDArray[np.float32], after: npt.NDArray[np.float32]) -> tuple[float, float] | None:
    """Return by how many pixels, x and y, what is seen is shifted; None where it is not."""
    height, width = before.shape
    # OpenCV puts its window over the pictures themselves.
    (x, y), _ = cv2.phaseCorrelate(before.copy(), after.copy(), cv2.createHanningWindow((width, height), cv2.CV_32F))
    if np.hypot(x, y) < _LEAST or max(abs(x) / width, abs(y) / height) > 0.25:
        return None
    edge = int(np.ceil(max(abs(x), abs(y)))) + 1
    inner = (slice(edge, height - edge), slice(edge, width - edge))
    # The correlation is good to a fraction of a pixel; a move by whole pixels, where edges stay sharp, may fit better.
    left, shift = min((_differ(_move_back(after, one)[inner], before[inner]), one) for one in ((x, y), (float(round(x)), float(round(y)))))
    return shift if left < _LEFT * _differ(after[inner], before[inner]) else None


def _move_back(picture: npt.NDArray[np.float32], shift: tuple[float, float]) -> npt.NDArray:
    matrix = np.array([[1, 0, -shift[0]], [0, 1, -shift[1]]], dtype=np.float32)
    return cv2.warpAffine(picture, matrix, picture.shape[::-1])
