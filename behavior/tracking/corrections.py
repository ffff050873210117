"""What people correct in a track: which detections are which animal, changed by what they say of positions in frames."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from behavior.recording import CorrectionAction, Spot, TrackCorrection, Tracklet

__all__ = ["Corrected", "Outcome", "Placement", "apply_corrections", "name_animal"]

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class _CannotApplyError(ValueError):
    """A correction says something of a place where this track has nothing, or contradicts it."""


@dataclass(frozen=True)
class Placement:
    """Which animal each of M detections of a video is; rows are in the order of their tracklets, those of a tracklet by frame.

    Attributes
    ----------
    frames, positions
        Of the detections, int64 of shape (M,) and float64 of shape (M, 2).
    tracklets
        Their tracklets, int64 of shape (M,), from 0 on and never decreasing.
    animals
        Their animals, int64 of shape (M,); -1 for what is no animal.
    probabilities
        That they are these, float64 of shape (M,); NaN where that was not computed, 1 where a person said so.
    names
        Of the K animals.
    """

    frames: Integers
    positions: Floats
    tracklets: Integers
    animals: Integers
    probabilities: Floats
    names: tuple[str, ...]

    @classmethod
    def of(cls, tracklets: Sequence[Tracklet], animals: npt.NDArray[np.integer], probabilities: Floats | None, n_animals: int) -> Placement:
        """Return the placement of whole tracklets, N of them, with an animal (N,) and a probability (N,) each."""
        lengths = [len(one) for one in tracklets]
        known = np.full(len(lengths), np.nan) if probabilities is None else probabilities
        return cls(
            np.concatenate([one.frames for one in tracklets] or [np.zeros(0, dtype=np.int64)]).astype(np.int64),
            np.concatenate([one.positions for one in tracklets] or [np.zeros((0, 2))]),
            np.repeat(np.arange(len(lengths)), lengths),
            np.repeat(np.asarray(animals, dtype=np.int64), lengths),
            np.repeat(known, lengths),
            tuple(name_animal(number) for number in range(n_animals)),
        )

    def find_starts(self) -> Integers:
        """Return the first row of each tracklet, and M at the end, int64 of shape (N + 1,)."""
        return np.append(np.searchsorted(self.tracklets, np.arange(int(self.tracklets.max(initial=-1)) + 1)), len(self.tracklets))

    def move(self, animals: Integers, *, cuts: Sequence[int] = ()) -> Placement:
        """Return the placement with other animals (M,); tracklets end where the animal changes, and before the rows `cuts`."""
        begins = np.append(True, (np.diff(self.tracklets) != 0) | (np.diff(animals) != 0))[: len(animals)]
        begins[[row for row in cuts if row < len(animals)]] = True
        return replace(self, animals=animals, tracklets=np.cumsum(begins) - 1)


@dataclass(frozen=True)
class Outcome:
    """What became of a correction; `problem` says why it could not be applied, "" where it was."""

    problem: str = ""


@dataclass(frozen=True)
class Corrected:
    """A placement with corrections, and what became of each of them."""

    placement: Placement
    outcomes: tuple[Outcome, ...]


def name_animal(number: int) -> str:
    """Return what an animal is called before anybody gives it a name.

    >>> name_animal(0)
    'animal1'
    """
    return f"animal{number + 1}"


def apply_corrections(placement: Placement, corrections: Sequence[TrackCorrection], *, reach: float) -> Corrected:
    """Apply corrections one after the other; one that cannot be applied changes nothing, and the rest is.

    No detection is lost or made, and no animal is in two places.

    Parameters
    ----------
    reach
        How far from a position of a correction the detection may be that it is about, in pixels.

    Examples
    --------
    >>> frames, x = np.array([0, 1, 0, 1]), np.array([[0.0, 0], [9, 0], [9, 0], [0, 0]])
    >>> found = Placement(frames, x, np.array([0, 0, 1, 1]), np.array([0, 0, 1, 1]), np.full(4, np.nan), ("animal1", "animal2"))
    >>> swap = TrackCorrection("swap", Spot(0, 0, 0), other=Spot(1, 0, 0), start_frame=1)
    >>> apply_corrections(found, [swap], reach=2).placement.animals.tolist()
    [0, 1, 1, 0]
    """
    finder = _Finder(placement, reach)
    outcomes = []
    for correction in corrections:
        try:
            placement = _APPLY[correction.action](placement, correction, finder)
            outcomes.append(Outcome())
        except _CannotApplyError as problem:
            outcomes.append(Outcome(str(problem)))
    return Corrected(placement, tuple(outcomes))


class _Finder:
    """Finds detections by frame and position."""

    def __init__(self, placement: Placement, reach: float) -> None:
        self._order = np.argsort(placement.frames, kind="stable")
        self._sorted = placement.frames[self._order]
        self._positions, self._reach = placement.positions, reach

    def find(self, spot: Spot | None) -> int:
        """Return the row of the detection at a place."""
        if spot is None:
            raise _CannotApplyError("it does not say of which other animal it is")
        rows = self._order[slice(*np.searchsorted(self._sorted, [spot.frame, spot.frame + 1]))]
        distances = np.hypot(*(self._positions[rows] - (spot.x, spot.y)).T)
        if not len(rows) or not distances.min() <= self._reach:
            raise _CannotApplyError(f"no animal was found within {self._reach:.0f} px of {spot.x:.0f}, {spot.y:.0f} in frame {spot.frame}")
        return int(rows[np.argmin(distances)])

    def find_animal(self, placement: Placement, spot: Spot | None) -> int:
        """Return the animal at a place."""
        animal = int(placement.animals[self.find(spot)])
        if animal < 0:
            assert spot is not None
            raise _CannotApplyError(f"what was found at {spot.x:.0f}, {spot.y:.0f} in frame {spot.frame} is marked as no animal")
        return animal


def _choose_rows(placement: Placement, correction: TrackCorrection, finder: _Finder) -> npt.NDArray[np.intp]:
    """Return the rows of the tracklet that a correction is about, as far as it is."""
    start, stop = _get_span(correction)
    row = finder.find(correction.at)
    own = np.flatnonzero(placement.tracklets == placement.tracklets[row])
    rows = own[(placement.frames[own] >= start) & (placement.frames[own] < stop)]
    if not len(rows):
        raise _CannotApplyError(f"the tracklet at frame {correction.at.frame} has none of the frames {start} to {stop - 1:.0f}")
    return rows


def _get_span(correction: TrackCorrection) -> tuple[int, float]:
    return correction.start_frame or 0, np.inf if correction.stop_frame is None else correction.stop_frame


def _swap(placement: Placement, correction: TrackCorrection, finder: _Finder) -> Placement:
    before, after = (finder.find_animal(placement, spot) for spot in (correction.at, correction.other))
    if before == after:
        # A track that follows the animals rightly needs no exchange.
        return placement
    start, stop = _get_span(correction)
    is_in = (placement.frames >= start) & (placement.frames < stop)
    animals = placement.animals.copy()
    animals[is_in & (placement.animals == before)] = after
    animals[is_in & (placement.animals == after)] = before
    return placement.move(animals)


def _assign(placement: Placement, correction: TrackCorrection, finder: _Finder) -> Placement:
    rows = _choose_rows(placement, correction, finder)
    former = int(placement.animals[rows[0]])
    if correction.other is None:
        animal = len(placement.names)
        placement = replace(placement, names=(*placement.names, _choose_name(placement.names)))
    else:
        animal = finder.find_animal(placement, correction.other)
    animals = placement.animals.copy()
    # Who was taken for the animal in these frames is the one that it was taken from.
    others = np.flatnonzero((placement.animals == animal) & np.isin(placement.frames, placement.frames[rows]))
    others = np.setdiff1d(others, rows)
    if former < 0 and len(others):
        frame = int(placement.frames[others[0]])
        raise _CannotApplyError(f"{placement.names[animal]} is somewhere else in frame {frame}; mark that as no animal first")
    animals[others] = former
    animals[rows] = animal
    probabilities = placement.probabilities.copy()
    probabilities[rows] = 1.0
    cuts = [int(rows[0]), int(rows[-1]) + 1]
    return replace(placement.move(animals, cuts=cuts), probabilities=probabilities)


def _split(placement: Placement, correction: TrackCorrection, finder: _Finder) -> Placement:
    return placement.move(placement.animals, cuts=[finder.find(correction.at)])


def _merge(placement: Placement, correction: TrackCorrection, finder: _Finder) -> Placement:
    first, second = sorted(finder.find_animal(placement, spot) for spot in (correction.at, correction.other))
    if first == second:
        return placement
    both = np.intersect1d(placement.frames[placement.animals == first], placement.frames[placement.animals == second])
    if len(both):
        pair = f"{placement.names[first]} and {placement.names[second]}"
        raise _CannotApplyError(f"{pair} are seen together in {len(both)} frames, for the first time in frame {both[0]}, so they are two")
    names = list(placement.names)
    if names[first] == name_animal(first):
        # A name that a person gave stays.
        names[first], names[second] = names[second] if names[second] != name_animal(second) else names[first], ""
    animals = np.where(placement.animals == second, first, placement.animals)
    return replace(placement.move(animals), names=tuple(names))


def _remove(placement: Placement, correction: TrackCorrection, finder: _Finder) -> Placement:
    animals = placement.animals.copy()
    animals[_choose_rows(placement, correction, finder)] = -1
    return placement.move(animals)


def _name(placement: Placement, correction: TrackCorrection, finder: _Finder) -> Placement:
    animal = finder.find_animal(placement, correction.at)
    names = list(placement.names)
    if correction.name in names[:animal] + names[animal + 1 :]:
        raise _CannotApplyError(f"another animal is called {correction.name} already")
    names[animal] = correction.name
    return replace(placement, names=tuple(names))


def _choose_name(names: Sequence[str]) -> str:
    return next(name for name in map(name_animal, range(len(names), 2 * len(names) + 1)) if name not in names)


_APPLY: dict[CorrectionAction, Callable[[Placement, TrackCorrection, _Finder], Placement]] = {
    **{"swap": _swap, "assign": _assign, "split": _split, "merge": _merge, "remove": _remove, "name": _name},
}
