"""Which detection is which animal, in one frame."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

__all__ = ["ASSIGNMENTS", "Assignment", "assign_greedily", "assign_optimally", "find_margins"]

Floats = npt.NDArray[np.float64]
Pairs = tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]
Assignment = Callable[[Floats, Floats], Pairs]


def assign_optimally(distances: Floats, gates: Floats) -> Pairs:
    """Return as many pairs of animal and detection as possible within the gates, with the least sum of distances.

    Parameters
    ----------
    distances
        Of each animal from each detection, shape (K, M).
    gates
        How far each animal can have gone, shape (K,).

    Examples
    --------
    >>> rows, columns = assign_optimally(np.array([[1.0, 2.0], [1.5, 9.0]]), np.array([5.0, 5.0]))
    >>> list(zip(rows.tolist(), columns.tolist()))
    [(0, 1), (1, 0)]
    """
    allowed = distances <= gates[:, None]
    if not allowed.any():
        return _no_pairs()
    # Costs more than any set of allowed pairs, so a pair is left out only if necessary.
    forbidden = float(distances[allowed].sum()) + 1.0
    rows, columns = linear_sum_assignment(np.where(allowed, distances, forbidden))
    kept = allowed[rows, columns]
    return rows[kept], columns[kept]


def assign_greedily(distances: Floats, gates: Floats) -> Pairs:
    """Return pairs as `assign_optimally` does, but always the nearest that are left: the baseline.

    >>> rows, columns = assign_greedily(np.array([[1.0, 2.0], [1.5, 9.0]]), np.array([5.0, 5.0]))
    >>> list(zip(rows.tolist(), columns.tolist()))
    [(0, 0)]
    """
    left = np.where(distances <= gates[:, None], distances, np.inf)
    pairs = []
    while left.size and np.isfinite(nearest := left.min()):
        row, column = (int(place[0]) for place in np.nonzero(left == nearest))
        pairs.append((row, column))
        left[row, :] = np.inf
        left[:, column] = np.inf
    if not pairs:
        return _no_pairs()
    rows, columns = np.array(sorted(pairs), dtype=np.intp).T
    return rows, columns


ASSIGNMENTS: dict[str, Assignment] = {"optimal": assign_optimally, "greedy": assign_greedily}


def find_margins(distances: Floats, rows: npt.NDArray[np.intp], columns: npt.NDArray[np.intp]) -> Floats:
    """Return by how much the sum of distances grows if a pair exchanges its detection with the likeliest other, shape (P,).

    The other may be an animal or a detection that has no pair, which costs nothing more; infinite where there is no other.

    >>> find_margins(np.array([[1.0, 4.0], [5.0, 1.0]]), np.array([0, 1]), np.array([0, 1])).tolist()
    [7.0, 7.0]
    """
    margins = np.full(len(rows), np.inf)
    if not len(rows):
        return margins
    own = distances[rows, columns]
    if len(rows) > 1:
        crossed = distances[np.ix_(rows, columns)]
        exchange = crossed + crossed.T - own[:, None] - own[None, :]
        np.fill_diagonal(exchange, np.inf)
        margins = exchange.min(axis=1)
    free_rows = np.setdiff1d(np.arange(distances.shape[0]), rows)
    free_columns = np.setdiff1d(np.arange(distances.shape[1]), columns)
    if len(free_rows):
        margins = np.minimum(margins, distances[np.ix_(free_rows, columns)].min(axis=0) - own)
    if len(free_columns):
        margins = np.minimum(margins, distances[np.ix_(rows, free_columns)].min(axis=1) - own)
    return margins


def _no_pairs() -> Pairs:
    nothing = np.zeros(0, dtype=np.intp)
    return nothing, nothing
