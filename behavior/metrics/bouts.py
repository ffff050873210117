"""What is wrong with the figures that a paper reports of one behavior: how many bouts, how long in all, how soon."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from behavior.frame_times import frame_durations, frame_edges
from behavior.metrics.frames import check_labels
from behavior.metrics.segments import find_observed_bouts

__all__ = ["BOUT_ERRORS", "TIME_ERRORS", "measure_bout_errors"]

TIME_ERRORS = ("duration_error_s", "latency_error_s")
BOUT_ERRORS = ("bout_count_error", *TIME_ERRORS)


def measure_bout_errors(
    labels: npt.NDArray[np.int8],
    decisions: npt.NDArray[np.bool_],
    *,
    time_s: npt.NDArray[np.floating] | None = None,
    durations_s: npt.NDArray[np.floating] | None = None,
) -> dict[str, float]:
    """Return the errors of `BOUT_ERRORS` in one recording, each decided minus labelled: above 0 where too much was decided.

    Parameters
    ----------
    labels
        1, 0, or -1 for a frame that nobody labelled, shape (T,). Frames with -1 are left out, and no bout crosses them.
    decisions
        What was decided, shape (T,).
    time_s
        Times of the frames in seconds, shape (T,), increasing.
    durations_s
        How long each frame lasts in seconds, shape (T,); from `time_s` where None.

    Returns
    -------
    - bout_count_error: number of decided bouts less that of labelled ones; NaN without a labelled frame
    - duration_error_s: total duration of the decided frames less that of the labelled ones, in seconds;
      likewise
    - latency_error_s: start of the first decided bout less that of the first labelled one, in seconds, above 0 where it was decided
      too late; NaN where there is no bout on either side

    Without `time_s` the errors in seconds are left out.

    Raises
    ------
    ValueError
        If the arrays differ in shape, or labels hold anything but 1, 0 and -1.

    Examples
    --------
    >>> labels, decisions = np.array([0, 1, 1, 0, 0, 0]), np.array([0, 0, 1, 0, 1, 1], dtype=bool)
    >>> measure_bout_errors(labels, decisions, time_s=np.arange(6) / 2)
    {'bout_count_error': 1.0, 'duration_error_s': 0.5, 'latency_error_s': 0.5}
    """
    labels, decisions = np.asarray(labels), np.asarray(decisions, dtype=bool)
    check_labels(labels, decisions, "decisions")
    true_bouts, decided_bouts = find_observed_bouts(labels, decisions)
    observed = labels != -1
    undefined = float("nan")
    errors = {"bout_count_error": float(len(decided_bouts) - len(true_bouts)) if observed.any() else undefined}
    if time_s is None:
        return errors
    times = np.asarray(time_s, dtype=np.float64)
    durations = frame_durations(frame_edges(times)) if durations_s is None else np.asarray(durations_s, dtype=np.float64)
    if times.shape != labels.shape or durations.shape != labels.shape:
        raise ValueError(f"time_s and durations_s have shapes {times.shape} and {durations.shape}, expected {labels.shape}")
    # Frames on which both agree stay out of the sums, so that they cancel exactly.
    too_much, too_little = (durations[chosen].sum() for chosen in (decisions & (labels == 0), ~decisions & (labels == 1)))
    errors["duration_error_s"] = float(too_much - too_little) if observed.any() else undefined
    both = len(true_bouts) and len(decided_bouts)
    errors["latency_error_s"] = float(times[decided_bouts[0, 0]] - times[true_bouts[0, 0]]) if both else undefined
    return errors
