"""Bout by bout comparison of one behavior's decisions with its labels.

Frames with label -1 have no place in it: the recording is cut into its observed stretches, and a bout, labelled or decided, ends
where the stretch does and starts again in the next. What was decided in between does not count.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from behavior.metrics.frames import check_labels, divide
from behavior.recording import find_bouts

__all__ = [
    "OVERLAPS",
    "SEGMENT_COUNTS",
    "SEGMENT_METRICS",
    "count_matches",
    "count_segments",
    "find_observed_bouts",
    "rate_segments",
    "score_segments",
]

# Per cent of intersection over union that a decided bout needs to count as found.
OVERLAPS = (10, 25, 50)

SEGMENT_METRICS = (*(f"segment_f1_{overlap}" for overlap in OVERLAPS), "edit")
SEGMENT_COUNTS = ("bouts_labelled", "bouts_decided")


def score_segments(labels: npt.NDArray[np.int8], decisions: npt.NDArray[np.bool_]) -> dict[str, float]:
    """Score one behavior's bouts in one recording; what is undefined is NaN.

    Parameters
    ----------
    labels
        1, 0, or -1 for a frame that nobody labelled, shape (T,).
    decisions
        What was decided, shape (T,).

    Returns
    -------
    The metrics of `SEGMENT_METRICS` and `SEGMENT_COUNTS`:

    - segment_f1_10, segment_f1_25 and segment_f1_50 = 2 TP / (labelled bouts + decided bouts), TP being the decided bouts that
      match a labelled one with an overlap of 10, 25 or 50 % (`count_matches`); undefined where there is no bout on either side
    - edit = 1 - edits / length, from 0 to 1. A stretch is read as its sequence of segments, bouts and the background between them
      in turn; edits are the insertions, deletions and substitutions of segments that turn the decided sequence into the labelled
      one (Levenshtein), length is that of the longer sequence, and both are summed over the stretches before they are divided.
      It is blind to when and how long, and sees whether there are as many. Undefined without a labelled frame
    - bouts_labelled and bouts_decided

    Raises
    ------
    ValueError
        If the arrays differ in shape, or labels hold anything but 1, 0 and -1.

    Notes
    -----
    Segment F1 is that of Lea, Flynn, Vidal, Reiter and Hager (2017), Temporal convolutional networks for action segmentation and
    detection, CVPR, with the behavior as the only class; the edit score that of Lea, Reiter, Vidal and Hager (2016), Segmental
    spatiotemporal CNNs for fine-grained action segmentation, ECCV, background included, as a share rather than per cent.

    Examples
    --------
    >>> labels = np.array([0, 1, 1, 1, 1, 0, 0, 1, 1, 0])
    >>> scores = score_segments(labels, np.array([0, 1, 1, 0, 0, 0, 0, 0, 0, 0], dtype=bool))
    >>> scores["segment_f1_50"].__round__(3), scores["edit"]
    (0.667, 0.6)
    """
    counts = count_segments(labels, decisions)
    scores = {name: float(value) for name, value in rate_segments(counts).items()}
    return {**scores, **{name: float(counts[name]) for name in SEGMENT_COUNTS}}


def count_segments(labels: npt.NDArray[np.int8], decisions: npt.NDArray[np.bool_]) -> dict[str, int]:
    """Return what `rate_segments` divides; the counts add up over recordings.

    Parameters
    ----------
    labels, decisions
        As `score_segments` takes them.

    Returns
    -------
    ``bouts_labelled``, ``bouts_decided``, ``matched_OVERLAP`` for each of `OVERLAPS`, ``edits`` and ``edit_length``.

    Examples
    --------
    >>> labels = np.array([0, 1, 1, 1, 0, 1], dtype=np.int8)
    >>> counts = count_segments(labels, np.array([0, 1, 1, 0, 0, 0], dtype=bool))
    >>> counts["bouts_labelled"], counts["bouts_decided"], counts["matched_50"], counts["edits"], counts["edit_length"]
    (2, 1, 1, 1, 4)
    """
    labels, decisions = np.asarray(labels), np.asarray(decisions, dtype=bool)
    check_labels(labels, decisions, "decisions")
    true_bouts, decided_bouts = find_observed_bouts(labels, decisions)
    edits, length = _count_edits(find_bouts(labels != -1), labels == 1, decisions)
    return {
        "bouts_labelled": len(true_bouts),
        "bouts_decided": len(decided_bouts),
        **{f"matched_{overlap}": count_matches(true_bouts, decided_bouts, overlap=overlap) for overlap in OVERLAPS},
        "edits": edits,
        "edit_length": length,
    }


def rate_segments(counts: Mapping[str, npt.ArrayLike]) -> dict[str, npt.NDArray[np.float64]]:
    """Return the metrics of `SEGMENT_METRICS` from the counts of `count_segments`, numbers or arrays of one shape; NaN where undefined."""
    n_bouts = np.asarray(counts["bouts_labelled"], dtype=np.float64) + np.asarray(counts["bouts_decided"], dtype=np.float64)
    rates = {
        f"segment_f1_{overlap}": divide(2 * np.asarray(counts[f"matched_{overlap}"], dtype=np.float64), n_bouts) for overlap in OVERLAPS
    }
    return {**rates, "edit": 1 - divide(counts["edits"], counts["edit_length"])}


def find_observed_bouts(
    labels: npt.NDArray[np.int8], decisions: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the labelled and the decided bouts, each as int64 of shape (N, 2), cut where frames with label -1 begin and end.

    >>> labelled, decided = find_observed_bouts(np.array([1, 1, -1, 1]), np.array([True, True, True, True]))
    >>> labelled.tolist(), decided.tolist()
    ([[0, 2], [3, 4]], [[0, 2], [3, 4]])
    """
    return find_bouts(labels == 1), find_bouts(decisions & (labels != -1))


def count_matches(true_bouts: npt.NDArray[np.integer], decided_bouts: npt.NDArray[np.integer], *, overlap: int) -> int:
    """Return how many decided bouts match a labelled one.

    A decided bout is compared with the labelled bout with which its intersection over union is greatest (the earlier of equal ones),
    and matches it if that is at least `overlap` per cent. Several that match one labelled bout count once.

    Above 50 % no bout can match two others, so exchanging the two sides changes nothing; at 50 % and below it may.

    Parameters
    ----------
    true_bouts, decided_bouts
        Start and stop frames, half-open, shape (N, 2), in order and apart from each other, as `find_bouts` returns them.
    overlap
        Per cent, above 0.

    Examples
    --------
    >>> count_matches(np.array([[0, 10]]), np.array([[0, 5], [5, 10]]), overlap=50)
    1
    """
    true_bouts, decided_bouts = np.asarray(true_bouts, dtype=np.int64), np.asarray(decided_bouts, dtype=np.int64)
    # The labelled bouts that a decided one touches stand side by side: from `first` up to `last`.
    first = np.searchsorted(true_bouts[:, 1], decided_bouts[:, 0], side="right")
    last = np.searchsorted(true_bouts[:, 0], decided_bouts[:, 1], side="left")
    n_touched = np.maximum(last - first, 0)
    decided_index = np.repeat(np.arange(len(decided_bouts)), n_touched)
    offset = np.arange(len(decided_index)) - np.repeat(np.cumsum(n_touched) - n_touched, n_touched)
    true_index = first[decided_index] + offset
    decided, true = decided_bouts[decided_index], true_bouts[true_index]
    intersection = np.minimum(decided[:, 1], true[:, 1]) - np.maximum(decided[:, 0], true[:, 0])
    union = (decided[:, 1] - decided[:, 0]) + (true[:, 1] - true[:, 0]) - intersection
    # By decided bout, within it by descending overlap, within that by time.
    order = np.lexsort((true_index, -intersection / union, decided_index))
    best = order[np.unique(decided_index[order], return_index=True)[1]]
    matching = best[100 * intersection[best] >= overlap * union[best]]
    return len(np.unique(true_index[matching]))


def _count_edits(stretches: npt.NDArray[np.int64], positive: npt.NDArray[np.bool_], decided: npt.NDArray[np.bool_]) -> tuple[int, int]:
    """Return the edits between the segments on the two sides, and the longer lengths, both summed over the stretches.

    Segments of one behavior take turns, so a sequence is known from its first segment and its length, and the Levenshtein distance
    from those of two: the difference of their lengths if they start alike, or if they do not and have different lengths (then
    one lacks the other's first segment as well); of equal length and a different start, 1 if there is only one segment, else 2.
    """
    if not len(stretches):
        return 0, 0
    first, last = stretches[:, 0], stretches[:, 1] - 1
    true_length, decided_length = (_count_changes(values, first, last) + 1 for values in (positive, decided))
    longer = np.maximum(true_length, decided_length)
    difference = np.abs(true_length - decided_length)
    shifted = (positive[first] != decided[first]) & (difference == 0)
    return int(np.sum(np.where(shifted, np.minimum(longer, 2), difference))), int(np.sum(longer))


def _count_changes(values: npt.NDArray[np.bool_], first: npt.NDArray[np.int64], last: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    changes = np.concatenate(([0], np.cumsum(values[1:] != values[:-1])))
    return changes[last] - changes[first]
