"""Identities that fit what animals look like and how they move: an animal is not far from where it was just before."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from behavior.identity.assignment import LEAST_GAIN, NOBODY, share_odds
from behavior.identity.overlaps import find_chains, link_overlaps
from behavior.recording import Tracklet

__all__ = ["Motion", "continue_identities"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

# Share of cases in which an animal may be anywhere: a tracklet that was named wrongly cannot rule another one out.
_ANYWHERE = 0.01
# Sequences of names that are continued, and log-odds that one may be behind the best of them.
_MOST_SEQUENCES, _FARTHEST_BEHIND = 200, 40.0
# The number of no tracklet.
_NONE = -1


@dataclass(frozen=True)
class Motion:
    """How far animals get: as far as a normal distribution says whose deviation grows by a step a frame.

    Attributes
    ----------
    step
        Distance that an animal moves in a frame, pixels.
    spread
        How exact a position is, pixels.
    area
        Of the arena, square pixels.
    """

    step: float
    spread: float
    area: float

    def weigh(self, start: Floats, stop: Floats, n_frames: Integers) -> Floats:
        """Return the log-odds of ways from `start` to `stop` (M, 2) in `n_frames` (M,) against one to anywhere in the arena, (M,).

        >>> odds = Motion(step=5, spread=1, area=1e4).weigh(np.zeros((2, 2)), np.array([[1.0, 0.0], [90.0, 0.0]]), np.array([1, 1]))
        >>> bool(odds[0] > 3 and odds[1] < -3)
        True
        """
        # After long enough an animal may be anywhere.
        variance = np.minimum(self.spread**2 + (self.step * n_frames) ** 2, self.area / (2 * np.pi))
        density = np.exp(-((stop - start) ** 2).sum(axis=1) / (2 * variance)) / (2 * np.pi * variance)
        odds: Floats = np.log((1 - _ANYWHERE) * density * self.area + _ANYWHERE)
        return odds


def continue_identities(log_probabilities: Floats, tracklets: Sequence[Tracklet], motion: Motion) -> tuple[Integers, Floats]:
    """Return identities of N tracklets that fit looks and motion together, int64 (N,), and how likely each identity is (N, K).

    What identities are worth is the sum of their log-probabilities and of the log-odds of the way from each tracklet of an animal to its
    next one. In a long contact, where tracklets are a frame long and look like anyone, names so stay with those who move smoothly, and
    change where more speaks for it than against. Two tracklets that share a frame are two animals; where there are more than K, those that
    begin last are nobody.

    Tracklets are named in order of time, each as any animal that is free. Of all sequences of names that leave each animal in the same
    tracklet, only the best one can be part of the best (Viterbi over the arrangements of animals); the 200 best ones go on that are not
    more than 40 log-odds behind. That finds the best of all unless it was farther behind for a while, or more arrangements were open at a
    time: a contact of five animals has 120. Then, two animals at a time are exchanged wherever that is worth more, until it is nowhere.

    Probabilities are those of the best exchange of two identities that includes the tracklet.

    Parameters
    ----------
    log_probabilities
        Log-probability of each identity by looks, finite, float64 of shape (N, K).
    tracklets
        N tracklets.
    motion
        How animals move.

    Raises
    ------
    ValueError
        If a log-probability is not finite.

    Examples
    --------
    A tracklet without looks begins, a frame after the first two ended, where the first one was:

    >>> def stay(frame, x):
    ...     return Tracklet(np.array([frame]), np.array([[x, 0.0]]), np.zeros(1), np.zeros((1, 2)), np.zeros(1, dtype=bool))
    >>> looks = np.log(np.array([[0.9, 0.1], [0.1, 0.9], [0.5, 0.5]]))
    >>> found, _ = continue_identities(looks, [stay(0, 0), stay(0, 90), stay(1, 1)], Motion(5, 1, 1e4))
    >>> found.tolist()
    [0, 1, 0]
    """
    if not np.isfinite(log_probabilities).all():
        raise ValueError("log_probabilities hold NaN or infinite values")
    evidence = _Evidence.gather(log_probabilities, tracklets, motion)
    identities = evidence.find_sequence()
    pairs = list(itertools.combinations(range(evidence.n_identities), 2))
    has_changed = True
    while has_changed:
        has_changed = False
        for pair in pairs:
            changed = evidence.chain(identities, *pair).exchange_best(identities)
            # Where one of the two is not seen for a while, the chains know only roughly what its way over a change is worth.
            if evidence.add_up(changed, pair) > evidence.add_up(identities, pair) + LEAST_GAIN:
                identities, has_changed = changed, True
    log_odds = np.full(log_probabilities.shape, -np.inf)
    assigned = np.flatnonzero(identities != NOBODY)
    log_odds[assigned, identities[assigned]] = 0.0
    for pair in pairs:
        chains = evidence.chain(identities, *pair)
        log_odds[chains.members, chains.others] = np.minimum(chains.weigh_exchanges(), 0.0)[chains.places]
    return identities, share_odds(log_odds, assigned)


@dataclass(frozen=True)
class _PairChains:
    """Two animals that may be exchanged in any of C chains of tracklets that overlap, in order of time.

    Attributes
    ----------
    members
        Tracklets of the two, int64 of shape (M,).
    places
        The chain of each member, int64 of shape (M,).
    others
        What each member is if it is exchanged, int64 of shape (M,).
    gains
        What exchanging a chain is worth by looks, float64 of shape (C,).
    links
        What it is worth by motion that a chain and the one before are both exchanged or both not, rather than one of them, float64 of shape
        (C,), 0 for the first.
    """

    members: Integers
    places: Integers
    others: Integers
    gains: Floats
    links: Floats

    def exchange_best(self, identities: Integers) -> Integers:
        """Return the identities with those chains exchanged that give the largest sum."""
        upto = (self.gains + _pass_on(self.gains, self.links)).tolist()
        links = self.links.tolist()
        is_exchanged = np.zeros(len(upto), dtype=np.bool_)
        # What the chain behind says of this one.
        behind = 0.0
        for chain in range(len(upto) - 1, -1, -1):
            is_exchanged[chain] = upto[chain] + behind > LEAST_GAIN
            behind = links[chain] if is_exchanged[chain] else -links[chain]
        changed, rows = identities.copy(), is_exchanged[self.places]
        changed[self.members[rows]] = self.others[rows]
        return changed

    def weigh_exchanges(self) -> Floats:
        """Return the largest sum with a chain exchanged, less the largest one with it as it is, float64 of shape (C,)."""
        behind = np.zeros_like(self.links)
        behind[1:] = self.links[:0:-1]
        return self.gains + _pass_on(self.gains, self.links) + _pass_on(self.gains[::-1], behind)[::-1]


@dataclass(frozen=True)
class _Evidence:
    """What is known of N tracklets: looks (N, K), first and last frames (N,), positions in them (N, 2), overlaps, and their order."""

    looks: Floats
    starts: Integers
    ends: Integers
    first: Floats
    last: Floats
    overlaps: csr_array
    order: Integers
    motion: Motion

    @classmethod
    def gather(cls, looks: Floats, tracklets: Sequence[Tracklet], motion: Motion) -> _Evidence:
        starts = np.array([one.start_frame for one in tracklets], dtype=np.int64)
        stops = np.array([one.stop_frame for one in tracklets], dtype=np.int64)
        first = np.array([one.positions[0] for one in tracklets]).reshape(-1, 2)
        last = np.array([one.positions[-1] for one in tracklets]).reshape(-1, 2)
        return cls(looks, starts, stops - 1, first, last, link_overlaps(starts, stops), np.argsort(starts, kind="stable"), motion)

    @property
    def n_identities(self) -> int:
        return self.looks.shape[1]

    def add_up(self, identities: Integers, names: Sequence[int]) -> float:
        """Return what the tracklets of some animals are worth."""
        total = 0.0
        for name in names:
            own = self.order[identities[self.order] == name]
            total += float(self.looks[own, name].sum() + self._weigh_ways(own[:-1], own[1:]).sum())
        return total

    def find_sequence(self) -> Integers:
        """Return the identities of the best sequence that is found tracklet by tracklet, int64 of shape (N,)."""
        # The last tracklet of each animal in each sequence, what the sequence is worth, and which one each goes on with which name.
        last, worth = np.full((1, self.n_identities), _NONE), np.zeros(1)
        parents, named = [], []
        for tracklet in self.order.tolist():
            ends = np.where(last == _NONE, -1, self.ends[last])
            rows, names = np.nonzero(ends < self.starts[tracklet])
            if len(rows):
                reached = worth[rows] + self.looks[tracklet, names] + self._weigh_ways(last[rows, names], np.full(len(rows), tracklet))
                best = np.flatnonzero(reached >= reached.max() - _FARTHEST_BEHIND)
                best = best[np.argsort(-reached[best], kind="stable")]
                arranged = last[rows[best]]
                arranged[np.arange(len(best)), names[best]] = tracklet
                kept = np.sort(np.unique(arranged, axis=0, return_index=True)[1])[:_MOST_SEQUENCES]
                last, worth, rows, names = arranged[kept], reached[best[kept]], rows[best[kept]], names[best[kept]]
            else:
                rows, names = np.arange(len(last)), np.full(len(last), NOBODY)
            parents.append(rows.astype(np.int16))
            named.append(names.astype(np.int16))
        identities = np.full(len(self.starts), NOBODY, dtype=np.int64)
        # The best sequence is the first.
        sequence = 0
        for tracklet, before, given in zip(self.order[::-1].tolist(), parents[::-1], named[::-1], strict=True):
            identities[tracklet] = given[sequence]
            sequence = int(before[sequence])
        return identities

    def chain(self, identities: Integers, first: int, second: int) -> _PairChains:
        """Return the chains of two animals."""
        members, numbers, others = find_chains(identities, first, second, self.overlaps)
        n_chains = int(numbers.max(initial=-1)) + 1
        begin = np.full(n_chains, np.iinfo(np.int64).max)
        np.minimum.at(begin, numbers, self.starts[members])
        rank = np.empty(n_chains, dtype=np.int64)
        rank[np.argsort(begin)] = np.arange(n_chains)
        places = rank[numbers]
        change = self.looks[members, others] - self.looks[members, identities[members]]
        gains = np.bincount(places, weights=change, minlength=n_chains).astype(np.float64)
        links = np.zeros(n_chains)
        opening, seen = np.full((2, 2, n_chains), _NONE)
        for row, name in enumerate((first, second)):
            own = np.flatnonzero(identities[members] == name)
            own = own[np.argsort(self.starts[members[own]], kind="stable")]
            closing = np.full(n_chains, _NONE)
            # The last one that is written stays.
            closing[places[own]] = members[own]
            opening[row][places[own[::-1]]] = members[own[::-1]]
            seen[row] = _carry_on(closing)
        for row in range(2):
            links[1:] += self._weigh_ways(seen[row, :-1], opening[row, 1:]) - self._weigh_ways(seen[1 - row, :-1], opening[row, 1:])
        return _PairChains(members, places, others, gains, links)

    def _weigh_ways(self, before: Integers, after: Integers) -> Floats:
        """Return the log-odds of the ways from the ends of tracklets `before` to the beginnings of those `after`, 0 where one is none."""
        odds = np.zeros(len(before))
        known = np.flatnonzero((before != _NONE) & (after != _NONE))
        before, after = before[known], after[known]
        odds[known] = self.motion.weigh(self.last[before], self.first[after], self.starts[after] - self.ends[before])
        return odds


def _carry_on(numbers: Integers) -> Integers:
    """Return the number at each place, or the last one before it where there is none."""
    known = np.maximum.accumulate(np.where(numbers == _NONE, -1, np.arange(len(numbers))))
    return np.where(known < 0, _NONE, numbers[known])


def _pass_on(gains: Floats, links: Floats) -> Floats:
    """Return what all chains before one say about exchanging it, float64 of shape (C,), through `links` with the one before."""
    passed = []
    said = 0.0
    for gain, link in zip(gains.tolist(), links.tolist(), strict=True):
        # The largest sum if this one is exchanged, less that if it is not.
        said = max(said + link, 0.0) - max(said, link)
        passed.append(said)
        said += gain
    return np.array(passed)
