"""The plain measures that are kept with features, of each row, to tell in what recordings differ."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["LIVE_MEASURES", "MEASURES", "place_measures"]

# Those of the crop in grey levels, then pixels, and 0 to 1. Files of earlier versions have none, or no noise.
MEASURES = ("brightness", "contrast", "sharpness", "noise", "size", "likelihood")
# Those of a camera's pictures that can be compared with those of videos, which lose noise when they are written.
LIVE_MEASURES = MEASURES[:3]
_EARLIER = tuple(name for name in MEASURES if name != "noise")


def place_measures(known: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return `MEASURES` of each row, shape (S, 6), from those that a file has; one that its version did not know yet is NaN.

    Arrays of other numbers of columns than files of any version have are returned as they are.

    >>> place_measures(np.array([[1, 2, 3, 4, 5]], dtype=np.float32)).tolist()
    [[1.0, 2.0, 3.0, nan, 4.0, 5.0]]
    """
    if known.shape[1:] != (len(_EARLIER),):
        return known
    measures = np.full((len(known), len(MEASURES)), np.nan, dtype=np.float32)
    measures[:, [MEASURES.index(name) for name in _EARLIER]] = known
    return measures
