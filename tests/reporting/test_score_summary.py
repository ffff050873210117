"""Scores as Markdown, read back by heading and row."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from score_samples import BEHAVIORS, DECISIONS, LABELS, PROBABILITIES, TIMES, look_up

from behavior.metrics import (
    score_frames,
    score_study,
    summarize_raters,
    summarize_scores,
)
from behavior.metrics.agreement import CEILING_COLUMNS, OTHERS, score_agreement
from behavior.reporting.score_summary import explain_undefined, format_agreement, format_estimate, format_summary, format_value


@pytest.fixture
def table() -> pd.DataFrame:
    return score_study(LABELS, PROBABILITIES, DECISIONS, BEHAVIORS, time_s=TIMES)


def score_twice() -> pd.DataFrame:
    """Score four recordings, C and D being B and A once more."""
    doubled = [{**arrays, "C": arrays["B"], "D": arrays["A"]} for arrays in (LABELS, PROBABILITIES, DECISIONS, TIMES)]
    labels, probabilities, decisions, times = doubled
    return score_study(labels, probabilities, decisions, BEHAVIORS, time_s=times)


def test_the_summary_shows_intervals() -> None:
    table = score_twice()
    text = format_summary(table, behaviors=BEHAVIORS, title="Cross-validation")
    low, high = (
        float(table[(table.metric == "average_precision") & (table.behavior == "wall_rearing")][name].max()) for name in ("low", "high")
    )
    value = look_up(table, "pooled", "wall_rearing", "average_precision")
    assert find_row(text, "Overview", "wall_rearing")[1] == f"{value:.3f} ({low:.3f} to {high:.3f})"
    assert "No interval for grooming:" in text


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


def test_a_range_is_shown_where_there_is_one() -> None:
    assert format_estimate("f1", 0.5, 0.25, 0.75) == "0.500 (0.250 to 0.750)"
    assert format_estimate("f1", 0.5, np.nan, np.nan) == "0.500"
    assert format_estimate("f1", np.nan, np.nan, np.nan) == ""


def test_agreement_has_each_pair_once_and_the_majority_of_three() -> None:
    # z labels frames too late, x and y agree.
    raters = {name: {"B": np.roll(LABELS["B"], shift, axis=0), "A": LABELS["A"]} for name, shift in (("x", 0), ("y", 0), ("z", 1))}
    scores = score_agreement(raters, BEHAVIORS)
    text = format_agreement(scores, summarize_raters(scores), behaviors=BEHAVIORS, title="Raters", notes=["Three people."])
    assert text.startswith("# Raters\n\n- Three people.\n")
    pairs = text.split("## Pairs of raters")[1].split("\n## ")[0]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in pairs.splitlines() if line.startswith("| wall_rearing")]
    assert [row[1:3] for row in cells] == [["x", "y"], ["x", "z"], ["y", "z"]]
    assert cells[0][3] == "1.000"
    assert float(cells[1][3]) < 1
    assert text.count("majority of the others |") == 6
    assert "## Human ceiling: mean over raters (lowest to highest)" in text
    two = score_agreement({name: raters[name] for name in "xy"}, BEHAVIORS)
    assert "majority of the others" not in format_agreement(two, summarize_raters(two), behaviors=BEHAVIORS, title="Raters")
