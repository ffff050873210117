"""Identities of all tracklets together: one animal is in one place at a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components

from behavior.identity.overlaps import find_coexisting, find_overlaps

__all__ = ["NOBODY", "Assignment", "assign_identities"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

# The identity of a tracklet that is none of the animals.
NOBODY = -1


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
        Whether no other assignment has a larger sum; False where time ran out.
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
    log_probabilities: Floats, starts: Integers, stops: Integers, *, left_out: float = 7.0, time_limit_s: float = 60.0
) -> Assignment:
    """Assign identities to tracklets so that the sum of log-probabilities is largest and no animal is in two places at once.

    An integer programme with one constraint for each identity and each largest set of tracklets that share a frame, solved exactly
    (HiGHS, by branch and bound). Probabilities are those of the best exchange of two identities: a tracklet of `a` that were `b` would
    make the tracklets of `b` that overlap it `a`, those of `a` that overlap them `b`, and so on (a Kempe chain of the graph of
    overlaps); the difference of sums is the log-odds. With two animals and no tracklet left out, this is exact; with more, longer cycles
    are left out.

    Parameters
    ----------
    log_probabilities
        Log-probability of each identity given all that is seen of the tracklet, float64 of shape (N, K); -inf where it is ruled out.
    starts, stops
        Frames [start, stop) of each tracklet, int of shape (N,).
    left_out
        A tracklet without identity scores its worst log-probability less this.
    time_limit_s
        Seconds after which the best assignment found so far is taken.

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
    chosen, is_optimal = _solve(finite - nobody[:, None], is_allowed, starts, stops, time_limit_s)
    identities = np.where(chosen.any(axis=1), chosen.argmax(axis=1), NOBODY).astype(np.int64)
    score = float(np.where(chosen, finite, 0.0).sum() + nobody[identities == NOBODY].sum())
    probabilities = _weigh_exchanges(log_probabilities, identities, starts, stops)
    return Assignment(identities, probabilities, score, is_optimal)


def _solve(
    gains: Floats, is_allowed: npt.NDArray[np.bool_], starts: Integers, stops: Integers, time_limit_s: float
) -> tuple[npt.NDArray[np.bool_], bool]:
    """Return which identity each tracklet takes, bool (N, K), and whether this is proven to be the best."""
    n_tracklets, n_identities = gains.shape
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
    matrix = coo_array((np.ones(len(rows)), (rows, columns)), shape=(n_rows, gains.size)).tocsr()
    solved = milp(
        -gains.ravel(),
        integrality=np.ones(gains.size),
        bounds=Bounds(0, is_allowed.ravel().astype(np.float64)),
        constraints=LinearConstraint(matrix, -np.inf, 1.0),
        options={"time_limit": time_limit_s, "mip_rel_gap": 0.0},
    )
    if solved.x is None:
        # Not a single assignment was found in time: one tracklet after the other, the clearest first.
        return _assign_greedily(gains, is_allowed, find_overlaps(starts, stops)), False
    return solved.x.reshape(gains.shape) > 0.5, bool(solved.status == 0)


def _assign_greedily(gains: Floats, is_allowed: npt.NDArray[np.bool_], overlaps: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    chosen = np.zeros(gains.shape, dtype=np.bool_)
    best_two = np.sort(np.where(is_allowed, gains, 0.0), axis=1)[:, -2:]
    for tracklet in np.argsort(-(best_two[:, -1] - best_two[:, 0])).tolist():
        is_free = is_allowed[tracklet] & ~chosen[overlaps[tracklet]].any(axis=0)
        if is_free.any():
            chosen[tracklet, np.where(is_free, gains[tracklet], -np.inf).argmax()] = True
    return chosen


def _weigh_exchanges(log_probabilities: Floats, identities: Integers, starts: Integers, stops: Integers) -> Floats:
    """Return the probabilities (N, K) that `Assignment` describes."""
    n_tracklets, n_identities = log_probabilities.shape
    log_odds = np.full((n_tracklets, n_identities), -np.inf)
    assigned = np.flatnonzero(identities != NOBODY)
    log_odds[assigned, identities[assigned]] = 0.0
    overlaps = csr_array(find_overlaps(starts, stops))
    for first in range(n_identities):
        for second in range(first + 1, n_identities):
            members = np.flatnonzero((identities == first) | (identities == second))
            if not len(members):
                continue
            n_chains, chain = connected_components(overlaps[members][:, members], directed=False)
            own = identities[members]
            other = np.where(own == first, second, first)
            change = log_probabilities[members, other] - log_probabilities[members, own]
            log_odds[members, other] = np.bincount(chain, weights=change, minlength=n_chains)[chain]
    probabilities = np.zeros((n_tracklets, n_identities))
    top = log_odds[assigned].max(axis=1, keepdims=True, initial=-np.inf)
    odds = np.exp(log_odds[assigned] - top)
    probabilities[assigned] = odds / odds.sum(axis=1, keepdims=True)
    return probabilities
