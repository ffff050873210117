"""Decisions by the bout rather than by the frame."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from behavior.recording import find_bouts

__all__ = ["paint_bouts", "remove_short_bouts"]


def paint_bouts(bouts: npt.NDArray[np.integer], n_frames: int) -> npt.NDArray[np.bool_]:
    """Return the frames that `bouts` cover: what `find_bouts` reads, written.

    Parameters
    ----------
    bouts
        Start and stop frames, half-open, shape (N, 2), in any order; they may overlap.
    n_frames
        Length of the recording.

    Returns
    -------
    Bool of shape (n_frames,).

    Raises
    ------
    ValueError
        If a bout lies outside the recording or stops before it starts.

    Examples
    --------
    >>> paint_bouts(np.array([[0, 1], [2, 4]]), 5).tolist()
    [True, False, True, True, False]
    """
    bouts = np.asarray(bouts, dtype=np.int64).reshape(-1, 2)
    if np.any((bouts[:, 0] < 0) | (bouts[:, 1] > n_frames) | (bouts[:, 0] > bouts[:, 1])):
        raise ValueError(f"bouts lie outside the {n_frames} frames of the recording, or stop before they start")
    steps = np.bincount(bouts[:, 0], minlength=n_frames + 1) - np.bincount(bouts[:, 1], minlength=n_frames + 1)
    return np.cumsum(steps[:n_frames]) > 0


def remove_short_bouts(values: npt.NDArray[np.bool_], min_bout_frames: int) -> npt.NDArray[np.bool_]:
    """Turn bouts shorter than `min_bout_frames` into negatives; 0 and 1 leave everything as it is.

    Parameters
    ----------
    values
        Decisions of one behavior in one recording, shape (T,). A bout that touches the first or last frame counts by the
        frames that are there.
    min_bout_frames
        Length of the shortest bout that stays.

    Returns
    -------
    Bool of shape (T,).

    Raises
    ------
    ValueError
        If `min_bout_frames` is negative.

    Examples
    --------
    >>> remove_short_bouts(np.array([1, 0, 1, 1, 1], dtype=bool), 2).astype(int).tolist()
    [0, 0, 1, 1, 1]
    """
    if min_bout_frames < 0:
        raise ValueError(f"min_bout_frames is {min_bout_frames}, expected 0 or more")
    bouts = find_bouts(values)
    return paint_bouts(bouts[bouts[:, 1] - bouts[:, 0] >= min_bout_frames], len(values))
