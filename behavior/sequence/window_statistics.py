"""What features did in the time around a frame: means, deviations and differences over windows of several lengths."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from behavior.errors import UsageError

__all__ = ["FeatureRows", "count_statistics", "describe_rows"]

# Numbers in double precision that sums take at once: 32 MiB.
_MOST_VALUES = 2**22
# A spread that is smaller than this share of the features themselves is rounding.
_ROUNDING = 1e-7


class FeatureRows(Protocol):
    """Features (T, D) that are read in part: an array, or `preparation.PreparedFeatures`."""

    def __len__(self) -> int: ...

    def __getitem__(self, frames: npt.NDArray[np.int64], /) -> npt.NDArray[np.floating]: ...


def count_statistics(n_features: int, n_lengths: int) -> int:
    """Return how many numbers `describe_rows` gives for a frame: the features, and three of each for every length.

    >>> count_statistics(10, 2)
    70
    """
    return n_features * (1 + 3 * n_lengths)


def describe_rows(features: FeatureRows, rows: npt.NDArray[np.int64], lengths: Sequence[int]) -> npt.NDArray[np.float32]:
    """Return statistics of the windows around some frames, float32 of shape (N, D (1 + 3 L)).

    First come the features of the frame; then, for each length, their means over the window whose middle is the frame, their standard
    deviations in it, and the mean of its second half less that of its first, the frame being in both. A window ends where the recording
    does. They are differences of running sums, so that long windows take no longer than short ones; only a stretch of rows and some
    columns are summed at a time.

    Parameters
    ----------
    features
        Shape (T, D).
    rows
        Frames, rising, shape (N,).
    lengths
        Frames in each window, odd numbers.

    Raises
    ------
    UsageError
        If a feature is not a finite number.
    ValueError
        If a length is even.

    Examples
    --------
    >>> features = np.array([[0.0], [0.0], [3.0], [3.0]], dtype=np.float32)
    >>> describe_rows(features, np.array([1]), [3]).tolist()
    [[0.0, 1.0, 1.4142135381698608, 1.5]]
    """
    if any(length < 1 or length % 2 == 0 for length in lengths):
        raise ValueError(f"found windows of {', '.join(map(str, lengths))} frames, expected odd numbers")
    n_frames = len(features)
    n_features = features[np.zeros(1, dtype=np.int64)].shape[1]
    described = np.empty((len(rows), count_statistics(n_features, len(lengths))), dtype=np.float32)
    reach = max((length // 2 for length in lengths), default=0)
    # Windows that are long beside their stretch would have most of it summed again for the next.
    n_together = max(_MOST_VALUES // max(n_features, 1), 4 * reach, 1)
    first = 0
    while first < len(rows):
        last = int(np.searchsorted(rows, rows[first] + n_together))
        start, stop = max(int(rows[first]) - reach, 0), min(int(rows[last - 1]) + reach + 1, n_frames)
        stretch = np.asarray(features[np.arange(start, stop)])
        if not np.isfinite(stretch).all():
            frame, column = np.argwhere(~np.isfinite(stretch))[0]
            raise UsageError(f"feature {column} of frame {start + frame} is not a finite number; compute the features again.")
        _describe_stretch(stretch, rows[first:last] - start, lengths, out=described[first:last])
        first = last
    return described


def _describe_stretch(
    stretch: npt.NDArray[np.floating], rows: npt.NDArray[np.int64], lengths: Sequence[int], *, out: npt.NDArray[np.float32]
) -> None:
    """Write the statistics of `rows` of a stretch (S, D), which holds their windows, to `out`."""
    n_rows, n_features = stretch.shape
    width = max(_MOST_VALUES // (n_rows + 1), 1)
    out[:, :n_features] = stretch[rows]
    for first in range(0, n_features, width):
        columns = slice(first, min(first + width, n_features))
        values = stretch[:, columns].astype(np.float64)
        # Little is lost in sums of squares around the mean.
        middle = values.mean(axis=0)
        values -= middle
        sums = _sum_up_to(values)
        squares = _sum_up_to(values**2)
        for number, length in enumerate(lengths):
            begin, end = np.maximum(rows - length // 2, 0), np.minimum(rows + length // 2 + 1, n_rows)
            size = (end - begin)[:, None]
            means = (sums[end] - sums[begin]) / size
            mean_squares = (squares[end] - squares[begin]) / size
            variances = mean_squares - means**2
            variances[variances <= _ROUNDING**2 * (mean_squares + middle**2)] = 0.0
            later = (sums[end] - sums[rows]) / (end - rows)[:, None]
            earlier = (sums[rows + 1] - sums[begin]) / (rows + 1 - begin)[:, None]
            for kind, statistic in enumerate((means + middle, np.sqrt(variances), later - earlier)):
                place = n_features * (1 + 3 * number + kind) + first
                out[:, place : place + values.shape[1]] = statistic


def _sum_up_to(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the sums of the rows before each, (S + 1, C)."""
    sums = np.zeros((len(values) + 1, values.shape[1]))
    np.cumsum(values, axis=0, out=sums[1:])
    return sums
