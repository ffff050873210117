"""How much a frame counts in a loss."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["balance_classes", "count_classes"]


def count_classes(labels: Sequence[npt.NDArray[np.int8]]) -> tuple[int, int]:
    """Return the numbers of negative and positive frames in `labels`, arrays (T,) of 1, 0 and -1."""
    return sum(int((part == 0).sum()) for part in labels), sum(int((part == 1).sum()) for part in labels)


def balance_classes(labels: Sequence[npt.NDArray[np.int8]]) -> tuple[float, float]:
    """Return the weights of a negative and of a positive frame, n / (2 n_negative) and n / (2 n_positive).

    n is the number of labelled frames; the formula is scikit-learn's ``class_weight="balanced"`` (King and Zeng 2001, Political
    Analysis 9, equation 7, with equal shares for the classes).

    Raises
    ------
    ValueError
        If one of the two classes does not occur.
    """
    negative, positive = count_classes(labels)
    if not negative or not positive:
        raise ValueError(f"found {negative} negative and {positive} positive frames, expected some of each")
    total = negative + positive
    return total / (2 * negative), total / (2 * positive)
