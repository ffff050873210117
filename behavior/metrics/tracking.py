"""How good tracks are: whether animals are found, and whether each keeps its identity."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from behavior.metrics.track_pairs import ROUNDING, TrackPairs, assign_pairs, pair_tracks

__all__ = ["HOTA_ALPHAS", "TRACKING_METRICS", "score_clear", "score_hota", "score_identity", "score_tracks"]

HOTA_ALPHAS = np.arange(1, 20) / 20
TRACKING_METRICS = (
    "hota",
    "deta",
    "assa",
    "loca",
    "idf1",
    "idp",
    "idr",
    "mota",
    "motp",
    "recall",
    "precision",
    "identity_switches",
    "fragments",
)

# Above any sum of similarities of one frame, so that a track is continued before anything else.
CONTINUED = 1000.0


def score_tracks(
    truth: npt.ArrayLike,
    predicted: npt.ArrayLike,
    *,
    body_length_px: npt.ArrayLike | None = None,
    tolerance_px: float | None = None,
    threshold: float = 0.5,
) -> dict[str, float]:
    """Score the predicted tracks of one video against the true ones; the numbers are TrackEval's.

    Parameters
    ----------
    truth, predicted
        Tracks of shapes (T, A, 2) as x, y, or (T, A, 4) as left, top, right, bottom, in pixels; NaN where an animal is absent. A
        column is one identity; the number of columns may differ, and their order has no meaning.
    body_length_px, tolerance_px
        For points, one of the two, see `pair_tracks`: what is at most half a body length away, or the tolerance, reaches a similarity
        of .5.
    threshold
        Similarity from which on a predicted animal may lie on a true one, for all but HOTA and its parts, which are means over 19
        thresholds.

    Returns
    -------
    What `TRACKING_METRICS` names: `hota`, `deta`, `assa` and `loca` of `score_hota`, means over `HOTA_ALPHAS`; and all of
    `score_identity` and `score_clear`. NaN where undefined: `mota`, `recall` and `idr` without a true detection, `precision` and
    `idp` without a predicted one, `motp` and `loca` where nothing was matched, and everything but the counts where both are empty.

    Raises
    ------
    ValueError
        See `pair_tracks`.

    Examples
    --------
    Two animals stand still, and their identities are exchanged in the last two of ten frames:

    >>> truth = np.tile([[10.0, 10.0], [90.0, 90.0]], (10, 1, 1))
    >>> predicted = truth.copy()
    >>> predicted[8:] = truth[8:, ::-1]
    >>> scores = score_tracks(truth, predicted, body_length_px=20)
    >>> {name: round(scores[name], 3) for name in ("hota", "deta", "assa", "idf1", "mota", "identity_switches")}
    {'hota': 0.745, 'deta': 1.0, 'assa': 0.556, 'idf1': 0.8, 'mota': 0.9, 'identity_switches': 2.0}
    """
    pairs = pair_tracks(truth, predicted, body_length_px=body_length_px, tolerance_px=tolerance_px)
    by_alpha = score_hota(pairs)
    scores = {name: float(np.mean(by_alpha[name])) for name in ("hota", "deta", "assa", "loca")}
    if not by_alpha["n_matched"].any():
        scores["loca"] = float("nan")
    scores |= score_identity(pairs, threshold=threshold) | score_clear(pairs, threshold=threshold)
    return {name: scores[name] for name in TRACKING_METRICS}


def score_hota(pairs: TrackPairs) -> dict[str, npt.NDArray[np.float64]]:
    """Return the higher order tracking accuracy and its parts at each of the 19 thresholds of similarity, `HOTA_ALPHAS`.

    A true and a predicted detection are matched once for all thresholds: in each frame, the assignment with the largest sum of
    similarity times the alignment of the two identities over the whole video; at a threshold, the matches that reach it count.

    Parameters
    ----------
    pairs
        From `pair_tracks`.

    Returns
    -------
    Float64 of shape (19,) by name; the figure that papers report is the mean over it:

    - n_matched: matched pairs, TP
    - deta = TP / (TP + FN + FP), detection accuracy
    - assa, association accuracy: the mean over the matched pairs of TPA / (TPA + FNA + FPA), where TPA are the matched pairs with the
      same two identities, FNA the true animal's other detections, and FPA the predicted one's; 0 where nothing is matched
    - hota = sqrt(deta x assa)
    - loca, localisation accuracy: mean similarity of the matched pairs; 1 where nothing is matched, as in TrackEval

    All but n_matched are NaN where there is no detection on either side.

    Notes
    -----
    Luiten et al. (2021), HOTA: A Higher Order Metric for Evaluating Multi-Object Tracking, IJCV 129, 548-578, defines HOTA at a
    threshold, A(c) (here TPA / (TPA + FNA + FPA)), the mean over 19 thresholds, DetA, AssA and LocA. What a match is worth has to be
    estimated before any is made; TrackEval 1.3.0 (on PyPI) does so by weighing each pair by similarity / (sum of its row +
    sum of its column - similarity), and so does this.

    Examples
    --------
    >>> truth = np.array([[[10.0, 10.0]], [[12.0, 10.0]]])
    >>> score_hota(pair_tracks(truth, truth + [6.0, 0.0], body_length_px=20))["n_matched"]
    array([2., 2., 2., 2., 2., 2., 2., 2., 2., 2., 2., 2., 2., 2., 0., 0., 0.,
           0., 0.])
    """
    names = ("n_matched", "deta", "assa", "hota", "loca")
    n_true, n_predicted = len(pairs.true_frames), len(pairs.predicted_frames)
    if n_true + n_predicted == 0:
        return {name: np.full(len(HOTA_ALPHAS), 0.0 if name == "n_matched" else np.nan) for name in names}
    similarities = pairs.similarities
    sums = np.bincount(pairs.true_of_pair, similarities, n_true), np.bincount(pairs.predicted_of_pair, similarities, n_predicted)
    either = sums[0][pairs.true_of_pair] + sums[1][pairs.predicted_of_pair] - similarities
    weights = np.divide(similarities, either, out=np.zeros(len(either)), where=either > ROUNDING)
    lengths = _count_detections(pairs)
    expected = pairs.count_by_animals(np.arange(len(similarities)), weights)
    either_length = lengths[0][:, None] + lengths[1] - expected
    alignment = np.divide(expected, either_length, out=np.zeros(expected.shape), where=either_length > 0)
    matched = assign_pairs(pairs, alignment[pairs.animals_of_pairs] * similarities)
    scores = {name: np.zeros(len(HOTA_ALPHAS)) for name in names}
    for index, alpha in enumerate(HOTA_ALPHAS):
        reached = matched[similarities[matched] >= alpha - ROUNDING]
        shared = pairs.count_by_animals(reached)
        # An identity without a detection has neither length nor matches: 0 / 1.
        associations = shared / np.maximum(1.0, lengths[0][:, None] + lengths[1] - shared)
        scores["n_matched"][index] = len(reached)
        scores["assa"][index] = (shared * associations).sum() / max(1, len(reached))
        scores["loca"][index] = similarities[reached].mean() if len(reached) else 1.0
    scores["deta"] = scores["n_matched"] / (n_true + n_predicted - scores["n_matched"])
    scores["hota"] = np.sqrt(scores["deta"] * scores["assa"])
    return scores


def score_identity(pairs: TrackPairs, *, threshold: float = 0.5) -> dict[str, float]:
    """Return how much of the video each true animal keeps one and the same predicted identity.

    Every true identity is given one predicted identity at most, chosen to maximise IDTP, the number of detections on which
    the two coincide in the whole video.

    Parameters
    ----------
    pairs
        From `pair_tracks`.
    threshold
        Similarity from which on two detections lie together.

    Returns
    -------
    - idf1 = 2 IDTP / (true detections + predicted detections)
    - idp = IDTP / predicted detections
    - idr = IDTP / true detections

    NaN where the denominator is 0.

    Notes
    -----
    Ristani et al. (2016), Performance Measures and a Data Set for Multi-Target, Multi-Camera Tracking, ECCV workshops: the
    definitions of IDP, IDR and IDF1. There the sum of IDFN and IDFP is minimised; it is the number of all detections less 2 IDTP.

    Examples
    --------
    >>> truth = np.tile([[10.0, 10.0]], (4, 1, 1))
    >>> in_two_pieces = np.full((4, 2, 2), np.nan)
    >>> in_two_pieces[:3, 0], in_two_pieces[3:, 1] = truth[:3, 0], truth[3:, 0]
    >>> score_identity(pair_tracks(truth, in_two_pieces, tolerance_px=5))
    {'idf1': 0.75, 'idp': 0.75, 'idr': 0.75}
    """
    n_true, n_predicted = len(pairs.true_frames), len(pairs.predicted_frames)
    together = pairs.count_by_animals(pairs.similarities >= threshold)
    right = float(together[linear_sum_assignment(together, maximize=True)].sum())
    return {
        "idf1": _divide(2 * right, n_true + n_predicted),
        "idp": _divide(right, n_predicted),
        "idr": _divide(right, n_true),
    }


def score_clear(pairs: TrackPairs, *, threshold: float = 0.5) -> dict[str, float]:
    """Return the CLEAR measures: detections found, missed and too many, and how often identities change.

    In each frame a true animal keeps the predicted identity that it had in the frame before, where the two still lie together; the
    others are matched so that the sum of similarities is largest.

    Parameters
    ----------
    pairs
        From `pair_tracks`.
    threshold
        Similarity from which on two detections may be matched.

    Returns
    -------
    - recall = TP / (TP + FN), of the true detections; precision = TP / (TP + FP), of the predicted ones
    - mota = 1 - (FN + FP + identity switches) / (TP + FN); below 0 where there are more errors than true detections
    - motp: mean similarity of the matched pairs, so that 1 is best
    - identity_switches: how often a true animal is matched with another predicted identity than at its last match
    - fragments: how often a true animal is matched again after a frame in which it was not, be it missed or absent

    NaN where the denominator is 0.

    Notes
    -----
    Bernardin and Stiefelhagen (2008), Evaluating Multiple Object Tracking Performance: The CLEAR MOT Metrics, EURASIP J. Image and
    Video Processing, article 246309: MOTA and MOTP (there the mean distance). Li, Huang and Nevatia (2009),
    Learning to associate: HybridBoosted multi-target tracker for crowded scene, CVPR: fragments. Which pairs continue a track, that a
    switch is counted across gaps, and that frames without any true or without any predicted detection are passed over (they end
    nothing: an animal that is alone, lost and found again has no fragment) is as in TrackEval 1.3.0.

    Examples
    --------
    >>> truth = np.tile([[10.0, 10.0], [90.0, 90.0]], (5, 1, 1))
    >>> predicted = truth.copy()
    >>> predicted[2, 1] = np.nan
    >>> scores = score_clear(pair_tracks(truth, predicted, tolerance_px=5))
    >>> {name: scores[name] for name in ("recall", "precision", "mota", "fragments")}
    {'recall': 0.9, 'precision': 1.0, 'mota': 0.9, 'fragments': 1.0}
    """
    true_animals, predicted_animals = pairs.animals_of_pairs
    eligible = pairs.similarities >= threshold - ROUNDING
    chosen: list[npt.NDArray[np.intp]] = [np.empty(0, dtype=np.intp)]
    steps: list[npt.NDArray[np.intp]] = [np.empty(0, dtype=np.intp)]
    previous = np.full(pairs.n_true, -1)
    for step, (own, n_columns) in enumerate(pairs.split_by_frame()):
        continued = previous[true_animals[own]] == predicted_animals[own]
        worth = np.where(eligible[own], CONTINUED * continued + pairs.similarities[own], 0.0)
        rows, columns = linear_sum_assignment(worth.reshape(-1, n_columns), maximize=True)
        matched = rows * n_columns + columns
        matched = own.start + matched[worth[matched] > ROUNDING]
        chosen.append(matched)
        steps.append(np.full(len(matched), step, dtype=np.intp))
        previous = np.full(pairs.n_true, -1)
        previous[true_animals[matched]] = predicted_animals[matched]
    matches = np.concatenate(chosen)
    # By animal, and within one in the order of frames.
    order = np.argsort(true_animals[matches], kind="stable")
    animals, identities, places = (values[order] for values in (true_animals[matches], predicted_animals[matches], np.concatenate(steps)))
    same_animal = np.diff(animals) == 0
    switches = float((same_animal & (np.diff(identities) != 0)).sum())
    n_matched, n_true, n_predicted = len(matches), len(pairs.true_frames), len(pairs.predicted_frames)
    return {
        "mota": _divide(2 * n_matched - n_predicted - switches, n_true),
        "motp": _divide(float(pairs.similarities[matches].sum()), n_matched),
        "recall": _divide(n_matched, n_true),
        "precision": _divide(n_matched, n_predicted),
        "identity_switches": switches,
        "fragments": float((same_animal & (np.diff(places) > 1)).sum()),
    }


def _count_detections(pairs: TrackPairs) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return in how many frames each true and each predicted identity is there, shapes (n_true,) and (n_predicted,)."""
    return np.bincount(pairs.true_animals, minlength=pairs.n_true), np.bincount(pairs.predicted_animals, minlength=pairs.n_predicted)


def _divide(above: float, below: float) -> float:
    """Return the ratio, NaN where it is undefined."""
    return above / below if below else float("nan")
