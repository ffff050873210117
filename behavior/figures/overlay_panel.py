"""The panel beneath the picture of an overlay video: probabilities as bars, and the ethogram as it passes by."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from behavior.figures.ethogram_raster import RasterRow
from behavior.figures.lettering import parse_color, shorten_text, write_word
from behavior.figures.overlay_bars import FAINT, GROUND, TRACK, WHITE, ProbabilityBars, find_scale, put_picture
from behavior.figures.rendering import get_color
from behavior.frame_times import frame_edges

__all__ = ["MODEL", "PEOPLE", "WINDOW_S", "OverlayPanel", "format_time"]

# What stands for the ethogram, and for the labels of who has no name.
MODEL, PEOPLE = "model", "people"

# Seconds before and after now.
WINDOW_S = 10.0
_TICKS_S = (-10, -5, 0, 5, 10)
# Columns computed for each that is shown, so that bouts glide by instead of jumping by whole pixels.
_SMOOTHING = 4
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
        Where the tick is on the bar of each behavior, shape (B,); none for NaN, and none at all where None.
    note
        Stands behind the recording's name.

    Attributes
    ----------
    height, width
        Of the panel, in pixels.
    bars
        The bars, which know where they are.
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
        self._edges, self._first_frame = frame_edges(row.time_s, fps=1.0), row.first_frame
        self._n_behaviors = len(behaviors)
        self._strips = [*((rater or PEOPLE, labels) for rater, labels in row.labels.items()), (MODEL, row.decided.astype(np.int8))]
        self._header_top = self._round(9)
        top = self._header_top + write_word("", self._round(16), WHITE, GROUND).shape[0] + self._round(9)
        names = [name for name, _ in self._strips]
        self.bars = ProbabilityBars(behaviors, width=width, top=top, thresholds=thresholds, other_names=names)
        self._margin, self._size = self.bars.margin, self.bars.size
        self._place_lanes()
        self._static = np.empty((self.height, width, 3), dtype=np.uint8)
        self._static[:] = GROUND
        self._write_header(row.name, note)
        self.bars.write(self._static)
        self._write_names()
        self._prepare_lanes()

    def paint(self, frame: int) -> npt.NDArray[np.uint8]:
        """Return the panel at frame number `frame` of the row, RGB, uint8 of shape (height, width, 3)."""
        panel = self._static.copy()
        time = write_word(format_time(float(self._time_s[frame])), self._size, WHITE, GROUND, bold=True)
        put_picture(panel, time, self._header_top, self._time_right - time.shape[1])
        number = write_word(f"frame {self._first_frame + frame}", self._size, FAINT, GROUND)
        put_picture(panel, number, self._header_top, self.width - self._margin - number.shape[1])
        self.bars.paint(panel, self._probabilities[frame], self._decided[frame])
        self._paint_lanes(panel, frame)
        return panel

    def _round(self, pixels: float) -> int:
        return max(round(pixels * self._scale), 1)

    def _place_lanes(self) -> None:
        """Find out where everything beneath the bars is."""
        round_, n_behaviors = self._round, self._n_behaviors
        self.plot_left = self.bars.left
        self.plot_width = self.width - self._margin - self.plot_left
        line, top = self.bars.line, self.bars.bottom + round_(10)
        # A strip is as high as its name at least; no lane is so thin that it is lost, and few of them are thick.
        share = round_(_LANES_HEIGHT) // (n_behaviors * len(self._strips))
        self.lane_height = max(round_(6), -(-line // n_behaviors), min(share, round_(10)))
        strip_height = self.lane_height * n_behaviors
        self._strip_tops = [top + number * (strip_height + round_(8)) for number in range(len(self._strips))]
        self.lane_tops = [[strip_top + index * self.lane_height for index in range(n_behaviors)] for strip_top in self._strip_tops]
        self._plot_bottom = self._strip_tops[-1] + strip_height
        self._time_axis_top = self._plot_bottom + round_(5)
        self.height = self._time_axis_top + write_word("", self.bars.small, WHITE, GROUND).shape[0] + round_(9)

    def _measure(self, text: str) -> int:
        return write_word(text, self._size, WHITE, GROUND).shape[1]

    def _write_header(self, name: str, note: str) -> None:
        frame_width = self._measure(f"frame {self._first_frame + len(self._time_s) - 1}")
        self._time_right = self.width - self._margin - frame_width - self._round(14)
        time_width = write_word(format_time(float(self._time_s[-1])), self._size, WHITE, GROUND, bold=True).shape[1]
        room = self._time_right - time_width - self._round(14) - self._margin
        title = shorten_text(f"{name}  {note}", self._size, room)
        put_picture(self._static, write_word(title, self._size, FAINT, GROUND), self._header_top, self._margin)

    def _write_names(self) -> None:
        strip_height = self.lane_height * self._n_behaviors
        for name, top in zip(self.bars.other_names, self._strip_tops, strict=True):
            put_picture(
                self._static, write_word(name, self._size, WHITE, GROUND), top + (strip_height - self.bars.line) // 2, self.bars.name_left
            )
        for seconds in _TICKS_S:
            x = self.plot_left + round((seconds / WINDOW_S + 1) / 2 * (self.plot_width - 1))
            self._static[self._plot_bottom : self._time_axis_top, x] = FAINT
            self.bars.write_centered(
                self._static, f"{seconds:+d} s".replace("-", "\N{MINUS SIGN}") if seconds else "now", x, self._time_axis_top
            )

    def _prepare_lanes(self) -> None:
        values = np.concatenate([values for _, values in self._strips], axis=1)
        self._codes = np.choose(values + 1, (_UNLABELLED, _ABSENT, _PRESENT)).astype(np.uint8)
        n_lanes = values.shape[1]
        self._palette = np.empty((n_lanes, 4, 3), dtype=np.uint8)
        self._palette[:, _OUTSIDE] = self._palette[:, _UNLABELLED] = GROUND
        self._palette[:, _ABSENT] = TRACK
        colors = [parse_color(get_color(index)) for index in range(self._n_behaviors)]
        self._palette[:, _PRESENT] = colors * len(self._strips)
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
