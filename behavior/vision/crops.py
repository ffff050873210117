"""Squares of a frame around the animal."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

__all__ = ["crop_square", "find_centers", "resize_square", "take_crop", "take_whole_frame"]

Image = npt.NDArray[np.uint8]


def find_centers(
    positions: npt.NDArray[np.float64], likelihoods: npt.NDArray[np.float64], *, min_likelihood: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Return the centre of each frame's crop: the mean of the body parts that were found, gaps filled.

    Parameters
    ----------
    positions
        Pixels, shape (T, K, 2) as x, y, of the K body parts that the centre is the mean of.
    likelihoods
        Shape (T, K). A point counts as missing below `min_likelihood`, where it is NaN, and at exactly (0, 0), which is how some
        tools write a point that was not found.

    Returns
    -------
    centers
        Float64 of shape (T, 2). A frame without any of the body parts gets the linear interpolation between its neighbours in time, at
        the ends the nearest centre; NaN everywhere if no frame has any.
    measured
        Bool of shape (T,): False where the centre was filled in.
    """
    found = (likelihoods >= min_likelihood) & np.isfinite(positions).all(axis=2) & (positions != 0).any(axis=2)
    counts = found.sum(axis=1)
    measured = counts > 0
    sums = np.where(found[:, :, None], positions, 0.0).sum(axis=1)
    centers = np.full((len(positions), 2), np.nan)
    centers[measured] = sums[measured] / counts[measured, None]
    if measured.any() and not measured.all():
        frames = np.arange(len(positions))
        for axis in range(2):
            centers[~measured, axis] = np.interp(frames[~measured], frames[measured], centers[measured, axis])
    return centers, measured


def crop_square(image: Image, center: npt.NDArray[np.float64], size: int) -> Image:
    """Return the square of `size` pixels around `center`, shifted inward at the borders so that it stays full.

    Parameters
    ----------
    image
        RGB of shape (H, W, 3).
    center
        Pixels, shape (2,) as x, y; NaN stands for the middle of the frame.

    Returns
    -------
    RGB of shape (size, size, 3). A frame smaller than the square is padded with black, evenly on both sides.
    """
    image = _pad_to(image, size)
    height, width = image.shape[:2]
    if not np.isfinite(center).all():
        center = np.array([width / 2, height / 2])
    left = int(np.clip(round(float(center[0]) - size / 2), 0, width - size))
    top = int(np.clip(round(float(center[1]) - size / 2), 0, height - size))
    return image[top : top + size, left : left + size]


def resize_square(square: Image, size: int) -> Image:
    """Return `square` (S, S, 3) resized to (size, size, 3): area interpolation when shrinking, linear when growing."""
    if square.shape[0] == size:
        return np.ascontiguousarray(square)
    interpolation = cv2.INTER_AREA if size < square.shape[0] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(square, (size, size), interpolation=interpolation), dtype=np.uint8)


def take_crop(image: Image, center: npt.NDArray[np.float64], *, crop_size: int, input_size: int) -> Image:
    """Return the crop around `center` as a backbone's input, RGB of shape (input_size, input_size, 3)."""
    return resize_square(crop_square(image, center, crop_size), input_size)


def take_whole_frame(image: Image, *, input_size: int) -> Image:
    """Return the whole frame, padded with black to a square, as a backbone's input, RGB of shape (input_size, input_size, 3)."""
    return resize_square(_pad_to(image, max(image.shape[:2])), input_size)


def _pad_to(image: Image, size: int) -> Image:
    height, width = image.shape[:2]
    missing_rows, missing_columns = max(size - height, 0), max(size - width, 0)
    if not missing_rows and not missing_columns:
        return image
    top, left = missing_rows // 2, missing_columns // 2
    return np.pad(image, ((top, missing_rows - top), (left, missing_columns - left), (0, 0)))
