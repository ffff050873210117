"""Fewer vectors than frames: for videos whose frame rate is finer than behavior is, at a fraction of the work."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from behavior.row_blocks import RowBlocks, count_block_rows

__all__ = ["average_features", "average_in_blocks", "average_labels", "spread_rows"]


def average_features(features: npt.NDArray[np.floating], average: int) -> npt.NDArray[np.floating]:
    """Return the mean of every `average` frames of `features` (T, D), shape (ceil(T / average), D) and of the same dtype."""
    if average == 1:
        return features
    whole = len(features) // average * average
    means = features[:whole].reshape(-1, average, features.shape[1]).mean(axis=1, dtype=np.float32)
    if whole < len(features):
        means = np.concatenate([means, features[whole:].mean(axis=0, dtype=np.float32, keepdims=True)])
    return means.astype(features.dtype)


def average_in_blocks(features: RowBlocks, average: int) -> RowBlocks:
    """Return what `average_features` does, block by block."""
    if average == 1:
        return features
    n_features = features.shape[1]
    return RowBlocks(
        (-(-len(features) // average), n_features),
        features.dtype,
        lambda start, stop: average_features(features[start * average : stop * average], average),
        n_together=count_block_rows(average * features.dtype.itemsize * n_features),
    )


def average_labels(labels: npt.NDArray[np.int8], average: int) -> npt.NDArray[np.int8]:
    """Return what most labelled ones of every `average` frames of `labels` (T, B) show, 1 where as many do as do not, -1 without any."""
    if average == 1:
        return labels
    starts = np.arange(0, len(labels), average)
    positive = np.add.reduceat((labels == 1).astype(np.int64), starts, axis=0)
    negative = np.add.reduceat((labels == 0).astype(np.int64), starts, axis=0)
    return np.where(positive + negative == 0, -1, positive >= negative).astype(np.int8)


def spread_rows(values: npt.NDArray[np.float32], average: int, n_frames: int) -> npt.NDArray[np.float32]:
    """Return `values` (S, K), each for the middle of `average` frames, for each of `n_frames` frames: linear in between, (n_frames, K)."""
    if average == 1:
        return values
    starts = np.arange(len(values)) * average
    middles = starts + (np.minimum(starts + average, n_frames) - 1 - starts) / 2
    frames = np.arange(n_frames)
    columns = [np.interp(frames, middles, values[:, column]) for column in range(values.shape[1])]
    return np.column_stack(columns).astype(np.float32)
