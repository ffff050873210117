"""The features of other views than the first, laid onto the first view's rows: the nearest of their rows in time stands for each."""

from __future__ import annotations

from typing import cast

import numpy as np
import numpy.typing as npt

from behavior.errors import UsageError
from behavior.files.feature_cache import FeatureOutline, FeatureSet
from behavior.files.view_cells import split_view
from behavior.frame_sampling import find_nearest
from behavior.row_blocks import RowBlocks

__all__ = ["ViewRows", "align_view", "find_row_times", "lay_view", "make_absent"]

# Of the time between two of its rows: a row of the first view that is farther from the nearest of them is not shown.
_WITHIN = 1.0


class ViewRows:
    """Which row of a view stands for each of N rows of the first view.

    Attributes
    ----------
    places
        Rows of the view, int64 of shape (N,), never decreasing.
    is_shown
        Whether the view shows that moment, bool of shape (N,): it may start later or end earlier.
    """

    def __init__(self, places: npt.NDArray[np.int64], is_shown: npt.NDArray[np.bool_]) -> None:
        self.places = places
        self.is_shown = is_shown


def align_view(view: str, time_s: npt.NDArray[np.float64], start_s: float, onto_s: npt.NDArray[np.float64]) -> ViewRows:
    """Return which rows of a view stand for rows of the first view.

    Parameters
    ----------
    view
        Recording and name, for the error.
    time_s
        When its rows were recorded, in seconds from its own start, float64 of shape (V,).
    start_s
        How many seconds after the first view it starts.
    onto_s
        When the first view's rows were recorded, in seconds from its start, float64 of shape (N,).

    Raises
    ------
    UsageError
        If the two show no moment together.

    Examples
    --------
    >>> rows = align_view("m1@side", np.arange(4) / 2, 1.0, np.arange(5.0))
    >>> rows.places.tolist(), rows.is_shown.tolist()
    ([0, 0, 2, 3, 3], [False, True, True, False, False])
    """
    wanted = onto_s - start_s
    places = find_nearest(time_s, wanted)
    step = float(np.median(np.diff(time_s))) if len(time_s) > 1 else 0.0
    # Times of frames are rounded.
    is_shown = np.abs(time_s[places] - wanted) < _WITHIN * step * (1 - 1e-6) if step else time_s[places] == wanted
    if not is_shown.any():
        recording, name = split_view(view)
        raise UsageError(
            f"recording {recording!r}: its view {name!r} starts {start_s:g} s after the first view and ends at "
            f"{start_s + time_s[-1]:.4g} s, and the first view lasts from 0 to {onto_s[-1]:.4g} s, so "
            f"that they show no moment together; correct start_{name} in the manifest."
        )
    return ViewRows(places, is_shown)


def find_row_times(features: FeatureSet | FeatureOutline) -> npt.NDArray[np.float64]:
    """Return the times of the rows of a feature set in seconds, float64 of shape (S,)."""
    return features.time_s if features.frames is None else features.time_s[features.frames]


def lay_view(values: npt.NDArray[np.floating], rows: ViewRows) -> npt.NDArray[np.floating]:
    """Return a view's `values` (V, D) for the rows of the first view, shape (N, D); NaN where it does not show them.

    >>> lay_view(np.array([[1.0], [2.0]]), ViewRows(np.array([0, 1, 1]), np.array([True, True, False])))[:, 0].tolist()
    [1.0, 2.0, nan]
    """
    is_shown = rows.is_shown
    if not isinstance(values, RowBlocks):
        laid = values[rows.places]
        laid[~is_shown] = np.nan
        return laid
    taken = values.take(rows.places)

    def read(start: int, stop: int) -> npt.NDArray[np.floating]:
        block = np.array(taken[start:stop])
        block[~is_shown[start:stop]] = np.nan
        return block

    blocks = RowBlocks(taken.shape, taken.dtype, read, n_together=taken.n_together)
    return cast("npt.NDArray[np.floating]", blocks)


def make_absent(n_rows: int, n_features: int) -> npt.NDArray[np.float16]:
    """Return what stands for the features of a view that a recording lacks: NaN, float16 of shape (n_rows, n_features)."""
    return np.broadcast_to(np.float16(np.nan), (n_rows, n_features))
