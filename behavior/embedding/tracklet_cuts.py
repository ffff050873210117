"""Cutting tracklets in two where another animal begins, and the numbers of their parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from behavior.recording import Tracklet

__all__ = ["TrackletCuts"]

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class TrackletCuts:
    """Where tracklets are cut, C times; parts replace their tracklet, and all tracklets are then renumbered in this order.

    Attributes
    ----------
    numbers
        Which tracklet, by its number before any cut, int64 of shape (C,), in order.
    frames
        First frame of the later part, int64 of shape (C,), in order within a tracklet.
    since
        Last frame that surely belongs to the part before, int64 of shape (C,).

    Examples
    --------
    >>> cuts = TrackletCuts(np.array([0, 0]), np.array([5, 9]), np.array([3, 8]))
    >>> cuts.renumber(np.array([0, 0, 0, 1]), np.array([4, 5, 9, 0])).tolist()
    [0, 1, 2, 3]
    >>> [part.tolist() for part in cuts.cut_spans(np.array([0, 2]), np.array([12, 4]))]
    [[0, 5, 9, 2], [5, 9, 12, 4]]
    """

    numbers: Integers
    frames: Integers
    since: Integers

    def __len__(self) -> int:
        return len(self.numbers)

    @classmethod
    def before_crops(cls, rows: Integers, owners: Integers, frames: Integers) -> TrackletCuts:
        """Return cuts before some crops of tracklets, by row; crops have owners and frames of shape (M,), and are in order of time.

        Raises
        ------
        ValueError
            If a crop is the first one of its tracklet.
        """
        order = np.lexsort((np.arange(len(owners)), owners))
        places = np.sort(np.argsort(order)[rows])
        later, earlier = order[places], order[places - 1]
        if (places == 0).any() or (owners[later] != owners[earlier]).any():
            raise ValueError("a tracklet cannot be cut before its first crop")
        return cls(owners[later], frames[later], frames[earlier])

    def renumber(self, owners: Integers, frames: Integers) -> Integers:
        """Return the numbers of the parts that have these frames (M,) of these tracklets (M,), int64 of shape (M,)."""
        most = 1 + max(int(frames.max(initial=0)), int(self.frames.max(initial=0)))
        behind = np.searchsorted(self.numbers * most + self.frames, owners.astype(np.int64) * most + frames, side="right")
        return np.asarray(owners + behind, dtype=np.int64)

    def cut_spans(self, starts: Integers, stops: Integers) -> tuple[Integers, Integers]:
        """Return the first frames of all parts, and the frames after their last ones at the latest, from those of N tracklets."""
        return np.insert(starts, self.numbers + 1, self.frames), np.insert(stops, self.numbers, self.frames)

    def cut_tracklets(self, tracklets: Sequence[Tracklet]) -> list[Tracklet]:
        """Return all parts in order."""
        parts: list[Tracklet] = []
        for number, one in enumerate(tracklets):
            own = slice(*np.searchsorted(self.numbers, [number, number + 1]))
            rows = np.searchsorted(one.frames, self.frames[own])
            ends = [0, *rows.tolist(), len(one)]
            parts += [one] if not len(rows) else [_take(one, slice(*ends[part : part + 2])) for part in range(len(rows) + 1)]
        return parts

    def move_to_meetings(self, tracklets: Sequence[Tracklet]) -> TrackletCuts:
        """Return the same cuts at the likeliest moments that they leave open, after `since`.

        That is after the longest time without the animal; or, if it was seen all the time, where it goes furthest in a frame, of the
        frames in which it touches another if there are any.
        """
        frames = self.frames.copy()
        for cut, (number, since, stop) in enumerate(zip(self.numbers.tolist(), self.since.tolist(), self.frames.tolist(), strict=True)):
            one = tracklets[number]
            # From the last row before to the first one behind.
            rows = np.arange(np.searchsorted(one.frames, since), np.searchsorted(one.frames, stop) + 1)
            missed = np.diff(one.frames[rows])
            steps = np.hypot(*np.diff(one.positions[rows], axis=0).T)
            touching = one.touching[rows[1:]] | one.touching[rows[:-1]]
            frames[cut] = one.frames[rows[1 + np.lexsort((steps, touching, missed))[-1]]]
        return TrackletCuts(self.numbers, frames, self.since)


def _take(tracklet: Tracklet, rows: slice) -> Tracklet:
    return Tracklet(**{field.name: getattr(tracklet, field.name)[rows] for field in fields(tracklet)})
