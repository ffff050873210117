"""Which animal each tracklet of a video is: fingerprints, prototypes and the constrained assignment, in turns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from behavior.identity.assignment import NOBODY, Assignment, assign_identities
from behavior.identity.contrast import CropTable, EmbeddingTrainer
from behavior.identity.overlaps import TrackletRelations, find_coexisting
from behavior.identity.recognition import Prototypes, normalize, score_tracklets

__all__ = ["UNKNOWN", "Resolution", "count_animals", "resolve_tracklets", "train_and_resolve"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

# Identity of a tracklet whose best identity is not likely enough.
UNKNOWN = -1
# How many beginnings are tried, and at most how many turns are taken from each.
_N_BEGINNINGS, _MOST_TURNS = 3, 10
# From which probability on an identity is trained on.
_SURE = 0.95


@dataclass(frozen=True)
class Resolution:
    """Identities of N tracklets.

    Attributes
    ----------
    assignment
        The best assignment, also where it is not sure.
    prototypes
        What each animal looks like.
    """

    assignment: Assignment
    prototypes: Prototypes

    def name_tracklets(self, *, least_probability: float = 0.9) -> Integers:
        """Return the identity of each tracklet, int64 of shape (N,); `UNKNOWN` where its probability is below `least_probability`."""
        certain = self.assignment.certainty >= least_probability
        return np.where(certain, self.assignment.identities, UNKNOWN)


def count_animals(starts: Integers, stops: Integers) -> int:
    """Return the largest number of tracklets that share a frame, 0 where there is none.

    >>> count_animals(np.array([0, 5, 10]), np.array([6, 10, 12]))
    2
    """
    return max((len(together) for together in find_coexisting(starts, stops)), default=0)


def resolve_tracklets(
    vectors: npt.NDArray[np.floating],
    owners: Integers,
    starts: Integers,
    stops: Integers,
    n_identities: int,
    *,
    first: Integers | None = None,
) -> Resolution:
    """Find which tracklets are the same animal.

    Begins with tracklets that are there together, one for each animal; then, in turns, all tracklets are assigned by what the animals
    look like, and what the animals look like follows from the tracklets assigned to them. Of several starts, the one with
    the likeliest crops is kept.

    Parameters
    ----------
    vectors
        Fingerprints of the usable crops, shape (M, D).
    owners
        Tracklet of each, int64 of shape (M,).
    starts, stops
        Frames [start, stop) of the tracklets, int64 of shape (N,).
    n_identities
        Number of animals K.
    first
        Identities to begin with, of shape (N,), in place of beginnings of its own.
    """
    vectors = normalize(vectors)
    beginnings = [first] if first is not None else _choose_beginnings(vectors, owners, starts, stops, n_identities)
    best: tuple[float, Integers] | None = None
    for identities in beginnings:
        for _ in range(_MOST_TURNS):
            _, scores = score_tracklets(vectors, owners, identities, n_identities, calibrate=False)
            found = assign_identities(scores, starts, stops).identities
            is_settled = np.array_equal(found, identities)
            identities = found
            if is_settled:
                break
        _, scores = score_tracklets(vectors, owners, identities, n_identities, calibrate=False)
        assigned = np.flatnonzero(identities != NOBODY)
        value = float(scores[assigned, identities[assigned]].sum())
        if best is None or value > best[0]:
            best = value, identities
    assert best is not None
    prototypes, scores = score_tracklets(vectors, owners, best[1], n_identities, calibrate=True)
    return Resolution(assign_identities(scores, starts, stops), prototypes)


def train_and_resolve(
    trainer: EmbeddingTrainer,
    table: CropTable,
    n_identities: int,
    *,
    n_steps: int = 600,
    n_turns: int = 2,
    on_progress: Callable[[int], None] | None = None,
) -> Resolution:
    """Train a fingerprint on a video's own tracklets, and find which of them are the same animal.

    The first training contrasts only tracklets that are seen together. Each of `n_turns` further trainings, half as long, adds the
    tracklets with a certain identity.

    Parameters
    ----------
    trainer
        Holds the network.
    table
        Usable crops.
    n_identities
        Number of animals K.
    n_steps
        Steps of the first training.
    n_turns
        How often to go on with the identities found.
    on_progress
        Called with the number of steps taken.
    """
    trainer.train(table, TrackletRelations(table.starts, table.stops), n_steps=n_steps, on_progress=on_progress)
    resolution = resolve_tracklets(trainer.embed(table.inputs), table.owners, table.starts, table.stops, n_identities)
    for _ in range(n_turns):
        sure = resolution.name_tracklets(least_probability=_SURE)
        trainer.train(table, TrackletRelations(table.starts, table.stops, sure), n_steps=n_steps // 2, on_progress=on_progress)
        resolution = resolve_tracklets(trainer.embed(table.inputs), table.owners, table.starts, table.stops, n_identities)
    return resolution


def _choose_beginnings(vectors: Floats, owners: Integers, starts: Integers, stops: Integers, n_identities: int) -> list[Integers]:
    """Return first identities (N,): in each, as many tracklets as there are animals have one, and they are there together if they can."""
    n_crops = np.bincount(owners, minlength=len(starts))
    moments = []
    for together in find_coexisting(starts, stops):
        seen = together[np.argsort(-n_crops[together], kind="stable")][:n_identities]
        seen = seen[n_crops[seen] > 0]
        if len(seen):
            moments.append((len(seen), int(n_crops[seen].min()), seen))
    moments.sort(key=lambda moment: moment[:2], reverse=True)
    beginnings: list[Integers] = []
    used: list[set[int]] = []
    for _, _, seen in moments:
        if len(beginnings) == _N_BEGINNINGS:
            break
        # A moment with the same tracklets but for one or two would begin the same.
        if any(len(before & set(seen.tolist())) > len(seen) / 2 for before in used):
            continue
        used.append(set(seen.tolist()))
        identities = np.full(len(starts), NOBODY, dtype=np.int64)
        identities[_add_unlike(seen, vectors, owners, n_crops, n_identities)] = np.arange(min(n_identities, int((n_crops > 0).sum())))
        beginnings.append(identities)
    return beginnings or [np.full(len(starts), NOBODY, dtype=np.int64)]


def _add_unlike(chosen: Integers, vectors: Floats, owners: Integers, n_crops: Integers, n_identities: int) -> Integers:
    """Return `chosen` and further tracklets, each the least like those before it, until there are as many as animals."""
    rows = np.flatnonzero(n_crops > 0)
    sums = np.zeros((len(n_crops), vectors.shape[1]))
    np.add.at(sums, owners, vectors)
    means = normalize(sums)
    while len(chosen) < min(n_identities, len(rows)):
        nearest = (means[rows] @ means[chosen].T).max(axis=1)
        nearest[np.isin(rows, chosen)] = np.inf
        chosen = np.append(chosen, rows[nearest.argmin()])
    return chosen
