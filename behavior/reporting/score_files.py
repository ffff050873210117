"""Scores on disk: `metrics.csv`, `summary.md` and their pictures, written alike by every command that scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from behavior.errors import OutputError
from behavior.figures.rendering import render_png
from behavior.figures.scores import draw_confusion, draw_precision_recall
from behavior.files.atomic import make_folder, replacing, require_writable, write_bytes, write_text
from behavior.learning.crossval_folder import CEILING_FILE, METRICS_FILE, SUMMARY_FILE
from behavior.metrics.tables import POOLED, MetricIndex, score_study
from behavior.recording import Annotation, Labels
from behavior.reporting.score_summary import format_summary

__all__ = ["draw_scores", "mark_optimistic", "prepare_results_folder", "score_annotations", "write_results"]


def prepare_results_folder(out: Path, *, overwrite: bool) -> None:
    """Make the folder `out`; OutputError if it holds scores already and `overwrite` is not set.

    Done before any work, so that a folder that cannot be written to costs no night of computing.
    """
    make_folder(out)
    if (out / SUMMARY_FILE).exists() and not overwrite:
        raise OutputError(f"{out}: holds results already ({SUMMARY_FILE}); give another folder, or --overwrite to replace them.")
    require_writable(out)


def score_annotations(annotations: Sequence[Annotation], labels: Mapping[str, Labels]) -> pd.DataFrame:
    """Return the table of `metrics.csv` for `annotations` against `labels`, which are by recording id.

    A behavior that was not predicted (NaN) counts as decided negative in every frame.
    """
    probabilities = {found.recording: found.probabilities.values for found in annotations}
    decisions = {found.recording: found.ethogram.values for found in annotations}
    truth = {found.recording: labels[found.recording].values for found in annotations}
    time_s = {found.recording: found.time_s for found in annotations}
    return score_study(truth, probabilities, decisions, annotations[0].behaviors, time_s=time_s)


def mark_optimistic(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table of metrics with a row per behavior that says that early stopping watched what is scored."""
    marks = [(POOLED, behavior, "early_stopping_watched_what_is_scored", 1.0) for behavior in dict.fromkeys(table["behavior"])]
    return pd.concat([table, pd.DataFrame(marks, columns=list(table.columns[:4]))], ignore_index=True)


def write_results(
    out: Path,
    table: pd.DataFrame,
    annotations: Sequence[Annotation],
    labels: Mapping[str, Labels],
    *,
    title: str,
    notes: Sequence[str] = (),
    ceiling: pd.DataFrame | None = None,
) -> None:
    """Write the table of scores, its summary and the pictures of `annotations` against `labels` to the folder `out`.

    Parameters
    ----------
    ceiling
        How well people agree (`agreement.measure_ceiling`), shown beneath the scores of each behavior; also written, as `ceiling.csv`.
    """
    with replacing(out / METRICS_FILE) as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n")
    confusion, curves = draw_scores(table, annotations, labels, title=title)
    write_bytes(out / "confusion.png", render_png(confusion))
    write_bytes(out / "precision_recall.png", render_png(curves))
    write_text(out / SUMMARY_FILE, format_summary(table, behaviors=annotations[0].behaviors, title=title, notes=notes, ceiling=ceiling))
    if ceiling is None:
        # That of results that these replace.
        (out / CEILING_FILE).unlink(missing_ok=True)
    else:
        with replacing(out / CEILING_FILE) as temporary:
            ceiling.to_csv(temporary, index=False, lineterminator="\n")


def draw_scores(table: pd.DataFrame, annotations: Sequence[Annotation], labels: Mapping[str, Labels], *, title: str) -> tuple[Any, Any]:
    """Return the figures of confusion, and of precision against recall, of `annotations` against `labels`, whose scores are in `table`."""
    truth = np.concatenate([labels[found.recording].values for found in annotations])
    probabilities = np.concatenate([found.probabilities.values for found in annotations])
    cells = ("true_negatives", "false_positives", "false_negatives", "true_positives")
    counts, curves = {}, {}
    metrics = MetricIndex(table)
    for column, name in enumerate(annotations[0].behaviors):
        negatives, false_alarms, misses, hits = (int(metrics.find(name, cell).value) for cell in cells)
        counts[name] = (negatives, false_alarms, misses, hits)
        curves[name] = (truth[:, column], probabilities[:, column])
    return draw_confusion(counts, title=title), draw_precision_recall(curves, title=title)
