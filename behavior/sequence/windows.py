"""Windows: the frames of a recording that a head is applied to at once. None crosses from one recording into the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from behavior.row_blocks import RowBlocks

__all__ = ["SequenceData", "find_prediction_starts", "find_training_starts", "make_fade", "mark_fresh_frames", "take_windows"]


@dataclass(frozen=True)
class SequenceData:
    """Recordings to train on, to validate on and to predict, never copied as a whole.

    Attributes
    ----------
    features
        For each way of preparing the features (one where models need no preparation of their own), the arrays (T, P) of every
        recording.
    labels
        Int8 (T, B) of every recording: 1, 0, or -1 for a frame that counts nowhere.
    """

    features: Sequence[Sequence[npt.NDArray[np.floating]]]
    labels: Sequence[npt.NDArray[np.int8]]


def find_training_starts(n_frames: int, length: int) -> npt.NDArray[np.int64]:
    """Return the first frame of each training window, int64 of shape (N,).

    Windows lie end to end; the last one starts early enough to be full. A recording shorter than a window has one, starting at 0.
    """
    _require_positive(n_frames, length)
    starts = np.arange(0, max(n_frames - length, 0) + 1, length)
    if starts[-1] + length < n_frames:
        starts = np.append(starts, n_frames - length)
    return starts


def find_prediction_starts(n_frames: int, length: int, *, looks_back: bool = False) -> npt.NDArray[np.int64]:
    """Return the first frame of each prediction window, int64 of shape (N,).

    Windows overlap by half, and the last one ends with the recording. Where a model looks back only, windows go on until one begins in
    the last half window, and those that reach beyond the end are padded, which such a model does not notice: so what it predicts for a
    frame does not depend on how long the recording goes on.

    >>> find_prediction_starts(10, 4).tolist(), find_prediction_starts(9, 4).tolist()
    ([0, 2, 4, 6], [0, 2, 4, 5])
    >>> find_prediction_starts(9, 4, looks_back=True).tolist()
    [0, 2, 4, 6, 8]
    """
    _require_positive(n_frames, length)
    step = max(length // 2, 1)
    if looks_back:
        return np.arange(0, n_frames, step)
    last = max(n_frames - length, 0)
    return np.unique(np.append(np.arange(0, last, step), last))


def mark_fresh_frames(starts: npt.NDArray[np.int64], length: int, n_frames: int) -> npt.NDArray[np.bool_]:
    """Return which frames of which window are there for the first time, bool of shape (N, length).

    False marks what the window before already covered, and the padding of a recording shorter than a window.
    """
    frames = starts[:, None] + np.arange(length)
    covered = np.concatenate(([0], starts[:-1] + length))
    return (frames >= covered[:, None]) & (frames < n_frames)


def take_windows(values: npt.NDArray | RowBlocks, starts: npt.NDArray[np.int64], length: int) -> npt.NDArray:
    """Return the windows of `values` (T, ...) that begin at `starts` (N,), shape (N, length, ...), edge values after the last frame."""
    frames = np.minimum(starts[:, None] + np.arange(length), len(values) - 1)
    return np.asarray(values[frames])


def make_fade(length: int) -> npt.NDArray[np.float32]:
    """Return the weights with which overlapping predictions are averaged, float32 of shape (length,): a triangle that is nowhere 0."""
    rising = np.arange(1, length + 1)
    return (np.minimum(rising, rising[::-1]) / ((length + 1) // 2)).astype(np.float32)


def _require_positive(n_frames: int, length: int) -> None:
    if n_frames < 1 or length < 1:
        raise ValueError(f"found {n_frames} frames and windows of {length}, expected at least 1 of each")
