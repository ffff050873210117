"""How probable each behavior is in a frame, as bars beneath a picture, each with its name and its number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from behavior.figures.lettering import Rgb, lighten_until_readable, mix, parse_color, shorten_text, write_word
from behavior.figures.rendering import get_color

__all__ = ["FAINT", "GROUND", "TRACK", "WHITE", "ProbabilityBars", "find_scale", "put_picture"]

GROUND: Rgb = (20, 23, 28)
WHITE: Rgb = (255, 255, 255)
FAINT: Rgb = mix(GROUND, WHITE, 0.6)
TRACK: Rgb = mix(GROUND, WHITE, 0.13)

# Pixels that sizes are given for; narrower panels have the same, so that letters stay readable.
_USUAL_WIDTH = 640
# How much of the panel's width names get at most.
_NAME_SHARE = 0.34


def find_scale(width: int) -> float:
    """Return how many times as large everything in an overlay `width` pixels wide is as in one of 640 pixels."""
    return max(width / _USUAL_WIDTH, 1.0)


def put_picture(panel: npt.NDArray[np.uint8], picture: npt.NDArray[np.uint8], top: int, left: int) -> None:
    """Put a small picture into a panel, both RGB, uint8."""
    panel[top : top + picture.shape[0], left : left + picture.shape[1]] = picture


@dataclass(frozen=True)
class _Bar:
    """What a behavior's row shows: its bar in its colour where it was decided, in a darker one elsewhere."""

    top: int
    color: npt.NDArray[np.uint8]
    dimmed: npt.NDArray[np.uint8]
    mark: npt.NDArray[np.uint8]
    no_mark: npt.NDArray[np.uint8]
    threshold: int | None


class ProbabilityBars:
    """Paints bars into a panel.

    Parameters
    ----------
    behaviors
        B names; each is shortened to what there is room for.
    width
        Of the panel, in pixels.
    top
        Where in it the first row is.
    thresholds
        Where the tick is on the bar of each behavior, shape (B,); none for NaN, and none at all where None.
    other_names
        That are in the same column elsewhere in the panel.

    Attributes
    ----------
    left, width, tops, height
        Where the bars are: probability 1 fills `width` pixels.
    bottom
        Where the rows and their axis end.
    name_left, margin, line, size, small
        Where names begin; pixels at the edges of the panel, of a line of text, and of its letters.
    other_names
        As they have room.
    """

    def __init__(
        self,
        behaviors: Sequence[str],
        *,
        width: int,
        top: int,
        thresholds: npt.NDArray[np.floating] | None = None,
        other_names: Sequence[str] = (),
    ) -> None:
        self._panel_width, self._scale = width, find_scale(width)
        round_ = self._round
        self.size, self.small, self.margin = round_(16), round_(13), round_(14)
        self._colors = [parse_color(get_color(index)) for index in range(len(behaviors))]
        self._numbers: dict[tuple[int, bool], npt.NDArray[np.uint8]] = {}
        self.line = line = write_word("", self.size, WHITE, GROUND).shape[0]
        self.name_left = self.margin + round_(19)
        limit = int(_NAME_SHARE * width)
        self._names = [shorten_text(name, self.size, limit) for name in behaviors]
        self.other_names = [shorten_text(name, self.size, limit) for name in other_names]
        name_width = max(self._measure(name) for name in (*self._names, *self.other_names))
        self.left = self.name_left + name_width + round_(14)
        self.width = width - self.margin - self.left - self._measure("0.00") - round_(10)
        self.height, row_height = round_(14), line + round_(6)
        self._row_tops = [top + index * row_height for index in range(len(behaviors))]
        self.tops = [row_top + (line - self.height) // 2 for row_top in self._row_tops]
        self._axis_top = top + len(behaviors) * row_height
        self.bottom = self._axis_top + write_word("", self.small, WHITE, GROUND).shape[0]
        self._bars = [self._make_bar(index, thresholds) for index in range(len(behaviors))]

    def write(self, panel: npt.NDArray[np.uint8]) -> None:
        """Write what is the same in all frames into a panel, RGB, uint8 of shape (H, width, 3)."""
        for name, color, row_top, top in zip(self._names, self._colors, self._row_tops, self.tops, strict=True):
            panel[top : top + self.height, self.left : self.left + self.width] = TRACK
            put_picture(panel, write_word(name, self.size, lighten_until_readable(color, GROUND), GROUND), row_top, self.name_left)
        for share, word in ((0.0, "0"), (0.5, "probability"), (1.0, "1")):
            self.write_centered(panel, word, self.left + round(share * self.width), self._axis_top)

    def write_centered(self, panel: npt.NDArray[np.uint8], text: str, x: int, top: int) -> None:
        """Write a word of an axis, its middle at `x` if there is room."""
        word = write_word(text, self.small, FAINT, GROUND)
        put_picture(panel, word, top, min(x - word.shape[1] // 2, self._panel_width - self.margin - word.shape[1]))

    def paint(self, panel: npt.NDArray[np.uint8], probabilities: npt.NDArray[np.floating], decided: npt.NDArray[np.bool_]) -> None:
        """Paint the bars of a frame, both of shape (B,), into a panel that was written."""
        for bar, probability, is_decided in zip(self._bars, probabilities.tolist(), decided.tolist(), strict=True):
            self._paint_bar(panel, bar, probability, is_decided)

    def _round(self, pixels: float) -> int:
        return max(round(pixels * self._scale), 1)

    def _measure(self, text: str) -> int:
        return write_word(text, self.size, WHITE, GROUND).shape[1]

    def _make_bar(self, index: int, thresholds: npt.NDArray[np.floating] | None) -> _Bar:
        color, tick = self._colors[index], None
        if thresholds is not None and np.isfinite(thresholds[index]):
            tick = min(round(float(thresholds[index]) * self.width), self.width - 1)
        return _Bar(
            top=self.tops[index],
            color=np.array(color, dtype=np.uint8),
            dimmed=np.array(mix(color, TRACK, 0.55), dtype=np.uint8),
            mark=self._draw_mark(color, filled=True),
            no_mark=self._draw_mark(FAINT, filled=False),
            threshold=tick,
        )

    def _draw_mark(self, color: Rgb, *, filled: bool) -> npt.NDArray[np.uint8]:
        side, radius, fine = self.line, self._round(5), 8
        mark = np.empty((side * fine, side * fine, 3), dtype=np.uint8)
        mark[:] = GROUND
        middle = (side * fine // 2,) * 2
        cv2.circle(mark, middle, radius * fine, color, -1)
        if not filled:
            cv2.circle(mark, middle, round((radius - 1.2 * self._scale) * fine), GROUND, -1)
        return cv2.resize(mark, (side, side), interpolation=cv2.INTER_AREA)

    def _paint_bar(self, panel: npt.NDArray[np.uint8], bar: _Bar, probability: float, decided: bool) -> None:
        rows = slice(bar.top, bar.top + self.height)
        length = round(probability * self.width) if np.isfinite(probability) else 0
        panel[rows, self.left : self.left + length] = bar.color if decided else bar.dimmed
        beyond, thickness = self._round(2), self._round(2)
        if bar.threshold is not None:
            left = self.left + max(bar.threshold - thickness // 2, 0)
            panel[bar.top - beyond : rows.stop + beyond, left : left + thickness] = WHITE
        row_top = bar.top - (self.line - self.height) // 2
        put_picture(panel, bar.mark if decided else bar.no_mark, row_top, self.margin - self._round(3))
        number = self._write_number(round(100 * probability) if np.isfinite(probability) else -1, decided)
        put_picture(panel, number, row_top, self._panel_width - self.margin - number.shape[1])

    def _write_number(self, percent: int, decided: bool) -> npt.NDArray[np.uint8]:
        if (percent, decided) not in self._numbers:
            text = f"{percent / 100:.2f}" if percent >= 0 else "\N{EN DASH}"
            self._numbers[percent, decided] = write_word(text, self.size, WHITE if decided else FAINT, GROUND)
        return self._numbers[percent, decided]
