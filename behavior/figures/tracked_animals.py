"""Pictures of what a tracker found: animals in sample frames, and their ways over one frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from matplotlib.colors import to_rgb

from behavior.figures.rendering import get_animal_color

__all__ = ["FoundAnimals", "draw_found", "draw_ways"]

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]

_COLUMNS = 4
_ALONE, _TOUCHING, _WHITE = (0, 200, 83), (255, 82, 82), (255, 255, 255)
_BETWEEN = 4
# A longer step is a jump over frames in which nothing is known, and no line is drawn.
_LONGEST_STEP = 0.15


@dataclass(frozen=True)
class FoundAnimals:
    """Animals found in a picture: centres (N, 2), angles, lengths and widths (N,), and which ones touch (N,)."""

    positions: Floats
    angles: Floats
    lengths: Floats
    widths: Floats
    touching: npt.NDArray[np.bool_]


def draw_found(pictures: Sequence[Image], found: Sequence[FoundAnimals], frames: Sequence[int], *, width: int = 420) -> Image:
    """Return sample frames side by side, with an ellipse around each animal: green, and red where animals touch; RGB.

    Where an animal's axis is not known there is a circle.

    Parameters
    ----------
    pictures
        Grey, uint8 of shape (H, W), at least one.
    found
        The animals of each picture.
    frames
        The number of each picture, which is written on it.
    width
        Of each picture, in pixels.
    """
    tiles = [_draw_tile(*each, width=width) for each in zip(pictures, found, frames, strict=True)]
    tiles += [np.full_like(tiles[0], 255)] * (-len(tiles) % min(_COLUMNS, len(tiles)))
    columns = min(_COLUMNS, len(tiles))
    padded = [cv2.copyMakeBorder(tile, 0, _BETWEEN, 0, _BETWEEN, cv2.BORDER_CONSTANT, value=_WHITE) for tile in tiles]
    rows = [np.hstack(padded[start : start + columns]) for start in range(0, len(padded), columns)]
    return np.vstack(rows).astype(np.uint8)


def draw_ways(picture: Image, positions: Floats, *, names: Sequence[str]) -> Image:
    """Return a frame with the way of each animal in its colour, its name where it ends; RGB of shape (H, W, 3).

    Parameters
    ----------
    picture
        Grey, uint8 of shape (H, W).
    positions
        Shape (T, K, 2), NaN where nothing is known.
    names
        Of the K animals.
    """
    canvas = cv2.cvtColor(picture, cv2.COLOR_GRAY2RGB)
    longest = _LONGEST_STEP * max(picture.shape)
    for animal, name in enumerate(names):
        color = _get_rgb(animal)
        way = positions[:, animal]
        known = np.flatnonzero(np.isfinite(way[:, 0]))
        if not len(known):
            continue
        points = way[known]
        breaks = np.flatnonzero(np.hypot(*np.diff(points, axis=0).T) > longest) + 1
        lines = [(line * 16).round().astype(np.int32)[:, None] for line in np.split(points, breaks)]
        cv2.polylines(canvas, lines, False, color, 1, cv2.LINE_AA, 4)
        _write(canvas, name, points[-1], color)
    return canvas.astype(np.uint8)


def _draw_tile(picture: Image, found: FoundAnimals, frame: int, *, width: int) -> Image:
    scale = width / picture.shape[1]
    height = max(round(picture.shape[0] * scale), 1)
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    tile = cv2.cvtColor(cv2.resize(picture, (width, height), interpolation=interpolation), cv2.COLOR_GRAY2RGB)
    for (x, y), angle, length, breadth, is_touching in zip(
        found.positions, found.angles, found.lengths, found.widths, found.touching, strict=True
    ):
        color = _TOUCHING if is_touching else _ALONE
        center = (round(x * scale * 16), round(y * scale * 16))
        if np.isfinite([angle, length, breadth]).all():
            axes = (round((length / 2 * scale + 2) * 16), round((breadth / 2 * scale + 2) * 16))
            cv2.ellipse(tile, center, axes, float(np.degrees(angle)), 0, 360, color, 1, cv2.LINE_AA, 4)
        else:
            radius = length / 2 * scale if np.isfinite(length) else 6
            cv2.circle(tile, center, round(radius * 16), color, 1, cv2.LINE_AA, 4)
    _write(tile, f"frame {frame}: {len(found.positions)}", np.array([4.0, 16.0]), _WHITE)
    return tile.astype(np.uint8)


def _write(canvas: npt.NDArray, text: str, place: Floats, color: tuple[int, int, int]) -> None:
    x, y = (round(float(value)) for value in place)
    # Letters that are light and edged in black can be read on any floor; thicker ones would be wider.
    for right, down in ((-1, 0), (1, 0), (0, -1), (0, 1)):
        cv2.putText(canvas, text, (x + right, y + down), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (0, 0, 0), 1, cv2.LINE_AA)
    cv2.putText(canvas, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.45, color, 1, cv2.LINE_AA)


def _get_rgb(index: int) -> tuple[int, int, int]:
    red, green, blue = (round(part * 255) for part in to_rgb(get_animal_color(index)))
    return red, green, blue
