from __future__ import annotations

import warnings

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    cohen_kappa_score,
    confusion_matrix,
    f1_score,
    fbeta_score,
    precision_score,
    recall_score,
)

from behavior.metrics import COUNT_METRICS, RATE_METRICS, average_precision, cohen_kappa, f_beta, score_frames
from behavior.metrics.frames import average_over_frames

Frames = tuple[npt.NDArray[np.int8], npt.NDArray[np.float32], npt.NDArray[np.bool_]]


@st.composite
def draw_frames(draw: st.DrawFn) -> Frames:
    n_frames = draw(st.integers(0, 40))
    labels = draw(arrays(np.int8, n_frames, elements=st.sampled_from([-1, 0, 1])))
    probabilities = draw(arrays(np.float32, n_frames, elements=st.floats(0, 1, width=32)))
    decisions = draw(arrays(bool, n_frames))
    return labels, probabilities, decisions


def test_a_hand_counted_example() -> None:
    labels = np.array([1, 1, 1, 0, 0, 0, 0, 0, -1, -1], dtype=np.int8)
    decisions = np.array([1, 1, 0, 1, 0, 0, 0, 0, 1, 0], dtype=bool)
    scores = score_frames(labels, None, decisions)
    assert {name: scores[name] for name in COUNT_METRICS} == {
        "true_positives": 2, "false_positives": 1, "false_negatives": 1, "true_negatives": 4, "n_frames": 8,
    }  # fmt: skip
    assert scores["prevalence"] == 3 / 8
    assert scores["accuracy"] == 6 / 8
    assert scores["precision"] == scores["recall"] == scores["f1"] == pytest.approx(2 / 3)
    # Two thirds either way, whichever counts more; observed agreement 6/8, by chance (3 * 3 + 5 * 5) / 64.
    assert scores["f2"] == pytest.approx(2 / 3)
    assert scores["kappa"] == pytest.approx((6 / 8 - 34 / 64) / (1 - 34 / 64))
    assert np.isnan(scores["average_precision"])
    assert set(scores) == {*RATE_METRICS, *COUNT_METRICS}


@given(draw_frames())
def test_where_defined_they_are_those_of_scikit_learn(frames: Frames) -> None:
    labels, probabilities, decisions = frames
    known = labels != -1
    y_true, y_pred = labels[known], decisions[known].astype(int)
    assume(y_true.any() and y_pred.any())
    scores = score_frames(labels, probabilities, decisions)
    for name, function in (("accuracy", accuracy_score), ("precision", precision_score), ("recall", recall_score), ("f1", f1_score)):
        assert scores[name] == pytest.approx(function(y_true, y_pred))
    assert scores["f2"] == pytest.approx(fbeta_score(y_true, y_pred, beta=2))
    if not (y_true.all() and y_pred.all()):
        assert scores["kappa"] == pytest.approx(cohen_kappa_score(y_true, y_pred))
    assert scores["average_precision"] == pytest.approx(average_precision_score(y_true, probabilities[known]))
    cells = confusion_matrix(y_true, y_pred, labels=[0, 1]).ravel().tolist()
    assert [scores[f"{name}s"] for name in ("true_negative", "false_positive", "false_negative", "true_positive")] == cells


@given(draw_frames())
def test_what_is_undefined_is_nan_without_a_warning(frames: Frames) -> None:
    labels, probabilities, decisions = frames
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scores = score_frames(labels, probabilities, decisions)
    known = labels != -1
    has_frames, has_positives, has_decisions = known.any(), (labels == 1).any(), decisions[known].any()
    defined = {
        "prevalence": has_frames,
        "accuracy": has_frames,
        "precision": has_decisions,
        "recall": has_positives,
        "f1": has_positives or has_decisions,
        "f2": has_positives or has_decisions,
        # Chance cannot be beaten where both sides say one thing throughout.
        "kappa": (has_frames and not all(len(set(said[known].tolist())) == 1 for said in (labels == 1, decisions)))
        or (labels[known] != decisions[known]).any(),
        "average_precision": has_positives,
    }
    assert {name: not np.isnan(scores[name]) for name in RATE_METRICS} == {name: bool(value) for name, value in defined.items()}
    assert all(isinstance(value, float) for value in scores.values())


@given(draw_frames())
def test_unlabelled_frames_have_no_place_in_any_metric(frames: Frames) -> None:
    labels, probabilities, decisions = frames
    known = labels != -1
    np.testing.assert_equal(
        score_frames(labels, probabilities, decisions), score_frames(labels[known], probabilities[known], decisions[known])
    )


def test_without_probabilities_average_precision_is_undefined() -> None:
    labels = np.array([1, 0, -1], dtype=np.int8)
    assert np.isnan(average_precision(labels, np.full(3, np.nan)))
    assert np.isnan(average_precision(labels, np.array([np.nan, np.nan, 0.5])))


def test_a_frame_without_probability_ranks_last() -> None:
    labels = np.array([1, 1, 0, 0], dtype=np.int8)
    # The first positive is found at precision 1, the second only when every frame is taken: 1/2 * 1 + 1/2 * 2/4.
    assert average_precision(labels, np.array([0.9, np.nan, 0.0, 0.1])) == pytest.approx(0.75)


def test_arrays_of_different_lengths_are_refused() -> None:
    labels = np.zeros(3, dtype=np.int8)
    with pytest.raises(ValueError, match=r"labels and decisions have shapes \(3,\) and \(2,\)"):
        score_frames(labels, None, np.zeros(2, dtype=bool))
    with pytest.raises(ValueError, match="labels and probabilities"):
        score_frames(labels, np.zeros(4), np.zeros(3, dtype=bool))


def test_labels_of_other_values_are_refused() -> None:
    with pytest.raises(ValueError, match="other than 1, 0 and -1"):
        score_frames(np.array([0, 2]), None, np.zeros(2, dtype=bool))


def test_beta_is_the_weight_of_recall() -> None:
    # Precision 1/2, recall 8/10.
    assert f_beta(8, 8, 2, beta=1) == pytest.approx(2 * 0.5 * 0.8 / 1.3)
    assert f_beta(8, 8, 2, beta=3) == pytest.approx(10 * 0.5 * 0.8 / (9 * 0.5 + 0.8))
    assert f_beta(8, 8, 2, beta=1e-6) == pytest.approx(0.5)
    assert f_beta(8, 8, 2, beta=1e6) == pytest.approx(0.8)
    np.testing.assert_equal(f_beta([0, 0, 0], [0, 1, 0], [0, 0, 1], beta=2), [np.nan, 0, 0])
    with pytest.raises(ValueError, match="above 0"):
        f_beta(1, 1, 1, beta=0)


def test_kappa_is_1_0_or_below_and_nothing_without_a_choice() -> None:
    # By column: all agreed, as by chance, all disagreed, nothing but positives, nothing at all.
    counts = np.array([[5, 0, 0, 5], [1, 1, 1, 1], [0, 5, 5, 0], [7, 0, 0, 0], [0, 0, 0, 0]]).T
    np.testing.assert_equal(cohen_kappa(*counts), [1, 0, -1, np.nan, np.nan])
    # One side never says yes: no better than chance, but defined.
    assert cohen_kappa(0, 0, 4, 6) == 0


@given(st.integers(0, 2**32 - 1), st.integers(1, 4), st.integers(0, 30))
def test_the_average_over_frames_is_scikit_learn_s_where_something_is_shown(seed: int, n_behaviors: int, n_frames: int) -> None:
    rng = np.random.default_rng(seed)
    labels = (rng.random((n_frames, n_behaviors)) < 0.4).astype(np.int8)
    decisions = rng.random((n_frames, n_behaviors)) < 0.4
    score, n_used = average_over_frames(labels, decisions, beta=2.0)
    shown = (labels == 1).any(axis=1) | decisions.any(axis=1)
    assert n_used == shown.sum()
    if not n_used:
        assert np.isnan(score)
        return
    kept, decided = labels[shown], decisions[shown].astype(int)
    # scikit-learn takes a single column for classes.
    if n_behaviors > 1:
        np.testing.assert_allclose(score, fbeta_score(kept, decided, beta=2, average="samples", zero_division=0))
    # A behavior that nobody labelled changes nothing.
    wider = np.column_stack((labels, np.full(n_frames, -1, dtype=np.int8)))
    assert average_over_frames(wider, np.column_stack((decisions, np.ones(n_frames, dtype=bool))), beta=2.0) == (score, n_used)
