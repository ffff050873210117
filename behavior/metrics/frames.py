"""Frame by frame comparison of one behavior's decisions and probabilities with its labels."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from sklearn.metrics import average_precision_score

__all__ = [
    "COUNT_METRICS",
    "RATE_METRICS",
    "average_over_frames",
    "average_precision",
    "check_labels",
    "cohen_kappa",
    "count_frames",
    "divide",
    "f_beta",
    "rate_frames",
    "score_frames",
]

RATE_METRICS = ("prevalence", "accuracy", "precision", "recall", "f1", "f2", "kappa", "average_precision")
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
    - f1 and f2, see `f_beta`; undefined where nothing is labelled or decided positive
    - kappa, see `cohen_kappa`
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
    counts = count_frames(labels, decisions)
    scores = {name: float(value) for name, value in rate_frames(counts).items()}
    scores["average_precision"] = float("nan") if probabilities is None else average_precision(labels, probabilities)
    return {**scores, **{name: float(counts[name]) for name in COUNT_METRICS}}


def count_frames(labels: npt.NDArray[np.int8], decisions: npt.NDArray[np.bool_]) -> dict[str, int]:
    """Return the counts of `COUNT_METRICS` over the labelled frames; they add up over recordings.

    Parameters
    ----------
    labels, decisions
        As `score_frames` takes them.

    Raises
    ------
    ValueError
        If the arrays differ in shape, or labels hold anything but 1, 0 and -1.

    Examples
    --------
    >>> counts = count_frames(np.array([1, 1, 0, 0, -1]), np.array([True, False, True, False, True]))
    >>> list(counts.values())
    [1, 1, 1, 1, 4]
    """
    labels, decisions = np.asarray(labels), np.asarray(decisions, dtype=bool)
    check_labels(labels, decisions, "decisions")
    labelled = labels != -1
    positive, decided = labels[labelled] == 1, decisions[labelled]
    hits = int(np.count_nonzero(positive & decided))
    n_positive, n_decided, n_frames = int(np.count_nonzero(positive)), int(np.count_nonzero(decided)), len(positive)
    return {
        "true_positives": hits,
        "false_positives": n_decided - hits,
        "false_negatives": n_positive - hits,
        "true_negatives": n_frames - n_positive - n_decided + hits,
        "n_frames": n_frames,
    }


def rate_frames(counts: Mapping[str, npt.ArrayLike]) -> dict[str, npt.NDArray[np.float64]]:
    """Return the metrics of `RATE_METRICS` but average precision, which counts cannot tell.

    Parameters
    ----------
    counts
        Those of `count_frames`, each a number or an array of one shape.

    Returns
    -------
    Float64 of that shape by metric; NaN where undefined, as `score_frames` has it.

    Examples
    --------
    >>> counts = {"true_positives": 3, "false_positives": 1, "false_negatives": 1, "true_negatives": 5}
    >>> rates = rate_frames(counts)
    >>> float(rates["precision"]), float(rates["recall"]), float(rates["accuracy"])
    (0.75, 0.75, 0.8)
    """
    true_positives, false_positives, false_negatives, true_negatives = (
        np.asarray(counts[name], dtype=np.float64) for name in COUNT_METRICS[:4]
    )
    n_frames = true_positives + false_positives + false_negatives + true_negatives
    return {
        "prevalence": divide(true_positives + false_negatives, n_frames),
        "accuracy": divide(true_positives + true_negatives, n_frames),
        "precision": divide(true_positives, true_positives + false_positives),
        "recall": divide(true_positives, true_positives + false_negatives),
        "f1": f_beta(true_positives, false_positives, false_negatives, beta=1.0),
        "f2": f_beta(true_positives, false_positives, false_negatives, beta=2.0),
        "kappa": cohen_kappa(true_positives, false_positives, false_negatives, true_negatives),
    }


def f_beta(
    true_positives: npt.ArrayLike, false_positives: npt.ArrayLike, false_negatives: npt.ArrayLike, *, beta: float
) -> npt.NDArray[np.float64]:
    """Return the F-beta score, in which recall counts `beta` times as much as precision.

    (1 + beta^2) TP / ((1 + beta^2) TP + beta^2 FN + FP), the weighted harmonic mean of precision and recall of van Rijsbergen
    (1979), Information Retrieval, 2nd edition, chapter 7. From counts rather than from precision and recall, because it is defined,
    and 0, also where nothing is decided but something labelled, or the other way round.

    Parameters
    ----------
    true_positives, false_positives, false_negatives
        Numbers, or arrays of one shape.
    beta
        Above 0; 2 prefers recall.

    Returns
    -------
    Float64 of that shape; NaN where all three are 0.

    Raises
    ------
    ValueError
        If `beta` is not above 0.

    Examples
    --------
    >>> float(f_beta(8, 8, 2, beta=2.0).round(4))
    0.7143
    """
    if not beta > 0:
        raise ValueError(f"beta is {beta}, expected a number above 0")
    hits, false_alarms, misses = (np.asarray(counts, dtype=np.float64) for counts in (true_positives, false_positives, false_negatives))
    weight = beta**2
    return divide((1 + weight) * hits, (1 + weight) * hits + weight * misses + false_alarms)


def average_over_frames(labels: npt.NDArray[np.int8], decisions: npt.NDArray[np.bool_], *, beta: float) -> tuple[float, int]:
    """Return the F-beta score of each frame's behaviors, averaged over frames, and over how many.

    Of each frame, the behaviors labelled are compared with those decided, as scikit-learn's `fbeta_score(average="samples")` does; but
    frames in which nothing is labelled or decided, in which it is not defined, are left out instead of counting as 0.

    Parameters
    ----------
    labels
        1, 0, or -1 for a behavior that nobody labelled there, which is left out; shape (T, B).
    decisions
        Shape (T, B).
    beta
        As `f_beta` takes it.

    Returns
    -------
    NaN and 0 where no frame is left.

    Raises
    ------
    ValueError
        If the arrays differ in shape, or labels hold anything but 1, 0 and -1.

    Examples
    --------
    >>> labels = np.array([[1, 1], [0, 0], [1, 0], [-1, 1]], dtype=np.int8)
    >>> decisions = np.array([[1, 1], [0, 0], [0, 1], [1, 1]], dtype=bool)
    >>> score, n_frames = average_over_frames(labels, decisions, beta=2.0)
    >>> round(score, 3), n_frames
    (0.667, 3)
    """
    if labels.ndim != 2 or decisions.shape != labels.shape:
        raise ValueError(f"labels and decisions have shapes {labels.shape} and {decisions.shape}, expected one shape (T, B)")
    check_labels(labels.ravel(), decisions.ravel(), "decisions")
    labelled, positive = labels != -1, labels == 1
    hits = (positive & decisions).sum(axis=1)
    false_alarms = (labelled & ~positive & decisions).sum(axis=1)
    misses = (positive & ~decisions).sum(axis=1)
    scores = f_beta(hits, false_alarms, misses, beta=beta)
    known = scores[~np.isnan(scores)]
    return (float(known.mean()), len(known)) if len(known) else (float("nan"), 0)


def cohen_kappa(
    true_positives: npt.ArrayLike, false_positives: npt.ArrayLike, false_negatives: npt.ArrayLike, true_negatives: npt.ArrayLike
) -> npt.NDArray[np.float64]:
    """Return Cohen's kappa: the agreement beyond chance, as a share of what was possible beyond chance.

    (p_o - p_e) / (1 - p_e) with p_o the observed agreement and p_e the one expected from how often each side says yes: Cohen (1960),
    A coefficient of agreement for nominal scales, Educational and Psychological Measurement 20(1), 37-46. Computed as
    2 (TP TN - FP FN) / ((TP + FP)(FP + TN) + (TP + FN)(FN + TN)), the same without a difference of nearly equal numbers.

    Parameters
    ----------
    true_positives, false_positives, false_negatives, true_negatives
        Numbers, or arrays of one shape.

    Returns
    -------
    Float64 of that shape; 1 for perfect agreement, 0 for that of chance. NaN where p_e is 1, both sides saying the same in every
    frame, and where there is no frame.

    Examples
    --------
    >>> float(cohen_kappa(20, 5, 10, 15).round(4))
    0.4
    """
    hits, false_alarms, misses, rejections = (
        np.asarray(counts, dtype=np.float64) for counts in (true_positives, false_positives, false_negatives, true_negatives)
    )
    beyond_chance = 2 * (hits * rejections - false_alarms * misses)
    return divide(beyond_chance, (hits + false_alarms) * (false_alarms + rejections) + (hits + misses) * (misses + rejections))


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
    check_labels(labels, probabilities, "probabilities")
    labelled = labels != -1
    positive, scores = labels[labelled] == 1, probabilities[labelled]
    missing = np.isnan(scores)
    if not positive.any() or missing.all():
        return float("nan")
    below_all = float(np.min(scores[~missing])) - 1.0
    return float(average_precision_score(positive, np.where(missing, below_all, scores)))


def divide(numerator: npt.ArrayLike, denominator: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return the quotient in float64, NaN where the denominator is 0.

    >>> divide([1, 1], [4, 0]).tolist()
    [0.25, nan]
    """
    above, below = np.broadcast_arrays(np.asarray(numerator, dtype=np.float64), np.asarray(denominator, dtype=np.float64))
    return np.divide(above, below, out=np.full(above.shape, np.nan), where=below != 0)


def check_labels(labels: npt.NDArray, values: npt.NDArray, name: str) -> None:
    """Raise ValueError unless `labels` are 1, 0 and -1 of shape (T,), and `values`, called `name`, are of the same shape."""
    if labels.ndim != 1 or values.shape != labels.shape:
        raise ValueError(f"labels and {name} have shapes {labels.shape} and {values.shape}, expected one shape (T,)")
    if not np.isin(labels, (-1, 0, 1)).all():
        raise ValueError("labels hold values other than 1, 0 and -1")
