"""Normal scores: known ones, those of scikit-learn, order that is kept, and values that are equal, unheard of or not there."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.special import ndtri
from sklearn.preprocessing import QuantileTransformer

from behavior.sequence import normal_scores
from behavior.sequence.normal_scores import FARTHEST, NormalScores, fit_normal_scores, take_rows


def test_whatever_the_distribution_the_scores_are_those_of_a_normal_one() -> None:
    drawn = np.random.default_rng(0).normal(size=(5000, 1))
    features = np.hstack([drawn, np.exp(3 * drawn), -(drawn**3), 7 + 1e-3 * drawn]).astype(np.float32)
    scores = fit_normal_scores(features, np.arange(features.shape[1])).apply(features)
    np.testing.assert_allclose(scores.mean(axis=0), 0, atol=0.02)
    np.testing.assert_allclose(scores.std(axis=0), 1, atol=0.02)
    # Each column has the ranks of the first, or the reverse.
    np.testing.assert_allclose(scores[:, [1, 3]], scores[:, [0, 0]], atol=0.12)
    np.testing.assert_allclose(scores[:, 2], -scores[:, 0], atol=0.12)
    expected = QuantileTransformer(output_distribution="normal", subsample=None).fit_transform(features)
    within = np.abs(expected) < 2.5
    assert np.abs(scores - expected)[within].max() < 0.1


def test_equal_values_have_the_score_of_their_middle_rank() -> None:
    # 510 are 0, 290 are 1, 200 are 2: their middles are at .255, .655 and .9 of all.
    features = np.repeat([0.0, 1.0, 2.0], [510, 290, 200])[:, None]
    found = (
        fit_normal_scores(features, np.arange(features.shape[1]))
        .apply(np.array([[0.0], [1.0], [2.0], [0.5], [-1.0], [3.0]], dtype=np.float32))
        .ravel()
    )
    low, middle, high = ndtri([0.255, 0.655, 0.9])
    np.testing.assert_allclose(found, [low, middle, high, (low + middle) / 2, low, high], atol=1e-6)
    assert fit_normal_scores(np.full((9, 1), 5.0), np.array([0])).apply(np.array([[5.0], [4.0], [99.0]], dtype=np.float32)).tolist() == [
        [0],
        [0],
        [0],
    ]


def test_what_is_beyond_all_values_has_the_farthest_score_and_what_is_not_there_none() -> None:
    scores = fit_normal_scores(np.arange(1000.0)[:, None], np.array([0]))
    found = scores.apply(np.array([[-50.0], [0.0], [999.0], [1e9], [np.inf], [np.nan]], dtype=np.float32)).ravel()
    np.testing.assert_allclose(found, [-FARTHEST, -FARTHEST, FARTHEST, FARTHEST, FARTHEST, np.nan], atol=1e-6)


@given(
    hnp.arrays(np.float32, st.tuples(st.integers(1, 40), st.integers(1, 4)), elements=st.floats(-100, 100, width=16)),
    hnp.arrays(np.float32, st.tuples(st.integers(1, 20), st.just(1)), elements=st.floats(-1000, 1000, width=16)),
)
def test_order_is_kept_and_blocks_change_nothing(features: np.ndarray, others: np.ndarray) -> None:
    scores = fit_normal_scores(features, np.arange(features.shape[1]))
    values = np.sort(np.repeat(others, features.shape[1], axis=1), axis=0)
    found = scores.apply(values)
    assert np.all(np.abs(found) <= FARTHEST + 1e-5)
    assert np.all(np.diff(found, axis=0) >= -1e-5)
    rows = [scores.apply(values[row : row + 1]) for row in range(len(values))]
    np.testing.assert_array_equal(np.concatenate(rows), found)
    np.testing.assert_array_equal(NormalScores(scores.columns, scores.knots.copy(), scores.scores.copy()).apply(values), found)


def test_other_features_stay() -> None:
    features = np.random.default_rng(1).gamma(0.5, size=(300, 5)).astype(np.float32)
    found = fit_normal_scores(features, np.array([1, 4])).apply(features)
    np.testing.assert_array_equal(found[:, [0, 2, 3]], features[:, [0, 2, 3]])
    alone = fit_normal_scores(features[:, [1, 4]], np.arange(2)).apply(features[:, [1, 4]])
    np.testing.assert_array_equal(found[:, [1, 4]], alone)


def test_of_many_frames_some_are_taken_evenly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(normal_scores, "_N_ROWS", 10)
    parts = [np.arange(n, dtype=np.float32)[:, None] for n in (40, 2, 58)]
    assert take_rows(parts).ravel().tolist() == [0, 10, 20, 30, 0, 0, 10, 20, 30, 40, 50]
    assert take_rows(parts[1:2]).ravel().tolist() == [0, 1]


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one frame"):
        fit_normal_scores(np.zeros((0, 2)), np.array([0]))
    for columns, knots, scores, sentence in (
        ([0], np.zeros((3, 2)), np.zeros((3, 2)), r"expected \(Q, 1\) twice"),
        ([0, 1], np.zeros((3, 2)), np.zeros((3, 1)), r"expected \(Q, 2\) twice"),
        ([0], np.array([[1.0], [0.0]]), np.zeros((2, 1)), "expected them to rise or stay"),
        ([0], np.zeros((2, 1)), np.array([[1.0], [0.0]]), "expected them to rise or stay"),
        ([0], np.array([[np.inf]]), np.zeros((1, 1)), "not finite"),
        ([0], np.zeros((257, 1)), np.zeros((257, 1)), "found 257 knots, expected at most 256"),
        ([1, 0], np.zeros((2, 2)), np.zeros((2, 2)), "do not rise"),
        ([-1], np.zeros((2, 1)), np.zeros((2, 1)), "do not rise"),
    ):
        with pytest.raises(ValueError, match=sentence):
            NormalScores(np.array(columns), knots, scores)
