"""Frame by frame comparison of one behavior's decisions and probabilities with its labels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from sklearn.metrics import average_precision_score

__all__ = ["COUNT_METRICS", "RATE_METRICS", "average_precision", "score_frames"]

RATE_METRICS = ("prevalence", "accuracy", "precision", "recall", "f1", "average_precision")
COUNT_METRICS = ("true_positives", "false_positives", "false_negatives", "true_negatives", "n_frames")


def score_frames(
    labels: npt.NDArray[np.int8],
    probabilities: npt.NDArray[np.floating] | None,
    decisions: npt.NDArray[np.bool_],
) -> dict[str, float]:
    """Score one behavior's frames; what is undefined is NaN.

    Parameters
    ----------
    labels
        1, 0, or -1 for a frame that nobody labelled, shape (T,). Frames with -1 are left out of every number.
    probabilities
        Shape (T,), as `average_precision` takes them.
    decisions
        What was decided, shape (T,).

    Returns
    -------
    The metrics of `RATE_METRICS` and `COUNT_METRICS`, in that order. With TP, FP, FN and TN the counts of labelled frames:

    - prevalence = (TP + FN) / n_frames and accuracy = (TP + TN) / n_frames; undefined without a labelled frame
    - precision = TP / (TP + FP); undefined where nothing was decided positive
    - recall = TP / (TP + FN); undefined where nothing is labelled positive
    - f1 = 2 TP / (2 TP + FP + FN); undefined where nothing is labelled or decided positive
    - average_precision, see the function of that name

    Raises
    ------
    ValueError
        If the arrays differ in shape, or labels hold anything but 1, 0 and -1.

    Notes
    -----
    The formulas are those of Powers (2011), Evaluation: from precision, recall and F-measure to ROC, informedness, markedness
    and correlation, Journal of Machine Learning Technologies 2(1), 37-63. scikit-learn returns 0 with a warning where these are
    undefined; a 0 in a table reads as a failure of the model.

    Examples
    --------
    >>> scores = score_frames(np.array([1, 1, 0, -1]), np.array([0.9, 0.4, 0.6, 0.1]), np.array([True, False, True, True]))
    >>> scores["precision"], scores["recall"], scores["n_frames"]
    (0.5, 0.5, 3.0)
    """
    labels, decisions = np.asarray(labels), np.asarray(decisions, dtype=bool)
    _require_same_length(labels, decisions, "decisions")
    _require_label_values(labels)
    labelled = labels != -1
    positive, decided = labels[labelled] == 1, decisions[labelled]
    true_positives = int(np.count_nonzero(positive & decided))
    false_positives = int(np.count_nonzero(~positive & decided))
    false_negatives = int(np.count_nonzero(positive & ~decided))
    true_negatives = int(np.count_nonzero(~positive & ~decided))
    n_frames = len(positive)
    return {
        "prevalence": _divide(true_positives + false_negatives, n_frames),
        "accuracy": _divide(true_positives + true_negatives, n_frames),
        "precision": _divide(true_positives, true_positives + false_positives),
        "recall": _divide(true_positives, true_positives + false_negatives),
        "f1": _divide(2 * true_positives, 2 * true_positives + false_positives + false_negatives),
        "average_precision": float("nan") if probabilities is None else average_precision(labels, probabilities),
        "true_positives": float(true_positives),
        "false_positives": float(false_positives),
        "false_negatives": float(false_negatives),
        "true_negatives": float(true_negatives),
        "n_frames": float(n_frames),
    }


def average_precision(labels: npt.NDArray[np.int8], probabilities: npt.NDArray[np.floating]) -> float:
    """Return the area under one behavior's precision-recall curve, NaN where it is undefined.

    Parameters
    ----------
    labels
        1, 0, or -1 for a frame that nobody labelled, shape (T,). Frames with -1 are left out.
    probabilities
        Shape (T,). A NaN among numbers (frames of a recording whose model never learned the behavior, pooled with others) ranks
        below all of them, as such a frame is decided negative at every threshold.

    Returns
    -------
    sum over thresholds n of (recall_n - recall_(n-1)) * precision_n, which is scikit-learn's `average_precision_score`. NaN
    without a positive among the labelled frames, and where no labelled frame has a probability.

    Raises
    ------
    ValueError
        If the arrays differ in shape, or labels hold anything but 1, 0 and -1.

    Examples
    --------
    >>> average_precision(np.array([1, 0, 1, -1]), np.array([0.9, 0.5, 0.4, 0.99])).__round__(4)
    0.8333
    """
    labels, probabilities = np.asarray(labels), np.asarray(probabilities)
    _require_same_length(labels, probabilities, "probabilities")
    _require_label_values(labels)
    labelled = labels != -1
    positive, scores = labels[labelled] == 1, probabilities[labelled]
    missing = np.isnan(scores)
    if not positive.any() or missing.all():
        return float("nan")
    below_all = float(np.min(scores[~missing])) - 1.0
    return float(average_precision_score(positive, np.where(missing, below_all, scores)))


def _divide(numerator: int, denominator: int) -> float:
    return numerator / denominator if denominator else float("nan")


def _require_same_length(labels: npt.NDArray, values: npt.NDArray, name: str) -> None:
    if labels.ndim != 1 or values.shape != labels.shape:
        raise ValueError(f"labels and {name} have shapes {labels.shape} and {values.shape}, expected one shape (T,)")


def _require_label_values(labels: npt.NDArray) -> None:
    if not np.isin(labels, (-1, 0, 1)).all():
        raise ValueError("labels hold values other than 1, 0 and -1")
