"""All metrics of one behavior: in each recording, pooled, and in resamples."""

from __future__ import annotations

import numpy as np
import pytest

from behavior.metrics import draw_multiplicities
from behavior.metrics.tallies import ALL_COUNTS, Comparison, score_behavior


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


def make_comparisons(seed: int, n_recordings: int = 8) -> list[Comparison]:
    rng = np.random.default_rng(seed)
    comparisons = []
    for _ in range(n_recordings):
        labels = np.repeat(rng.random(40) < 0.3, 10).astype(np.int8)
        probabilities = np.clip(0.4 * labels + 0.6 * np.repeat(rng.random(80), 5), 0, 1).astype(np.float32)
        comparisons.append(Comparison(labels, probabilities > 0.5, probabilities, np.arange(400) / 25))
    return comparisons


def test_pooled_rates_follow_from_sums_of_counts() -> None:
    def compare(labels: list[int], decisions: list[int]) -> Comparison:
        return Comparison(np.array(labels, dtype=np.int8), np.array(decisions, dtype=bool))

    # 1 of 1 found in the first, 1 of 3 in the second: 2 of 4 together, not the mean of 1 and 1/3. The last frame counts nowhere.
    scores = score_behavior([compare([1, 0], [1, 0]), compare([1, 1, 1, -1], [1, 0, 0, 1])], draw_multiplicities(2))
    assert [one["recall"] for one in scores.recordings] == pytest.approx([1.0, 1 / 3])
    assert scores.pooled["recall"] == pytest.approx(0.5)
    assert scores.pooled["precision"] == 1.0
    assert (scores.pooled["n_frames"], scores.pooled["true_positives"], scores.pooled["bouts_labelled"]) == (5, 2, 2)
    assert "duration_error_s" not in scores.pooled
