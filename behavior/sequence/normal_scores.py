"""Normal scores of features: what a feature says of a frame in relation to other frames, whatever the feature's distribution is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

__all__ = ["FARTHEST", "NormalScores", "fit_normal_scores", "take_rows"]

# Scores farther from 0 are not told apart: those of one frame in 741 at either end.
FARTHEST = 3.0
# Knots lie evenly in the scores, and scores between them are interpolated.
_N_KNOTS = 33
# They are counted in a byte.
_MOST_KNOTS = 256
# Frames that quantiles are found on.
_N_ROWS = 20_000
# Numbers that are searched at once: what fits in a processor's second cache, three times.
_BLOCK_VALUES = 2**16


@dataclass(frozen=True)
class NormalScores:
    """A map of some features, each of which rises, or stays, in straight pieces between knots; the others stay as they are.

    Attributes
    ----------
    columns
        Which features these are, rising, int64 of shape (C,).
    knots
        Values of each of them, float64 of shape (Q, C), rising or staying within a column.
    scores
        What they become, likewise. Equal knots have equal scores.
    """

    columns: npt.NDArray[np.int64]
    knots: npt.NDArray[np.float64]
    scores: npt.NDArray[np.float64]

    def __post_init__(self) -> None:
        if self.columns.ndim != 1 or np.any(self.columns < 0) or np.any(np.diff(self.columns) <= 0):
            raise ValueError("the columns that have normal scores do not rise from 0 or above")
        if self.knots.shape[1:] != self.columns.shape or not len(self.knots) or self.scores.shape != self.knots.shape:
            raise ValueError(
                f"knots and scores have shapes {self.knots.shape} and {self.scores.shape}, expected (Q, {len(self.columns)}) twice"
            )
        if len(self.knots) > _MOST_KNOTS:
            raise ValueError(f"found {len(self.knots)} knots, expected at most {_MOST_KNOTS}")
        if not np.isfinite(self.knots).all() or not np.isfinite(self.scores).all():
            raise ValueError("knots or scores hold a number that is not finite")
        if np.any(np.diff(self.knots, axis=0) < 0) or np.any(np.diff(self.scores, axis=0) < 0):
            raise ValueError("knots or scores fall within a column, expected them to rise or stay")

    @cached_property
    def _pieces(self) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Where each piece begins, its score there, and how steep it is, each (Q, C); the last one is a point."""
        widths, rises = np.diff(self.knots, axis=0), np.diff(self.scores, axis=0)
        steep = np.zeros(self.knots.shape)
        np.divide(rises, widths, out=steep[:-1], where=widths > 0)
        return self.knots.astype(np.float32), self.scores.astype(np.float32), steep.astype(np.float32)

    def apply(self, features: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
        """Return features (T, D) as float32, those of `columns` replaced by their scores; NaN stays.

        >>> scores = fit_normal_scores(np.array([[7.0, 0.0], [7.0, 1.0], [7.0, 1000.0]]), np.array([1]))
        >>> scores.apply(np.array([[5.0, 0.0], [6.0, 1.0], [7.0, 5000.0], [8.0, np.nan]], dtype=np.float32)).round(2).tolist()
        [[5.0, -3.0], [6.0, 0.0], [7.0, 3.0], [8.0, nan]]
        """
        found = np.array(features, dtype=np.float32)
        n_columns = len(self.columns)
        begins, scores, steep = self._pieces
        places = np.arange(n_columns, dtype=np.int32)
        n_rows = max(_BLOCK_VALUES // max(n_columns, 1), 1)
        for start in range(0, len(found), n_rows):
            values = np.clip(found[start : start + n_rows, self.columns], begins[0], begins[-1])
            # How many knots a value has reached after the first. Comparing with all takes less time than a search for each value.
            reached, has_reached = np.zeros(values.shape, dtype=np.uint8), np.empty(values.shape, dtype=np.bool_)
            for knot in begins[1:]:
                np.greater_equal(values, knot, out=has_reached)
                reached += has_reached.view(np.uint8)
            pieces = reached.astype(np.int32) * n_columns + places
            values -= begins.ravel().take(pieces)
            values *= steep.ravel().take(pieces)
            values += scores.ravel().take(pieces)
            found[start : start + n_rows, self.columns] = values
        return found


def take_rows(recordings: Sequence[npt.NDArray[np.floating]]) -> npt.NDArray[np.floating]:
    """Return rows (N, D) of recordings (T, D), of many some 20,000 that are taken evenly."""
    step = max(-(-sum(map(len, recordings)) // _N_ROWS), 1)
    return np.concatenate([part[::step] for part in recordings])


def fit_normal_scores(rows: npt.NDArray[np.floating], columns: npt.NDArray[np.int64]) -> NormalScores:
    """Return the map by which each of some features is distributed normally over some frames.

    Parameters
    ----------
    rows
        Features of the frames, finite, of shape (N, D).
    columns
        Which features, rising, of shape (C,).

    Raises
    ------
    ValueError
        If there is no frame.

    Notes
    -----
    A value that has the share q of frames below it, counting half of those that have the same value, gets the score that the normal
    distribution has the share q below (van der Waerden 1952, Order tests for the two-sample problem and their power), at most 3 from 0.
    scikit-learn's QuantileTransformer does the same with another limit and other knots.
    """
    if not len(rows):
        raise ValueError("there are no features to fit on, expected at least one frame")
    shares = ndtr(np.linspace(-FARTHEST, FARTHEST, _N_KNOTS))
    # The first knot is the least value, the last one the greatest.
    shares = (shares - shares[0]) / (shares[-1] - shares[0])
    knots, scores = np.empty((2, _N_KNOTS, len(columns)))
    for place, column in enumerate(columns):
        values = np.sort(rows[:, column].astype(np.float32))
        # In single precision, as they are compared with features.
        knots[:, place] = np.quantile(values, shares).astype(np.float32)
        below, reached = (np.searchsorted(values, knots[:, place], side) for side in ("left", "right"))
        middle = np.where(reached - below > 1, (below + reached) / 2 / len(values), shares)
        scores[:, place] = np.maximum.accumulate(np.clip(ndtri(middle), -FARTHEST, FARTHEST))
    return NormalScores(np.asarray(columns, dtype=np.int64), knots, scores)
