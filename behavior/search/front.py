"""Which trials no other one beats: better scores take longer, and each of these is the best for its time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["find_front"]


def find_front(scores: npt.NDArray[np.floating], seconds: npt.NDArray[np.floating]) -> npt.NDArray[np.bool_]:
    """Tell which of N trials are on the Pareto front: no other one has a score as high in less time, or a higher one in as little.

    Parameters
    ----------
    scores, seconds
        Shape (N,); a trial with NaN in one of them is not on the front.

    Returns
    -------
    Bool of shape (N,); of trials alike in both, all are.

    Examples
    --------
    >>> find_front(np.array([0.5, 0.6, 0.55, np.nan]), np.array([10.0, 30.0, 40.0, 1.0])).tolist()
    [True, True, False, False]
    """
    on_front = np.zeros(len(scores), dtype=bool)
    best, known = -np.inf, np.isfinite(scores) & np.isfinite(seconds)
    # The quickest first, of these the best.
    for number in np.lexsort((-scores, seconds)):
        if not known[number]:
            continue
        is_alike = (on_front & (scores == scores[number]) & (seconds == seconds[number])).any()
        if scores[number] > best or is_alike:
            on_front[number] = True
            best = max(best, scores[number])
    return on_front
