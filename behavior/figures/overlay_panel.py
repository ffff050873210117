"""The panel beneath the picture of an overlay video: probabilities as bars, and the ethogram as it passes by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from behavior.figures.ethogram_raster import RasterRow
from behavior.figures.lettering import Rgb, lighten_until_readable, mix, parse_color, shorten_text, write_word
from behavior.figures.rendering import get_color
from behavior.frame_times import frame_edges

__all__ = ["FAINT", "GROUND", "MODEL", "PEOPLE", "WHITE", "OverlayPanel", "find_scale", "format_time"]

GROUND: Rgb = (20, 23, 28)
WHITE: Rgb = (255, 255, 255)
FAINT: Rgb = mix(GROUND, WHITE, 0.6)
TRACK: Rgb = mix(GROUND, WHITE, 0.13)
# What stands for the ethogram, and for the labels of who has no name.
MODEL, PEOPLE = "model", "people"

# Seconds before and after now.
WINDOW_S = 10.0
_TICKS_S = (-10, -5, 0, 5, 10)
# Pixels that sizes are given for; narrower panels have the same, so that letters stay readable.
_USUAL_WIDTH = 640
# Columns computed for each that is shown, so that bouts glide by instead of jumping by whole pixels.
_SMOOTHING = 4
# How much of the panel's width names get at most.
_NAME_SHARE = 0.34
_HATCH = 8
_LANES_HEIGHT = 76
_OUTSIDE, _ABSENT, _UNLABELLED, _PRESENT = range(4)


def format_time(seconds: float) -> str:
    """Return minutes, seconds and tenths of seconds.

    >>> format_time(59.96), format_time(3725.25)
    ('1:00.0', '62:05.2')
    """
    minutes, tenths = divmod(round(seconds * 10), 600)
    return f"{minutes}:{tenths // 10:02d}.{tenths % 10}"


def find_scale(width: int) -> float:
    """Return how many times as large everything in an overlay `width` pixels wide is as in one of 640 pixels."""
    return max(width / _USUAL_WIDTH, 1.0)


@dataclass(frozen=True)
class _Bar:
    """What a behavior's row shows: its bar in its colour where it was decided, in a darker one elsewhere."""

    top: int
    color: npt.NDArray[np.uint8]
    dimmed: npt.NDArray[np.uint8]
    mark: npt.NDArray[np.uint8]
    no_mark: npt.NDArray[np.uint8]
    threshold: int | None


class OverlayPanel:
    """Paints the panel of a recording, as it is at any of its frames.

    Parameters
    ----------
    row
        The recording; it has probabilities. There is a strip of lanes for each rater, and one for what was decided.
    behaviors
        B names.
    width
        Of the panel, in pixels.
    thresholds
        Where a tick stands on the bar of each behavior, shape (B,); none for NaN, and none at all where None.
    note
        Stands behind the recording's name.

    Attributes
    ----------
    height, width
        Of the panel, in pixels.
    bar_left, bar_width, bar_tops, bar_height
        Where the bars are: probability 1 fills `bar_width` pixels.
    plot_left, plot_width, lane_tops, lane_height
        Where the lanes are, (strips, B) of them: raters in their order, then what was decided.
    """

    def __init__(
        self,
        row: RasterRow,
        behaviors: Sequence[str],
        *,
        width: int,
        thresholds: npt.NDArray[np.floating] | None = None,
        note: str = "",
    ) -> None:
        if row.probabilities is None:
            raise ValueError(f"{row.name!r} has no probabilities")
        self.width = width
        self._scale = find_scale(width)
        self._probabilities, self._decided, self._time_s = row.probabilities, row.decided, row.time_s
        self._edges = frame_edges(row.time_s, fps=1.0)
        self._names = list(behaviors)
        self._colors = [parse_color(get_color(index)) for index in range(len(behaviors))]
        self._strips = [*((rater or PEOPLE, labels) for rater, labels in row.labels.items()), (MODEL, row.decided.astype(np.int8))]
        self._size = self._round(16)
        self._small = self._round(13)
        self._numbers: dict[tuple[int, bool], npt.NDArray[np.uint8]] = {}
        self._place(len(behaviors))
        self._static = np.empty((self.height, width, 3), dtype=np.uint8)
        self._static[:] = GROUND
        self._write_header(row.name, note)
        self._bars = [self._make_bar(index, thresholds) for index in range(len(behaviors))]
        self._write_names()
        self._prepare_lanes()

    def paint(self, frame: int) -> npt.NDArray[np.uint8]:
        """Return the panel at frame number `frame`, RGB, uint8 of shape (height, width, 3)."""
        panel = self._static.copy()
        time = write_word(format_time(float(self._time_s[frame])), self._size, WHITE, GROUND, bold=True)
        _put(panel, time, self._header_top, self._time_right - time.shape[1])
        number = write_word(f"frame {frame}", self._size, FAINT, GROUND)
        _put(panel, number, self._header_top, self.width - self._margin - number.shape[1])
        for index, bar in enumerate(self._bars):
            self._paint_bar(panel, bar, float(self._probabilities[frame, index]), bool(self._decided[frame, index]))
        self._paint_lanes(panel, frame)
        return panel

    def _round(self, pixels: float) -> int:
        return max(round(pixels * self._scale), 1)

    def _place(self, n_behaviors: int) -> None:
        """Find out where everything is."""
        round_, margin = self._round, self._round(14)
        line = write_word("", self._size, WHITE, GROUND).shape[0]
        self._line, self._small_line = line, write_word("", self._small, WHITE, GROUND).shape[0]
        self._margin, self._header_top = margin, round_(9)
        self._name_left = margin + round_(19)
        limit = int(_NAME_SHARE * self.width)
        self._names = [shorten_text(name, self._size, limit) for name in self._names]
        self._strip_names = [shorten_text(name, self._size, limit) for name, _ in self._strips]
        name_width = max(self._measure(name) for name in (*self._names, *self._strip_names))
        self.bar_left = self.plot_left = self._name_left + name_width + round_(14)
        self._number_width = self._measure("0.00")
        self.plot_width = self.width - margin - self.plot_left
        self.bar_width = self.plot_width - self._number_width - round_(10)
        self.bar_height, row_height = round_(14), line + round_(6)
        top = self._header_top + line + round_(9)
        self._row_tops = [top + index * row_height for index in range(n_behaviors)]
        self.bar_tops = [row_top + (line - self.bar_height) // 2 for row_top in self._row_tops]
        self._bar_axis_top = top + n_behaviors * row_height
        top = self._bar_axis_top + self._small_line + round_(10)
        # A strip is as high as its name at least; no lane is so thin that it is lost, and few of them are thick.
        share = round_(_LANES_HEIGHT) // (n_behaviors * len(self._strips))
        self.lane_height = max(round_(6), -(-line // n_behaviors), min(share, round_(10)))
        strip_height = self.lane_height * n_behaviors
        self._strip_tops = [top + number * (strip_height + round_(8)) for number in range(len(self._strips))]
        self.lane_tops = [[strip_top + index * self.lane_height for index in range(n_behaviors)] for strip_top in self._strip_tops]
        self._plot_bottom = self._strip_tops[-1] + strip_height
        self._time_axis_top = self._plot_bottom + round_(5)
        self.height = self._time_axis_top + self._small_line + round_(9)

    def _measure(self, text: str) -> int:
        return write_word(text, self._size, WHITE, GROUND).shape[1]

    def _write_header(self, name: str, note: str) -> None:
        frame_width = self._measure(f"frame {len(self._time_s) - 1}")
        self._time_right = self.width - self._margin - frame_width - self._round(14)
        time_width = write_word(format_time(float(self._time_s[-1])), self._size, WHITE, GROUND, bold=True).shape[1]
        room = self._time_right - time_width - self._round(14) - self._margin
        title = shorten_text(f"{name}  {note}", self._size, room)
        _put(self._static, write_word(title, self._size, FAINT, GROUND), self._header_top, self._margin)

    def _make_bar(self, index: int, thresholds: npt.NDArray[np.floating] | None) -> _Bar:
        color, top = self._colors[index], self.bar_tops[index]
        self._static[top : top + self.bar_height, self.bar_left : self.bar_left + self.bar_width] = TRACK
        tick = None
        if thresholds is not None and np.isfinite(thresholds[index]):
            tick = min(round(float(thresholds[index]) * self.bar_width), self.bar_width - 1)
        return _Bar(
            top=top,
            color=np.array(color, dtype=np.uint8),
            dimmed=np.array(mix(color, TRACK, 0.55), dtype=np.uint8),
            mark=self._draw_mark(color, filled=True),
            no_mark=self._draw_mark(FAINT, filled=False),
            threshold=tick,
        )

    def _draw_mark(self, color: Rgb, *, filled: bool) -> npt.NDArray[np.uint8]:
        side, radius, fine = self._line, self._round(5), 8
        mark = np.empty((side * fine, side * fine, 3), dtype=np.uint8)
        mark[:] = GROUND
        middle = (side * fine // 2,) * 2
        cv2.circle(mark, middle, radius * fine, color, -1)
        if not filled:
            cv2.circle(mark, middle, round((radius - 1.2 * self._scale) * fine), GROUND, -1)
        return cv2.resize(mark, (side, side), interpolation=cv2.INTER_AREA)

    def _write_names(self) -> None:
        for name, color, top in zip(self._names, self._colors, self._row_tops, strict=True):
            _put(self._static, write_word(name, self._size, lighten_until_readable(color, GROUND), GROUND), top, self._name_left)
        words = ((0.0, "0"), (0.5, "probability"), (1.0, "1"))
        for share, word in words:
            self._write_centered(word, self.bar_left + round(share * self.bar_width), self._bar_axis_top)
        strip_height = self.lane_height * len(self._names)
        for name, top in zip(self._strip_names, self._strip_tops, strict=True):
            _put(self._static, write_word(name, self._size, WHITE, GROUND), top + (strip_height - self._line) // 2, self._name_left)
        for seconds in _TICKS_S:
            x = self.plot_left + round((seconds / WINDOW_S + 1) / 2 * (self.plot_width - 1))
            self._static[self._plot_bottom : self._time_axis_top, x] = FAINT
            self._write_centered(f"{seconds:+d} s".replace("-", "\N{MINUS SIGN}") if seconds else "now", x, self._time_axis_top)

    def _write_centered(self, text: str, x: int, top: int) -> None:
        word = write_word(text, self._small, FAINT, GROUND)
        _put(self._static, word, top, min(x - word.shape[1] // 2, self.width - self._margin - word.shape[1]))

    def _paint_bar(self, panel: npt.NDArray[np.uint8], bar: _Bar, probability: float, decided: bool) -> None:
        rows = slice(bar.top, bar.top + self.bar_height)
        length = round(probability * self.bar_width) if np.isfinite(probability) else 0
        panel[rows, self.bar_left : self.bar_left + length] = bar.color if decided else bar.dimmed
        beyond, thickness = self._round(2), self._round(2)
        if bar.threshold is not None:
            left = self.bar_left + max(bar.threshold - thickness // 2, 0)
            panel[bar.top - beyond : rows.stop + beyond, left : left + thickness] = WHITE
        row_top = bar.top - (self._line - self.bar_height) // 2
        _put(panel, bar.mark if decided else bar.no_mark, row_top, self._margin - self._round(3))
        number = self._write_number(round(100 * probability) if np.isfinite(probability) else -1, decided)
        _put(panel, number, row_top, self.width - self._margin - number.shape[1])

    def _write_number(self, percent: int, decided: bool) -> npt.NDArray[np.uint8]:
        if (percent, decided) not in self._numbers:
            text = f"{percent / 100:.2f}" if percent >= 0 else "\N{EN DASH}"
            self._numbers[percent, decided] = write_word(text, self._size, WHITE if decided else FAINT, GROUND)
        return self._numbers[percent, decided]

    def _prepare_lanes(self) -> None:
        values = np.concatenate([values for _, values in self._strips], axis=1)
        self._codes = np.choose(values + 1, (_UNLABELLED, _ABSENT, _PRESENT)).astype(np.uint8)
        n_lanes = values.shape[1]
        self._palette = np.empty((n_lanes, 4, 3), dtype=np.uint8)
        self._palette[:, _OUTSIDE] = self._palette[:, _UNLABELLED] = GROUND
        self._palette[:, _ABSENT] = TRACK
        self._palette[:, _PRESENT] = self._colors * len(self._strips)
        # Which lane each row of pixels shows; the last one is none.
        top = self._strip_tops[0]
        self._lane_of_row = np.full(self._plot_bottom - top, n_lanes)
        for lane, lane_top in enumerate(lane_top for strip in self.lane_tops for lane_top in strip):
            self._lane_of_row[lane_top - top : lane_top - top + self.lane_height] = lane
        n_columns = self.plot_width * _SMOOTHING
        self._offsets_s = ((np.arange(n_columns) + 0.5) / n_columns * 2 - 1) * WINDOW_S
        self._has_unlabelled = bool((values == -1).any())

    def _paint_lanes(self, panel: npt.NDArray[np.uint8], frame: int) -> None:
        now_s = (self._edges[frame] + self._edges[frame + 1]) / 2
        frames = np.searchsorted(self._edges, now_s + self._offsets_s, side="right") - 1
        outside = (frames < 0) | (frames >= len(self._codes))
        codes = self._codes[np.clip(frames, 0, len(self._codes) - 1)]
        codes[outside] = _OUTSIDE
        codes = np.ascontiguousarray(codes.T)
        fine = self._palette[np.arange(len(codes))[:, None], codes]
        lanes = cv2.resize(fine, (self.plot_width, len(codes)), interpolation=cv2.INTER_AREA)
        background = np.empty((1, self.plot_width, 3), dtype=np.uint8)
        background[:] = GROUND
        painted = np.concatenate((lanes, background))[self._lane_of_row]
        if self._has_unlabelled:
            unlabelled = codes[:, ::_SMOOTHING] == _UNLABELLED
            unlabelled = np.concatenate((unlabelled, np.zeros((1, self.plot_width), dtype=bool)))[self._lane_of_row]
            # The lines go with the ethogram.
            phase = round(now_s * self.plot_width / (2 * WINDOW_S))
            diagonal = (np.arange(len(painted))[:, None] + np.arange(self.plot_width) + phase) % self._round(_HATCH) == 0
            painted[unlabelled & diagonal] = FAINT
        middle, thickness = self.plot_width // 2, self._round(2)
        painted[:, middle - thickness // 2 : middle - thickness // 2 + thickness] = WHITE
        top = self._strip_tops[0]
        panel[top : self._plot_bottom, self.plot_left : self.plot_left + self.plot_width] = painted


def _put(panel: npt.NDArray[np.uint8], picture: npt.NDArray[np.uint8], top: int, left: int) -> None:
    panel[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
