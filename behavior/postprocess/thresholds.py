"""From a probability to a first decision, frame by frame."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["apply_thresholds"]


def apply_thresholds(probabilities: npt.NDArray[np.floating], thresholds: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Decide each frame on its own: positive where its probability reaches its behavior's threshold.

    Parameters
    ----------
    probabilities
        Shape (T, B); NaN for a behavior that the model never learned, which is decided negative.
    thresholds
        One for each behavior, shape (B,). They are rounded to the precision of `probabilities`, so that a float32 probability
        of 0.7 reaches a threshold of 0.7.

    Returns
    -------
    Bool of shape (T, B).

    Raises
    ------
    ValueError
        If the shapes do not match, or a threshold is NaN.

    Examples
    --------
    >>> apply_thresholds(np.array([[0.4, 0.4], [0.6, np.nan]]), [0.5, 0.3]).tolist()
    [[False, True], [True, False]]
    """
    probabilities = np.asarray(probabilities)
    limits = np.asarray(thresholds, dtype=probabilities.dtype)
    if probabilities.ndim != 2 or limits.shape != probabilities.shape[1:]:
        raise ValueError(f"probabilities and thresholds have shapes {probabilities.shape} and {limits.shape}, expected (T, B) and (B,)")
    if np.isnan(limits).any():
        raise ValueError("a threshold is NaN, expected numbers")
    return probabilities >= limits
