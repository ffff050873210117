"""Names of behaviors on a picture: small signs, at the upper left those that were decided, at the upper right those that raters saw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from behavior.figures.lettering import Rgb, choose_text_color, parse_color, shorten_text, write_word
from behavior.figures.overlay_bars import FAINT, GROUND, WHITE, find_scale
from behavior.figures.rendering import get_color

__all__ = ["Chip", "Chips"]

_NOT_LABELLED = "not labelled"


@dataclass(frozen=True)
class Chip:
    """A word on a ground with round corners: `color` (H, W, 3) times `opacity` (H, W, 1), both from 0 to 255."""

    color: npt.NDArray[np.uint16]
    opacity: npt.NDArray[np.uint16]

    @property
    def width(self) -> int:
        """Pixels."""
        return self.color.shape[1]

    @property
    def height(self) -> int:
        """Pixels."""
        return self.color.shape[0]

    def put(self, canvas: npt.NDArray[np.uint8], top: int, left: int) -> None:
        """Put it on a picture."""
        region = canvas[top : top + self.height, left : left + self.width]
        region[:] = (region * (255 - self.opacity) + self.color * self.opacity + 127) // 255


class Chips:
    """Paints the names of behaviors on pictures.

    Parameters
    ----------
    behaviors
        B names; each is shortened to what there is room for.
    width
        Of the pictures, in pixels.
    heads
        What stands before the chips of the model, and of each rater behind it; none where there are no raters.

    Attributes
    ----------
    size
        Of letters, in pixels.
    """

    def __init__(self, behaviors: Sequence[str], *, width: int, heads: Sequence[str] = ()) -> None:
        self._width, scale = width, find_scale(width)
        self._margin, self._gap, self.size = round(10 * scale), max(round(5 * scale), 1), round(17 * scale)
        padding = 2 * round(8 * scale)
        self._heads = [self.make(name, WHITE, GROUND, int(0.15 * width)) for name in heads]
        head = max((chip.width + self._gap for chip in self._heads), default=0)
        self._room = (width // 2 if heads else width) - 2 * self._margin - head
        colors = [parse_color(get_color(index)) for index in range(len(behaviors))]
        self._chips = [
            self.make(name, choose_text_color(color), color, self._room - padding) for name, color in zip(behaviors, colors, strict=True)
        ]
        self._not_labelled = self.make(_NOT_LABELLED, FAINT, GROUND, self._room - padding)

    def make(self, text: str, color: Rgb, ground: Rgb, room: int) -> Chip:
        """Return a chip of a text that is shortened to `room` pixels."""
        word = write_word(shorten_text(text, self.size, room, bold=True), self.size, color, ground, bold=True)
        scale = find_scale(self._width)
        side, above = round(8 * scale), max(round(3 * scale), 1)
        picture = np.empty((word.shape[0] + 2 * above, word.shape[1] + 2 * side, 3), dtype=np.uint16)
        picture[:] = ground
        picture[above : above + word.shape[0], side : side + word.shape[1]] = word
        return Chip(picture, _round_corners(*picture.shape[:2], radius=max(round(6 * scale), 1)))

    def paint(self, canvas: npt.NDArray[np.uint8], decided: npt.NDArray[np.bool_], labels: Sequence[npt.NDArray[np.int8]] = ()) -> None:
        """Paint the names of a frame on its picture, RGB, uint8 of shape (H, width, 3).

        Parameters
        ----------
        decided
            Shape (B,).
        labels
            Of each rater 1, 0 or -1, shape (B,).
        """
        left = self._margin + (self._heads[0].width + self._gap if self._heads else 0)
        top = self._margin
        if self._heads and top + self._heads[0].height <= len(canvas):
            self._heads[0].put(canvas, top, self._margin)
        self._paint_lines(canvas, self._select_chips(decided), top, left=left)
        heads = self._heads[1:]
        right = self._width - self._margin - max((head.width + self._gap for head in heads), default=0)
        for head, seen in zip(heads, labels, strict=True):
            if top + head.height > len(canvas):
                return
            head.put(canvas, top, self._width - self._margin - head.width)
            nobody = (seen == -1).all()
            chips = [self._not_labelled] if nobody else self._select_chips(seen == 1)
            top = self._paint_lines(canvas, chips, top, right=right)

    def _select_chips(self, shown: npt.NDArray[np.bool_]) -> list[Chip]:
        return [self._chips[index] for index in np.flatnonzero(shown)]

    def _paint_lines(
        self, canvas: npt.NDArray[np.uint8], chips: Sequence[Chip], top: int, *, left: int | None = None, right: int | None = None
    ) -> int:
        """Paint chips in lines that start at `left` or end at `right`; return where the line below them is."""
        lines: list[list[Chip]] = [[]]
        for chip in chips:
            if lines[-1] and self._measure([*lines[-1], chip]) > self._room:
                lines.append([])
            lines[-1].append(chip)
        for line in lines:
            x = left if left is not None else (right or 0) - self._measure(line)
            for chip in line:
                if top + chip.height <= len(canvas):
                    chip.put(canvas, top, x)
                x += chip.width + self._gap
            top += self._not_labelled.height + self._gap
        return top

    def _measure(self, chips: Sequence[Chip]) -> int:
        return sum(chip.width for chip in chips) + self._gap * max(len(chips) - 1, 0)


def _round_corners(height: int, width: int, *, radius: int) -> npt.NDArray[np.uint16]:
    """Return how opaque a box with round corners is, from 0 to 255, shape (height, width, 1)."""
    # How far each pixel's middle is from the box that the corners' centres span.
    y = np.maximum(np.abs(np.arange(height) + 0.5 - height / 2) - (height / 2 - radius), 0)
    x = np.maximum(np.abs(np.arange(width) + 0.5 - width / 2) - (width / 2 - radius), 0)
    distance = np.hypot(y[:, None], x)
    return np.rint(255 * np.clip(radius + 0.5 - distance, 0, 1)).astype(np.uint16)[..., None]
