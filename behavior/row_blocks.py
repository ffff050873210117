"""Rows of a long recording that are read or computed block by block, when they are asked for, so that never all are in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["RowBlocks", "count_block_rows"]

# Blocks that are kept: windows overlap, and a step goes from one block into the next.
_MOST_KEPT = 3
_BLOCK_BYTES = 2**23


def count_block_rows(row_bytes: int, *, multiple: int = 1) -> int:
    """Return how many rows of so many bytes a block of some megabytes has, a multiple of `multiple`.

    >>> count_block_rows(2**13, multiple=960)
    960
    """
    return max(_BLOCK_BYTES // max(row_bytes, 1) // multiple, 1) * multiple


class RowBlocks:
    """An array (T, D) that is not there as a whole: asked for rows, it reads or computes the blocks that they are in.

    Parameters
    ----------
    shape
        T and D.
    dtype
        Of the rows.
    read
        Returns the rows [start, stop) of one block, an array (stop - start, D).
    n_together
        Rows of a block; the last may have fewer.

    Examples
    --------
    >>> squares = RowBlocks((5, 1), np.int64, lambda start, stop: np.arange(start, stop)[:, None] ** 2, n_together=2)
    >>> squares[1:4].tolist(), squares[np.array([[4, 0]])].tolist()
    ([[1], [4], [9]], [[[16], [0]]])
    >>> squares.part(2, 5)[:2].tolist()
    [[4], [9]]
    """

    ndim = 2

    def __init__(
        self, shape: tuple[int, int], dtype: npt.DTypeLike, read: Callable[[int, int], npt.NDArray[Any]], *, n_together: int
    ) -> None:
        self.shape = shape
        self.dtype: np.dtype[Any] = np.dtype(dtype)
        self._read = read
        self.n_together = n_together
        self._kept: dict[int, npt.NDArray[Any]] = {}

    @classmethod
    def of(cls, rows: npt.NDArray[Any] | RowBlocks) -> RowBlocks:
        """Return `rows` (T, D) as blocks: itself, or one block that is there."""
        if isinstance(rows, RowBlocks):
            return rows
        return cls(rows.shape, rows.dtype, lambda start, stop: rows[start:stop], n_together=max(len(rows), 1))

    @classmethod
    def join(cls, parts: Sequence[npt.NDArray[Any] | RowBlocks]) -> RowBlocks:
        """Return arrays of the same rows side by side."""
        together = [cls.of(part) for part in parts]
        return cls(
            (len(together[0]), sum(part.shape[1] for part in together)),
            np.result_type(*(part.dtype for part in together)),
            lambda start, stop: np.concatenate([part[start:stop] for part in together], axis=1),
            n_together=min(part.n_together for part in together),
        )

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice | npt.NDArray[np.integer]) -> npt.NDArray[Any]:
        """Return some rows: a stretch of them (S, D), or those of an array of numbers of any shape (..., D), close to each other."""
        if isinstance(rows, slice):
            start, stop, step = rows.indices(len(self))
            if step != 1:
                raise ValueError(f"found a step of {step} rows, expected 1")
            return self._gather(start, max(stop, start))
        if not rows.size:
            return np.empty((*rows.shape, self.shape[1]), dtype=self.dtype)
        first, last = int(rows.min()), int(rows.max())
        if first < 0 or last >= len(self):
            raise IndexError(f"rows {first} to {last} of {len(self)}")
        return self._gather(first, last + 1)[rows - first]

    def part(self, start: int, stop: int) -> RowBlocks:
        """Return the rows [start, stop) as blocks of their own."""
        if (start, stop) == (0, len(self)):
            return self
        shape = (stop - start, self.shape[1])
        return RowBlocks(shape, self.dtype, lambda first, last: self[start + first : start + last], n_together=self.n_together)

    def take(self, rows: npt.NDArray[np.integer]) -> RowBlocks:
        """Return the rows of these numbers, never decreasing, shape (N,), as blocks."""
        shape = (len(rows), self.shape[1])
        return RowBlocks(shape, self.dtype, lambda start, stop: self[rows[start:stop]], n_together=self.n_together)

    def _gather(self, start: int, stop: int) -> npt.NDArray[Any]:
        numbers = range(start // self.n_together, -(-stop // self.n_together))
        pieces = []
        for number in numbers:
            first = number * self.n_together
            pieces.append(self._find(number)[max(start - first, 0) : stop - first])
        if not pieces:
            return np.empty((0, self.shape[1]), dtype=self.dtype)
        return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)

    def _find(self, number: int) -> npt.NDArray[Any]:
        """Return a block, from those that are kept or newly read."""
        block = self._kept.pop(number, None)
        if block is None:
            first = number * self.n_together
            block = self._read(first, min(first + self.n_together, len(self)))
            for oldest in list(self._kept)[: max(len(self._kept) - _MOST_KEPT + 1, 0)]:
                del self._kept[oldest]
        # The last one is the newest.
        self._kept[number] = block
        return block
