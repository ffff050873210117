"""What a detector finds in one picture, and what every detector is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Protocol, Self, overload

import numpy as np
import numpy.typing as npt

__all__ = ["Detections", "Detector", "FrameDetections", "ResumableDetector"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Detections:
    """Animals found in one frame, N of them, in no order that means anything.

    Attributes
    ----------
    positions
        Centres in pixels from the upper left corner of the frame, float64 of shape (N, 2) as x, y.
    angles
        Direction of the long axis in radians from x towards y, in [-pi/2, pi/2), shape (N,): which of its ends is the head is not known.
    lengths, widths
        Axes of the ellipse with the animal's second moments, in pixels, shape (N,).
    areas
        In pixels, shape (N,).
    skews
        Third moment along the axis over its standard deviation cubed, shape (N,): above 0 where the animal is thinner towards `angles`.
    qualities
        In (0, 1], shape (N,): how sure the position is.
    touching
        Whether the animal was cut out of a spot that it shares with others, or overlaps with one, bool of shape (N,).
    heads
        How sure it is by what the animal looks like that its head is towards `angles`, from -1 (it is at the other end) to 1, shape (N,);
        NaN where nothing tells.

    Examples
    --------
    >>> found = Detections.at(np.array([[3.0, 4.0], [9.0, 9.0]]))
    >>> len(found), found.select([1]).positions.tolist()
    (2, [[9.0, 9.0]])
    """

    positions: Floats
    angles: Floats
    lengths: Floats
    widths: Floats
    areas: Floats
    skews: Floats
    qualities: Floats
    touching: npt.NDArray[np.bool_]
    heads: Floats

    def __post_init__(self) -> None:
        n = len(self.positions)
        if self.positions.shape != (n, 2):
            raise ValueError(f"positions have shape {self.positions.shape}, expected (N, 2)")
        for field in fields(self)[1:]:
            if (shape := getattr(self, field.name).shape) != (n,):
                raise ValueError(f"{field.name} have shape {shape}, expected ({n},)")

    def __len__(self) -> int:
        return len(self.positions)

    @classmethod
    def at(cls, positions: Floats, *, qualities: Floats | None = None) -> Self:
        """Return detections with known positions (N, 2) only; everything else is NaN."""
        n = len(positions)
        unknown = np.full(n, np.nan)
        sure = np.ones(n) if qualities is None else qualities
        alone = np.zeros(n, dtype=np.bool_)
        return cls(positions.reshape(n, 2).astype(np.float64), unknown, unknown, unknown, unknown, unknown, sure, alone, unknown)

    @classmethod
    def join(cls, parts: Sequence[Detections]) -> Self:
        """Return the detections of several parts of a frame as one."""
        if not parts:
            return cls.at(np.empty((0, 2)))
        return cls(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(cls)))

    def select(self, rows: Sequence[int] | npt.NDArray[np.intp] | npt.NDArray[np.bool_]) -> Self:
        """Return some of the detections, by index or by mask."""
        chosen = np.asarray(rows, dtype=np.intp) if len(rows) == 0 else np.asarray(rows)
        return type(self)(*(getattr(self, field.name)[chosen] for field in fields(self)))


# What a row of a table holds after x and y.
_COLUMNS = tuple(field.name for field in fields(Detections))[1:]


class FrameDetections(Sequence[Detections]):
    """The detections of T frames in one array: a long video has too many for objects of their own.

    Attributes
    ----------
    counts
        How many each frame has, int64 of shape (T,).
    values
        One row per detection, frame after frame, float64 of shape (M, C): x, y, and the other fields of `Detections` in their order.

    Examples
    --------
    >>> table = FrameDetections.gather([Detections.at(np.array([[3.0, 4.0]])), Detections.at(np.empty((0, 2)))])
    >>> [len(found) for found in table], table[0].positions.tolist()
    ([1, 0], [[3.0, 4.0]])
    """

    def __init__(self, counts: npt.NDArray[np.int64], values: Floats) -> None:
        if values.shape != (int(counts.sum()), 2 + len(_COLUMNS)):
            raise ValueError(f"values have shape {values.shape}, expected {(int(counts.sum()), 2 + len(_COLUMNS))}")
        self.counts, self.values = counts, values
        self._stops = np.cumsum(counts)

    @classmethod
    def gather(cls, frames: Sequence[Detections]) -> Self:
        """Return the table of some frames."""
        rows = [np.column_stack((one.positions, *(getattr(one, name) for name in _COLUMNS))) for one in frames]
        counts = np.array([len(one) for one in frames], dtype=np.int64)
        return cls(counts, np.concatenate(rows or [np.empty((0, 2 + len(_COLUMNS)))]))

    @classmethod
    def of(cls, frames: Sequence[Detections]) -> Self:
        """Return the frames as a table, themselves if they are one."""
        return frames if isinstance(frames, cls) else cls.gather(frames)

    def take(self, name: str) -> Floats:
        """Return one field of `Detections` of all M of them, but not `positions`, float64 of shape (M,)."""
        return self.values[:, 2 + _COLUMNS.index(name)]

    @property
    def starts(self) -> npt.NDArray[np.int64]:
        """The first row of each frame, int64 of shape (T,)."""
        return self._stops - self.counts

    def set_heads(self, heads: Floats) -> Self:
        """Return the same detections with what is known of their heads, as in `Detections`, shape (M,)."""
        values = self.values.copy()
        values[:, 2 + _COLUMNS.index("heads")] = heads
        return type(self)(self.counts, values)

    def select(self, rows: npt.NDArray[np.bool_]) -> Self:
        """Return the table with some of its rows, by a mask of shape (M,)."""
        frames = np.repeat(np.arange(len(self.counts)), self.counts)
        return type(self)(np.bincount(frames[rows], minlength=len(self.counts)).astype(np.int64), self.values[rows])

    def __len__(self) -> int:
        return len(self.counts)

    @overload
    def __getitem__(self, frame: int) -> Detections: ...
    @overload
    def __getitem__(self, frame: slice) -> Sequence[Detections]: ...
    def __getitem__(self, frame: int | slice) -> Detections | Sequence[Detections]:
        """Return the detections of a frame."""
        if isinstance(frame, slice):
            return [self[one] for one in range(*frame.indices(len(self)))]
        stop = int(self._stops[frame])
        rows = self.values[stop - int(self.counts[frame]) : stop]
        columns = dict(zip(_COLUMNS, rows[:, 2:].T, strict=True))
        return Detections(positions=rows[:, :2], **{**columns, "touching": columns["touching"] > 0})


class Detector(Protocol):
    """Finds the animals in one picture after the other."""

    def detect(self, image: npt.NDArray[np.uint8]) -> Detections:
        """Return the animals in the next picture, uint8 of shape (H, W) or (H, W, 3) as RGB."""
        ...


class ResumableDetector(Detector, Protocol):
    """A detector that can go on where another one like it stopped, to the same detections bit for bit."""

    @property
    def is_resumable(self) -> bool:
        """Whether all that it remembers from one picture to the next can be kept."""
        ...

    def describe(self) -> Mapping[str, Any]:
        """Return what its detections follow from, as JSON has it: two that agree in it find the same."""
        ...

    def get_state(self) -> dict[str, npt.NDArray[Any]]:
        """Return what it remembers, arrays of numbers by name."""
        ...

    def set_state(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Go on from what another one remembered."""
        ...
