"""A study's scores as one long table, and that table as Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from behavior.metrics.frames import COUNT_METRICS, RATE_METRICS, score_frames

__all__ = ["COLUMNS", "MEAN", "POOLED", "format_summary", "score_study", "summarize_scores"]

COLUMNS = ("recording", "behavior", "metric", "value", "low", "high")
POOLED = "pooled"
MEAN = "mean"

_HEADINGS = {
    "prevalence": "Prevalence",
    "accuracy": "Accuracy",
    "precision": "Precision",
    "recall": "Recall",
    "f1": "F1",
    "average_precision": "Average precision",
    "true_positives": "TP",
    "false_positives": "FP",
    "false_negatives": "FN",
    "true_negatives": "TN",
}
_OVERVIEW = ("prevalence", "precision", "recall", "f1", "average_precision")


def score_study(
    labels: Mapping[str, npt.NDArray[np.int8]],
    probabilities: Mapping[str, npt.NDArray[np.floating]],
    decisions: Mapping[str, npt.NDArray[np.bool_]],
    behaviors: Sequence[str],
) -> pd.DataFrame:
    """Score every recording, and all of their frames together.

    Parameters
    ----------
    labels, probabilities, decisions
        Arrays of shape (T, B) by recording, as `score_frames` takes their columns; T may differ from recording to recording.
    behaviors
        Names of the B columns.

    Returns
    -------
    The long table of `summarize_scores`, recordings in the order of `labels`.

    Raises
    ------
    ValueError
        If the three do not hold the same recordings, or a shape does not match.
    """
    recordings = list(labels)
    if not recordings:
        raise ValueError("there is no recording to score")
    given: dict[str, Mapping[str, npt.NDArray]] = {"labels": labels, "probabilities": probabilities, "decisions": decisions}
    for name, arrays in given.items():
        if set(arrays) != set(recordings):
            raise ValueError(f"{name} are of {sorted(arrays)}, expected the labels' recordings {sorted(recordings)}")
        for recording, array in arrays.items():
            expected = (len(labels[recording]), len(behaviors))
            if array.shape != expected:
                raise ValueError(f"{name} of {recording!r} have shape {array.shape}, expected {expected}")

    scores = {
        recording: _score_columns(labels[recording], probabilities[recording], decisions[recording], behaviors) for recording in recordings
    }
    pooled = _score_columns(
        np.concatenate([labels[recording] for recording in recordings]),
        np.concatenate([probabilities[recording] for recording in recordings]),
        np.concatenate([decisions[recording] for recording in recordings]),
        behaviors,
    )
    return summarize_scores(scores, pooled)


def summarize_scores(
    scores: Mapping[str, Mapping[str, Mapping[str, float]]],
    pooled: Mapping[str, Mapping[str, float]],
) -> pd.DataFrame:
    """Return the rows of `metrics.csv`.

    Parameters
    ----------
    scores
        Metrics of `score_frames` by recording and behavior.
    pooled
        Metrics of all frames together, by behavior.

    Returns
    -------
    Table with the columns of `COLUMNS`; `low` and `high` are NaN. First the recordings in the order of `scores`, then
    ``pooled``, then ``mean``: for each rate the mean over the recordings that have it, followed by ``recordings_with_RATE``,
    the number of those recordings. Counts have no mean.

    Raises
    ------
    ValueError
        If a recording is called ``pooled`` or ``mean``: its rows could not be told from the table's own.
    """
    taken = [name for name in (POOLED, MEAN) if name in scores]
    if taken:
        raise ValueError(f"a recording is called {taken[0]!r}, a name that the table of metrics keeps for itself")
    rows: list[tuple[str, str, str, float]] = []
    for recording, by_behavior in (*scores.items(), (POOLED, pooled)):
        for behavior, metrics in by_behavior.items():
            rows.extend((recording, behavior, metric, value) for metric, value in metrics.items())
    for behavior in pooled:
        for metric in RATE_METRICS:
            values = np.array([by_behavior[behavior][metric] for by_behavior in scores.values()], dtype=np.float64)
            known = values[~np.isnan(values)]
            rows.append((MEAN, behavior, metric, float(np.mean(known)) if len(known) else float("nan")))
            rows.append((MEAN, behavior, f"recordings_with_{metric}", float(len(known))))
    table = pd.DataFrame(rows, columns=list(COLUMNS[:4]))
    return table.assign(low=np.nan, high=np.nan)


def format_summary(table: pd.DataFrame, *, behaviors: Sequence[str], title: str, notes: Sequence[str] = ()) -> str:
    """Return the long table as Markdown for `summary.md`.

    Parameters
    ----------
    table
        As `summarize_scores` returns it.
    behaviors
        Names and order of the tables.
    title
        First heading.
    notes
        Shown as a list above the tables.

    Returns
    -------
    An overview (a row for each behavior, pooled over all frames), then a table for each behavior: a row for each recording,
    then ``pooled`` and ``mean``. Undefined values are empty cells; a mean that not all recordings have a part in says how many do.
    """
    values = {
        (recording, behavior, metric): value
        for recording, behavior, metric, value in zip(table.recording, table.behavior, table.metric, table.value, strict=True)
    }
    recordings = [name for name in dict.fromkeys(table.recording) if name not in (POOLED, MEAN)]
    blocks = [f"# {title}"]
    if notes:
        blocks.append("\n".join(f"- {note}" for note in notes))
    overview = [
        [behavior, *(_format_value(metric, values.get((POOLED, behavior, metric), np.nan)) for metric in _OVERVIEW)]
        for behavior in behaviors
    ]
    blocks += ["## Overview, pooled over all labelled frames", _format_table(["Behavior", *(_HEADINGS[m] for m in _OVERVIEW)], overview)]
    for behavior in behaviors:
        rows = [
            [recording, *(_format_value(metric, values.get((recording, behavior, metric), np.nan)) for metric in _HEADINGS)]
            for recording in (*recordings, POOLED)
        ]
        rows.append([MEAN, *(_format_mean(values, behavior, metric, len(recordings)) for metric in _HEADINGS)])
        blocks += [f"## {behavior}", _format_table(["Recording", *_HEADINGS.values()], rows)]
    return "\n\n".join(blocks) + "\n"


def _score_columns(
    labels: npt.NDArray[np.int8],
    probabilities: npt.NDArray[np.floating],
    decisions: npt.NDArray[np.bool_],
    behaviors: Sequence[str],
) -> dict[str, dict[str, float]]:
    return {
        behavior: score_frames(labels[:, column], probabilities[:, column], decisions[:, column])
        for column, behavior in enumerate(behaviors)
    }


def _format_value(metric: str, value: float) -> str:
    if np.isnan(value):
        return ""
    return f"{value:.0f}" if metric in COUNT_METRICS else f"{value:.3f}"


def _format_mean(values: Mapping[tuple[str, str, str], float], behavior: str, metric: str, n_recordings: int) -> str:
    text = _format_value(metric, values.get((MEAN, behavior, metric), np.nan))
    n_known = int(values.get((MEAN, behavior, f"recordings_with_{metric}"), n_recordings))
    return f"{text} ({n_known} of {n_recordings})" if text and n_known < n_recordings else text


def _format_table(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    cells = [[cell.replace("|", r"\|") for cell in row] for row in (heading, *rows)]
    widths = [max(3, *(len(row[column]) for row in cells)) for column in range(len(heading))]
    lines = [
        "| " + " | ".join(_align(cell, width, column) for column, (cell, width) in enumerate(zip(row, widths, strict=True))) + " |"
        for row in cells
    ]
    rule = "|" + "|".join(f"{'-' * (width + 2)}" if column == 0 else f"{'-' * (width + 1)}:" for column, width in enumerate(widths)) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])


def _align(cell: str, width: int, column: int) -> str:
    return cell.ljust(width) if column == 0 else cell.rjust(width)
