"""Frames of an overlay video: the picture with the names of what goes on, above a panel with probabilities and ethogram."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from behavior.figures.ethogram_raster import RasterRow
from behavior.figures.lettering import Rgb, choose_text_color, parse_color, shorten_text, write_word
from behavior.figures.overlay_panel import FAINT, GROUND, MODEL, PEOPLE, WHITE, OverlayPanel, find_scale
from behavior.figures.rendering import get_color

__all__ = ["OverlayPainter"]

# Narrower pictures have no room for words.
_NARROWEST = 480
# Of a panel without a picture.
_PANEL_WIDTH = 960
_GREY = 128
_NOT_LABELLED = "not labelled"
# Places beyond are outside of every picture, and OpenCV takes 32 bits.
_FAR = 1e5


@dataclass(frozen=True)
class _Chip:
    """A word on a ground with round corners: `color` (H, W, 3) times `opacity` (H, W, 1), both from 0 to 255."""

    color: npt.NDArray[np.uint16]
    opacity: npt.NDArray[np.uint16]

    @property
    def width(self) -> int:
        return self.color.shape[1]

    @property
    def height(self) -> int:
        return self.color.shape[0]

    def put(self, canvas: npt.NDArray[np.uint8], top: int, left: int) -> None:
        region = canvas[top : top + self.height, left : left + self.width]
        region[:] = (region * (255 - self.opacity) + self.color * self.opacity + 127) // 255


class OverlayPainter:
    """Paints frames of an overlay video.

    On the picture stand, at the upper left, the names of the behaviors that were decided in the frame, and where there are labels, at the
    upper right those that each rater saw; what the picture has no room for is left to the panel beneath it.

    Parameters
    ----------
    row
        The recording, with probabilities.
    behaviors
        B names; a name of any length is shortened to what there is room for.
    picture_size
        Width and height of the pictures in pixels; None for the panel alone.
    thresholds
        Where a tick stands on the bar of each behavior, shape (B,); none for NaN, and none at all where None.
    note
        Stands behind the recording's name.
    places
        Where the animal is that all of it is about, float64 of shape (T, 2) in pixels as x, y, NaN where that is unknown; None where there
        is one animal. A ring and its name are painted there.
    animal
        Its name.

    Attributes
    ----------
    width, height
        Of what is painted, in pixels: even, because most players show no other H.264.
    picture_height
        Rows that the picture takes, from the top.
    magnification
        How many times a picture narrower than 480 pixels is enlarged; a whole number, 1 for all others.
    panel
        Positions of bars and words in the panel.

    Raises
    ------
    ValueError
        If shapes do not match, there are no frames, no behaviors or no probabilities.
    """

    def __init__(
        self,
        row: RasterRow,
        behaviors: Sequence[str],
        *,
        picture_size: tuple[int, int] | None,
        thresholds: npt.NDArray[np.floating] | None = None,
        note: str = "",
        places: npt.NDArray[np.float64] | None = None,
        animal: str = "",
    ) -> None:
        expected = (len(row.time_s), len(behaviors))
        for name, values in {"decided": row.decided, "probabilities": row.probabilities, **row.labels}.items():
            if 0 in expected or values is None or values.shape != expected:
                raise ValueError(f"{name!r} of {row.name!r} are {'none' if values is None else values.shape}, expected {expected}")
        self._picture_size = picture_size
        picture_width, picture_height = picture_size or (_PANEL_WIDTH, 0)
        self.magnification = max(-(-_NARROWEST // picture_width), 1)
        self._picture_width, self.picture_height = self.magnification * picture_width, self.magnification * picture_height
        self.width = self._picture_width + self._picture_width % 2
        self.panel = OverlayPanel(row, behaviors, width=self.width, thresholds=thresholds, note=note)
        self.height = self.picture_height + self.panel.height
        self.height += self.height % 2
        self._decided, self._labels = row.decided, list(row.labels.values())
        self._places, self._animal = places, animal
        self._prepare_chips(behaviors, [rater or PEOPLE for rater in row.labels])

    def paint(self, frame: int, image: npt.NDArray[np.uint8] | None = None) -> npt.NDArray[np.uint8]:
        """Return what the video shows at frame number `frame`, RGB, uint8 of shape (height, width, 3).

        Parameters
        ----------
        image
            The picture, RGB, uint8; None where it could not be decoded, or there are no pictures.
        """
        canvas = np.empty((self.height, self.width, 3), dtype=np.uint8)
        below = self.picture_height + self.panel.height
        canvas[self.picture_height : below] = self.panel.paint(frame)
        canvas[below:] = GROUND
        if self._picture_size is not None:
            self._paint_picture(canvas[: self.picture_height], frame, image)
            self._paint_chips(canvas[: self.picture_height], frame)
        return canvas

    def _paint_picture(self, canvas: npt.NDArray[np.uint8], frame: int, image: npt.NDArray[np.uint8] | None) -> None:
        canvas[:, self._picture_width :] = 0
        picture = canvas[:, : self._picture_width]
        if image is None:
            picture[:] = _GREY
            text = shorten_text(f"frame {frame} cannot be decoded", self._size, self._picture_width - 1)
            word = write_word(text, self._size, (0, 0, 0), (_GREY,) * 3)[: len(picture)]
            top, left = (len(picture) - word.shape[0]) // 2, (picture.shape[1] - word.shape[1]) // 2
            picture[top : top + word.shape[0], left : left + word.shape[1]] = word
            return
        if self.magnification > 1:
            image = cv2.resize(image, (picture.shape[1], picture.shape[0]), interpolation=cv2.INTER_NEAREST)
        picture[:] = image
        if self._places is not None and np.isfinite(self._places[frame]).all():
            self._paint_place(picture, self._places[frame] * self.magnification)

    def _paint_place(self, picture: npt.NDArray[np.uint8], place: npt.NDArray[np.float64]) -> None:
        """Paint a ring around the animal, and its name to the upper right of it, or inwards of that near an edge."""
        x, y = np.clip(place, -_FAR, _FAR).round().astype(int).tolist()
        radius, width = round(1.3 * self._size), max(round(self._size / 8), 1)
        for color, more in ((0, 2), (255, 0)):
            cv2.circle(picture, (x, y), radius, (color,) * 3, width + more, cv2.LINE_AA)
        top, left = y - radius - self._mark.height // 2, x + radius
        top = min(max(top, 0), len(picture) - self._mark.height)
        left = min(max(left, 0), picture.shape[1] - self._mark.width)
        if top >= 0 and left >= 0:
            self._mark.put(picture, top, left)

    def _prepare_chips(self, behaviors: Sequence[str], raters: Sequence[str]) -> None:
        scale = find_scale(self.width)
        self._margin, self._gap, self._size = round(10 * scale), max(round(5 * scale), 1), round(17 * scale)
        padding = 2 * round(8 * scale)
        self._heads = [self._make_chip(name, WHITE, GROUND, int(0.15 * self.width)) for name in (MODEL, *raters)] if raters else []
        head = max((chip.width + self._gap for chip in self._heads), default=0)
        self._room = (self.width // 2 if raters else self.width) - 2 * self._margin - head
        colors = [parse_color(get_color(index)) for index in range(len(behaviors))]
        self._chips = [
            self._make_chip(name, choose_text_color(color), color, self._room - padding)
            for name, color in zip(behaviors, colors, strict=True)
        ]
        self._mark = self._make_chip(self._animal, WHITE, GROUND, self.width // 4)
        self._not_labelled = self._make_chip(_NOT_LABELLED, FAINT, GROUND, self._room - padding)

    def _make_chip(self, text: str, color: Rgb, ground: Rgb, room: int) -> _Chip:
        word = write_word(shorten_text(text, self._size, room, bold=True), self._size, color, ground, bold=True)
        scale = find_scale(self.width)
        side, above = round(8 * scale), max(round(3 * scale), 1)
        picture = np.empty((word.shape[0] + 2 * above, word.shape[1] + 2 * side, 3), dtype=np.uint16)
        picture[:] = ground
        picture[above : above + word.shape[0], side : side + word.shape[1]] = word
        return _Chip(picture, _round_corners(*picture.shape[:2], radius=max(round(6 * scale), 1)))

    def _paint_chips(self, canvas: npt.NDArray[np.uint8], frame: int) -> None:
        left = self._margin + (self._heads[0].width + self._gap if self._heads else 0)
        top = self._margin
        if self._heads and top + self._heads[0].height <= len(canvas):
            self._heads[0].put(canvas, top, self._margin)
        self._paint_lines(canvas, self._select_chips(self._decided[frame]), top, left=left)
        heads = self._heads[1:]
        right = self.width - self._margin - max((head.width + self._gap for head in heads), default=0)
        for head, labels in zip(heads, self._labels, strict=True):
            if top + head.height > len(canvas):
                return
            head.put(canvas, top, self.width - self._margin - head.width)
            nobody = (labels[frame] == -1).all()
            chips = [self._not_labelled] if nobody else self._select_chips(labels[frame] == 1)
            top = self._paint_lines(canvas, chips, top, right=right)

    def _select_chips(self, shown: npt.NDArray[np.bool_]) -> list[_Chip]:
        return [self._chips[index] for index in np.flatnonzero(shown)]

    def _paint_lines(
        self, canvas: npt.NDArray[np.uint8], chips: Sequence[_Chip], top: int, *, left: int | None = None, right: int | None = None
    ) -> int:
        """Paint chips in lines that start at `left` or end at `right`; return where the line below them is."""
        lines: list[list[_Chip]] = [[]]
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

    def _measure(self, chips: Sequence[_Chip]) -> int:
        return sum(chip.width for chip in chips) + self._gap * max(len(chips) - 1, 0)


def _round_corners(height: int, width: int, *, radius: int) -> npt.NDArray[np.uint16]:
    """Return how opaque a box with round corners is, from 0 to 255, shape (height, width, 1)."""
    # How far each pixel's middle is from the box that the corners' centres span.
    y = np.maximum(np.abs(np.arange(height) + 0.5 - height / 2) - (height / 2 - radius), 0)
    x = np.maximum(np.abs(np.arange(width) + 0.5 - width / 2) - (width / 2 - radius), 0)
    distance = np.hypot(y[:, None], x)
    return np.rint(255 * np.clip(radius + 0.5 - distance, 0, 1)).astype(np.uint16)[..., None]
