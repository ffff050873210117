"""All metrics of one behavior: in each recording, pooled over recordings, and in resamples of them.

A recording is first counted, then rated. Counts add up over recordings, so the pooled figure and that of any resample follow from
sums of the same counts, by the same formulas.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from behavior.metrics.bootstrap import find_interval, resample_average_precision
from behavior.metrics.bouts import BOUT_ERRORS, TIME_ERRORS, measure_bout_errors
from behavior.metrics.frames import COUNT_METRICS, RATE_METRICS, average_precision, count_frames, divide, rate_frames
from behavior.metrics.segments import SEGMENT_COUNTS, SEGMENT_METRICS, count_segments, rate_segments

__all__ = ["ALL_COUNTS", "ALL_METRICS", "BehaviorScores", "Comparison", "score_behavior"]

ALL_COUNTS = (*COUNT_METRICS, *SEGMENT_COUNTS)
ALL_METRICS = (*RATE_METRICS, *SEGMENT_METRICS, *BOUT_ERRORS, *ALL_COUNTS)

# Of fewer, more than one resample in forty is made of the worst recording alone: the ends of a 95 % interval would be single recordings.
FEWEST_RECORDINGS = 4


@dataclass(frozen=True)
class Comparison:
    """One behavior in one recording.

    Attributes
    ----------
    labels
        1, 0, or -1 for a frame that nobody labelled, shape (T,).
    decisions
        What is compared with them, shape (T,).
    probabilities
        Shape (T,); None where there are none, as with people.
    time_s, durations_s
        When each frame is and how long it lasts, in seconds, shape (T,); without times there are no errors in seconds, without
        durations they are the intervals between the times.
    """

    labels: npt.NDArray[np.int8]
    decisions: npt.NDArray[np.bool_]
    probabilities: npt.NDArray[np.floating] | None = None
    time_s: npt.NDArray[np.floating] | None = None
    durations_s: npt.NDArray[np.floating] | None = None


@dataclass(frozen=True)
class BehaviorScores:
    """What `score_behavior` finds; undefined values are NaN.

    Attributes
    ----------
    recordings
        Metrics of each recording.
    pooled
        Metrics of all recordings together.
    intervals
        Low and high of the pooled metrics that have an interval.
    """

    recordings: list[dict[str, float]]
    pooled: dict[str, float]
    intervals: dict[str, tuple[float, float]]


def score_behavior(comparisons: Sequence[Comparison], multiplicities: npt.NDArray[np.integer]) -> BehaviorScores:
    """Score one behavior in R recordings.

    Parameters
    ----------
    comparisons
        One for each recording.
    multiplicities
        How often each recording is in each resample, shape (S, R), as `draw_multiplicities` returns it.

    Returns
    -------
    The metrics of `ALL_METRICS`, without average precision where a recording has no probabilities, and without errors in seconds
    where one has no times. Pooled are

    - rates of frames: over the frames of all recordings together; segment F1 and edit score likewise over all of their bouts
      and stretches (the edit score is thus a mean over recordings weighted by their segments)
    - bout_count_error and duration_error_s: the sums over recordings
    - latency_error_s: the mean over recordings that have one
    - counts: sums

    An interval is the percentile interval over resamples in which a figure is defined, and there is one for all of these but the
    counts where at least four recordings have the figure.
    """
    has_times = all(comparison.time_s is not None for comparison in comparisons)
    tallies = [_tally(comparison, has_times) for comparison in comparisons]
    table = np.array([list(tally.values()) for tally in tallies], dtype=np.float64)
    names = list(tallies[0])
    each = _rate(names, table)
    pooled = _rate(names, table.sum(axis=0))
    resampled = _rate(names, np.asarray(multiplicities, dtype=np.float64) @ table)
    labels = [comparison.labels for comparison in comparisons]
    probabilities = [comparison.probabilities for comparison in comparisons if comparison.probabilities is not None]
    if len(probabilities) == len(comparisons):
        pairs = zip(labels, probabilities, strict=True)
        each["average_precision"] = np.array([average_precision(truth, given) for truth, given in pairs])
        pooled["average_precision"] = np.asarray(average_precision(np.concatenate(labels), np.concatenate(probabilities)))
        resampled["average_precision"] = resample_average_precision(labels, probabilities, multiplicities)
    metrics = [name for name in ALL_METRICS if name in pooled]
    return BehaviorScores(
        recordings=[{name: float(each[name][index]) for name in metrics} for index in range(len(comparisons))],
        pooled={name: float(pooled[name]) for name in metrics},
        intervals={
            name: find_interval(resampled[name])
            for name in metrics
            if name not in ALL_COUNTS and np.count_nonzero(~np.isnan(each[name])) >= FEWEST_RECORDINGS
        },
    )


def _tally(comparison: Comparison, has_times: bool) -> dict[str, float]:
    """Return what of a recording adds up."""
    labels, decisions = comparison.labels, comparison.decisions
    tally: dict[str, float] = {**count_frames(labels, decisions), **count_segments(labels, decisions)}
    if has_times:
        errors = measure_bout_errors(labels, decisions, time_s=comparison.time_s, durations_s=comparison.durations_s)
        duration, lateness = (errors[name] for name in TIME_ERRORS)
        tally |= {
            "duration_error_s": 0.0 if np.isnan(duration) else duration,
            "lateness": 0.0 if np.isnan(lateness) else lateness,
            "latencies": float(not np.isnan(lateness)),
        }
    return tally


def _rate(names: Sequence[str], table: npt.NDArray[np.float64]) -> dict[str, npt.NDArray[np.float64]]:
    """Return the metrics that follow from tallies or sums of them, shape (..., len(names))."""
    counts = {name: table[..., column] for column, name in enumerate(names)}
    metrics = {**rate_frames(counts), **rate_segments(counts)}
    has_frames = counts["n_frames"] > 0
    metrics["bout_count_error"] = np.where(has_frames, counts["bouts_decided"] - counts["bouts_labelled"], np.nan)
    if "duration_error_s" in counts:
        metrics["duration_error_s"] = np.where(has_frames, counts["duration_error_s"], np.nan)
        metrics["latency_error_s"] = divide(counts["lateness"], counts["latencies"])
    return {**metrics, **{name: counts[name] for name in ALL_COUNTS}}
