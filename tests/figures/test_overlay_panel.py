"""The panel beneath the picture: bars as long as probabilities, and lanes that pass by."""

from __future__ import annotations

import numpy as np
import pytest
from raster_samples import BEHAVIORS, FPS, N_FRAMES, make_row

from behavior.figures.ethogram_raster import RasterRow
from behavior.figures.lettering import parse_color
from behavior.figures.overlay_bars import GROUND, TRACK, find_scale
from behavior.figures.overlay_panel import OverlayPanel, format_time
from behavior.figures.rendering import get_color


def test_a_tick_stands_at_the_threshold() -> None:
    thresholds = np.array([0.25, np.nan])
    panel = OverlayPanel(make_row(), BEHAVIORS, width=640, thresholds=thresholds)
    canvas = panel.paint(0)
    for index, expected in ((0, round(0.25 * panel.bars.width)), (1, None)):
        row = canvas[panel.bars.tops[index] + 2, panel.bars.left : panel.bars.left + panel.bars.width]
        ticks = np.flatnonzero((row == 255).all(axis=1))
        assert (abs(ticks - expected).max() <= 1) if expected is not None else not len(ticks)


def test_lanes_pass_by_at_the_right_time() -> None:
    panel = OverlayPanel(make_row(), BEHAVIORS, width=960)
    row = panel.lane_tops[0][0] + 1
    per_second = panel.plot_width / 20
    for frame in (60, 100, 150, 210):
        lane = panel.paint(frame)[row, panel.plot_left : panel.plot_left + panel.plot_width]
        shown = np.flatnonzero((lane == parse_color(get_color(0))).all(axis=1))
        start_s, stop_s = (edge - (frame + 0.5) / FPS for edge in (10.0, 20.0))
        expected = [np.clip(panel.plot_width / 2 + seconds * per_second, 0, panel.plot_width) for seconds in (start_s, stop_s)]
        # A pixel at either end is partly covered, and now has a line.
        assert abs(shown[0] - expected[0]) <= 2.5
        assert abs(shown[-1] + 1 - expected[1]) <= 2.5
    before = panel.paint(0)[row, panel.plot_left : panel.plot_left + panel.plot_width // 2 - 3]
    assert (before == GROUND).all()


def test_what_nobody_labelled_is_hatched() -> None:
    seen = np.full((N_FRAMES, 2), -1, dtype=np.int8)
    panel = OverlayPanel(make_row(labels={"": seen}), BEHAVIORS, width=960)
    lane = panel.paint(300)[panel.lane_tops[0][0] + 1, panel.plot_left : panel.plot_left + panel.plot_width]
    assert 10 < int((lane != GROUND).any(axis=1).sum()) < panel.plot_width / 4
    assert not (lane == TRACK).all(axis=1).any()


@pytest.mark.parametrize(("width", "scale"), [(100, 1.0), (640, 1.0), (1280, 2.0)])
def test_everything_grows_with_the_width_but_never_shrinks(width: int, scale: float) -> None:
    assert find_scale(width) == scale
    panel = OverlayPanel(make_row(), BEHAVIORS, width=max(width, 320))
    assert panel.bars.height >= round(scale * OverlayPanel(make_row(), BEHAVIORS, width=640).bars.height) - 1
    assert panel.paint(0).shape == (panel.height, panel.width, 3)


def test_the_panel_is_high_enough_for_all_behaviors() -> None:
    few, many = (OverlayPanel(make_row(number), [f"b{index}" for index in range(number)], width=640) for number in (2, 12))
    assert many.height > few.height
    assert len(many.bars.tops) == 12
    assert all(np.diff(many.bars.tops) >= many.bars.height)
    assert many.bars.tops[-1] + many.bars.height < many.height


def test_a_row_without_probabilities_is_refused() -> None:
    row = RasterRow("mouse", np.arange(3) / FPS, np.zeros((3, 2), dtype=bool))
    with pytest.raises(ValueError, match="'mouse' has no probabilities"):
        OverlayPanel(row, BEHAVIORS, width=640)


@pytest.mark.parametrize(("seconds", "text"), [(0.0, "0:00.0"), (59.96, "1:00.0"), (61.04, "1:01.0"), (3725.25, "62:05.2")])
def test_time_is_in_minutes_and_tenths(seconds: float, text: str) -> None:
    assert format_time(seconds) == text
