"""A study's scores as one long table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from behavior.metrics.bootstrap import N_RESAMPLES, draw_multiplicities
from behavior.metrics.tallies import ALL_COUNTS, Comparison, score_behavior

__all__ = ["COLUMNS", "MEAN", "POOLED", "Estimate", "MetricIndex", "compare_study", "pivot_pooled", "score_study", "summarize_scores"]

COLUMNS = ("recording", "behavior", "metric", "value", "low", "high")
POOLED = "pooled"
MEAN = "mean"


def score_study(
    labels: Mapping[str, npt.NDArray[np.int8]],
    probabilities: Mapping[str, npt.NDArray[np.floating]],
    decisions: Mapping[str, npt.NDArray[np.bool_]],
    behaviors: Sequence[str],
    *,
    time_s: Mapping[str, npt.NDArray[np.floating]] | None = None,
) -> pd.DataFrame:
    """Score every recording, and all of their frames together.

    Parameters
    ----------
    labels, probabilities, decisions
        Arrays of shape (T, B) by recording, as `score_frames` takes their columns; T may differ from recording to recording.
    behaviors
        Names of the B columns.
    time_s
        Times of the frames in seconds, shape (T,), by recording; without them there are no errors in seconds.

    Returns
    -------
    The long table of `summarize_scores`, recordings in the order of `labels`, metrics as `score_behavior` has them.

    Raises
    ------
    ValueError
        If the arrays do not hold the same recordings, or a shape does not match.

    Examples
    --------
    >>> labels = {"m1": np.array([[1], [1], [0], [0]], dtype=np.int8)}
    >>> probabilities = {"m1": np.array([[0.9], [0.4], [0.6], [0.1]])}
    >>> table = score_study(labels, probabilities, {"m1": probabilities["m1"] >= 0.5}, ["grooming"])
    >>> MetricIndex(table).find("grooming", "precision").value
    0.5
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

    if time_s is not None and any(np.shape(time_s[recording]) != labels[recording].shape[:1] for recording in recordings):
        raise ValueError("time_s does not hold one time for each frame")
    comparisons = {
        behavior: {
            recording: Comparison(
                labels=labels[recording][:, column],
                decisions=decisions[recording][:, column],
                probabilities=probabilities[recording][:, column],
                time_s=None if time_s is None else time_s[recording],
            )
            for recording in recordings
        }
        for column, behavior in enumerate(behaviors)
    }
    return compare_study(comparisons)


def compare_study(comparisons: Mapping[str, Mapping[str, Comparison]], *, n_resamples: int = N_RESAMPLES) -> pd.DataFrame:
    """Return the long table of `summarize_scores` for comparisons by behavior and recording, the recordings alike for each behavior.

    The same resamples of the recordings serve all behaviors.
    """
    recordings = list(next(iter(comparisons.values()), {}))
    multiplicities = draw_multiplicities(len(recordings), n_resamples=n_resamples)
    by_behavior = {behavior: score_behavior(list(by_recording.values()), multiplicities) for behavior, by_recording in comparisons.items()}
    return summarize_scores(
        {
            recording: {behavior: scores.recordings[index] for behavior, scores in by_behavior.items()}
            for index, recording in enumerate(recordings)
        },
        {behavior: scores.pooled for behavior, scores in by_behavior.items()},
        {behavior: scores.intervals for behavior, scores in by_behavior.items()},
    )


def summarize_scores(
    scores: Mapping[str, Mapping[str, Mapping[str, float]]],
    pooled: Mapping[str, Mapping[str, float]],
    intervals: Mapping[str, Mapping[str, tuple[float, float]]] | None = None,
) -> pd.DataFrame:
    """Return the rows of `metrics.csv`.

    Parameters
    ----------
    scores
        Metrics by recording and behavior.
    pooled
        Metrics of all recordings together, by behavior.
    intervals
        Low and high of pooled metrics, by behavior and metric.

    Returns
    -------
    Table with the columns of `COLUMNS`; `low` and `high` are NaN where there is no interval. First the recordings in the order of
    `scores`, then ``pooled``, then ``mean``: for each metric that is not a count the mean over the recordings that have it, followed by
    ``recordings_with_METRIC``, the number of those recordings.

    Raises
    ------
    ValueError
        If a recording is called ``pooled`` or ``mean``: its rows could not be told from the table's own.
    """
    taken = [name for name in (POOLED, MEAN) if name in scores]
    if taken:
        raise ValueError(f"a recording is called {taken[0]!r}, a name that the table of metrics keeps for itself")
    rows: list[tuple[str, str, str, float, float, float]] = []
    nothing = (float("nan"), float("nan"))
    for recording, by_behavior in scores.items():
        for behavior, metrics in by_behavior.items():
            rows.extend((recording, behavior, metric, value, *nothing) for metric, value in metrics.items())
    for behavior, metrics in pooled.items():
        known = (intervals or {}).get(behavior, {})
        rows.extend((POOLED, behavior, metric, value, *known.get(metric, nothing)) for metric, value in metrics.items())
    for behavior, metrics in pooled.items():
        for metric in metrics:
            if metric in ALL_COUNTS:
                continue
            values = np.array([by_behavior[behavior][metric] for by_behavior in scores.values()], dtype=np.float64)
            defined = values[~np.isnan(values)]
            rows.append((MEAN, behavior, metric, float(np.mean(defined)) if len(defined) else nothing[0], *nothing))
            rows.append((MEAN, behavior, f"recordings_with_{metric}", float(len(defined)), *nothing))
    return pd.DataFrame(rows, columns=list(COLUMNS))


class Estimate(NamedTuple):
    """A metric's value, and the ends of its interval; NaN where there is none."""

    value: float
    low: float
    high: float


class MetricIndex:
    """The values of a long table of metrics, by what they are of.

    Parameters
    ----------
    table
        As `score_study` returns it, or `metrics.csv` is read.
    """

    def __init__(self, table: pd.DataFrame) -> None:
        keys = zip(table["recording"], table["behavior"], table["metric"], strict=True)
        numbers = zip(table["value"].astype(float), table["low"].astype(float), table["high"].astype(float), strict=True)
        self._estimates = {key: Estimate(*estimate) for key, estimate in zip(keys, numbers, strict=True)}

    def find(self, behavior: str, metric: str, *, recording: str = POOLED) -> Estimate:
        """Return a metric of a behavior in a recording, or of all recordings together; NaN where the table does not have it."""
        return self._estimates.get((recording, behavior, metric), _UNDEFINED)


_UNDEFINED = Estimate(float("nan"), float("nan"), float("nan"))


# What a summary shows of a behavior.
SHOWN_METRICS = ("average_precision", "precision", "recall", "f1", "f2", "segment_f1_50", "kappa", "prevalence")


def pivot_pooled(table: pd.DataFrame, metrics: Sequence[str] = SHOWN_METRICS) -> pd.DataFrame:
    """Return the pooled values of some metrics: a row for each behavior, with the columns behavior and `metrics`.

    >>> rows = [("pooled", "grooming", "f1", 0.5, 0.4, 0.6), ("m1", "grooming", "f1", 0.4, np.nan, np.nan)]
    >>> pivot_pooled(pd.DataFrame(rows, columns=list(COLUMNS)), ["f1", "kappa"]).to_numpy().tolist()
    [['grooming', 0.5, nan]]
    """
    index = MetricIndex(table)
    rows = [(name, *(index.find(name, metric).value for metric in metrics)) for name in table["behavior"].unique()]
    return pd.DataFrame(rows, columns=["behavior", *metrics])
