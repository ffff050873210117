"""A picture that says where animals can be: white where they can, black where they cannot."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from behavior.errors import InputError
from behavior.files.opening import require_regular_file

__all__ = ["read_arena_mask"]

_MOST_BYTES = 64 * 2**20
_EXPECTED = "a picture (.png) that is white where animals can be"


def read_arena_mask(path: Path, *, width: int, height: int) -> npt.NDArray[np.bool_]:
    """Return where animals can be, bool of shape (H, W).

    Raises
    ------
    InputError
        If there is no such file, it is no picture or very large, has another size than the video, or leaves no room.
    """
    advice = "draw it on a frame of the video"
    size = require_regular_file(path, error=InputError, expected=_EXPECTED, advice=advice)
    if size > _MOST_BYTES:
        raise InputError(f"{path}: has {size / 2**20:,.0f} MiB, expected {_EXPECTED} of at most {_MOST_BYTES / 2**20:g} MiB; {advice}.")
    try:
        picture = cv2.imdecode(np.frombuffer(path.read_bytes(), dtype=np.uint8), cv2.IMREAD_GRAYSCALE)
    except (cv2.error, OSError) as error:
        raise InputError(f"{path}: cannot be read, expected {_EXPECTED}; {advice}.") from error
    if picture is None:
        raise InputError(f"{path}: is no picture, expected {_EXPECTED}; {advice}.")
    if picture.shape != (height, width):
        raise InputError(f"{path}: has {picture.shape[1]} x {picture.shape[0]} pixels, expected the video's {width} x {height}; {advice}.")
    mask = picture > 127
    if not mask.any():
        raise InputError(f"{path}: is black all over, expected {_EXPECTED}; {advice}.")
    return mask
