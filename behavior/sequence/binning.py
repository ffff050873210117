"""Statistics as small whole numbers, of which trees are grown: how many of a feature's bounds lie below a value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Bins", "find_bins"]

# Rows that bounds are found on; more hardly move them.
_ROWS_ENOUGH = 10_000
MOST_BINS = 255


@dataclass(frozen=True)
class Bins:
    """The bounds between the bins of each feature.

    Attributes
    ----------
    bounds
        For each feature a rising array, float64: a value is in bin i if i of them are less than it.
    """

    bounds: Sequence[npt.NDArray[np.float64]]

    def code(self, values: npt.NDArray[np.floating]) -> npt.NDArray[np.uint8]:
        """Return the bins of values (N, F), uint8 of the same shape."""
        codes = np.empty(values.shape, dtype=np.uint8)
        for column, bounds in enumerate(self.bounds):
            codes[:, column] = np.searchsorted(bounds, values[:, column].astype(np.float64))
        return codes

    def find_thresholds(self, features: npt.NDArray[np.integer], bins: npt.NDArray[np.integer]) -> npt.NDArray[np.float64]:
        """Return up to which values features are in a bin or one before it, both of shape (K,)."""
        return np.array([self.bounds[feature][at] for feature, at in zip(features.tolist(), bins.tolist(), strict=True)], dtype=np.float64)


def find_bins(values: npt.NDArray[np.floating], n_bins: int) -> Bins:
    """Return at most `n_bins` bins for each feature of `values` (N, F): of about as many rows each, or one for each value if these are few.

    >>> bins = find_bins(np.array([[1.0], [1.0], [2.0], [4.0]]), 8)
    >>> bins.bounds[0].tolist(), bins.code(np.array([[1.5], [1.6], [9.0]])).tolist()
    ([1.5, 3.0], [[0], [1], [2]])
    """
    if not 2 <= n_bins <= MOST_BINS or not len(values):
        raise ValueError(f"found {n_bins} bins and {len(values)} rows, expected 2 to {MOST_BINS} bins and some rows")
    rows = values if len(values) <= _ROWS_ENOUGH else values[np.linspace(0, len(values) - 1, _ROWS_ENOUGH).astype(np.int64)]
    places = np.arange(1, n_bins) * len(rows) // n_bins
    bounds = []
    for column in range(values.shape[1]):
        ordered = np.sort(rows[:, column]).astype(np.float64)
        quantiles = np.unique(ordered[places])
        # Features of few values, as most ids are, keep them all.
        distinct = np.unique(ordered)
        bounds.append((distinct[1:] + distinct[:-1]) / 2 if len(distinct) <= n_bins else quantiles)
    return Bins(bounds)
