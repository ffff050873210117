"""Which tracklets are seen at the same time, and so cannot be the same animal."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

__all__ = ["find_coexisting", "find_overlaps", "link_overlaps", "relate_tracklets"]

Integers = npt.NDArray[np.int64]


def find_overlaps(starts: Integers, stops: Integers) -> npt.NDArray[np.bool_]:
    """Return which of N tracklets share a frame, bool of shape (N, N); none with itself.

    Parameters
    ----------
    starts, stops
        Frames [start, stop) of each, int of shape (N,).

    >>> find_overlaps(np.array([0, 5, 10]), np.array([6, 10, 12])).astype(int).tolist()
    [[0, 1, 0], [1, 0, 0], [0, 0, 0]]
    """
    shared = (starts[:, None] < stops[None, :]) & (starts[None, :] < stops[:, None])
    np.fill_diagonal(shared, val=False)
    return shared


def link_overlaps(starts: Integers, stops: Integers) -> csr_array:
    """Return `find_overlaps` as a sparse array of shape (N, N), 1 where two share a frame: its size is the number of such pairs.

    >>> link_overlaps(np.array([0, 5, 10]), np.array([6, 10, 12])).toarray().tolist()
    [[0, 1, 0], [1, 0, 0], [0, 0, 0]]
    """
    n_tracklets = len(starts)
    order = np.argsort(starts, kind="stable")
    # In this order, a tracklet overlaps those behind it that start before it stops.
    n_behind = np.searchsorted(starts[order], stops[order]) - np.arange(1, n_tracklets + 1)
    first = np.repeat(np.arange(n_tracklets), n_behind)
    second = first + 1 + np.arange(len(first)) - np.repeat(np.cumsum(n_behind) - n_behind, n_behind)
    rows, columns = np.concatenate([first, second]), np.concatenate([second, first])
    return csr_array((np.ones(len(rows), dtype=np.int32), (order[rows], order[columns])), shape=(n_tracklets, n_tracklets))


def find_coexisting(starts: Integers, stops: Integers) -> list[Integers]:
    """Return every largest set of tracklets that share a frame, as sorted row numbers, in order of time.

    Any two tracklets that overlap are together in at least one set.

    >>> [rows.tolist() for rows in find_coexisting(np.array([0, 5, 10]), np.array([6, 10, 12]))]
    [[0, 1], [2]]
    """
    sets: list[Integers] = []
    present: set[int] = set()
    has_grown = False
    events = [(int(stop), 0, row) for row, stop in enumerate(stops)] + [(int(start), 1, row) for row, start in enumerate(starts)]
    for _, is_start, row in sorted(events):
        if is_start:
            present.add(row)
            has_grown = True
        else:
            if has_grown:
                sets.append(np.array(sorted(present), dtype=np.int64))
            present.discard(row)
            has_grown = False
    return sets


def relate_tracklets(
    starts: Integers, stops: Integers, identities: Integers | None = None, is_sure: npt.NDArray[np.bool_] | None = None
) -> npt.NDArray[np.int8]:
    """Return what is known of each two tracklets, int8 of shape (N, N): 1 the same animal, -1 two animals, 0 unknown.

    A tracklet is the same animal as itself, and another than those it shares a frame with. Where `identities` (N,) are given, those
    tracklets that `is_sure` (N,) of theirs are related by them too.
    """
    relations = np.where(find_overlaps(starts, stops), -1, 0).astype(np.int8)
    np.fill_diagonal(relations, 1)
    if identities is not None:
        sure = (identities >= 0) if is_sure is None else is_sure & (identities >= 0)
        both = sure[:, None] & sure[None, :]
        by_identity = np.where(identities[:, None] == identities[None, :], 1, -1).astype(np.int8)
        # Two animals at one time stay two, whatever identities say.
        relations = np.where(both & (relations == 0), by_identity, relations).astype(np.int8)
    return relations
