from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from behavior.metrics import (
    ALL_COUNTS,
    ALL_METRICS,
    BOUT_ERRORS,
    score_frames,
    score_segments,
    score_study,
    summarize_raters,
    summarize_scores,
)
from behavior.metrics.agreement import CEILING_COLUMNS, OTHERS, score_agreement
from behavior.reporting.score_summary import explain_undefined, format_summary, format_value

BEHAVIORS = ("wall_rearing", "grooming")
# Grooming is absent from B, and B's last frame is labelled by nobody.
LABELS = {
    "B": np.array([[1, 0], [0, 0], [1, 0], [-1, -1]], dtype=np.int8),
    "A": np.array([[1, 1], [0, 0], [0, 1]], dtype=np.int8),
}
PROBABILITIES = {
    "B": np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.1], [0.9, 0.9]], dtype=np.float32),
    "A": np.array([[0.7, 0.9], [0.2, 0.1], [0.1, 0.3]], dtype=np.float32),
}
DECISIONS = {recording: values >= 0.5 for recording, values in PROBABILITIES.items()}
TIMES = {recording: np.arange(len(values)) / 2 for recording, values in LABELS.items()}


@pytest.fixture
def table() -> pd.DataFrame:
    return score_study(LABELS, PROBABILITIES, DECISIONS, BEHAVIORS, time_s=TIMES)


def look_up(table: pd.DataFrame, recording: str, behavior: str, metric: str) -> float:
    rows = table[(table.recording == recording) & (table.behavior == behavior) & (table.metric == metric)]
    assert len(rows) == 1
    return float(rows.value.iloc[0])


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


def test_the_summary_shows_intervals() -> None:
    table = score_twice()
    text = format_summary(table, behaviors=BEHAVIORS, title="Cross-validation")
    low, high = (
        float(table[(table.metric == "average_precision") & (table.behavior == "wall_rearing")][name].max()) for name in ("low", "high")
    )
    value = look_up(table, "pooled", "wall_rearing", "average_precision")
    assert find_row(text, "Overview", "wall_rearing")[1] == f"{value:.3f} ({low:.3f} to {high:.3f})"
    assert "No interval for grooming:" in text


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


def find_row(markdown: str, heading: str, name: str) -> list[str]:
    section = markdown.split(f"## {heading}")[1].split("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line.startswith("|")]
    (found,) = [row for row in rows if row[0] == name]
    return found


def test_the_summary_shows_every_number_once_rounded(table: pd.DataFrame) -> None:
    text = format_summary(table, behaviors=BEHAVIORS, title="Cross-validation", notes=["First note.", "Second note."])
    assert text.startswith("# Cross-validation\n\n- First note.\n- Second note.\n- Empty cells (precision, recall,")
    assert "\n\n## Overview" in text
    assert find_row(text, "Overview", "Behavior")[1:] == [
        "Average precision", "Precision", "Recall", "F1", "F2", "Segment F1 at 50 %", "Kappa", "Prevalence",
    ]  # fmt: skip
    assert find_row(text, "Overview", "grooming") == ["grooming", "1.000", "1.000", "0.500", "0.667", "0.556", "0.667", "0.571", "0.333"]
    assert "No interval for wall_rearing, grooming: it takes at least four recordings" in text
    assert find_row(text, "wall_rearing", "Recording")[1:] == [
        "Prevalence", "Precision", "Recall", "F1", "Average precision", "Segment F1 at 50 %", "Edit score", "Bouts", "Bout count error",
        "TP", "FP", "FN", "TN",
    ]  # fmt: skip
    assert find_row(text, "grooming", "A") == [
        "A", "0.667", "1.000", "0.500", "0.667", "1.000", "0.667", "0.667", "2", "-1", "1", "0", "1", "1",
    ]  # fmt: skip
    assert find_row(text, "grooming", "B") == ["B", "0.000", "", "", "", "", "", "1.000", "0", "0", "0", "0", "0", "3"]
    assert find_row(text, "grooming", "mean") == [
        "mean", "0.333", "1.000 (1 of 2)", "0.500 (1 of 2)", "0.667 (1 of 2)", "1.000 (1 of 2)", "0.667 (1 of 2)", "0.833", "", "-0.5",
        "", "", "", "",
    ]  # fmt: skip
    order = [line.split("|")[1].strip() for line in text.split("## wall_rearing")[1].split("##")[0].splitlines() if line.startswith("|")]
    assert order[2:] == ["B", "A", "pooled", "mean"]


def test_a_summary_reads_back_from_csv(table: pd.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    table.to_csv(path, index=False)
    again = pd.read_csv(path)
    shown = [format_summary(rows, behaviors=BEHAVIORS, title="T") for rows in (table, again)]
    assert shown[0] == shown[1]


def test_a_bar_in_a_name_stays_in_its_cell() -> None:
    scores = {"a|b": score_frames(np.array([1]), None, np.array([True]))}
    text = format_summary(summarize_scores({"R": scores}, scores), behaviors=["a|b"], title="T")
    assert "| a\\|b " in text


@pytest.mark.parametrize(
    ("labels", "decisions", "reason", "undefined"),
    [
        ([-1, -1], [0, 1], "no frame is labelled, for", "prevalence, accuracy, precision"),
        ([0, 0], [0, 0], "no frame is labelled positive, nor decided so, for", "precision, recall, F1, F2, kappa, average precision, seg"),
        ([0, 0], [0, 1], "no frame is labelled positive, for", "(recall, average precision, latency error)"),
        ([0, 1], [0, 0], "no frame is decided positive, for", "(precision, latency error)"),
        ([1, 1], [1, 1], "every frame is labelled positive, and decided so, for", "(kappa)"),
    ],
)
def test_every_undefined_value_has_its_reason(labels: list[int], decisions: list[int], reason: str, undefined: str) -> None:
    labels_by = {"R": np.array(labels, dtype=np.int8)[:, None]}
    probabilities = {"R": np.array(decisions, dtype=np.float32)[:, None]}
    table = score_study(labels_by, probabilities, {"R": probabilities["R"] > 0.5}, ["rear"], time_s={"R": np.arange(2.0)})
    (sentence,) = explain_undefined(table, behaviors=["rear"])
    assert reason in sentence
    assert undefined in sentence
    assert sentence.endswith("rear in R, all recordings together.")
    assert f"- {sentence}" in format_summary(table, behaviors=["rear"], title="T")


def test_a_behavior_without_probabilities_is_said_to_have_none() -> None:
    labels = {name: np.array([[0, 1], [1, 0]], dtype=np.int8) for name in "AB"}
    probabilities = {name: np.array([[0.1, np.nan], [0.9, np.nan]], dtype=np.float32) for name in "AB"}
    table = score_study(labels, probabilities, {name: values > 0.5 for name, values in probabilities.items()}, ["rear", "jump"])
    assert explain_undefined(table, behaviors=["rear", "jump"]) == [
        "Empty cells (precision): no frame is decided positive, for jump in A, B, all recordings together.",
        "Empty cells (average precision): no frame has a probability, for jump in A, B, all recordings together.",
    ]


def test_where_all_is_defined_nothing_is_explained() -> None:
    labels = {name: np.array([[0], [1]], dtype=np.int8) for name in "AB"}
    table = score_study(
        labels, {name: values.astype(np.float32) for name, values in labels.items()}, {n: v == 1 for n, v in labels.items()}, ["rear"]
    )
    assert explain_undefined(table, behaviors=["rear"]) == []


def test_the_human_ceiling_stands_beneath_each_behavior(table: pd.DataFrame) -> None:
    raters = {name: {"B": np.roll(LABELS["B"], shift, axis=0), "A": LABELS["A"]} for name, shift in (("x", 0), ("y", 0), ("z", 1))}
    ceiling = summarize_raters(score_agreement(raters, BEHAVIORS))
    assert list(ceiling.columns) == list(CEILING_COLUMNS)
    text = format_summary(table, behaviors=BEHAVIORS, title="T", ceiling=ceiling)
    found = ceiling[(ceiling.behavior == "wall_rearing") & (ceiling.metric == "f1") & (ceiling.against == OTHERS)].iloc[0]
    row = find_row(text, "Overview", "wall_rearing, human ceiling")
    assert row[4] == f"{found.value:.3f} ({found.low:.3f} to {found.high:.3f})"
    assert row[1] == row[8] == ""
    assert find_row(text, "Overview", "wall_rearing, two people")[4] != row[4]
    assert "each of 3 raters" in text
    assert "human ceiling" not in format_summary(table, behaviors=BEHAVIORS, title="T")


@pytest.mark.parametrize(
    ("metric", "value", "cell"),
    [
        ("f1", 0.12345, "0.123"),
        ("f1", float("nan"), ""),
        ("n_frames", 12345.0, "12345"),
        ("bout_count_error", 3.0, "+3"),
        ("bout_count_error", -2.25, "-2.2"),
        ("bout_count_error", 0.0, "0"),
        ("bout_count_error", 31062.4, "+31,062"),
        ("latency_error_s", -3.0, "-3.0"),
    ],
)
def test_a_cell_is_short(metric: str, value: float, cell: str) -> None:
    assert format_value(metric, value) == cell
