"""Binary morphology along time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from behavior.postprocess.bouts import paint_bouts
from behavior.recording import find_bouts

__all__ = ["close_gaps"]


def close_gaps(values: npt.NDArray[np.bool_], closing_frames: int) -> npt.NDArray[np.bool_]:
    """Fill gaps of at most ``closing_frames - 1`` frames between two positives; 0 and 1 leave everything as it is.

    Parameters
    ----------
    values
        Decisions of one behavior in one recording, shape (T,).
    closing_frames
        Length of the structuring element.

    Returns
    -------
    Bool of shape (T,). Positives stay, and nothing is added before the first or after the last of them.

    Raises
    ------
    ValueError
        If `closing_frames` is negative.

    Notes
    -----
    This is binary closing, a dilation followed by an erosion (Serra 1982, Image Analysis and Mathematical Morphology), by a
    line of `closing_frames` frames on a recording that goes on as negative at both ends. `scipy.ndimage.binary_closing` takes
    what lies outside as negative in the erosion too, without having dilated into it, so that bouts at the ends lose frames.

    Examples
    --------
    >>> close_gaps(np.array([0, 0, 1, 1, 0, 1], dtype=bool), 2).astype(int).tolist()
    [0, 0, 1, 1, 1, 1]
    """
    if closing_frames < 0:
        raise ValueError(f"closing_frames is {closing_frames}, expected 0 or more")
    bouts = find_bouts(values)
    if len(bouts) == 0:
        return np.zeros(len(values), dtype=bool)
    stays_open = bouts[1:, 0] - bouts[:-1, 1] >= closing_frames
    first, last = np.append(True, stays_open), np.append(stays_open, True)
    return paint_bouts(np.column_stack((bouts[first, 0], bouts[last, 1])), len(values))
