"""Training windows of many recordings, drawn batch by batch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from behavior.sequence.windows import SequenceData, find_training_starts, mark_fresh_frames, take_windows

__all__ = ["Batch", "WindowTable"]


@dataclass(frozen=True)
class Batch:
    """Windows of one training step.

    Attributes
    ----------
    features
        For each preparation, float32 of shape (G, N, W, P).
    labels
        Int8 of shape (N, W, B), -1 where a frame has no part.
    recordings
        Index of the recording that each window is from, shape (N,).
    """

    features: npt.NDArray[np.float32]
    labels: npt.NDArray[np.int8]
    recordings: npt.NDArray[np.int64]


class WindowTable:
    """The training windows of some recordings; features are gathered when a batch is asked for.

    Parameters
    ----------
    data
        What the windows are cut from.
    length
        Frames in a window.
    """

    def __init__(self, data: SequenceData, length: int) -> None:
        self._data = data
        self._length = length
        origins, labels = [], []
        for number, values in enumerate(data.labels):
            starts = find_training_starts(len(values), length)
            fresh = mark_fresh_frames(starts, length, len(values))
            origins += [(number, start) for start in starts]
            labels.append(np.where(fresh[:, :, None], take_windows(values, starts, length), -1).astype(np.int8))
        # Recording and first frame of each window.
        self._origins = np.array(origins, dtype=np.int64)
        self._labels = np.concatenate(labels)
        self._labelled = np.flatnonzero((self._labels >= 0).any(axis=(1, 2)))

    def draw(self, rng: np.random.Generator, batch_size: int) -> Iterator[Batch]:
        """Yield every window that has a label once, in a new order, `batch_size` at a time."""
        order = rng.permutation(self._labelled)
        for first in range(0, len(order), batch_size):
            chosen = order[first : first + batch_size]
            origins = self._origins[chosen]
            features = np.stack(
                [np.stack([self._gather(prepared, recording, start) for recording, start in origins]) for prepared in self._data.features]
            )
            yield Batch(features, self._labels[chosen], origins[:, 0])

    def _gather(self, prepared: object, recording: int, start: int) -> npt.NDArray[np.float32]:
        windows = take_windows(prepared[recording], np.array([start]), self._length)  # type: ignore[index]
        return np.asarray(windows[0], dtype=np.float32)
