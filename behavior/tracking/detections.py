"""What a detector finds in one picture, and what every detector is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Protocol, Self

import numpy as np
import numpy.typing as npt

__all__ = ["Detections", "Detector"]

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


class Detector(Protocol):
    """Finds the animals in one picture after the other."""

    def detect(self, image: npt.NDArray[np.uint8]) -> Detections:
        """Return the animals in the next picture, uint8 of shape (H, W) or (H, W, 3) as RGB."""
        ...
