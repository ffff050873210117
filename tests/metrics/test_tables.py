from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from behavior.metrics import RATE_METRICS, format_summary, score_frames, score_study, summarize_scores

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


@pytest.fixture
def table() -> pd.DataFrame:
    return score_study(LABELS, PROBABILITIES, DECISIONS, BEHAVIORS)


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
    assert table[["low", "high"]].isna().all(axis=None)


def test_pooled_is_over_all_frames(table: pd.DataFrame) -> None:
    together = [np.concatenate([arrays[name][:, 0] for name in ("A", "B")]) for arrays in (LABELS, PROBABILITIES, DECISIONS)]
    expected = score_frames(*together)
    for metric, value in expected.items():
        assert look_up(table, "pooled", "wall_rearing", metric) == pytest.approx(value)
    assert look_up(table, "pooled", "wall_rearing", "n_frames") == 6


def test_means_leave_out_recordings_without_a_value_and_say_how_many(table: pd.DataFrame) -> None:
    assert np.isnan(look_up(table, "B", "grooming", "recall"))
    assert look_up(table, "mean", "grooming", "recall") == look_up(table, "A", "grooming", "recall") == 0.5
    assert look_up(table, "mean", "grooming", "recordings_with_recall") == 1
    assert look_up(table, "mean", "wall_rearing", "recall") == pytest.approx((1 / 2 + 1) / 2)
    assert look_up(table, "mean", "wall_rearing", "recordings_with_recall") == 2
    means = set(table.metric[table.recording == "mean"])
    assert means == {*RATE_METRICS, *(f"recordings_with_{metric}" for metric in RATE_METRICS)}


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
    assert text.startswith("# Cross-validation\n\n- First note.\n- Second note.\n\n## Overview")
    assert find_row(text, "Overview", "grooming") == ["grooming", "0.333", "1.000", "0.500", "0.667", "1.000"]
    assert find_row(text, "wall_rearing", "Recording")[1:] == [
        "Prevalence", "Accuracy", "Precision", "Recall", "F1", "Average precision", "TP", "FP", "FN", "TN",
    ]  # fmt: skip
    assert find_row(text, "grooming", "A") == ["A", "0.667", "0.667", "1.000", "0.500", "0.667", "1.000", "1", "0", "1", "1"]
    assert find_row(text, "grooming", "B") == ["B", "0.000", "1.000", "", "", "", "", "0", "0", "0", "3"]
    assert find_row(text, "grooming", "mean") == [
        "mean", "0.333", "0.833", "1.000 (1 of 2)", "0.500 (1 of 2)", "0.667 (1 of 2)", "1.000 (1 of 2)", "", "", "", "",
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
