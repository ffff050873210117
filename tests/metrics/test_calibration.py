from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss

from behavior.metrics.calibration import brier_score, reliability_curve

frames = st.integers(0, 60).flatmap(
    lambda n: st.tuples(
        hnp.arrays(np.int8, n, elements=st.sampled_from([-1, 0, 1])),
        hnp.arrays(np.float32, n, elements=st.floats(0, 1, width=32) | st.just(float("nan"))),
        st.integers(1, 15),
    )
)


@given(frames)
def test_every_labelled_frame_is_in_one_bin(drawn: tuple[np.ndarray, np.ndarray, int]) -> None:
    labels, probabilities, n_bins = drawn
    curve = reliability_curve(labels, probabilities, n_bins=n_bins)
    used = (labels != -1) & ~np.isnan(probabilities)
    assert curve.counts.sum() == used.sum()
    assert len(curve.counts) == len(curve.edges) - 1 == n_bins
    np.testing.assert_array_equal(np.isnan(curve.mean_probability), curve.counts == 0)
    np.testing.assert_array_equal(np.isnan(curve.observed_share), curve.counts == 0)
    filled = curve.counts > 0
    assert np.all(curve.mean_probability[filled] >= curve.edges[:-1][filled] - 1e-6)
    assert np.all(curve.mean_probability[filled] <= curve.edges[1:][filled] + 1e-6)
    if used.any():
        assert curve.prevalence == pytest.approx(np.mean(labels[used] == 1))
        assert curve.brier_score == pytest.approx(brier_score_loss(labels[used], probabilities[used].astype(np.float64)))
    else:
        assert np.isnan([curve.prevalence, curve.brier_score]).all()


def test_bins_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    probabilities = rng.random(4000)
    labels = (rng.random(4000) < probabilities**2).astype(np.int8)
    share, mean = calibration_curve(labels, probabilities, n_bins=10)
    curve = reliability_curve(labels, probabilities, n_bins=10)
    np.testing.assert_allclose(curve.observed_share, share)
    np.testing.assert_allclose(curve.mean_probability, mean)


def test_an_edge_belongs_to_the_bin_above_it_in_either_precision() -> None:
    for dtype in (np.float32, np.float64):
        probabilities = np.array([0.0, 0.3, 0.7, 1.0], dtype=dtype)
        curve = reliability_curve(np.array([0, 1, 0, 1], np.int8), probabilities)
        assert np.flatnonzero(curve.counts).tolist() == [0, 3, 7, 9]


def test_guessing_the_prevalence_scores_p_times_one_minus_p() -> None:
    labels = (np.arange(1000) % 5 == 0).astype(np.int8)
    assert brier_score(labels, np.full(1000, 0.2)) == pytest.approx(0.16)


def test_arguments_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(3,\) and \(2,\)"):
        brier_score(np.zeros(3, np.int8), np.zeros(2))
    with pytest.raises(ValueError, match="outside"):
        reliability_curve(np.zeros(1, np.int8), np.array([1.5]))
    with pytest.raises(ValueError, match="n_bins"):
        reliability_curve(np.zeros(1, np.int8), np.zeros(1), n_bins=0)
