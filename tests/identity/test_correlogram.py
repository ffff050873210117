"""The correlogram against a count of pixel pairs by hand, and what it tells apart."""

from __future__ import annotations

import numpy as np
import pytest

from behavior.identity.correlogram import Correlogram


def count_by_hand(levels: np.ndarray, window: np.ndarray, distance: int, n_levels: int) -> tuple[np.ndarray, np.ndarray]:
    sums, differences = np.zeros(2 * n_levels - 1), np.zeros(n_levels)
    height, width = levels.shape
    for row in range(height):
        for column in range(width):
            for down, right in ((0, 1), (1, 0), (1, 1), (1, -1)):
                y, x = row + distance * down, column + distance * right
                if 0 <= y < height and 0 <= x < width and window[row, column] and window[y, x]:
                    sums[levels[row, column] + levels[y, x]] += 1
                    differences[abs(int(levels[row, column]) - int(levels[y, x]))] += 1
    return sums / sums.sum(), differences / differences.sum()


@pytest.mark.parametrize("distance", [1, 3])
def test_it_counts_pairs_of_pixels(distance: int) -> None:
    rng = np.random.default_rng(0)
    levels = rng.integers(0, 4, (9, 7))
    window = rng.random((9, 7)) < 0.8
    correlogram = Correlogram(np.array([[0.5, 1.5, 2.5]], dtype=np.float32), (distance,))
    computed = correlogram.compute(levels[None, :, :, None].astype(np.float32), window)
    expected = np.concatenate(count_by_hand(levels, window, distance, 4))
    np.testing.assert_allclose(computed[0], expected, rtol=1e-6)


def test_levels_are_used_equally_and_channels_are_counted_apart() -> None:
    crops = np.random.default_rng(0).gamma(2.0, size=(40, 12, 8, 2)).astype(np.float32)
    window = np.ones((12, 8), dtype=bool)
    correlogram = Correlogram.fit(crops, window, n_levels=4, distances=(1, 2, 20))
    assert correlogram.edges.shape == (2, 3)
    computed = correlogram.compute(crops, window)
    assert computed.shape == (40, 2 * 3 * 11)
    # No two pixels of these crops are 20 apart.
    assert not computed[:, 22:33].any()
    levels = np.searchsorted(correlogram.edges[1], crops[..., 1])
    np.testing.assert_allclose(np.bincount(levels.ravel()) / levels.size, 0.25, atol=0.01)


def test_turning_an_animal_round_changes_nothing_but_its_pattern_does() -> None:
    rng = np.random.default_rng(0)
    spotted = (rng.random((1, 16, 8, 1)) < 0.5).astype(np.float32)
    striped = np.repeat((np.arange(16) % 2 == 0).astype(np.float32)[None, :, None, None], 8, axis=2)
    window = np.ones((16, 8), dtype=bool)
    correlogram = Correlogram(np.array([[0.5]], dtype=np.float32), (1, 2))
    first, turned, other = (correlogram.compute(one, window) for one in (spotted, spotted[:, ::-1, ::-1], striped))
    np.testing.assert_allclose(first, turned)
    assert np.abs(first - other).max() > 0.2
