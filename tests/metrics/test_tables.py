from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from score_samples import BEHAVIORS, DECISIONS, LABELS, PROBABILITIES, TIMES, look_up

from behavior.metrics import (
    ALL_COUNTS,
    ALL_METRICS,
    BOUT_ERRORS,
    score_frames,
    score_segments,
    score_study,
    summarize_scores,
)
from behavior.metrics.tables import Estimate, MetricIndex


@pytest.fixture
def table() -> pd.DataFrame:
    return score_study(LABELS, PROBABILITIES, DECISIONS, BEHAVIORS, time_s=TIMES)


def test_the_table_is_long_and_keeps_the_order(table: pd.DataFrame) -> None:
    assert list(table.columns) == ["recording", "behavior", "metric", "value", "low", "high"]
    assert list(dict.fromkeys(table.recording)) == ["B", "A", "pooled", "mean"]
    for recording in ("B", "A", "pooled", "mean"):
        assert tuple(dict.fromkeys(table.behavior[table.recording == recording])) == BEHAVIORS
    assert not table.duplicated(["recording", "behavior", "metric"]).any()
    for recording in ("B", "A", "pooled"):
        rows = table[(table.recording == recording) & (table.behavior == "grooming")]
        assert tuple(rows.metric) == ALL_METRICS


def score_twice() -> pd.DataFrame:
    """Score four recordings, C and D being B and A once more."""
    doubled = [{**arrays, "C": arrays["B"], "D": arrays["A"]} for arrays in (LABELS, PROBABILITIES, DECISIONS, TIMES)]
    labels, probabilities, decisions, times = doubled
    return score_study(labels, probabilities, decisions, BEHAVIORS, time_s=times)


def test_figures_of_fewer_than_four_recordings_have_no_interval(table: pd.DataFrame) -> None:
    assert table.low.isna().all()
    assert table.high.isna().all()


def test_pooled_figures_that_four_recordings_have_come_with_an_interval() -> None:
    table = score_twice()
    known = table[table.low.notna()]
    assert set(known.recording) == {"pooled"}
    assert not set(known.metric) & set(ALL_COUNTS)
    wall = known[known.behavior == "wall_rearing"]
    assert {"f1", "average_precision", "segment_f1_50", "latency_error_s"} <= set(wall.metric)
    assert (wall.low <= wall.value).all()
    assert (wall.value <= wall.high).all()
    # Of grooming, only A and D have any.
    assert "recall" not in set(known.metric[known.behavior == "grooming"])
    pd.testing.assert_frame_equal(table, score_twice())


def test_pooled_is_over_all_frames(table: pd.DataFrame) -> None:
    together = [np.concatenate([arrays[name][:, 0] for name in ("A", "B")]) for arrays in (LABELS, PROBABILITIES, DECISIONS)]
    expected = score_frames(*together)
    for metric, value in expected.items():
        assert look_up(table, "pooled", "wall_rearing", metric) == pytest.approx(value)
    assert look_up(table, "pooled", "wall_rearing", "n_frames") == 6


def test_segments_of_different_recordings_do_not_touch(table: pd.DataFrame) -> None:
    parts = [score_segments(LABELS[name][:, 0], DECISIONS[name][:, 0]) for name in LABELS]
    assert look_up(table, "pooled", "wall_rearing", "bouts_labelled") == sum(part["bouts_labelled"] for part in parts) == 3
    # A is right; in B one decided bout of two frames is held against the first of two labelled ones of one frame.
    assert look_up(table, "pooled", "wall_rearing", "segment_f1_50") == pytest.approx(2 * 2 / (3 + 2))


def test_without_times_there_are_no_errors_in_seconds() -> None:
    table = score_study(LABELS, PROBABILITIES, DECISIONS, BEHAVIORS)
    assert set(ALL_METRICS) - set(table.metric) == set(BOUT_ERRORS) - {"bout_count_error"}
    with pytest.raises(ValueError, match="one time for each frame"):
        score_study(LABELS, PROBABILITIES, DECISIONS, BEHAVIORS, time_s={**TIMES, "A": np.arange(9)})


def test_means_leave_out_recordings_without_a_value_and_say_how_many(table: pd.DataFrame) -> None:
    assert np.isnan(look_up(table, "B", "grooming", "recall"))
    assert look_up(table, "mean", "grooming", "recall") == look_up(table, "A", "grooming", "recall") == 0.5
    assert look_up(table, "mean", "grooming", "recordings_with_recall") == 1
    assert look_up(table, "mean", "wall_rearing", "recall") == pytest.approx((1 / 2 + 1) / 2)
    assert look_up(table, "mean", "wall_rearing", "recordings_with_recall") == 2
    means = set(table.metric[table.recording == "mean"])
    averaged = set(ALL_METRICS) - set(ALL_COUNTS)
    assert means == {*averaged, *(f"recordings_with_{metric}" for metric in averaged)}


def test_a_mean_over_no_recording_is_undefined() -> None:
    labels = {"A": np.zeros((3, 1), dtype=np.int8)}
    table = score_study(labels, {"A": np.zeros((3, 1))}, {"A": np.zeros((3, 1), dtype=bool)}, ["grooming"])
    assert np.isnan(look_up(table, "mean", "grooming", "recall"))
    assert look_up(table, "mean", "grooming", "recordings_with_recall") == 0


@pytest.mark.parametrize("name", ["pooled", "mean"])
def test_a_recording_with_a_name_of_the_table_is_refused(name: str) -> None:
    scores = {"grooming": score_frames(np.array([1]), None, np.array([True]))}
    with pytest.raises(ValueError, match=f"called '{name}'"):
        summarize_scores({name: scores}, scores)


def test_shapes_and_recordings_have_to_match() -> None:
    with pytest.raises(ValueError, match="decisions are of"):
        score_study(LABELS, PROBABILITIES, {"A": DECISIONS["A"]}, BEHAVIORS)
    with pytest.raises(ValueError, match=r"probabilities of 'A' have shape \(2, 2\), expected \(3, 2\)"):
        score_study(LABELS, {**PROBABILITIES, "A": PROBABILITIES["A"][:2]}, DECISIONS, BEHAVIORS)
    with pytest.raises(ValueError, match="no recording"):
        score_study({}, {}, {}, BEHAVIORS)


def test_a_metric_is_looked_up_with_its_interval() -> None:
    table = score_twice()
    metrics = MetricIndex(table)
    row = table[(table.recording == "pooled") & (table.behavior == "wall_rearing") & (table.metric == "f1")].iloc[0]
    assert metrics.find("wall_rearing", "f1") == Estimate(row.value, row.low, row.high)
    assert metrics.find("grooming", "recall", recording="A").value == 0.5
    assert np.isnan(metrics.find("grooming", "recall", recording="A").low)


@pytest.mark.parametrize(("behavior", "metric", "recording"), [("sniffing", "f1", "A"), ("grooming", "f7", "A"), ("grooming", "f1", "Z")])
def test_what_a_table_does_not_have_is_nan(table: pd.DataFrame, behavior: str, metric: str, recording: str) -> None:
    assert np.isnan(MetricIndex(table).find(behavior, metric, recording=recording)).all()
