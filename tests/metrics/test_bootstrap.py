from __future__ import annotations

import tracemalloc

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import average_precision_score

from behavior.metrics import average_precision, draw_multiplicities, find_interval, resample_average_precision

Study = tuple[list[npt.NDArray[np.int8]], list[npt.NDArray[np.float32]]]


@st.composite
def draw_study(draw: st.DrawFn) -> Study:
    labels, probabilities = [], []
    for _ in range(draw(st.integers(1, 4))):
        n_frames = draw(st.integers(0, 12))
        labels.append(draw(arrays(np.int8, n_frames, elements=st.sampled_from([-1, 0, 1]))))
        # Few different values, so that there are ties within and between recordings, and frames without probability.
        probabilities.append(draw(arrays(np.float32, n_frames, elements=st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0, np.nan]))))
    return labels, probabilities


def repeat(values: list[npt.NDArray], times: npt.NDArray[np.int64]) -> npt.NDArray:
    return np.concatenate([value for value, count in zip(values, times, strict=True) for _ in range(count)])


@given(draw_study(), st.integers(0, 1000))
@settings(max_examples=200)
def test_average_precision_of_resamples_is_that_of_their_frames(study: Study, seed: int) -> None:
    labels, probabilities = study
    multiplicities = draw_multiplicities(len(labels), n_resamples=5, seed=seed)
    expected = [average_precision(repeat(labels, times), repeat(probabilities, times)) for times in multiplicities]
    np.testing.assert_allclose(resample_average_precision(labels, probabilities, multiplicities), expected, rtol=1e-12)


def test_average_precision_of_resamples_is_that_of_scikit_learn_in_many_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("behavior.metrics.bootstrap._CHUNK", 500)
    monkeypatch.setattr("behavior.metrics.bootstrap._BLOCK", 3000)
    rng = np.random.default_rng(1)
    labels = [(rng.random(n) < 0.2).astype(np.int8) for n in (300, 500, 50)]
    probabilities = [(0.3 * truth + 0.7 * rng.random(len(truth))).astype(np.float32) for truth in labels]
    multiplicities = draw_multiplicities(3, n_resamples=50, seed=2)
    expected = [average_precision_score(repeat(labels, times), repeat(probabilities, times)) for times in multiplicities]
    np.testing.assert_allclose(resample_average_precision(labels, probabilities, multiplicities), expected, rtol=1e-12)


def test_many_recordings_need_no_table_of_all_their_positives() -> None:
    rng = np.random.default_rng(4)
    n_recordings, n_frames = 200, 400
    labels = [(rng.random(n_frames) < 0.5).astype(np.int8) for _ in range(n_recordings)]
    probabilities = [rng.random(n_frames) for _ in range(n_recordings)]
    multiplicities = draw_multiplicities(n_recordings, n_resamples=20)
    tracemalloc.start()
    try:
        resampled = resample_average_precision(labels, probabilities, multiplicities)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # A row per recording and a column per positive, three times, would be 192 MB.
    assert peak < 90e6
    drawn = np.repeat(np.arange(n_recordings), multiplicities[0])
    expected = average_precision_score(
        np.concatenate([labels[one] for one in drawn]), np.concatenate([probabilities[one] for one in drawn])
    )
    assert resampled[0] == pytest.approx(expected)


def test_resamples_are_of_as_many_recordings_and_the_same_for_one_seed() -> None:
    drawn = draw_multiplicities(7, n_resamples=2000, seed=3)
    assert drawn.shape == (2000, 7)
    assert (drawn.sum(axis=1) == 7).all()
    np.testing.assert_array_equal(drawn, draw_multiplicities(7, n_resamples=2000, seed=3))
    # As often as not each recording is in once; never drawn in (6/7)^7 of the resamples.
    np.testing.assert_allclose(drawn.mean(axis=0), 1, atol=0.1)
    np.testing.assert_allclose((drawn == 0).mean(axis=0), (6 / 7) ** 7, atol=0.05)


def test_an_interval_leaves_out_what_is_undefined() -> None:
    assert find_interval(np.array([np.nan, *np.arange(101.0)])) == pytest.approx((2.5, 97.5))
    assert np.isnan(find_interval(np.full(3, np.nan))).all()
