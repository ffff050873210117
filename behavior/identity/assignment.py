"""Identities of all tracklets together: one animal is in one place at a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array, csr_array

from behavior.identity.overlaps import find_chains, find_coexisting, link_overlaps

__all__ = ["LEAST_GAIN", "NOBODY", "Assignment", "assign_identities", "share_odds"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

# The identity of a tracklet that is none of the animals.
NOBODY = -1
# With some hundreds of tracklets of animals that look alike, a search for the very best takes minutes.
MOST_SEARCHED = 200
# Tracklets that a relaxed programme decides about together, half of them for good.
N_AT_ONCE = 200
# Less is an error of rounding, by which two assignments could take turns for ever.
LEAST_GAIN = 1e-9


@dataclass(frozen=True)
class Assignment:
    """Which animal each of N tracklets is, of K.

    Attributes
    ----------
    identities
        Int64 of shape (N,), 0 to K - 1; `NOBODY` where there are more tracklets at a time than animals.
    probabilities
        Float64 of shape (N, K), each row sums to 1, or to 0 without identity: how likely each identity is, if taking it from its owner
        exchanges the two in all tracklets that this forces.
    score
        Sum of the log-probabilities that were chosen.
    is_optimal
        Whether it is known that no other assignment has a larger sum.
    """

    identities: Integers
    probabilities: Floats
    score: float
    is_optimal: bool

    @property
    def certainty(self) -> Floats:
        """Probability of the chosen identity, float64 of shape (N,); 0 without identity."""
        return self.probabilities.max(axis=1, initial=0.0)


def assign_identities(
    log_probabilities: Floats,
    starts: Integers,
    stops: Integers,
    *,
    left_out: float = 7.0,
    most_searched: int = MOST_SEARCHED,
) -> Assignment:
    """Assign identities to tracklets so that the sum of log-probabilities is largest and no animal is in two places at once.

    An integer programme with one constraint for each identity and each largest set of tracklets that share a frame. Up to
    `most_searched` tracklets it is solved exactly (HiGHS, by branch and bound). With more, it is relaxed to a linear programme, part after
    part in order of time, and rounded; then two identities are exchanged, or one tracklet is given another identity, wherever that makes
    the sum larger, until it does nowhere.
    Nothing depends on how fast the machine is.

    Probabilities are those of the best exchange of two identities: a tracklet of `a` that were `b` would make the tracklets of `b` that
    overlap it `a`, those of `a` that overlap them `b`, and so on (a Kempe chain of the graph of overlaps); the difference of sums is the
    log-odds. With two animals and no tracklet left out, this is exact; with more, longer cycles are left out.

    Parameters
    ----------
    log_probabilities
        Log-probability of each identity given all that is seen of the tracklet, float64 of shape (N, K); -inf where it is ruled out.
    starts, stops
        Frames [start, stop) of each tracklet, int of shape (N,).
    left_out
        A tracklet without identity scores its worst log-probability less this.
    most_searched
        Number of tracklets up to which the best assignment is searched for.

    Raises
    ------
    ValueError
        If shapes differ, or a log-probability is NaN or +inf.

    Examples
    --------
    >>> looks = np.log(np.array([[0.9, 0.1], [0.6, 0.4]]))
    >>> assign_identities(looks, np.array([0, 0]), np.array([5, 5])).identities.tolist()
    [0, 1]
    """
    log_probabilities = np.asarray(log_probabilities, dtype=np.float64)
    n_tracklets, n_identities = log_probabilities.shape
    if starts.shape != (n_tracklets,) or stops.shape != (n_tracklets,):
        raise ValueError(f"starts and stops have shapes {starts.shape} and {stops.shape}, expected ({n_tracklets},)")
    if np.isnan(log_probabilities).any() or np.isposinf(log_probabilities).any():
        raise ValueError("log_probabilities hold NaN or +inf")
    is_allowed = np.isfinite(log_probabilities)
    finite = np.where(is_allowed, log_probabilities, 0.0)
    if not n_tracklets or not n_identities or not is_allowed.any():
        return Assignment(np.full(n_tracklets, NOBODY, dtype=np.int64), np.zeros((n_tracklets, n_identities)), 0.0, is_optimal=True)
    worst = np.where(is_allowed, log_probabilities, np.inf).min(axis=1)
    nobody = np.where(is_allowed.any(axis=1), worst - left_out, 0.0)
    gains = finite - nobody[:, None]
    is_optimal = n_tracklets <= most_searched
    if is_optimal:
        chosen = _share(gains, is_allowed, starts, stops, is_whole=True) > 0.5
    else:
        chosen = _approximate(gains, is_allowed, starts, stops)
    identities = np.where(chosen.any(axis=1), chosen.argmax(axis=1), NOBODY).astype(np.int64)
    score = float(np.where(chosen, finite, 0.0).sum() + nobody[identities == NOBODY].sum())
    probabilities = _weigh_exchanges(log_probabilities, identities, starts, stops)
    return Assignment(identities, probabilities, score, is_optimal)


def share_odds(log_odds: Floats, assigned: Integers) -> Floats:
    """Return probabilities (N, K) from log-odds (N, K) against anything: rows `assigned` sum to 1, the others are 0.

    >>> share_odds(np.log(np.array([[1.0, 3.0], [1.0, 1.0]])), np.array([0])).round(2).tolist()
    [[0.25, 0.75], [0.0, 0.0]]
    """
    probabilities = np.zeros(log_odds.shape)
    top = log_odds[assigned].max(axis=1, keepdims=True, initial=-np.inf)
    odds = np.exp(log_odds[assigned] - top)
    probabilities[assigned] = odds / odds.sum(axis=1, keepdims=True)
    return probabilities


def _share(gains: Floats, is_allowed: Flags, starts: Integers, stops: Integers, *, is_whole: bool) -> Floats:
    """Return how much of each tracklet each identity gets, float64 of shape (N, K), for the largest sum; all or nothing if `is_whole`."""
    solved = milp(
        -gains.ravel(),
        integrality=np.full(gains.size, int(is_whole)),
        bounds=Bounds(0, is_allowed.ravel().astype(np.float64)),
        constraints=LinearConstraint(_constrain(starts, stops, gains.shape[1]), -np.inf, 1.0),
        options={"mip_rel_gap": 0.0},
    )
    return solved.x.reshape(gains.shape)


def _approximate(gains: Floats, is_allowed: Flags, starts: Integers, stops: Integers) -> Flags:
    """Return which identity each tracklet takes in a good assignment, bool of shape (N, K)."""
    overlaps = link_overlaps(starts, stops)
    order = np.lexsort((stops, starts))
    chosen = np.zeros(gains.shape, dtype=np.bool_)
    for begin in range(0, len(order), N_AT_ONCE // 2):
        part = order[begin : begin + N_AT_ONCE]
        is_free = is_allowed[part] & (overlaps[part] @ chosen == 0)
        shares = _share(gains[part], is_free, starts[part], stops[part], is_whole=False)
        # Where the programme is torn between identities, the clearest tracklets decide first; gains only break ties.
        found = _assign_greedily(shares + 1e-6 * gains[part], is_free, overlaps[part][:, part])
        n_decided = N_AT_ONCE // 2 if begin + N_AT_ONCE < len(order) else N_AT_ONCE
        chosen[part[:n_decided]] = found[:n_decided]
        if begin + N_AT_ONCE >= len(order):
            break
    identities = np.where(chosen.any(axis=1), chosen.argmax(axis=1), NOBODY)
    while _exchange(identities, gains, is_allowed, overlaps) or _move(identities, gains, is_allowed, overlaps):
        pass
    return identities[:, None] == np.arange(gains.shape[1])


def _constrain(starts: Integers, stops: Integers, n_identities: int) -> csr_array:
    """Return the rows of a programme over N x K shares whose sums may be 1 at most."""
    n_tracklets = len(starts)
    rows: list[int] = []
    columns: list[int] = []
    # A tracklet is at most one animal.
    for tracklet in range(n_tracklets):
        rows += [tracklet] * n_identities
        columns += range(tracklet * n_identities, (tracklet + 1) * n_identities)
    n_rows = n_tracklets
    for together in find_coexisting(starts, stops):
        if len(together) < 2:
            continue
        for identity in range(n_identities):
            rows += [n_rows] * len(together)
            columns += (together * n_identities + identity).tolist()
            n_rows += 1
    return coo_array((np.ones(len(rows)), (rows, columns)), shape=(n_rows, n_tracklets * n_identities)).tocsr()


def _assign_greedily(gains: Floats, is_allowed: Flags, overlaps: csr_array) -> Flags:
    """Assign one tracklet after the other, those whose best identity is furthest ahead first."""
    chosen = np.zeros(gains.shape, dtype=np.bool_)
    best_two = np.sort(np.where(is_allowed, gains, 0.0), axis=1)[:, -2:]
    for tracklet in np.argsort(best_two[:, 0] - best_two[:, -1], kind="stable").tolist():
        others = overlaps.indices[overlaps.indptr[tracklet] : overlaps.indptr[tracklet + 1]]
        is_free = is_allowed[tracklet] & ~chosen[others].any(axis=0)
        if is_free.any():
            chosen[tracklet, np.where(is_free, gains[tracklet], -np.inf).argmax()] = True
    return chosen


def _exchange(identities: Integers, gains: Floats, is_allowed: Flags, overlaps: csr_array) -> bool:
    """Exchange any two identities, in place, in the chains of tracklets where that makes the sum larger; return whether it did."""
    has_changed = False
    for first in range(gains.shape[1]):
        for second in range(first + 1, gains.shape[1]):
            members, chain, other = find_chains(identities, first, second, overlaps)
            if not len(members):
                continue
            change = gains[members, other] - gains[members, identities[members]]
            change[~is_allowed[members, other]] = -np.inf
            is_better = np.bincount(chain, weights=change) > LEAST_GAIN
            is_exchanged = is_better[chain]
            identities[members[is_exchanged]] = other[is_exchanged]
            has_changed |= bool(is_better.any())
    return has_changed


def _move(identities: Integers, gains: Floats, is_allowed: Flags, overlaps: csr_array) -> bool:
    """Give tracklets, in place, another identity if that is worth more than what they then push out; return whether there was one."""
    names = np.arange(gains.shape[1])
    values = np.where(identities == NOBODY, 0.0, gains[np.arange(len(gains)), identities])
    owned = np.where(identities[:, None] == names, values[:, None], 0.0)
    could_gain = (is_allowed & (gains - overlaps @ owned > values[:, None] + LEAST_GAIN)).any(axis=1)
    has_changed = False
    for tracklet in np.flatnonzero(could_gain).tolist():
        others = overlaps.indices[overlaps.indptr[tracklet] : overlaps.indptr[tracklet + 1]]
        is_there = identities[others][:, None] == names
        pushed_out = (is_there * gains[others]).sum(axis=0)
        worth = np.where(is_allowed[tracklet], gains[tracklet] - pushed_out, -np.inf)
        own = identities[tracklet]
        best = worth.argmax()
        if worth[best] > (gains[tracklet, own] if own != NOBODY else 0.0) + LEAST_GAIN:
            identities[others[is_there[:, best]]] = NOBODY
            identities[tracklet] = best
            has_changed = True
    return has_changed


def _weigh_exchanges(log_probabilities: Floats, identities: Integers, starts: Integers, stops: Integers) -> Floats:
    """Return the probabilities (N, K) that `Assignment` describes."""
    n_tracklets, n_identities = log_probabilities.shape
    log_odds = np.full((n_tracklets, n_identities), -np.inf)
    assigned = np.flatnonzero(identities != NOBODY)
    log_odds[assigned, identities[assigned]] = 0.0
    overlaps = link_overlaps(starts, stops)
    for first in range(n_identities):
        for second in range(first + 1, n_identities):
            members, chain, other = find_chains(identities, first, second, overlaps)
            if not len(members):
                continue
            change = log_probabilities[members, other] - log_probabilities[members, identities[members]]
            log_odds[members, other] = np.bincount(chain, weights=change)[chain]
    return share_odds(log_odds, assigned)
