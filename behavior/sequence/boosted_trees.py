"""Boosted trees as plain arrays, and what they predict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from behavior.sequence.frame_streams import NeighbourhoodStream
from behavior.sequence.window_statistics import FeatureRows, count_statistics, describe_rows

__all__ = ["TREE_DTYPES", "BoostedTrees"]

# What a model is kept as: name and kind of each array, in the order of `BoostedTrees`.
TREE_DTYPES: Mapping[str, type[np.generic]] = {
    "width": np.int64,
    "lengths": np.int64,
    "baseline": np.float64,
    "starts": np.int64,
    "feature": np.int32,
    "threshold": np.float64,
    "left": np.int32,
    "right": np.int32,
    "value": np.float64,
}
# Rows whose statistics are held at once.
_LEAST_ROWS, _MOST_ROWS = 2**12, 2**14
_MOST_NODES = 2**31 - 1


@dataclass(frozen=True)
class BoostedTrees:
    """Trees that vote on the statistics of windows around a frame, for one behavior (`contracts.FrameModel`).

    A frame's log-odds are the baseline plus the value of the leaf that it reaches in each tree.

    Attributes
    ----------
    width
        Length of a frame's vector, of shape ().
    lengths
        Frames in each window, int64 of shape (L,), odd.
    baseline
        Log-odds before any tree, of shape ().
    starts
        Position of each tree's first node, its root, and their number, int64 of shape (trees + 1,).
    feature
        Which statistic a node asks about, int32 of shape (nodes,).
    threshold
        Up to which value the answer is left, float64 of shape (nodes,).
    left, right
        Positions of the next nodes; a leaf's are its own, int32 of shape (nodes,).
    value
        Of a leaf, float64 of shape (nodes,).

    Raises
    ------
    ValueError
        If the arrays are not those of trees.
    """

    width: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.int64]
    baseline: npt.NDArray[np.float64]
    starts: npt.NDArray[np.int64]
    feature: npt.NDArray[np.int32]
    threshold: npt.NDArray[np.float64]
    left: npt.NDArray[np.int32]
    right: npt.NDArray[np.int32]
    value: npt.NDArray[np.float64]

    def __post_init__(self) -> None:
        n_nodes = len(self.feature)
        per_node = (self.threshold, self.left, self.right, self.value)
        if any(values.shape != (n_nodes,) for values in per_node) or n_nodes > _MOST_NODES:
            raise ValueError("the nodes have arrays of different lengths")
        if self.width.shape != () or self.width < 1 or self.lengths.ndim != 1 or np.any(self.lengths < 1) or np.any(self.lengths % 2 == 0):
            raise ValueError("the windows are no odd numbers of frames, or there are no features")
        starts = self.starts
        if starts.ndim != 1 or len(starts) < 2 or starts[0] != 0 or starts[-1] != n_nodes or np.any(np.diff(starts) < 1):
            raise ValueError("the trees do not divide up the nodes")
        if n_nodes and not (self.feature.min() >= 0 and self.feature.max() < self.n_statistics):
            raise ValueError(f"a node asks about a feature that is none of {self.n_statistics}")
        positions = np.arange(n_nodes)
        is_leaf = self.left == positions
        ends = np.repeat(starts[1:], np.diff(starts))
        # Positions that rise along every way end it at a leaf.
        for side in (self.left, self.right):
            if np.any(is_leaf != (side == positions)) or np.any((side <= positions) & ~is_leaf) or np.any(side >= ends):
                raise ValueError("a node leads back, or out of its tree")
        if not np.isfinite(self.baseline).all() or self.baseline.shape != () or not np.isfinite(self.value).all():
            raise ValueError("the baseline or a value is not a finite number")
        if np.isnan(self.threshold).any():
            raise ValueError("a threshold is not a number")

    @property
    def n_features(self) -> int:
        """Length of a frame's vector."""
        return int(self.width)

    @property
    def n_outputs(self) -> int:
        """Number of behaviors, one."""
        return 1

    @property
    def n_statistics(self) -> int:
        """Number of statistics of a frame that nodes may ask about."""
        return count_statistics(self.n_features, len(self.lengths))

    @property
    def n_trees(self) -> int:
        """Number of trees."""
        return len(self.starts) - 1

    @property
    def _reach(self) -> int:
        """How far from its frame the longest window goes."""
        return int(self.lengths.max()) // 2 if len(self.lengths) else 0

    def to_arrays(self) -> tuple[npt.NDArray[Any], ...]:
        """Return the arrays, in the order of `TREE_DTYPES`."""
        return tuple(np.asarray(getattr(self, field.name)) for field in fields(self))

    @classmethod
    def from_arrays(cls, arrays: Sequence[npt.NDArray[Any]]) -> BoostedTrees:
        """Return the trees that `to_arrays` gave; ValueError if the arrays are none."""
        for (name, dtype), values in zip(TREE_DTYPES.items(), arrays, strict=True):
            if values.dtype != dtype:
                raise ValueError(f"the array {name} is {values.dtype}, expected {np.dtype(dtype)}")
        return cls(*arrays)

    def score(self, statistics: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
        """Return the log-odds of frames with these statistics (N, n_statistics), float64 of shape (N,), added up tree by tree."""
        total = np.full(len(statistics), float(self.baseline))
        frames = np.arange(len(statistics))
        for root in self.starts[:-1]:
            nodes = np.full(len(statistics), root, dtype=np.intp)
            waiting = frames
            while len(waiting):
                at = nodes[waiting]
                goes_left = statistics[waiting, self.feature[at]].astype(np.float64) <= self.threshold[at]
                following = np.where(goes_left, self.left[at], self.right[at])
                nodes[waiting] = following
                waiting = waiting[self.left[following] != following]
            total += self.value[nodes]
        return total

    def predict(self, features: FeatureRows) -> npt.NDArray[np.float32]:
        """Return the probabilities (T, 1) of a recording (T, D)."""
        n_frames = len(features)
        probabilities = np.empty((n_frames, 1), dtype=np.float32)
        # What lies around the rows of a step is read again in the next.
        n_rows = int(np.clip(2 * self._reach, _LEAST_ROWS, _MOST_ROWS))
        for start in range(0, n_frames, n_rows):
            rows = np.arange(start, min(start + n_rows, n_frames))
            probabilities[rows, 0] = expit(self.score(describe_rows(features, rows, self.lengths.tolist())))
        return probabilities

    def find_reach(self, first: int, last: int, n_vectors: int) -> tuple[int, int]:
        """Return the vectors [start, stop) of the windows around those from `first` to `last`."""
        return max(first - self._reach, 0), min(last + self._reach + 1, n_vectors)

    @property
    def n_ahead(self) -> int:
        """Half of the longest window."""
        return self._reach

    def start_stream(self) -> NeighbourhoodStream:
        """Return what predicts a recording vector by vector."""
        return NeighbourhoodStream(self.predict, self._reach, self.n_outputs)

    def predict_variants(self, variants: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
        """Return the probabilities (V, T, 1) of several forms of the features of one stretch, (V, T, D)."""
        return np.stack([self.predict(one) for one in variants])
