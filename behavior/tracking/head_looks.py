"""Which end of an animal looks like its head, by examples whose head is known."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

__all__ = ["CROP_SIZE", "FEWEST_EXAMPLES", "HeadLooks", "describe_ends", "train_head_looks"]

Floats = npt.NDArray[np.float64]

# Side of the crops in pixels, and rows and columns of what the classifier compares: halves of a body, and one side of it.
CROP_SIZE = 32
_ROWS, _COLUMNS = 16, 8
# Examples that are needed, and in so many consecutive parts they are left out in turn.
FEWEST_EXAMPLES, _N_PARTS = 20, 4
# Inverse strengths of the L2 penalty that are tried, the strongest first.
_STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1)
# By how much a weaker penalty has to be better, in nats an example.
_CLEARLY = 0.002


@dataclass(frozen=True)
class HeadLooks:
    """A linear classifier of ends.

    Attributes
    ----------
    weights
        Of `describe_ends`, float64 of shape (F,).
    accuracy
        Share of the examples whose head it finds when it is trained on the others, parts of the video left out in turn.
    """

    weights: Floats
    accuracy: float

    def rate(self, crops: npt.NDArray[np.uint8]) -> Floats:
        """Return how sure it is that the head is up, from -1 (it is down) to 1, of crops (M, S, S), float64 of shape (M,)."""
        return np.tanh(describe_ends(crops) @ self.weights / 2)


def describe_ends(crops: npt.NDArray[np.uint8]) -> Floats:
    """Return by what the upper half of each crop differs from the lower one, float64 of shape (M, F): turned crops give its negative.

    Brightness against the floor and edges, of both sides of the body together, so that an animal that bends to the left is like one that
    bends to the right.

    Parameters
    ----------
    crops
        Grey, of animals that point up or down, uint8 of shape (M, S, S).
    """
    if not len(crops):
        return np.empty((0, _ROWS * _COLUMNS))
    levels = crops.astype(np.float32)
    # The corners of a crop show the floor.
    side = max(crops.shape[1] // 6, 1)
    corners = np.concatenate(
        [
            levels[:, rows, columns].reshape(len(crops), -1)
            for rows in (slice(side), slice(-side, None))
            for columns in (slice(side), slice(-side, None))
        ],
        axis=1,
    )
    levels -= np.median(corners, axis=1)[:, None, None]
    levels /= np.maximum(np.percentile(np.abs(levels), 98, axis=(1, 2)), 8.0)[:, None, None]
    down, across = np.gradient(levels, axis=1), np.gradient(levels, axis=2)
    described = []
    for values in (levels, np.hypot(down, across)):
        both = (values + values[:, :, ::-1]) / 2
        small = np.stack([cv2.resize(one, (_COLUMNS * 2, _ROWS), interpolation=cv2.INTER_AREA)[:, :_COLUMNS] for one in both])
        described.append((small - small[:, ::-1])[:, : _ROWS // 2].reshape(len(crops), -1))
    return np.concatenate(described, axis=1).astype(np.float64)


def train_head_looks(crops: npt.NDArray[np.uint8], is_up: npt.NDArray[np.bool_]) -> HeadLooks:
    """Train on examples: logistic regression with an L2 penalty whose strength parts of the video that are left out choose.

    Parameters
    ----------
    crops
        In the order of the video, uint8 of shape (M, S, S).
    is_up
        Whether the head is up, bool of shape (M,).

    Raises
    ------
    ValueError
        If there are fewer than 20 examples.
    """
    if len(crops) < FEWEST_EXAMPLES:
        raise ValueError(f"{len(crops)} examples of heads, expected {FEWEST_EXAMPLES} or more")
    features = describe_ends(crops)
    # One scale for all features; it is part of the weights afterwards.
    scales = np.maximum(np.sqrt(np.mean(features**2, axis=0)), 1e-6)
    features = features / scales * np.where(is_up, 1.0, -1.0)[:, None]
    parts = np.arange(len(crops)) * _N_PARTS // len(crops)
    best: tuple[float, float, float] | None = None
    for strength in _STRENGTHS:
        margins = np.empty(len(crops))
        for part in range(_N_PARTS):
            margins[parts == part] = features[parts == part] @ _fit(features[parts != part], strength)
        loss = float(np.mean(np.logaddexp(0, -margins)))
        if best is None or loss < best[0] - _CLEARLY:
            best = loss, strength, float(np.mean(margins > 0))
    assert best is not None
    _, strength, accuracy = best
    return HeadLooks(_fit(features, strength) / scales, accuracy)


def _fit(features: Floats, strength: float) -> Floats:
    """Return the weights by which all rows of `features` are most likely to be positive."""
    from sklearn.linear_model import LogisticRegression

    both = np.concatenate((features, -features))
    labels = np.repeat([1, 0], len(features))
    weights: Floats = LogisticRegression(C=strength, fit_intercept=False, max_iter=500).fit(both, labels).coef_[0]
    return weights
