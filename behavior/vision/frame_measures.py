"""Plain measures of frames, which tell in what recordings differ: light, focus, noise, size of the animal, likelihoods of its pose."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["find_parts", "join_measures", "measure_pictures", "measure_pose"]

Floats = npt.NDArray[np.float32]

# Rows of a picture that are looked at, at most.
_MOST_ROWS = 64
# Grey levels; a picture of one colour is neither sharp nor blurred.
_LEAST_CONTRAST = 0.5
# ITU-R BT.601, as OpenCV makes grey of RGB.
_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)
# Independent normal noise makes differences of differences, along and across the rows, 6 times as large; the mean of their sizes is less.
_NOISE_SCALE = np.float32(np.sqrt(np.pi / 2) / 6)
# Frames whose distances between all body parts are in memory at once.
_FRAMES_AT_ONCE = 1 << 12


def measure_pictures(images: npt.NDArray[np.uint8]) -> Floats:
    """Return brightness, contrast, sharpness and noise of pictures.

    Parameters
    ----------
    images
        RGB of shape (N, H, W, 3), W at least 3. Of tall pictures, rows at equal distances are looked at.

    Returns
    -------
    Float32 of shape (N, 4). Brightness and contrast are mean and standard deviation of the grey levels, 0 to 255; sharpness is the standard
    deviation of the second differences along the rows, in units of the contrast: low where a picture is blurred, high where it is noisy.
    Noise is the standard deviation, in grey levels, of independent noise that would differ as much from pixel to pixel: straight edges and
    slopes do not count, fine texture does. NaN for pictures of less than three rows.

    Notes
    -----
    Immerkaer (1996), Fast noise variance estimation, Computer Vision and Image Understanding 64, 300-302.

    Examples
    --------
    >>> measure_pictures(np.full((1, 3, 3, 3), 50, np.uint8)).round(3).tolist()
    [[50.0, 0.0, nan, 0.0]]
    """
    seen = images[:, :: -(-images.shape[1] // _MOST_ROWS)]
    grey = seen.astype(np.float32) @ _LUMA
    bends = grey[:, :, 2:] - 2 * grey[:, :, 1:-1] + grey[:, :, :-2]
    contrast = grey.std(axis=(1, 2))
    sharpness = np.where(contrast < _LEAST_CONTRAST, np.nan, bends.std(axis=(1, 2)) / np.maximum(contrast, _LEAST_CONTRAST))
    return np.stack([grey.mean(axis=(1, 2)), contrast, sharpness, _measure_noise(images)], axis=1).astype(np.float32)


def _measure_noise(images: npt.NDArray[np.uint8]) -> Floats:
    """Return the noise (N,) of pictures."""
    n_rows = images.shape[1] - 2
    if n_rows < 1:
        return np.full(len(images), np.nan, dtype=np.float32)
    # Three rows that are neighbours at a time.
    step = -(-n_rows // (_MOST_ROWS // 3))
    first, second, third = (images[:, offset : offset + n_rows : step].astype(np.float32) @ _LUMA for offset in range(3))
    bends = first - 2 * second + third
    responses = bends[:, :, 2:] - 2 * bends[:, :, 1:-1] + bends[:, :, :-2]
    return np.asarray(np.abs(responses).mean(axis=(1, 2)) * _NOISE_SCALE, dtype=np.float32)


def find_parts(
    positions: npt.NDArray[np.float64], likelihoods: npt.NDArray[np.float64], *, min_likelihood: float
) -> npt.NDArray[np.complex128]:
    """Return where body parts (N, P, 2) are, x + iy of shape (N, P); NaN where one was not found, or not surely enough.

    >>> find_parts(np.array([[[1.0, 2.0], [3.0, 4.0]]]), np.array([[1.0, 0.5]]), min_likelihood=0.6).tolist()
    [[(1+2j), (nan+0j)]]
    """
    is_found = np.isfinite(positions).all(axis=2) & (likelihoods >= min_likelihood)
    return np.where(is_found, positions[..., 0] + 1j * positions[..., 1], np.nan)


def measure_pose(positions: npt.NDArray[np.float64], likelihoods: npt.NDArray[np.float64], *, min_likelihood: float) -> Floats:
    """Return the size of an animal, the greatest distance between two of its body parts, and the mean likelihood of these.

    Parameters
    ----------
    positions
        Pixels, of shape (N, P, 2); NaN where a part was not found.
    likelihoods
        Of shape (N, P).
    min_likelihood
        Parts below it do not count for the size.

    Returns
    -------
    Float32 of shape (N, 2), pixels and 0 to 1; the size is NaN where fewer than two parts were found.

    Examples
    --------
    >>> positions = np.array([[[0.0, 0.0], [3.0, 4.0], [90.0, 0.0]]])
    >>> measure_pose(positions, np.array([[1.0, 0.75, 0.5]]), min_likelihood=0.6).tolist()
    [[5.0, 0.75]]
    """
    points = find_parts(positions, likelihoods, min_likelihood=min_likelihood)
    sizes = np.full(len(points), np.nan)
    for start in range(0, len(points) if points.shape[1] > 1 else 0, _FRAMES_AT_ONCE):
        part = points[start : start + _FRAMES_AT_ONCE]
        apart = np.abs(part[:, :, None] - part[:, None, :])
        sizes[start : start + _FRAMES_AT_ONCE] = np.where(np.isnan(apart), -1.0, apart).max(axis=(1, 2))
    sizes[(~np.isnan(points)).sum(axis=1) < 2] = np.nan
    known = np.nan_to_num(likelihoods, nan=0.0)
    return np.stack([sizes, known.mean(axis=1) if known.shape[1] else np.full(len(known), np.nan)], axis=1).astype(np.float32)


def join_measures(known: Sequence[npt.NDArray[np.floating]]) -> Floats:
    """Return measures of the same frames, float32 of shape (N, M), each column from the first of `known` that has it in any frame.

    >>> join_measures([np.array([[1.0, np.nan]]), np.array([[2.0, 3.0]])]).tolist()
    [[1.0, 3.0]]
    """
    joined = known[0].astype(np.float32)
    for other in known[1:]:
        unknown = np.isnan(joined).all(axis=0)
        joined[:, unknown] = other[:, unknown]
    return joined
