"""Whether a degraded track errs as a tracker's does, and says so."""

from __future__ import annotations

import numpy as np
import pytest

from behavior.recording import Track
from behavior.synthetic import degrade_track

PARTS = ("nose", "leftear", "rightear", "midbody")


@pytest.fixture
def truth() -> Track:
    rng = np.random.default_rng(0)
    positions = 240 + np.cumsum(rng.normal(0, 1, (6000, 1, 2)), axis=0) + rng.uniform(-40, 40, (1, 4, 2))
    return Track(positions, np.ones((6000, 4)), PARTS)


def test_wrong_points_have_a_low_likelihood_and_right_ones_a_high_one(truth: Track) -> None:
    degraded = degrade_track(truth, np.random.default_rng(1))
    error = np.linalg.norm(degraded.positions - truth.positions, axis=2)
    assert np.all(degraded.likelihoods[~(error < 8)] < 0.6)
    assert np.mean(degraded.likelihoods > 0.9) > 0.95
    assert np.nanmax(error[degraded.likelihoods > 0.9]) < 8
    assert np.nanmedian(error) == pytest.approx(1.3 * np.sqrt(2 * np.log(2)), rel=0.05)
    assert np.all((degraded.likelihoods >= 0) & (degraded.likelihoods <= 1))


def test_all_kinds_of_errors_occur(truth: Track) -> None:
    degraded = degrade_track(truth, np.random.default_rng(2))
    error = np.linalg.norm(degraded.positions - truth.positions, axis=2)
    gone = np.isnan(degraded.positions).any(axis=2)
    assert 0 < gone.sum() < 60
    assert np.all(degraded.likelihoods[gone] == 0)
    assert np.nansum(error > 40) > 10
    doubtful = np.all(degraded.likelihoods < 0.6, axis=1)
    assert np.convolve(doubtful, np.ones(3), mode="valid").max() == 3
    swapped = np.linalg.norm(degraded.positions[:, [2, 1]] - truth.positions[:, [1, 2]], axis=2).max(axis=1) < 5
    assert 0 < swapped.sum() < 60


def test_the_truth_is_left_alone_and_the_same_generator_gives_the_same_errors(truth: Track) -> None:
    before = truth.positions.copy()
    first, second = (degrade_track(truth, np.random.default_rng(3)) for _ in range(2))
    assert np.array_equal(first.positions, second.positions, equal_nan=True)
    assert np.array_equal(first.likelihoods, second.likelihoods)
    assert np.array_equal(truth.positions, before)


def test_nothing_is_wrong_where_no_error_is_asked_for(truth: Track) -> None:
    degraded = degrade_track(truth, np.random.default_rng(4), noise=0.0, lost=0.0, outliers=0.0, swaps=0.0, blackouts=0.0, missing=0.0)
    assert np.array_equal(degraded.positions, truth.positions)
    assert degraded.likelihoods.min() > 0.9


def test_a_track_without_ears_is_degraded_too(truth: Track) -> None:
    degraded = degrade_track(Track(truth.positions[:, :1], truth.likelihoods[:, :1], ("nose",)), np.random.default_rng(5))
    assert degraded.positions.shape == (6000, 1, 2)
