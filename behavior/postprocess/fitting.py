"""Thresholds, closing lengths and shortest bouts that suit labelled recordings best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["LENGTHS_S", "THRESHOLDS", "Candidates", "ChosenSettings", "choose_settings", "compute_f_beta", "count_hits", "list_lengths"]

THRESHOLDS: npt.NDArray[np.float64] = np.arange(1, 100) / 100
LENGTHS_S = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 1.5, 2.0)

# Scores nearer to each other than this are the same fraction, rounded differently.
_SAME_SCORE = 1e-12
_NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Candidates:
    """What is tried for one behavior: every combination. A setting that is given and not searched for is its only candidate.

    Attributes
    ----------
    thresholds
        Float64 of shape (H,), rising.
    closing_frames, min_bout_frames
        As `close_gaps` and `remove_short_bouts` take them, int64 of shapes (C,) and (M,), rising.
    """

    thresholds: npt.NDArray[np.float64]
    closing_frames: npt.NDArray[np.int64]
    min_bout_frames: npt.NDArray[np.int64]

    def __post_init__(self) -> None:
        for name in ("thresholds", "closing_frames", "min_bout_frames"):
            values = getattr(self, name)
            if values.ndim != 1 or not len(values) or np.any(np.diff(values) <= 0) or not np.all(values >= 0):
                raise ValueError(f"candidate {name} are {values.tolist()}, expected rising numbers from 0 on")


@dataclass(frozen=True)
class ChosenSettings:
    """What suits best, one for each of B behaviors, as `clean_decisions` takes them.

    Attributes
    ----------
    thresholds, closing_frames, min_bout_frames
        Float64, int64 and int64 of shape (B,).
    scores
        F-beta of these settings on the frames that they were chosen on, float64 of shape (B,); NaN where none is labelled positive.
    reasons
        Why the settings are those to fall back on, B texts; empty where they were chosen.
    """

    thresholds: npt.NDArray[np.float64]
    closing_frames: npt.NDArray[np.int64]
    min_bout_frames: npt.NDArray[np.int64]
    scores: npt.NDArray[np.float64]
    reasons: tuple[str, ...]


def list_lengths(fps: float) -> npt.NDArray[np.int64]:
    """Return `LENGTHS_S` as rising, different numbers of frames; without 1, which does what 0 does.

    >>> list_lengths(10).tolist()
    [0, 2, 3, 4, 5, 8, 10, 15, 20]
    """
    frames = np.unique(np.rint(np.asarray(LENGTHS_S) * fps).astype(np.int64))
    return frames[frames != 1]


def compute_f_beta(
    true_positives: npt.ArrayLike, false_positives: npt.ArrayLike, n_positive: npt.ArrayLike, *, beta: float
) -> npt.NDArray[np.float64]:
    """Return (1 + beta^2) TP / ((1 + beta^2) TP + beta^2 FN + FP), in which recall counts beta times as much as precision.

    Van Rijsbergen (1979), Information Retrieval, chapter 7. NaN where nothing is labelled or decided positive.

    >>> float(compute_f_beta(8, 8, 10, beta=2.0).round(4))
    0.7143
    """
    hits, weight = np.asarray(true_positives, dtype=np.float64), beta**2
    below = hits + weight * np.asarray(n_positive, dtype=np.float64) + np.asarray(false_positives, dtype=np.float64)
    return np.divide((1 + weight) * hits, below, out=np.full(below.shape, np.nan), where=below > 0)


def choose_settings(
    probabilities: Sequence[npt.NDArray[np.floating]],
    labels: Sequence[npt.NDArray[np.int8]],
    *,
    candidates: Sequence[Candidates],
    fallback: Sequence[tuple[float, int, int]],
    beta: float = 1.0,
    one_threshold: bool = False,
) -> ChosenSettings:
    """Try all combinations of candidates on the frames of all recordings together and choose those with the highest F-beta.

    Parameters
    ----------
    probabilities
        Shape (T, B) for each recording, of frames that the model had not seen; a NaN is decided negative and counts nowhere.
    labels
        1, 0, or -1 for a frame that nobody labelled, which counts nowhere, shape (T, B) for each recording.
    candidates
        One for each behavior.
    fallback
        Threshold, closing length and shortest bout for a behavior that nothing can be chosen for.
    beta
        Recall counts beta times as much as precision.
    one_threshold
        Give all behaviors the threshold with the highest mean, over behaviors, of the best F-beta with it. Their candidates for
        thresholds have to be the same.

    Returns
    -------
    The settings. Among combinations that score the same, the shortest closing length is taken, then the smallest shortest bout, then
    the middle of the longest run of thresholds, the lowest of such runs. Nothing is chosen, and the reason given, for a behavior without
    a frame that has a label and a probability, without a positive or without a negative one among those, and where no combination finds
    a positive frame; with one threshold for all it shares that of the others.

    Raises
    ------
    ValueError
        If shapes or numbers of recordings or behaviors do not match, or the candidates for one threshold differ.

    Examples
    --------
    >>> candidates = Candidates(np.array([0.25, 0.5, 0.75]), np.array([0]), np.array([0]))
    >>> probabilities, labels = np.array([[0.6], [0.6], [0.4], [0.1]]), np.array([[1], [1], [0], [0]], dtype=np.int8)
    >>> chosen = choose_settings([probabilities], [labels], candidates=[candidates], fallback=[(0.5, 0, 0)])
    >>> chosen.thresholds.tolist(), chosen.scores.tolist()
    ([0.5], [1.0])
    """
    n_behaviors = len(candidates)
    _require_matching(probabilities, labels, n_behaviors)
    if len(fallback) != n_behaviors or beta <= 0:
        raise ValueError(f"found {len(fallback)} settings to fall back on and beta {beta}, expected {n_behaviors} and a number above 0")
    if one_threshold and any(not np.array_equal(one.thresholds, candidates[0].thresholds) for one in candidates):
        raise ValueError("candidates for one threshold for all behaviors differ from behavior to behavior")
    columns = [([part[:, column] for part in probabilities], [part[:, column] for part in labels]) for column in range(n_behaviors)]
    tried = [_try_all(given, truth, candidates[column], beta=beta) for column, (given, truth) in enumerate(columns)]
    fitted = [scores for scores, _ in tried if scores is not None]
    shared = None
    if one_threshold and fitted:
        shared = _choose_middle(np.mean([scores.max(axis=(1, 2)) for scores in fitted], axis=0))
    chosen = []
    for column, (given, truth) in enumerate(columns):
        grid, scores = candidates[column], tried[column][0]
        threshold, closing, shortest = fallback[column]
        if scores is not None:
            best = _choose_best(scores if shared is None else scores[shared : shared + 1])
            level = best[0] if shared is None else shared
            threshold, closing, shortest = grid.thresholds[level], grid.closing_frames[best[1]], grid.min_bout_frames[best[2]]
        elif shared is not None:
            threshold = grid.thresholds[shared]
        only = Candidates(np.array([float(threshold)]), np.array([int(closing)]), np.array([int(shortest)]))
        hits, alarms, n_positive = count_hits(given, truth, only)
        score = compute_f_beta(hits, alarms, n_positive, beta=beta)[0, 0, 0] if n_positive else np.nan
        chosen.append((threshold, closing, shortest, score))
    thresholds, closings, shortests, reached = zip(*chosen, strict=True)
    return ChosenSettings(
        np.array(thresholds, dtype=np.float64),
        np.array(closings, dtype=np.int64),
        np.array(shortests, dtype=np.int64),
        np.array(reached, dtype=np.float64),
        tuple(reason for _, reason in tried),
    )


def count_hits(
    probabilities: Sequence[npt.NDArray[np.floating]], labels: Sequence[npt.NDArray[np.int8]], candidates: Candidates
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], int]:
    """Count true and false positives of one behavior for every combination of candidates, over all recordings.

    Parameters
    ----------
    probabilities, labels
        Shape (T,) for each recording.
    candidates
        H thresholds, C closing lengths and M shortest bouts.

    Returns
    -------
    True positives and false positives, int64 of shape (H, C, M), and the number of positive frames, of the frames with a label and a
    probability: what `clean_decisions` and counting give for each combination, found bout by bout rather than frame by frame.

    Examples
    --------
    >>> candidates = Candidates(np.array([0.5]), np.array([0, 2]), np.array([0]))
    >>> hits, alarms, n_positive = count_hits([np.array([0.9, 0.1, 0.9])], [np.array([1, 1, 0], dtype=np.int8)], candidates)
    >>> hits.ravel().tolist(), alarms.ravel().tolist(), n_positive
    ([1, 2], [1, 1], 2)
    """
    n_thresholds, n_lengths = len(candidates.thresholds), len(candidates.min_bout_frames)
    # A frame that is decided negative parts the recordings, so that edges come in pairs.
    levels, positive, negative = [np.zeros(1, np.int32)], [np.zeros(1, np.int64)], [np.zeros(1, np.int64)]
    for given, truth in zip(probabilities, labels, strict=True):
        counted = ~np.isnan(given)
        limits = candidates.thresholds.astype(given.dtype)
        # The number of thresholds that a frame reaches; NaN sorts after all of them and reaches none.
        levels += [np.where(counted, np.searchsorted(limits, given, side="right"), 0).astype(np.int32), np.zeros(1, np.int32)]
        positive += [(counted & (truth == 1)).astype(np.int64), np.zeros(1, np.int64)]
        negative += [(counted & (truth == 0)).astype(np.int64), np.zeros(1, np.int64)]
    partings = np.cumsum([len(part) for part in levels])[2::2]
    level = np.concatenate(levels)
    n_positive_before = np.append(0, np.cumsum(np.concatenate(positive)))
    n_negative_before = np.append(0, np.cumsum(np.concatenate(negative)))
    hits = np.zeros((n_thresholds, len(candidates.closing_frames), n_lengths), dtype=np.int64)
    alarms = np.zeros_like(hits)
    for row in range(n_thresholds):
        decided = level > row
        edges = np.flatnonzero(decided[1:] != decided[:-1]) + 1
        starts, stops = edges[::2], edges[1::2]
        if not len(starts):
            continue
        gaps = starts[1:] - stops[:-1]
        first_of_next = np.searchsorted(starts, partings)
        gaps[first_of_next[(first_of_next > 0) & (first_of_next < len(starts))] - 1] = _NEVER
        for column, closing in enumerate(candidates.closing_frames):
            # What a shorter closing joined, a longer one joins too.
            stays_open = gaps >= closing
            starts, stops, gaps = starts[np.append(True, stays_open)], stops[np.append(stays_open, True)], gaps[stays_open]
            # The number of shortest lengths that a bout reaches.
            reached = np.searchsorted(candidates.min_bout_frames, stops - starts, side="right")
            for counts, before in ((hits, n_positive_before), (alarms, n_negative_before)):
                by_length = np.bincount(reached, weights=before[stops] - before[starts], minlength=n_lengths + 1)
                counts[row, column] = np.cumsum(by_length[:0:-1])[::-1]
    return hits, alarms, int(n_positive_before[-1])


def _try_all(
    probabilities: Sequence[npt.NDArray[np.floating]], labels: Sequence[npt.NDArray[np.int8]], candidates: Candidates, *, beta: float
) -> tuple[npt.NDArray[np.float64] | None, str]:
    """Return the F-beta of all combinations for one behavior, (H, C, M), or None and the reason why there is nothing to choose."""
    reason = _explain_impossible(probabilities, labels)
    if reason:
        return None, reason
    hits, alarms, n_positive = count_hits(probabilities, labels, candidates)
    if not hits.any():
        return None, "no candidate finds a positive frame"
    return compute_f_beta(hits, alarms, n_positive, beta=beta), ""


def _explain_impossible(probabilities: Sequence[npt.NDArray[np.floating]], labels: Sequence[npt.NDArray[np.int8]]) -> str:
    counted = [truth[(truth != -1) & ~np.isnan(given)] for given, truth in zip(probabilities, labels, strict=True)]
    n_frames = sum(len(part) for part in counted)
    n_positive = sum(int(np.count_nonzero(part == 1)) for part in counted)
    if not n_frames:
        return "no labelled frame has a probability"
    if n_positive in (0, n_frames):
        return f"no frame with a probability is labelled {'negative' if n_positive else 'positive'}"
    return ""


def _choose_best(scores: npt.NDArray[np.float64]) -> tuple[int, int, int]:
    """Return the indexes of the best score of (H, C, M), ties as `choose_settings` says."""
    best = scores.max()
    _, closing, shortest = min(np.argwhere(scores >= best - _SAME_SCORE).tolist(), key=lambda indexes: (indexes[1], indexes[2]))
    return _choose_middle(scores[:, closing, shortest]), closing, shortest


def _choose_middle(scores: npt.NDArray[np.float64]) -> int:
    """Return the middle of the longest run of best scores, the first of such runs, the lower of two middles."""
    is_best = np.concatenate(([False], scores >= scores.max() - _SAME_SCORE, [False]))
    edges = np.flatnonzero(is_best[1:] != is_best[:-1])
    starts, stops = edges[::2], edges[1::2]
    longest = int(np.argmax(stops - starts))
    return int((starts[longest] + stops[longest] - 1) // 2)


def _require_matching(probabilities: Sequence[npt.NDArray[np.floating]], labels: Sequence[npt.NDArray[np.int8]], n_behaviors: int) -> None:
    if len(probabilities) != len(labels):
        raise ValueError(f"found probabilities of {len(probabilities)} recordings and labels of {len(labels)}, expected as many")
    for given, truth in zip(probabilities, labels, strict=True):
        if given.ndim != 2 or given.shape[1] != n_behaviors or truth.shape != given.shape:
            raise ValueError(
                f"probabilities and labels of a recording have shapes {given.shape} and {truth.shape}, expected (T, {n_behaviors}) twice"
            )
