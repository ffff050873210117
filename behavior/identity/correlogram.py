"""The colour correlogram: how bright any two pixels of an animal are together, and how they differ, by their distance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Correlogram"]

Images = npt.NDArray[np.float32]
_DIRECTIONS = ((0, 1), (1, 0), (1, 1), (1, -1))


@dataclass(frozen=True)
class Correlogram:
    """Intensity and contrast maps of idTracker (Perez-Escudero et al. 2014, Nature Methods 11: 743), made fast.

    For each channel and distance, a histogram of the sum of two pixels' levels, and one of their absolute difference. All pixels are
    compared with those at the distance in four directions (right, down, and the diagonals), as shifted pictures, and not each with
    each. Levels are quantiles of the pixels of the crops that it was fitted on, so that every level is used.

    Attributes
    ----------
    edges
        Values between levels, float32 of shape (C, L - 1).
    distances
        In pixels.

    Examples
    --------
    >>> crops = np.random.default_rng(0).normal(size=(5, 12, 8, 1)).astype(np.float32)
    >>> inside = np.ones((12, 8), dtype=bool)
    >>> Correlogram.fit(crops, inside, n_levels=4, distances=(1, 3)).compute(crops, inside).shape
    (5, 22)
    """

    edges: npt.NDArray[np.float32]
    distances: tuple[int, ...]

    @classmethod
    def fit(
        cls, images: Images, window: npt.NDArray[np.bool_], *, n_levels: int = 12, distances: tuple[int, ...] = (1, 2, 4, 6, 9, 13)
    ) -> Correlogram:
        """Return a correlogram with quantiles of `images` (M, H, W, C) within `window` (H, W) as levels."""
        inside = images[:: max(1, len(images) // 500)][:, window]
        quantiles = np.linspace(0, 1, n_levels + 1)[1:-1]
        return cls(np.quantile(inside, quantiles, axis=(0, 1)).T.astype(np.float32), distances)

    def compute(self, images: Images, window: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
        """Return the correlograms of `images` (M, H, W, C) within `window` (H, W): float32 of shape (M, F), each histogram sums to 1."""
        n_levels = self.edges.shape[1] + 1
        n_images, _, _, n_channels = images.shape
        histograms = []
        for channel in range(n_channels):
            levels = np.searchsorted(self.edges[channel], images[..., channel]).astype(np.int64)
            for distance in self.distances:
                sums = np.zeros((n_images, 2 * n_levels - 1))
                differences = np.zeros((n_images, n_levels))
                for down, right in _DIRECTIONS:
                    here, there = _shift(distance * down, distance * right, window.shape)
                    both = window[here] & window[there]
                    if not both.any():
                        continue
                    first, second = levels[:, *here][:, both], levels[:, *there][:, both]
                    sums += _count(first + second, sums.shape[1])
                    differences += _count(np.abs(first - second), n_levels)
                histograms += [values / np.maximum(values.sum(axis=1, keepdims=True), 1.0) for values in (sums, differences)]
        return np.concatenate(histograms, axis=1).astype(np.float32)


def _shift(down: int, right: int, shape: tuple[int, ...]) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Return the part of a picture that has a neighbour `down` and `right` of it, and where those neighbours are."""
    height, width = shape
    here = slice(0, max(0, height - down)), slice(max(0, -right), max(0, min(width, width - right)))
    there = slice(down, max(down, height)), slice(max(0, right), max(0, min(width, width + right)))
    if min(height - down, width - abs(right)) <= 0:
        return (slice(0, 0), slice(0, 0)), (slice(0, 0), slice(0, 0))
    return here, there


def _count(values: npt.NDArray[np.int64], n_bins: int) -> npt.NDArray[np.int64]:
    """Return histograms of the rows of `values`, int64 of shape (M, n_bins)."""
    rows = np.arange(len(values))[:, None] * n_bins
    counts: npt.NDArray[np.int64] = np.bincount((rows + values).ravel(), minlength=len(values) * n_bins).reshape(len(values), n_bins)
    return counts
