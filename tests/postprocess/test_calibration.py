from __future__ import annotations

import json

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.special import expit, logit
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from behavior.metrics.calibration import brier_score
from behavior.postprocess.calibration import Calibration, fit_calibration

METHODS = ("isotonic", "logistic")

frames = st.integers(0, 60).flatmap(
    lambda n: st.tuples(
        hnp.arrays(np.int8, n, elements=st.sampled_from([-1, 0, 1])),
        hnp.arrays(np.float32, n, elements=st.floats(0, 1, width=32) | st.just(float("nan")) | st.sampled_from([0.0, 1.0])),
    )
)


def draw_distorted(n_frames: int = 40_000) -> tuple[np.ndarray, np.ndarray]:
    """Labels drawn with known probabilities, and what an overconfident model says: a logit three times as large, and one too high."""
    rng = np.random.default_rng(1)
    true = rng.beta(1, 3, n_frames)
    return (rng.random(n_frames) < true).astype(np.int8), expit(3 * logit(true) + 1).astype(np.float32)


@given(frames, st.sampled_from(METHODS))
def test_order_never_turns_round_and_values_stay_in_range(drawn: tuple[np.ndarray, np.ndarray], method: str) -> None:
    labels, probabilities = drawn
    fitted = fit_calibration(labels, probabilities, method=method)
    anywhere = np.concatenate([np.linspace(0, 1, 501, dtype=np.float32), probabilities[~np.isnan(probabilities)]])
    found = fitted.apply(np.sort(anywhere))
    assert found.dtype == np.float32
    assert np.all((found >= 0) & (found <= 1))
    assert np.all(np.diff(found) >= 0)
    np.testing.assert_array_equal(np.isnan(fitted.apply(probabilities)), np.isnan(probabilities))


@given(frames, st.sampled_from(METHODS))
def test_a_calibration_survives_yaml_and_json(drawn: tuple[np.ndarray, np.ndarray], method: str) -> None:
    fitted = fit_calibration(*drawn, method=method)
    assert Calibration.from_mapping(yaml.safe_load(yaml.safe_dump(fitted.as_mapping()))) == fitted
    assert Calibration.from_mapping(json.loads(json.dumps(fitted.as_mapping(), allow_nan=False))) == fitted


@pytest.mark.parametrize("method", METHODS)
def test_a_known_distortion_is_undone(method: str) -> None:
    labels, said = draw_distorted()
    fitted = fit_calibration(labels, said, method=method)
    between = (said > 0.02) & (said < 0.98)
    undone = expit((logit(said[between].astype(float)) - 1) / 3)
    assert np.mean(np.abs(fitted.apply(said)[between] - undone)) < 0.02
    assert brier_score(labels, fitted.apply(said)) < 0.9 * brier_score(labels, said)


def test_logistic_finds_the_likeliest_curve() -> None:
    labels, said = draw_distorted(5_000)
    fitted = fit_calibration(labels, said, method="logistic")
    scores = np.clip(logit(said.astype(np.float64)), -16, 16)[:, np.newaxis]
    reference = LogisticRegression(C=np.inf, tol=1e-10).fit(scores, labels)
    # Platt's targets are next to 0 and 1 with thousands of frames.
    assert fitted.slope == pytest.approx(reference.coef_[0, 0], rel=2e-3)
    assert fitted.intercept == pytest.approx(reference.intercept_[0], abs=5e-3)


def test_isotonic_is_that_of_scikit_learn_where_it_was_fitted() -> None:
    labels, said = draw_distorted(3_000)
    fitted = fit_calibration(labels, said, method="isotonic")
    reference = IsotonicRegression(y_min=0, y_max=1).fit(said.astype(np.float64), labels)
    np.testing.assert_allclose(fitted.apply(said), reference.predict(said.astype(np.float64)), atol=2e-7)
    assert len(fitted.knots) < 300


def test_what_nobody_labelled_and_nan_count_nowhere() -> None:
    labels, said = draw_distorted(500)
    more_labels = np.concatenate([labels, np.full(200, -1, np.int8), np.ones(200, np.int8)])
    more_said = np.concatenate([said, np.full(200, 0.99, np.float32), np.full(200, np.nan, np.float32)])
    for method in METHODS:
        assert fit_calibration(more_labels, more_said, method=method) == fit_calibration(labels, said, method=method)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("labels", "probability", "expected"),
    [
        ([0, 0, -1], 0.3, "labelled positive"),
        ([1, 1, -1], 0.3, "labelled negative"),
        ([-1, -1, -1], 0.3, "no labelled frame has a probability"),
        ([0, 1, 1], np.nan, "no labelled frame has a probability"),
        ([], 0.3, "no labelled frame has a probability"),
    ],
)
def test_one_class_changes_nothing_and_says_why(method: str, labels: list[int], probability: float, expected: str) -> None:
    probabilities = np.full(len(labels), probability, dtype=np.float32)
    fitted = fit_calibration(np.array(labels, dtype=np.int8), probabilities, method=method)
    assert fitted.method == "none"
    assert expected in fitted.reason
    np.testing.assert_array_equal(fitted.apply(probabilities), probabilities)


@pytest.mark.parametrize("method", METHODS)
def test_probabilities_that_mislead_become_one(method: str) -> None:
    said = np.linspace(0.1, 0.9, 1000, dtype=np.float32)
    labels = (np.arange(1000) < 300).astype(np.int8)
    found = fit_calibration(labels, said, method=method).apply(said)
    np.testing.assert_allclose(found, 0.3, atol=2e-3)


@pytest.mark.parametrize("method", METHODS)
def test_a_single_probability_becomes_the_share_of_positives(method: str) -> None:
    labels = (np.arange(1000) % 4 == 0).astype(np.int8)
    fitted = fit_calibration(labels, np.full(1000, 0.8, np.float32), method=method)
    np.testing.assert_allclose(fitted.apply(np.array([0.0, 0.8, 1.0])), 0.25, atol=2e-3)


@pytest.mark.parametrize("method", METHODS)
def test_labels_that_a_threshold_parts_stay_parted(method: str) -> None:
    said = np.linspace(0, 1, 200, dtype=np.float32)
    labels = (said > 0.4).astype(np.int8)
    found = fit_calibration(labels, said, method=method).apply(said)
    assert found[labels == 1].min() > found[labels == 0].max()
    assert brier_score(labels, found) < 0.02


def test_none_changes_nothing() -> None:
    said = np.array([0.1, np.nan, 1.0], dtype=np.float32)
    np.testing.assert_array_equal(fit_calibration(np.array([0, 1, 1], np.int8), said, method="none").apply(said), said)


def test_arrays_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(3,\) and \(2,\)"):
        fit_calibration(np.zeros(3, np.int8), np.zeros(2, np.float32), method="isotonic")
    with pytest.raises(ValueError, match="outside"):
        fit_calibration(np.zeros(2, np.int8), np.array([0.0, 1.5], np.float32), method="isotonic")


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"method": "platt"},
        {"method": "isotonic"},
        {"method": "isotonic", "knots": [0.5, 0.1], "values": [0.0, 1.0]},
        {"method": "isotonic", "knots": [0.1, 0.5], "values": [1.0, 0.0]},
        {"method": "isotonic", "knots": [0.1, 0.5], "values": [0.0, 2.0]},
        {"method": "isotonic", "knots": [0.1], "values": [0.0, 1.0]},
        {"method": "isotonic", "knots": 3, "values": [0.0]},
        {"method": "logistic", "slope": -1.0, "intercept": 0.0},
        {"method": "logistic", "slope": float("nan"), "intercept": 0.0},
        {"method": "logistic", "slop": 1.0},
    ],
)
def test_numbers_of_no_rising_function_are_refused(content: dict) -> None:
    with pytest.raises(ValueError, match="calibration"):
        Calibration.from_mapping(content)
