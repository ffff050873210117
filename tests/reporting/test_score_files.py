"""Scores on disk, as every command that scores writes them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from behavior.errors import OutputError
from behavior.metrics.tables import MetricIndex
from behavior.recording import Annotation, Ethogram, Labels, Probabilities
from behavior.reporting.score_files import (
    draw_scores,
    find_scores,
    mark_optimistic,
    prepare_results_folder,
    score_annotations,
    write_results,
)

BEHAVIORS = ("rear", "jump")


@pytest.fixture
def annotation() -> Annotation:
    """Rearing is decided in frames 0 to 3, jumping never known."""
    values = np.array([[0.9, np.nan]] * 4 + [[0.2, np.nan]] * 6, dtype=np.float32)
    time_s = np.arange(10) / 5
    decided = Ethogram(np.nan_to_num(values) >= 0.5, BEHAVIORS, time_s)
    return Annotation("r0", Probabilities(values, BEHAVIORS, time_s), decided, decided)


@pytest.fixture
def labels() -> dict[str, Labels]:
    """Rearing in frames 2 to 5, jumping in frame 0; nobody labelled the last frame."""
    values = np.zeros((10, 2), dtype=np.int8)
    values[2:6, 0] = 1
    values[0, 1] = 1
    values[9] = -1
    return {"r0": Labels(values, BEHAVIORS)}


def test_decisions_are_scored_with_labels(annotation: Annotation, labels: dict[str, Labels]) -> None:
    table = score_annotations([annotation], labels)

    def find(behavior: str, metric: str) -> float:
        return MetricIndex(table).find(behavior, metric).value

    assert [find("rear", name) for name in ("true_positives", "false_positives", "false_negatives", "true_negatives")] == [2, 2, 2, 3]
    assert find("rear", "n_frames") == 9
    # What was not predicted counts as decided negative.
    assert [find("jump", name) for name in ("true_positives", "false_negatives", "recall")] == [0, 1, 0]


def test_optimistic_scores_are_marked(annotation: Annotation, labels: dict[str, Labels]) -> None:
    table = score_annotations([annotation], labels)
    marked = mark_optimistic(table)
    pd.testing.assert_frame_equal(marked.iloc[: len(table)], table)
    assert marked.iloc[len(table) :][["recording", "behavior", "metric", "value"]].to_numpy().tolist() == [
        ["pooled", name, "early_stopping_watched_what_is_scored", 1.0] for name in BEHAVIORS
    ]


def test_a_folder_has_all_scores_and_is_not_replaced_unless_asked(
    annotation: Annotation, labels: dict[str, Labels], tmp_path: Path
) -> None:
    out = tmp_path / "new" / "scores"
    prepare_results_folder(out, overwrite=False)
    table = score_annotations([annotation], labels)
    ceiling = pd.DataFrame(
        {"against": ["others"], "behavior": ["rear"], "metric": ["f1"], "value": 0.9, "low": 0.8, "high": 1, "raters": 2}
    )
    write_results(out, table, [annotation], labels, title="Scores", notes=["A note."], ceiling=ceiling)
    assert {path.name for path in out.iterdir()} == {"metrics.csv", "summary.md", "ceiling.csv", "confusion.png", "precision_recall.png"}
    pd.testing.assert_frame_equal(pd.read_csv(out / "metrics.csv"), table, rtol=1e-12)
    summary = (out / "summary.md").read_text()
    assert summary.startswith("# Scores\n\n- A note.\n")
    assert "rear, human ceiling" in summary
    with pytest.raises(OutputError, match="--overwrite"):
        prepare_results_folder(out, overwrite=False)
    prepare_results_folder(out, overwrite=True)
    assert {path for path in find_scores(out) if path.exists()} == set(out.iterdir())


def test_scores_of_a_run_that_was_stopped_may_be_replaced(tmp_path: Path) -> None:
    (tmp_path / "summary.md").touch()
    with pytest.raises(OutputError, match="--overwrite"):
        prepare_results_folder(tmp_path, overwrite=False)
    (tmp_path / ".unfinished").touch()
    prepare_results_folder(tmp_path, overwrite=False)
    assert (tmp_path / "summary.md").exists()


def test_pictures_show_counts_and_curves(annotation: Annotation, labels: dict[str, Labels]) -> None:
    confusion, curves = draw_scores(score_annotations([annotation], labels), [annotation], labels, title="Scores")
    words = " ".join(text.get_text() for axes in confusion.axes for text in axes.texts)
    assert words.count("2") >= 3
    assert len(curves.axes) >= 1
