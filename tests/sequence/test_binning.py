"""Bins keep the order of values, hold about as many of them each, and their thresholds divide values as they divide bins."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from behavior.sequence.binning import find_bins


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), n_rows=st.integers(1, 300), n_values=st.sampled_from([1, 2, 5, 10**6]), n_bins=st.integers(2, 70))
def test_a_threshold_divides_values_as_it_divides_bins(seed, n_rows, n_values, n_bins):
    rng = np.random.default_rng(seed)
    seen, new = (rng.integers(0, n_values, size=(n, 3)).astype(np.float32) / 7 for n in (n_rows, 50))
    bins = find_bins(seen, n_bins)
    codes = bins.code(new)
    for feature, bounds in enumerate(bins.bounds):
        assert len(bounds) < n_bins and (np.diff(bounds) > 0).all()
        for at in range(len(bounds)):
            threshold = bins.find_thresholds(np.array([feature]), np.array([at]))[0]
            np.testing.assert_array_equal(new[:, feature].astype(np.float64) <= threshold, codes[:, feature] <= at)


def test_few_values_have_a_bin_each_and_many_are_divided_evenly():
    rng = np.random.default_rng(0)
    values = np.column_stack([rng.integers(0, 6, 40_000), rng.normal(size=40_000)]).astype(np.float32)
    codes = find_bins(values, 16).code(values)
    np.testing.assert_array_equal(codes[:, 0], values[:, 0])
    shares = np.bincount(codes[:, 1], minlength=16) / 40_000
    assert len(shares) == 16
    assert np.abs(shares - 1 / 16).max() < 0.01


@pytest.mark.parametrize(("n_rows", "n_bins"), [(0, 8), (5, 1), (5, 256)])
def test_what_cannot_be_is_refused(n_rows, n_bins):
    with pytest.raises(ValueError, match="expected 2 to 255 bins and some rows"):
        find_bins(np.zeros((n_rows, 1)), n_bins)
