"""Stretches of time of a recording, and what falls into each."""

from __future__ import annotations

import numpy as np
import pytest

from behavior.statistics import make_bin_edges, measure_in_bins
from behavior.statistics.time_bins import assign_bins, find_latencies

EDGES = np.arange(21) / 2


@pytest.mark.parametrize(("bin_s", "n_bins"), [(10.0, 1), (9.9, 1), (5.0, 2), (4.9, 2), (3.0, 4), (None, 1), (100.0, 1)])
def test_the_last_bin_is_what_is_left(bin_s: float | None, n_bins: int) -> None:
    bins = make_bin_edges(EDGES + 2, bin_s)
    assert len(bins) == n_bins + 1
    assert (bins[0], bins[-1]) == (2.0, 12.0)


def test_amounts_are_split_in_proportion_to_time() -> None:
    found = measure_in_bins(np.array([4.0, 2.0]), np.array([0.0, 4.0, 5.0]), np.array([0.0, 1.0, 4.5, 5.0]))
    np.testing.assert_allclose(found, [1.0, 4.0, 1.0])


def test_a_time_just_before_an_edge_belongs_to_the_bin_behind_it() -> None:
    # Sums and quotients of time stamps are not exact.
    times = np.array([0.0, 1.9, 2.0 - 1e-9, 2.0, 5.0, 9.0])
    assert assign_bins(times, np.array([0.0, 2.0, 4.0, 5.0])).tolist() == [0, 0, 1, 1, 2, 2]


def test_latencies_count_from_the_first_observed_moment() -> None:
    edges, bin_edges = np.arange(9.0), np.array([0.0, 4.0, 8.0])
    observed = np.ones(8, dtype=bool)
    assert find_latencies(np.array([3.0, 6.5]), observed, edges, bin_edges).tolist() == [3.0, 2.5]
    # Nobody looked before frame 2, nor at frames 4 and 5.
    observed[[0, 1, 4, 5]] = False
    assert find_latencies(np.array([3.0, 6.5]), observed, edges, bin_edges).tolist() == [1.0, 0.5]
    latencies = find_latencies(np.array([6.5]), observed, edges, bin_edges)
    assert np.isnan(latencies[0])
