"""Distances to the nearest frames against a plain computation, and limits against simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from behavior.metrics import nearest_frames
from behavior.metrics.nearest_frames import find_prediction_limit, measure_distances


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 20), st.integers(1, 9), st.integers(1, 4), st.integers(1, 12), st.integers(0, 9))
def test_distances_are_those_of_a_plain_computation(n_frames: int, n_reference: int, width: int, n_nearest: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    # Far from the origin, where squares lose digits.
    frames, reference = (rng.normal(100, 1, (count, width)).astype(np.float32) for count in (n_frames, n_reference))
    found = measure_distances(frames, reference, n_nearest=n_nearest)
    squares = np.sort(((frames[:, None].astype(float) - reference[None]) ** 2).sum(axis=2), axis=1)[:, :n_nearest]
    np.testing.assert_allclose(found, np.sqrt(squares.mean(axis=1)), atol=2e-3)


def test_chunks_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    frames, reference = rng.normal(size=(50, 3)).astype(np.float32), rng.normal(size=(7, 3)).astype(np.float32)
    whole = measure_distances(frames, reference)
    monkeypatch.setattr(nearest_frames, "_CHUNK_VALUES", 30)
    np.testing.assert_allclose(measure_distances(frames, reference), whole, atol=1e-6)


def test_other_columns_and_no_reference_are_refused() -> None:
    for reference in (np.zeros((0, 2), np.float32), np.zeros((3, 1), np.float32)):
        with pytest.raises(ValueError, match="expected"):
            measure_distances(np.zeros((4, 2), np.float32), reference)


@pytest.mark.parametrize("n_values", [3, 6, 20])
def test_a_new_value_exceeds_the_limit_as_often_as_is_asked_for(n_values: int) -> None:
    rng = np.random.default_rng(n_values)
    values = rng.normal(5, 2, (4000, n_values + 1))
    beyond = np.mean([row[-1] > find_prediction_limit(row[:-1], rate=0.05) for row in values])
    assert beyond == pytest.approx(0.05, abs=0.012)


def test_few_values_that_are_alike_do_not_make_a_narrow_limit() -> None:
    alike = np.full(4, 1.0)
    assert find_prediction_limit(alike, rate=0.05) == pytest.approx(1)
    assert find_prediction_limit(alike, rate=0.05, usual_deviation=0.2, worth=6) > 1.2
    # What is usual elsewhere counts the less, the more values there are.
    many = np.random.default_rng(0).normal(0, 1, 500)
    assert find_prediction_limit(many, rate=0.05, usual_deviation=0.01, worth=6) == pytest.approx(
        find_prediction_limit(many, rate=0.05), rel=0.02
    )
    with pytest.raises(ValueError, match="at least two"):
        find_prediction_limit(np.array([1.0]), rate=0.05)
