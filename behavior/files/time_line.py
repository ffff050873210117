"""From stamps to times that only go forward: what is done where a video's stamps start again or stand still."""

from __future__ import annotations

from bisect import insort
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from statistics import median
from typing import TypeVar

from behavior.files.frame_rows import FARTHEST_REORDER

__all__ = ["StampContinuation", "TimeLine"]

Picture = TypeVar("Picture")

# Two frames that are stamped a little out of order, as some muxers do, do not begin a new recording.
_SLIGHT = 1.5
# Of frames with one stamp so many are spread over the time until the next; if there are more, the stamps stand still.
_MOST_SPREAD = 4
# So many stamps tell the usual interval.
_REMEMBERED = 51


class StampContinuation:
    """Counts the stamps of packets on where they start again, as in files of a camcorder that were joined.

    Packets come in the order of storage, in which stamps go back by a few frames all the time. A key frame is shown after all that is
    stored before it, and no frame before more than 16 of these: where one is, another recording begins, and its stamps are moved
    behind those before it.

    Parameters
    ----------
    interval
        Nominal time between frames, in the unit of the stamps.

    Attributes
    ----------
    restarts
        The moved stamps with which recordings begin, other than the first.

    Examples
    --------
    >>> stamps = StampContinuation(interval=10)
    >>> [stamps.move(stamp, is_key=stamp == 0) for stamp in (0, 10, 20, 30, 0, 10)], stamps.restarts
    ([0, 10, 20, 30, 40, 50], [40])
    """

    def __init__(self, *, interval: float) -> None:
        self._interval = interval
        self._offset = 0
        # In order of time.
        self._recent: list[int] = []
        self.restarts: list[int] = []

    def move(self, stamp: int, *, is_key: bool) -> int:
        """Return the stamp of the next packet, counted on."""
        moved = stamp + self._offset
        if self._starts_again(moved, is_key=is_key):
            latest = self._recent[-1]
            self._offset += latest + max(round(_find_interval(self._recent, self._interval)), 1) - moved
            moved = stamp + self._offset
            self.restarts.append(moved)
        insort(self._recent, moved)
        del self._recent[:-_REMEMBERED]
        return moved

    def _starts_again(self, moved: int, *, is_key: bool) -> bool:
        if not self._recent or moved >= self._recent[-1]:
            return False
        if is_key:
            return moved < self._recent[-1] - _SLIGHT * _find_interval(self._recent, self._interval)
        return len(self._recent) >= FARTHEST_REORDER and moved < self._recent[-FARTHEST_REORDER]


class TimeLine:
    """Gives rows in the order of showing times that grow from each to the next.

    Parameters
    ----------
    interval
        Nominal time between frames, in the unit of the stamps; the median of the steps before takes its place.
    restarts
        Stamps with which recordings begin (`StampContinuation.restarts`); may grow while rows come.

    Attributes
    ----------
    restarts
        Rows whose stamps start again.
    counted
        Rows whose stamps stand still; they are counted on with the frame rate.
    """

    def __init__(self, *, interval: float, restarts: Sequence[int] = ()) -> None:
        self._interval = interval
        self._starts = restarts
        self._n_passed = 0
        self._recent: deque[float] = deque(maxlen=_REMEMBERED)
        # Whole numbers stay whole, so that times are exact.
        self._offset: float = 0
        self._latest: float | None = None
        self.restarts: list[int] = []
        self.counted: list[int] = []

    def place(self, rows: Iterable[tuple[int, Picture]]) -> Iterator[tuple[float, Picture]]:
        """Yield the rows, each a stamp and something else, with their times in the unit of the stamps, from 0 on.

        >>> rows = [(5, "a"), (15, "b"), (15, "c"), (35, "d")]
        >>> list(TimeLine(interval=10).place(rows))
        [(0, 'a'), (10, 'b'), (20, 'c'), (30, 'd')]
        """
        held: list[Picture] = []
        first: int | None = None
        before, stands_still = 0, False
        for index, (stamp, picture) in enumerate(rows):
            first = stamp if first is None else first
            self._note_restart(index, stamp)
            time = stamp - first + self._offset
            if self._latest is None or time > self._latest:
                yield from self._spread(held, until=time)
                held, stands_still = [], False
                yield self._step(time), picture
            elif stands_still and stamp > before:
                # They go on from where they stood, and not from where the time went on to.
                self._offset += self._expect() - time
                stands_still = False
                self.restarts.append(index)
                yield self._step(self._expect()), picture
            else:
                held.append(picture)
                if stands_still or len(held) > _MOST_SPREAD:
                    self.counted += range(index + 1 - len(held), index + 1)
                    stands_still = True
                    yield from self._spread(held, until=None)
                    held = []
            before = stamp
        yield from self._spread(held, until=None)

    def _note_restart(self, index: int, stamp: int) -> None:
        while self._n_passed < len(self._starts) and stamp >= self._starts[self._n_passed]:
            self._n_passed += 1
            self.restarts.append(index)

    def _spread(self, held: Sequence[Picture], *, until: float | None) -> Iterator[tuple[float, Picture]]:
        """Yield rows that have no time of their own, evenly before `until`, but no slower than the frame rate."""
        if not held:
            return
        assert self._latest is not None
        interval = self._expect() - self._latest
        if until is not None:
            interval = min(interval, (until - self._latest) / (len(held) + 1))
        for picture in held:
            self._latest += interval
            yield self._latest, picture

    def _step(self, time: float) -> float:
        if self._latest is not None:
            self._recent.append(time - self._latest)
        self._latest = time
        return time

    def _expect(self) -> float:
        """Return when the next frame is to be expected."""
        assert self._latest is not None
        return self._latest + (median(self._recent) if self._recent else self._interval)


def _find_interval(stamps: Sequence[int], nominal: float) -> float:
    """Return the usual step between stamps in order of time; the nominal one where they do not tell."""
    steps = [second - first for first, second in pairwise(stamps) if second > first]
    return median(steps) if len(steps) > 1 else nominal
