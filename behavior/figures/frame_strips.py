"""Some frames of a recording beside each other."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt
from matplotlib.colors import to_rgb

__all__ = ["compose_frame_strip", "render_jpeg"]

# Pixels around a picture, and between two.
_EDGE, _BETWEEN = 4, 4
_GREY = 225
_JPEG_QUALITY = 88


def compose_frame_strip(
    images: Sequence[npt.NDArray[np.uint8] | None], inside: Sequence[bool], *, size: int, color: str
) -> npt.NDArray[np.uint8]:
    """Return square pictures side by side.

    Parameters
    ----------
    images
        RGB of shape (S, S, 3); None for one that could not be decoded, which is grey.
    inside
        Which of them are edged with `color`, such as those that are part of a bout.
    size
        Pixels that a picture is scaled to, its edge not counted.
    color
        As matplotlib names it.

    Returns
    -------
    RGB of shape (size + 8, N (size + 12) - 4, 3), white between the pictures.

    Raises
    ------
    ValueError
        If there is no picture, or not a mark for each.
    """
    if not images or len(images) != len(inside):
        raise ValueError(f"there are {len(images)} pictures and {len(inside)} marks, expected one mark for each of at least one picture")
    edged = size + 2 * _EDGE
    strip = np.full((edged, len(images) * (edged + _BETWEEN) - _BETWEEN, 3), 255, dtype=np.uint8)
    edge = (np.array(to_rgb(color)) * 255).round().astype(np.uint8)
    for number, (image, is_inside) in enumerate(zip(images, inside, strict=True)):
        left = number * (edged + _BETWEEN)
        if is_inside:
            strip[:, left : left + edged] = edge
        shown = np.full((size, size, 3), _GREY, dtype=np.uint8)
        if image is not None:
            interpolation = cv2.INTER_AREA if len(image) > size else cv2.INTER_LINEAR
            shown = np.asarray(cv2.resize(image, (size, size), interpolation=interpolation), dtype=np.uint8)
        strip[_EDGE : _EDGE + size, left + _EDGE : left + _EDGE + size] = shown
    return strip


def render_jpeg(image: npt.NDArray[np.uint8]) -> bytes:
    """Return an RGB picture, (H, W, 3), as a JPEG file's bytes."""
    _, encoded = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    return encoded.tobytes()
