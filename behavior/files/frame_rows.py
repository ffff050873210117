"""Which row of a video a decoded frame belongs to, and which rows stay empty because their frame could not be decoded."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from heapq import heappop, heappush
from statistics import median
from typing import Generic, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from behavior.recording import Frames

__all__ = ["FARTHEST_REORDER", "CountedRows", "Frame", "FrameRows", "StampedRows", "VideoSummary"]

Picture = TypeVar("Picture")

# A frame shown between two others is at least this part of an interval away from both; the second field of an interlaced
# frame, which has a packet and a stamp of its own, is half an interval away.
_NEAREST_ROW = 0.6

# Steps in time that are longer than this many intervals skip a frame.
_GAP = 1.5

# No codec moves a frame further than this between the order of storage and the order of showing (H.264 and H.265: 16).
FARTHEST_REORDER = 17


@dataclass(frozen=True)
class Frame:
    """One row of a video.

    Attributes
    ----------
    index
        Counts from the beginning of the video, 0-based.
    time_s
        Presentation time less that of the first row.
    image
        RGB, uint8 of shape (H, W, 3), upright, or (H, W) where grey was asked for; None where the frame could not be decoded.
    """

    index: int
    time_s: float
    image: npt.NDArray[np.uint8] | None


@dataclass(frozen=True)
class VideoSummary:
    """The result of decoding a whole video.

    Attributes
    ----------
    n_frames
        Rows, those that could not be decoded among them.
    time_s
        Their times, float64 of shape (T,), the first one 0, each later than the one before.
    fps
        By the times (`frame_times.estimate_fps`); the header's for a single frame.
    width, height
        Of the upright frame, in pixels.
    declared_frames
        The number of frames in the header; None if it has none.
    broke_off
        Whether the file ends before its header says.
    undecodable
        Rows whose frame could not be decoded.
    restarts
        Rows at which the file's time stamps start again, as where recordings were joined; times go on with the frame rate there.
    counted
        Rows whose time stamps stand still; their times are counted on with the frame rate.
    """

    n_frames: int
    time_s: npt.NDArray[np.float64]
    fps: float
    width: int
    height: int
    declared_frames: int | None
    broke_off: bool
    undecodable: tuple[int, ...]
    restarts: tuple[int, ...] = ()
    counted: tuple[int, ...] = ()

    @property
    def frames(self) -> Frames:
        """The rows, as whatever belongs to the video has to match them."""
        return Frames(self.n_frames, self.time_s, self.broke_off)


class FrameRows(Protocol[Picture]):
    """Takes the stamps of packets that go into a decoder and the frames that come out, and yields rows: stamp, and frame or None."""

    def expect(self, stamp: int) -> None:
        """Note that a packet with this stamp went in, or should have."""

    def arrive(self, stamp: int, frame: Picture | None) -> Iterator[tuple[int, Picture | None]]:
        """Take a frame that came out, None if it is damaged, and yield the rows that are now settled."""

    def note_hole(self, before: int, after: int) -> None:
        """Note that bytes are missing between two packets with these stamps: rows may be, too."""

    def end_at_gap(self) -> None:
        """Note that the file breaks off: frames stored before one that is lost, but shown after it, are left out."""

    def finish(self, *, without: Collection[int] = ()) -> Iterator[tuple[int, Picture | None]]:
        """Yield the rows that are left once everything came out; those stamped as in `without` only if they came out."""


class StampedRows(Generic[Picture]):
    """Rows of a file that says when each frame is shown.

    Frames come out in the order of showing: a packet whose stamp is earlier than that of a frame that came out is lost.

    Parameters
    ----------
    interval
        Nominal time between frames, in the unit of the stamps; the median of what comes out takes its place.
    """

    def __init__(self, *, interval: float) -> None:
        self._nominal = interval
        self._intervals: deque[float] = deque([interval], maxlen=51)
        self._holes: list[tuple[int, int]] = []
        self._pending: list[int] = []
        self._lost: set[int] = set()
        self._latest: int | None = None
        self._ends_at_gap = False

    def expect(self, stamp: int) -> None:
        """Note that a packet with this stamp went in, or should have."""
        heappush(self._pending, stamp)

    def arrive(self, stamp: int, frame: Picture | None) -> Iterator[tuple[int, Picture | None]]:
        """Take a frame that came out, None if it is damaged, and yield the rows that are now settled."""
        if stamp in self._lost:
            # It comes out after its row was given up; the row is there.
            self._lost.remove(stamp)
            return
        yield from self._give_up(stamp)
        while self._pending and self._pending[0] <= stamp:
            heappop(self._pending)
        yield from self._fill_hole(stamp)
        if self._ends_at_gap and self._latest is not None and stamp - self._latest > _GAP * median(self._intervals):
            return
        if self._latest is not None and stamp > self._latest:
            self._intervals.append(stamp - self._latest)
        self._latest = stamp if self._latest is None else max(stamp, self._latest)
        yield stamp, frame

    def note_hole(self, before: int, after: int) -> None:
        """Note that bytes are missing between two packets: gaps in time around them are rows that could not be decoded."""
        slack = round(FARTHEST_REORDER * self._nominal)
        self._holes.append((min(before, after) - slack, max(before, after) + slack))

    def end_at_gap(self) -> None:
        """Note that the file breaks off: what comes after a gap is left out."""
        self._ends_at_gap = True

    def finish(self, *, without: Collection[int] = ()) -> Iterator[tuple[int, Picture | None]]:
        """Yield the rows that are left, as `FrameRows.finish` has it."""
        self._pending = sorted(stamp for stamp in self._pending if stamp not in without)
        yield from self._give_up(None)

    def _give_up(self, until: int | None) -> Iterator[tuple[int, None]]:
        while self._pending and (until is None or self._pending[0] < until):
            stamp = heappop(self._pending)
            nearest = _NEAREST_ROW * median(self._intervals)
            after_row = self._latest is None or stamp - self._latest > nearest
            if after_row and (until is None or until - stamp > nearest):
                yield from self._fill_hole(stamp)
                self._latest = stamp
                self._lost.add(stamp)
                yield stamp, None

    def _fill_hole(self, stamp: int) -> Iterator[tuple[int, None]]:
        """Yield rows, at the usual interval, between the latest one and `stamp`, if a hole is near."""
        before = self._latest
        if before is None or not any(start < stamp and before < stop for start, stop in self._holes):
            return
        # Stamps in milliseconds are rounded; over a long hole, the header's rate counts better than their median.
        usual = median(self._intervals)
        interval = self._nominal if abs(self._nominal - usual) < 0.05 * usual else usual
        for step in range(1, round((stamp - before) / interval)):
            self._latest = before + round(step * interval)
            yield self._latest, None


class CountedRows(Generic[Picture]):
    """Rows of a file that numbers its packets in the order of storage and does not say when they are shown (AVI with B-frames).

    Frames come out in the order of showing, so the numbers, in order, are theirs; a number is lost when frames that are stored
    so much later came out that it cannot come any more. It keeps its place in the count, which may differ from the lost frame's
    by its distance between storage and showing.

    Parameters
    ----------
    interval
        Time between frames, in the unit of the numbers.
    reorder_depth
        How many frames a frame may overtake between storage and showing.
    """

    def __init__(self, *, interval: float, reorder_depth: int) -> None:
        self._reorder_depth = reorder_depth
        self._slack = FARTHEST_REORDER * interval
        self._numbers: list[int] = []
        self._pending: set[int] = set()
        self._frames: deque[Picture | None] = deque()
        self._newest = 0
        self._left_out = 0

    def expect(self, stamp: int) -> None:
        """Note that a packet with this stamp went in, or should have."""
        heappush(self._numbers, stamp)
        self._pending.add(stamp)

    def arrive(self, stamp: int, frame: Picture | None) -> Iterator[tuple[int, Picture | None]]:
        """Take a frame that came out, None if it is damaged, and yield the rows that are now settled."""
        if stamp not in self._pending:
            # A second frame from one packet has no number of its own.
            return
        self._pending.remove(stamp)
        self._frames.append(frame)
        self._newest = max(self._newest, stamp)
        while self._numbers and self._numbers[0] <= self._newest - self._slack:
            yield self._settle()

    def note_hole(self, before: int, after: int) -> None:
        """Do nothing: AVI's index, or its count, tells what is missing."""

    def end_at_gap(self) -> None:
        """Note that the file breaks off: the last frames may have overtaken one that is lost, and are left out."""
        self._left_out = self._reorder_depth

    def finish(self, *, without: Collection[int] = ()) -> Iterator[tuple[int, Picture | None]]:
        """Yield the rows that are left, as `FrameRows.finish` has it."""
        self._numbers = sorted(number for number in self._numbers if number not in self._pending or number not in without)
        while len(self._numbers) > self._left_out:
            yield self._settle()

    def _settle(self) -> tuple[int, Picture | None]:
        number = heappop(self._numbers)
        if number in self._pending:
            self._pending.remove(number)
            return number, None
        return number, self._frames.popleft()
