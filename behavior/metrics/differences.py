"""Bout by bout, where one behavior's decisions are other than its labels, and how much that weighs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from behavior.frame_times import find_gaps, frame_edges, frame_stops
from behavior.metrics.frames import check_labels
from behavior.recording import find_bouts

__all__ = ["DIFFERENCES", "Difference", "DifferenceKind", "find_differences", "measure_confidence"]

DifferenceKind = Literal["missed", "extra", "bounds", "parts"]
DIFFERENCES: tuple[DifferenceKind, ...] = ("missed", "extra", "bounds", "parts")

_Span = tuple[int, int]


@dataclass(frozen=True)
class Difference:
    """Bouts of both sides that overlap and are not the same, or a bout of one side alone.

    Attributes
    ----------
    kind
        - missed: a labelled bout of which nothing was decided
        - extra: a decided bout of which nothing is labelled
        - bounds: one labelled and one decided bout that start or stop at different frames
        - parts: bouts that overlap, several on at least one side
    start_frame, stop_frame
        From the first to the last bout, half-open.
    labelled, decided
        From the first to the last bout of each side; None where it has none.
    n_labelled, n_decided
        Bouts of each side.
    n_frames
        Frames on which the sides differ.
    weight
        Sum of the confidence over these frames.
    start_error_s, stop_error_s
        Start and stop decided less those labelled, in seconds, above 0 where decided too late; NaN but for "bounds" and "parts".
    """

    kind: DifferenceKind
    start_frame: int
    stop_frame: int
    labelled: _Span | None
    decided: _Span | None
    n_labelled: int
    n_decided: int
    n_frames: int
    weight: float
    start_error_s: float
    stop_error_s: float


def find_differences(
    labels: npt.NDArray[np.int8],
    decisions: npt.NDArray[np.bool_],
    *,
    time_s: npt.NDArray[np.floating],
    confidence: npt.NDArray[np.floating] | None = None,
) -> list[Difference]:
    """Return where the bouts of one behavior in one recording differ, in order of time.

    Parameters
    ----------
    labels
        1, 0, or -1 for a frame that is not compared, shape (T,). No bout crosses such a frame, nor a gap in the times.
    decisions
        What was decided, shape (T,); of two raters, what the other one labelled.
    time_s
        Times of the frames in seconds, shape (T,), increasing.
    confidence
        How sure the decision on each frame is, from 0 to 1, shape (T,); 1 everywhere where None.

    Raises
    ------
    ValueError
        If the arrays differ in shape, or labels hold anything but 1, 0 and -1.

    Examples
    --------
    >>> labels, decisions = np.array([0, 1, 1, 0, 0, 0]), np.array([0, 0, 1, 0, 1, 1], dtype=bool)
    >>> for found in find_differences(labels, decisions, time_s=np.arange(6) / 2):
    ...     print(found.kind, found.start_frame, found.stop_frame, found.n_frames, found.start_error_s, found.stop_error_s)
    bounds 1 3 1 0.5 0.0
    extra 4 6 2 nan nan
    """
    labels, decisions = np.asarray(labels), np.asarray(decisions, dtype=bool)
    check_labels(labels, decisions, "decisions")
    times = np.asarray(time_s, dtype=np.float64)
    certain = np.ones(len(labels)) if confidence is None else np.asarray(confidence, dtype=np.float64)
    if times.shape != labels.shape or certain.shape != labels.shape:
        raise ValueError(f"time_s and confidence have shapes {times.shape} and {certain.shape}, expected {labels.shape}")
    if not len(labels):
        return []
    edges = frame_edges(times)
    gaps, stops_s = find_gaps(edges), frame_stops(edges)
    sides = find_bouts(labels == 1, gaps), find_bouts(decisions & (labels != -1), gaps)
    bouts = np.concatenate(sides)
    if not len(bouts):
        return []
    is_decided = np.repeat([False, True], [len(side) for side in sides])
    order = np.lexsort((bouts[:, 1], bouts[:, 0]))
    bouts, is_decided = bouts[order], is_decided[order]
    # A bout that starts before all earlier ones have stopped overlaps one of the other side.
    firsts = np.flatnonzero(np.append(True, bouts[1:, 0] >= np.maximum.accumulate(bouts[:, 1])[:-1]))
    differs = (labels != -1) & ((labels == 1) != decisions)
    n_differing = np.concatenate(([0], np.cumsum(differs)))
    weights = np.concatenate(([0.0], np.cumsum(np.where(differs, certain, 0.0))))
    found: list[Difference] = []
    for first, last in zip(firsts.tolist(), [*firsts[1:].tolist(), len(bouts)], strict=True):
        group, decided = bouts[first:last], is_decided[first:last]
        start, stop = int(group[:, 0].min()), int(group[:, 1].max())
        n_frames = int(n_differing[stop] - n_differing[start])
        if not n_frames:
            continue
        spans = [_cover(group[~decided]), _cover(group[decided])]
        n_decided = int(decided.sum())
        errors = (float("nan"), float("nan"))
        if spans[0] is not None and spans[1] is not None:
            errors = (
                float(times[spans[1][0]] - times[spans[0][0]]),
                float(stops_s[spans[1][1] - 1] - stops_s[spans[0][1] - 1]),
            )
        weight = float(weights[stop] - weights[start])
        kind = _name_kind(len(group) - n_decided, n_decided)
        found.append(Difference(kind, start, stop, spans[0], spans[1], len(group) - n_decided, n_decided, n_frames, weight, *errors))
    return found


def measure_confidence(
    probabilities: npt.NDArray[np.floating], decisions: npt.NDArray[np.bool_], threshold: float
) -> npt.NDArray[np.float64]:
    """Return how sure each decision is, float64 of shape (T,): how far its probability is from the threshold, 1 being as far as it can be.

    Parameters
    ----------
    probabilities, decisions
        Of one behavior, shape (T,). A frame that was decided against its probability, as closing does, has 0.
    threshold
        From 0 to 1.

    Examples
    --------
    >>> measure_confidence(np.array([1.0, 0.6, 0.3, 0.3]), np.array([True, True, True, False]), 0.6).tolist()
    [1.0, 0.0, 0.0, 0.5]
    """
    above = (np.asarray(probabilities, dtype=np.float64) - threshold) / max(1 - threshold, 1e-9)
    below = (threshold - np.asarray(probabilities, dtype=np.float64)) / max(threshold, 1e-9)
    return np.clip(np.where(decisions, above, below), 0.0, 1.0)


def _cover(bouts: npt.NDArray[np.int64]) -> _Span | None:
    return (int(bouts[:, 0].min()), int(bouts[:, 1].max())) if len(bouts) else None


def _name_kind(n_labelled: int, n_decided: int) -> DifferenceKind:
    if not n_decided:
        return "missed"
    if not n_labelled:
        return "extra"
    return "bounds" if n_labelled == n_decided == 1 else "parts"
