from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import average_precision_score

from behavior.metrics import average_precision, draw_multiplicities, find_interval, resample_average_precision
from behavior.metrics.tallies import ALL_COUNTS, Comparison, score_behavior

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
    rng = np.random.default_rng(1)
    labels = [(rng.random(n) < 0.2).astype(np.int8) for n in (300, 500, 50)]
    probabilities = [(0.3 * truth + 0.7 * rng.random(len(truth))).astype(np.float32) for truth in labels]
    multiplicities = draw_multiplicities(3, n_resamples=50, seed=2)
    expected = [average_precision_score(repeat(labels, times), repeat(probabilities, times)) for times in multiplicities]
    np.testing.assert_allclose(resample_average_precision(labels, probabilities, multiplicities), expected, rtol=1e-12)


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


def make_comparisons(seed: int, n_recordings: int = 8) -> list[Comparison]:
    rng = np.random.default_rng(seed)
    comparisons = []
    for _ in range(n_recordings):
        labels = np.repeat(rng.random(40) < 0.3, 10).astype(np.int8)
        probabilities = np.clip(0.4 * labels + 0.6 * np.repeat(rng.random(80), 5), 0, 1).astype(np.float32)
        comparisons.append(Comparison(labels, probabilities > 0.5, probabilities, np.arange(400) / 25))
    return comparisons


@pytest.mark.parametrize("seed", range(3))
def test_intervals_hold_the_pooled_figures(seed: int) -> None:
    scores = score_behavior(make_comparisons(seed), draw_multiplicities(8))
    assert set(scores.intervals) == set(scores.pooled) - set(ALL_COUNTS)
    for metric, (low, high) in scores.intervals.items():
        assert low <= scores.pooled[metric] <= high, metric
        assert low < high


def test_intervals_narrow_with_the_number_of_recordings() -> None:
    widths = []
    for n_recordings in (4, 64):
        scores = score_behavior(make_comparisons(0, n_recordings), draw_multiplicities(n_recordings))
        widths.append(np.diff(scores.intervals["average_precision"])[0])
    assert widths[1] < widths[0] / 2


def test_few_recordings_have_no_interval_nor_what_only_few_recordings_have() -> None:
    few = make_comparisons(0, 3)
    assert score_behavior(few, draw_multiplicities(3)).intervals == {}
    empty = Comparison(np.zeros(400, dtype=np.int8), np.zeros(400, dtype=bool), np.zeros(400, dtype=np.float32), np.arange(400) / 25)
    scores = score_behavior([*few, empty, empty], draw_multiplicities(5))
    assert "recall" not in scores.intervals
    assert not np.isnan(scores.pooled["recall"])
    assert {"accuracy", "prevalence", "edit", "bout_count_error"} <= set(scores.intervals)


def test_recordings_that_are_all_alike_have_an_interval_of_no_width() -> None:
    scores = score_behavior(make_comparisons(0, 1) * 5, draw_multiplicities(5))
    for metric, interval in scores.intervals.items():
        assert interval == pytest.approx((scores.pooled[metric], scores.pooled[metric])), metric


def test_pooled_bout_errors_are_sums_and_the_latency_a_mean() -> None:
    times = np.arange(4.0)

    def compare(labels: list[int], decisions: list[int]) -> Comparison:
        return Comparison(np.array(labels, dtype=np.int8), np.array(decisions, dtype=bool), time_s=times)

    scores = score_behavior(
        [compare([1, 0, 0, 0], [0, 1, 0, 1]), compare([0, 1, 0, 0], [1, 0, 0, 0]), compare([0, 0, 0, 1], [0, 0, 0, 0])],
        draw_multiplicities(3),
    )
    assert [scores.pooled[name] for name in ("bout_count_error", "duration_error_s", "latency_error_s")] == [0, 0, 0]
    assert [found["latency_error_s"] for found in scores.recordings[:2]] == [1, -1]
    assert np.isnan(scores.recordings[2]["latency_error_s"])
    assert "average_precision" not in scores.pooled
