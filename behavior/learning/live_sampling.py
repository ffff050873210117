"""Frame by frame what `SampledRows.spread` does for a whole recording: values of a few frames become known of all."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["RowSpreader"]

Floats = npt.NDArray[np.float32]


@dataclass
class _Knot:
    """A frame with values: the mean of the rows that stand at it."""

    frame: int
    time_s: float
    values: npt.NDArray[np.float64]
    n_rows: int = 1

    def add(self, values: npt.NDArray[np.floating]) -> None:
        self.n_rows += 1
        self.values = self.values + (values - self.values) / self.n_rows


class RowSpreader:
    """Spreads the values of rows over the frames of one stretch without a gap: linear in time between rows, constant beyond them.

    Parameters
    ----------
    n_values
        Values of a row, K.
    is_patient
        Whether to wait until it is sure that no other row stands at a frame, which counts with the mean of its rows: for videos that are
        slower than the rows. Of others a frame has several rows only where some after it were lost.
    before
        Values (K,) for a stretch in which no row stands.

    Examples
    --------
    >>> spreader = RowSpreader(1)
    >>> for frame in range(3):
    ...     spreader.add_frame(frame / 10)
    >>> spreader.lay(0)
    >>> spreader.lay(2)
    >>> spreader.answer(np.array([[0.0], [1.0]]))[:, 0].tolist()
    [0.0, 0.5, 1.0]
    """

    def __init__(self, n_values: int, *, is_patient: bool = False, before: npt.NDArray[np.floating] | None = None) -> None:
        self._n_values, self._is_patient, self._given = n_values, is_patient, before
        # Times of the frames that are not answered, the first of which is `_first`, and of all that a row may still be laid at.
        self._times: deque[float] = deque()
        self._first = 0
        self._frames: deque[tuple[int, float]] = deque()
        self._n_frames = 0
        # Rows without values, and the last two frames with them.
        self._rows: deque[tuple[int, float]] = deque()
        self._before: _Knot | None = None
        self._last: _Knot | None = None

    @property
    def last(self) -> npt.NDArray[np.floating] | None:
        """Values (K,) of the last row that has some; those given where none has."""
        return self._given if self._last is None else self._last.values

    def add_frame(self, time_s: float) -> None:
        """Take notice of the next frame."""
        self._times.append(time_s)
        self._frames.append((self._n_frames, time_s))
        self._n_frames += 1

    def lay(self, frame: int) -> None:
        """Take notice that the next row stands at a frame, the same as the row before or a later one."""
        while self._frames[0][0] < frame:
            self._frames.popleft()
        self._rows.append(self._frames[0])

    def answer(self, values: npt.NDArray[np.floating]) -> Floats:
        """Take the values (N, K) of the rows that have waited longest; return those (M, K) of the frames that are known now, in order."""
        parts: list[Floats] = []
        for own in np.asarray(values, dtype=np.float64):
            frame, time_s = self._rows.popleft()
            if self._last is not None and self._last.frame == frame:
                self._last.add(own)
                continue
            if self._is_patient:
                parts.append(self._spread())
            self._before, self._last = self._last, _Knot(frame, time_s, own)
            if not self._is_patient:
                parts.append(self._spread())
        return self._join(parts)

    def finish(self) -> Floats:
        """Return the values of the frames that are left."""
        parts = [self._spread()]
        if self._times and self.last is not None:
            parts.append(np.repeat(self.last[None].astype(np.float32), len(self._times), axis=0))
            self._first += len(self._times)
            self._times.clear()
        return self._join(parts)

    def _spread(self) -> Floats:
        """Return the values of the frames up to the last one with values."""
        if self._last is None:
            return self._join([])
        times = [self._times.popleft() for _ in range(self._last.frame + 1 - self._first)]
        self._first += len(times)
        if self._before is None:
            return np.repeat(self._last.values[None].astype(np.float32), len(times), axis=0)
        knots = [self._before.time_s, self._last.time_s]
        pairs = zip(self._before.values, self._last.values, strict=True)
        return np.column_stack([np.interp(times, knots, pair) for pair in pairs]).astype(np.float32)

    def _join(self, parts: list[Floats]) -> Floats:
        return np.clip(np.concatenate([np.empty((0, self._n_values), dtype=np.float32), *parts]), 0.0, 1.0)
