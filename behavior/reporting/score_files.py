"""Scores on disk: `metrics.csv`, `summary.md` and their pictures, as `train` and `evaluate` write them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from behavior.figures.rendering import render_png
from behavior.figures.scores import draw_confusion, draw_precision_recall
from behavior.files.atomic import make_folder, require_writable, write_bytes
from behavior.files.cells import write_table
from behavior.files.markdown import write_markdown
from behavior.files.result_folders import is_unfinished, refuse_results
from behavior.learning.crossval_files import (
    CEILING_FILE,
    COMPUTING_TIME_FILE,
    CONFUSION_PICTURE,
    METRICS_FILE,
    PRECISION_RECALL_PICTURE,
    SUMMARY_FILE,
)
from behavior.metrics.tables import POOLED, MetricIndex, score_study
from behavior.recording import Annotation, Labels
from behavior.reporting.frequency import describe_frequency, find_thresholds
from behavior.reporting.score_summary import format_summary

__all__ = ["draw_scores", "find_scores", "mark_optimistic", "prepare_results_folder", "score_annotations", "write_results"]


def prepare_results_folder(out: Path, *, overwrite: bool) -> None:
    """Make the folder `out`, before any work, so that a folder that cannot be written to costs no night of computing.

    Raises
    ------
    OutputError
        If it holds scores already and `overwrite` is not set, or cannot be written to.
    """
    make_folder(out)
    if not overwrite and not is_unfinished(out):
        refuse_results(out, mark=SUMMARY_FILE, what="results", advice="give another folder, or --overwrite to replace them")
    require_writable(out)


def score_annotations(annotations: Sequence[Annotation], labels: Mapping[str, Labels]) -> pd.DataFrame:
    """Return the table of `metrics.csv` for `annotations`, scored with `labels`, which are by recording id.

    A behavior that was not predicted (NaN) counts as decided negative in every frame.
    """
    probabilities = {annotation.recording: annotation.probabilities.values for annotation in annotations}
    decisions = {annotation.recording: annotation.ethogram.values for annotation in annotations}
    truth = {annotation.recording: labels[annotation.recording].values for annotation in annotations}
    time_s = {annotation.recording: annotation.time_s for annotation in annotations}
    return score_study(truth, probabilities, decisions, annotations[0].behaviors, time_s=time_s)


def mark_optimistic(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table of metrics with a row for each behavior that says that early stopping was on the recordings scored."""
    marks = [(POOLED, behavior, "early_stopping_watched_what_is_scored", 1.0) for behavior in dict.fromkeys(table["behavior"])]
    return pd.concat([table, pd.DataFrame(marks, columns=list(table.columns[:4]))], ignore_index=True)


def find_scores(out: Path) -> list[Path]:
    """Return the files of scores that may be in the folder `out`."""
    return [
        out / name for name in (METRICS_FILE, CONFUSION_PICTURE, PRECISION_RECALL_PICTURE, CEILING_FILE, COMPUTING_TIME_FILE, SUMMARY_FILE)
    ]


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
    """Write the table of scores, its summary and the pictures of `annotations` and `labels` to the folder `out`, which holds none.

    Parameters
    ----------
    ceiling
        How well raters agree (`raters.measure_ceiling`), shown beneath the scores of each behavior; also written, as `ceiling.csv`.

    Raises
    ------
    OutputError
        If the folder cannot be written to.
    """
    confusion, curves = draw_scores(table, annotations, labels, title=title)
    write_table(out / METRICS_FILE, table)
    write_bytes(out / CONFUSION_PICTURE, render_png(confusion))
    write_bytes(out / PRECISION_RECALL_PICTURE, render_png(curves))
    if ceiling is not None:
        write_table(out / CEILING_FILE, ceiling)
    frequency = describe_frequency(table, annotations, labels, find_thresholds(annotations))
    summary = format_summary(table, behaviors=annotations[0].behaviors, title=title, notes=notes, ceiling=ceiling, frequency=frequency)
    write_markdown(out / SUMMARY_FILE, summary)


def draw_scores(table: pd.DataFrame, annotations: Sequence[Annotation], labels: Mapping[str, Labels], *, title: str) -> tuple[Any, Any]:
    """Return the figures of confusion, and of precision against recall, of `annotations` and `labels`, whose scores are in `table`."""
    truth = np.concatenate([labels[annotation.recording].values for annotation in annotations])
    probabilities = np.concatenate([annotation.probabilities.values for annotation in annotations])
    cells = ("true_negatives", "false_positives", "false_negatives", "true_positives")
    counts, curves = {}, {}
    metrics = MetricIndex(table)
    for column, name in enumerate(annotations[0].behaviors):
        negatives, false_alarms, misses, hits = (int(metrics.find(name, cell).value) for cell in cells)
        counts[name] = (negatives, false_alarms, misses, hits)
        curves[name] = (truth[:, column], probabilities[:, column])
    return draw_confusion(counts, title=title), draw_precision_recall(curves, title=title)
