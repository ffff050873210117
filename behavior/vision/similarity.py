"""How alike vectors are."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["find_lowest_cosine"]


def find_lowest_cosine(vectors: npt.NDArray[np.float32], expected: npt.NDArray[np.float32]) -> float:
    """Return the lowest cosine between a row of `vectors` (N, D) and the same row of `expected`.

    Two rows of zeros are alike (1), a row of zeros and another are not (0), and a row with NaN or infinity is as unlike as can be (-1).
    """
    first, second = vectors.astype(np.float64), expected.astype(np.float64)
    are_finite = np.isfinite(first).all(axis=1) & np.isfinite(second).all(axis=1)
    are_zero = ~first.any(axis=1) & ~second.any(axis=1)
    cosines = np.where(are_finite, are_zero.astype(np.float64), -1.0)
    lengths = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    defined = are_finite & (lengths > 0)
    cosines[defined] = (first[defined] * second[defined]).sum(axis=1) / lengths[defined]
    return float(cosines.min())
