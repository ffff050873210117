"""The whole way from probabilities to an ethogram."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from behavior.postprocess.bouts import remove_short_bouts
from behavior.postprocess.morphology import close_gaps
from behavior.postprocess.thresholds import apply_thresholds

__all__ = ["clean_decisions"]


def clean_decisions(
    probabilities: npt.NDArray[np.floating],
    *,
    thresholds: npt.ArrayLike,
    closing_frames: npt.ArrayLike,
    min_bout_frames: npt.ArrayLike,
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Threshold the probabilities of one recording, then close gaps, then remove short bouts.

    Closing comes first, so that a bout which flickers is joined before its length is judged.

    Parameters
    ----------
    probabilities
        Shape (T, B); NaN for a behavior that the model never learned, which is decided negative.
    thresholds, closing_frames, min_bout_frames
        One for each behavior, shape (B,), as `apply_thresholds`, `close_gaps` and `remove_short_bouts` take them.

    Returns
    -------
    raw, cleaned
        Bool of shape (T, B) each: decided by the threshold alone, and after cleaning.

    Raises
    ------
    ValueError
        If the shapes do not match, or a number of frames is negative or not whole.

    Examples
    --------
    >>> probabilities = np.array([[0.9], [0.2], [0.8], [0.1], [0.1], [0.6]])
    >>> raw, cleaned = clean_decisions(probabilities, thresholds=[0.5], closing_frames=[2], min_bout_frames=[2])
    >>> raw[:, 0].astype(int).tolist(), cleaned[:, 0].astype(int).tolist()
    ([1, 0, 1, 0, 0, 1], [1, 1, 1, 0, 0, 0])
    """
    raw = apply_thresholds(probabilities, thresholds)
    closing = _require_whole("closing_frames", closing_frames, raw.shape[1])
    shortest = _require_whole("min_bout_frames", min_bout_frames, raw.shape[1])
    cleaned = np.empty_like(raw)
    for column in range(raw.shape[1]):
        closed = close_gaps(raw[:, column], int(closing[column]))
        cleaned[:, column] = remove_short_bouts(closed, int(shortest[column]))
    return raw, cleaned


def _require_whole(name: str, values: npt.ArrayLike, n_behaviors: int) -> npt.NDArray:
    frames = np.asarray(values)
    if frames.shape != (n_behaviors,):
        raise ValueError(f"{name} have shape {frames.shape}, expected ({n_behaviors},)")
    if np.any(frames != np.floor(frames)):
        raise ValueError(f"{name} are {frames.tolist()}, expected whole numbers of frames")
    return frames
