"""Which tracklets are seen at the same time, and so cannot be the same animal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

__all__ = ["TrackletRelations", "find_chains", "find_coexisting", "link_overlaps"]

Integers = npt.NDArray[np.int64]


def link_overlaps(starts: Integers, stops: Integers) -> csr_array:
    """Return which of N tracklets share a frame, 1 in a sparse array of shape (N, N): its size is the number of such pairs.

    None shares one with itself.

    Parameters
    ----------
    starts, stops
        Frames [start, stop) of each, int of shape (N,).

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


def find_chains(identities: Integers, first: int, second: int, overlaps: csr_array) -> tuple[Integers, Integers, Integers]:
    """Return the tracklets of two identities, the number of the chain that each hangs in, and for each the other identity.

    In a chain (a Kempe chain of the graph of overlaps), each tracklet overlaps another one: they can be exchanged only together.

    >>> overlaps = link_overlaps(np.array([0, 0, 5, 5]), np.array([5, 5, 9, 9]))
    >>> [part.tolist() for part in find_chains(np.array([0, 1, 1, 2]), 0, 1, overlaps)]
    [[0, 1, 2], [0, 0, 1], [1, 0, 0]]
    """
    members = np.flatnonzero((identities == first) | (identities == second))
    _, chain = connected_components(overlaps[members][:, members], directed=False)
    return members, chain.astype(np.int64), np.where(identities[members] == first, second, first)


@dataclass(frozen=True)
class TrackletRelations:
    """What is known of each two of N tracklets: whether they are the same animal or two.

    A tracklet is the same animal as itself, and another than those it shares a frame with, whatever identities say. Memory is linear in
    the number of tracklets.

    Attributes
    ----------
    starts, stops
        Frames [start, stop) of each, int64 of shape (N,).
    identities
        Animal of each, int64 of shape (N,), negative where it is not sure; without it only time relates them.
    """

    starts: Integers
    stops: Integers
    identities: Integers | None = None

    def relate(self, tracklets: Integers) -> npt.NDArray[np.int8]:
        """Return the relations of `tracklets` (M,), which may repeat, int8 of shape (M, M): 1 the same animal, -1 two, 0 unknown.

        >>> TrackletRelations(np.array([0, 5, 10]), np.array([6, 10, 12])).relate(np.array([0, 1, 2])).tolist()
        [[1, -1, 0], [-1, 1, 0], [0, 0, 1]]
        """
        relations = np.zeros((len(tracklets), len(tracklets)), dtype=np.int8)
        if self.identities is not None:
            identities = self.identities[tracklets]
            sure = identities >= 0
            relations[np.ix_(sure, sure)] = np.where(identities[sure][:, None] == identities[sure][None, :], 1, -1)
        starts, stops = self.starts[tracklets], self.stops[tracklets]
        relations[(starts[:, None] < stops[None, :]) & (starts[None, :] < stops[:, None])] = -1
        relations[tracklets[:, None] == tracklets[None, :]] = 1
        return relations
