"""How much pooled figures depend on which recordings there are.

Recordings, not frames, are drawn with replacement: the frames of a recording are alike, so drawing them would make every interval
far too narrow (Efron and Tibshirani (1993), An Introduction to the Bootstrap, chapters 8 and 13: the percentile interval).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from behavior.metrics.frames import check_labels, divide

__all__ = ["LEVEL", "N_RESAMPLES", "draw_multiplicities", "find_interval", "resample_average_precision"]

N_RESAMPLES = 1000
LEVEL = 0.95

# Numbers in one intermediate array: few enough to stay in the processor's cache, ten times as fast as beyond it.
_CHUNK = 1 << 16
# Numbers in the counts of all recordings that are in memory at once: 8 MB, however many recordings and positives there are.
_BLOCK = 1 << 20


def draw_multiplicities(n_recordings: int, *, n_resamples: int = N_RESAMPLES, seed: int = 0) -> npt.NDArray[np.int64]:
    """Return how often each recording is in each resample: int64 of shape (n_resamples, n_recordings), rows adding up to n_recordings.

    >>> multiplicities = draw_multiplicities(3, n_resamples=5)
    >>> multiplicities.shape, multiplicities.sum(axis=1).tolist()
    ((5, 3), [3, 3, 3, 3, 3])
    """
    rng = np.random.default_rng(seed)
    return rng.multinomial(n_recordings, np.full(n_recordings, 1 / n_recordings), size=n_resamples)


def find_interval(values: npt.NDArray[np.floating], *, level: float = LEVEL) -> tuple[float, float]:
    """Return the percentile interval of a figure from its values in resamples, shape (S,).

    Resamples in which it is undefined (NaN) are left out; NaN, NaN where it is undefined in all.

    >>> find_interval(np.array([0.0, 1.0, 2.0, 3.0, 4.0, np.nan]), level=0.5)
    (1.0, 3.0)
    """
    known = values[~np.isnan(values)]
    if not len(known):
        return float("nan"), float("nan")
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def resample_average_precision(
    labels: Sequence[npt.NDArray[np.int8]],
    probabilities: Sequence[npt.NDArray[np.floating]],
    multiplicities: npt.NDArray[np.integer],
) -> npt.NDArray[np.float64]:
    """Return the average precision of all frames together in each resample of the recordings.

    Exactly what `average_precision` says of the resample's frames, for the price of one sorting: only thresholds at which a labelled
    positive lies change recall, and the frames at or above each of them are counted once per recording, so that a resample is a
    weighted sum of these counts.

    Parameters
    ----------
    labels, probabilities
        One behavior's arrays of R recordings, each as `average_precision` takes them.
    multiplicities
        How often each recording is in each resample, shape (S, R).

    Returns
    -------
    Float64 of shape (S,); NaN where a resample has no labelled positive, or no probability at all.

    Raises
    ------
    ValueError
        If the arrays of a recording differ in shape, or labels hold anything but 1, 0 and -1.

    Examples
    --------
    >>> labels = [np.array([1, 0], dtype=np.int8), np.array([0, 1], dtype=np.int8)]
    >>> probabilities = [np.array([0.9, 0.1]), np.array([0.8, 0.2])]
    >>> resample_average_precision(labels, probabilities, np.array([[2, 0], [0, 2]])).tolist()
    [1.0, 0.5]
    """
    ranks: list[npt.NDArray] = []
    positives: list[npt.NDArray[np.bool_]] = []
    for truth, scores in zip(labels, probabilities, strict=True):
        check_labels(truth, scores, "probabilities")
        labelled = truth != -1
        known = scores[labelled]
        # Descending probability is ascending rank; a frame without probability comes last.
        ranks.append(np.where(np.isnan(known), np.inf, -known))
        positives.append(truth[labelled] == 1)
    weights = np.asarray(multiplicities, dtype=np.float64)
    thresholds = np.unique(np.concatenate([rank[positive] for rank, positive in zip(ranks, positives, strict=True)]))
    if not len(thresholds):
        return np.full(len(weights), np.nan)
    ordered = [np.sort(rank) for rank in ranks]
    ordered_hits = [np.sort(rank[positive]) for rank, positive in zip(ranks, positives, strict=True)]
    area = np.zeros(len(weights))
    hits_before = np.zeros((len(ranks), 1))
    step = max(1, _CHUNK // max(1, len(weights)))
    block = step * max(1, _BLOCK // (len(ranks) * step))
    for first in range(0, len(thresholds), block):
        some = thresholds[first : first + block]
        taken, hits = _count_at(ordered, some), _count_at(ordered_hits, some)
        gains = np.diff(hits, axis=1, prepend=hits_before)
        hits_before = hits[:, -1:]
        for start in range(0, len(some), step):
            chunk = slice(start, start + step)
            # Where nothing is taken yet, nothing is hit either: 0 / 1.
            precision = weights @ hits[:, chunk] / np.maximum(weights @ taken[:, chunk], 1.0)
            area += np.einsum("st,st->s", weights @ gains[:, chunk], precision)
    area = divide(area, weights @ hits_before[:, 0])
    has_probability = np.array([bool(np.isfinite(rank).any()) for rank in ranks])
    return np.where(weights @ has_probability > 0, area, np.nan)


def _count_at(ordered: Sequence[npt.NDArray], thresholds: npt.NDArray) -> npt.NDArray[np.float64]:
    """Return how many values of each ascending array are at or below each threshold, (R, T)."""
    return np.stack([np.searchsorted(values, thresholds, side="right") for values in ordered]).astype(np.float64)
