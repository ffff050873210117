"""What each animal looks like in each of its tracklets, so that a person sees where two were exchanged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from behavior.figures.frame_strips import compose_frame_strip
from behavior.figures.lettering import parse_color
from behavior.figures.rendering import get_animal_color

__all__ = ["ShownTracklet", "draw_identity_strips", "encode_png"]

Image = npt.NDArray[np.uint8]

# As compose_frame_strip draws: a picture with its edges, and what is between two.
_EDGES, _BETWEEN = 8, 4
_LEFT, _BELOW, _GAP, _LEGEND = 92, 26, 10, 52
# The legend has room beside so many.
_LEAST_COLUMNS = 2
_DARK, _DOUBTFUL = (40, 40, 40), (190, 0, 0)


@dataclass(frozen=True)
class ShownTracklet:
    """One tracklet of the picture.

    Attributes
    ----------
    images
        One crop of it or more, RGB of shape (S, S, 3), in order of time.
    start_frame
        Where it starts.
    probability
        That it is the animal in whose strip it is.
    is_sure
        Whether that is enough.
    """

    images: Sequence[Image]
    start_frame: int
    probability: float
    is_sure: bool


def draw_identity_strips(
    animals: Sequence[Sequence[ShownTracklet]],
    names: Sequence[str],
    n_all: Sequence[int],
    *,
    n_crops: int = 2,
    n_columns: int = 20,
    size: int = 56,
) -> Image:
    """Return a strip for each animal: a column of crops for each tracklet in order of time, RGB.

    Columns of tracklets that are sure are edged in the animal's colour, as in the picture of ways, and have their first frame below them;
    others have no edge and their probability in red.

    Parameters
    ----------
    animals
        Tracklets of each animal that are to be shown.
    names
        Of the animals.
    n_all
        How many tracklets each animal has, shown or not.
    n_crops
        Crops of a tracklet below each other; fewer where it has fewer.
    n_columns
        Tracklets beside each other at most, before the strip goes on below.
    size
        Of each crop, pixels.
    """
    blocks = []
    n_columns = max(min(n_columns, max(map(len, animals), default=0)), _LEAST_COLUMNS)
    for animal, (shown, name, count) in enumerate(zip(animals, names, n_all, strict=True)):
        parts = [shown[start : start + n_columns] for start in range(0, len(shown), n_columns)] or [[]]
        for number, part in enumerate(parts):
            block = _draw_block(part, get_animal_color(animal), n_crops=n_crops, n_columns=n_columns, size=size)
            if number == 0:
                _write(block, name, 4, 24, parse_color(get_animal_color(animal)), scale=0.55)
                _write(block, f"{len(shown)} of {count}", 4, 44, _DARK)
                _write(block, "tracklets", 4, 60, _DARK)
            blocks.append(block)
        blocks.append(np.full((_GAP, blocks[0].shape[1], 3), 255, dtype=np.uint8))
    legend = np.full((_LEGEND, blocks[0].shape[1], 3), 255, dtype=np.uint8)
    for line, text in enumerate(("number: first frame of a tracklet", "edge: it is surely this animal", "red p: it is not sure")):
        _write(legend, text, 4, 12 + 15 * line, _DOUBTFUL if text.startswith("red") else _DARK)
    return np.vstack([*blocks, legend])


def encode_png(image: Image) -> bytes:
    """Return an RGB picture, (H, W, 3), as a PNG file's bytes."""
    _, encoded = cv2.imencode(".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    return encoded.tobytes()


def _draw_block(shown: Sequence[ShownTracklet], color: str, *, n_crops: int, n_columns: int, size: int) -> Image:
    pitch = size + _EDGES + _BETWEEN
    block = np.full((n_crops * pitch + _BELOW, _LEFT + n_columns * pitch, 3), 255, dtype=np.uint8)
    if not shown:
        return block
    for row in range(n_crops):
        # White, where a tracklet has fewer crops.
        blank = np.full((size, size, 3), 255, dtype=np.uint8)
        images = [each.images[row] if row < len(each.images) else blank for each in shown]
        strip = compose_frame_strip(images, [each.is_sure and row < len(each.images) for each in shown], size=size, color=color)
        block[row * pitch : row * pitch + len(strip), _LEFT : _LEFT + strip.shape[1]] = strip
    for column, each in enumerate(shown):
        left = _LEFT + column * pitch + 4
        _write(block, str(each.start_frame), left, n_crops * pitch + 8, _DARK)
        if not each.is_sure:
            _write(block, f"p {each.probability:.2f}", left, n_crops * pitch + 21, _DOUBTFUL)
    return block


def _write(image: Image, text: str, x: int, y: int, color: tuple[int, int, int], *, scale: float = 0.38) -> None:
    cv2.putText(image, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, scale, color, 1, cv2.LINE_AA)
