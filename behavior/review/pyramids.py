"""Minimum and maximum of a long signal over blocks of frames, so that a picture of any stretch of it needs few numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["build_pyramid", "quantize"]


def quantize(probabilities: npt.NDArray[np.floating]) -> npt.NDArray[np.uint8]:
    """Return probabilities (T, B) in [0, 1] as 0 to 254, uint8 of the same shape; 255 where they are NaN.

    >>> quantize(np.array([[0.0, 1.0, np.nan]])).tolist()
    [[0, 254, 255]]
    """
    scaled = np.rint(np.nan_to_num(probabilities) * 254).astype(np.uint8)
    return np.where(np.isnan(probabilities), np.uint8(255), scaled)


def build_pyramid(values: npt.NDArray[np.uint8]) -> Sequence[npt.NDArray[np.uint8]]:
    """Return the levels of a pyramid of `values` (T, B).

    Level k has a row for each block of 2**k frames, the last block may be shorter: uint8 of shape (ceil(T / 2**k), B, 2), minimum and
    maximum. The last level has one row; level 0 repeats the values.

    Examples
    --------
    >>> [level[:, 0].tolist() for level in build_pyramid(np.array([[3], [1], [2]], np.uint8))]
    [[[3, 3], [1, 1], [2, 2]], [[1, 3], [2, 2]], [[1, 3]]]
    """
    levels = [np.stack([values, values], axis=2)]
    while len(levels[-1]) > 1:
        level = levels[-1]
        if len(level) % 2:
            level = np.concatenate([level, level[-1:]])
        pairs = level.reshape(len(level) // 2, 2, *level.shape[1:])
        levels.append(np.stack([pairs[..., 0].min(axis=1), pairs[..., 1].max(axis=1)], axis=2))
    return levels
