"""Frames of an overlay video: where bars end, when chips are shown, and that everything has room."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from raster_samples import BEHAVIORS, N_FRAMES, make_row

from behavior.figures.lettering import (
    parse_color,
)
from behavior.figures.overlay import OverlayPainter
from behavior.figures.overlay_bars import GROUND, TRACK
from behavior.figures.overlay_panel import format_time
from behavior.figures.rendering import get_color

PICTURE = np.full((320, 640, 3), 90, dtype=np.uint8)


def measure_bar(painter: OverlayPainter, canvas: npt.NDArray[np.uint8], index: int) -> int:
    """Return how many pixels of a bar are not its track."""
    panel = painter.panel
    row = canvas[painter.picture_height + panel.bars.tops[index] + 2, panel.bars.left : panel.bars.left + panel.bars.width]
    return int((row != TRACK).any(axis=1).sum())


def has_color(region: npt.NDArray[np.uint8], color: str) -> bool:
    return int((region == parse_color(color)).all(axis=2).sum()) > 100


@pytest.mark.parametrize("size", [(640, 320), (1280, 720), (200, 100), None])
def test_bars_are_as_long_as_probabilities(size: tuple[int, int] | None) -> None:
    painter = OverlayPainter(make_row(), BEHAVIORS, picture_size=size)
    image = None if size is None else np.zeros((size[1], size[0], 3), dtype=np.uint8)
    width = painter.panel.bars.width
    for frame, expected in ((0, 0), (1, round(width / 2)), (2, width)):
        canvas = painter.paint(frame, image)
        assert canvas.shape == (painter.height, painter.width, 3)
        assert [measure_bar(painter, canvas, index) for index in (0, 1)] == [expected, expected]


def test_bars_have_their_colour_only_where_it_was_decided() -> None:
    painter = OverlayPainter(make_row(), BEHAVIORS, picture_size=(640, 320))
    left, tops = painter.panel.bars.left, [painter.picture_height + top for top in painter.panel.bars.tops]
    for frame, decided in ((2, (False, False)), (120, (True, False)), (160, (True, True)), (250, (False, True))):
        canvas = painter.paint(frame, PICTURE)
        for index, is_decided in enumerate(decided):
            shown = tuple(canvas[tops[index] + 1, left].tolist())
            assert (shown == parse_color(get_color(index))) == is_decided
            mark = canvas[tops[index] : tops[index] + painter.panel.bars.height, :left]
            assert bool((mark == parse_color(get_color(index))).all(axis=2).sum() > 30) == is_decided


def test_chips_are_there_exactly_in_decided_frames() -> None:
    painter = OverlayPainter(make_row(), BEHAVIORS, picture_size=(640, 320))
    for frame in (90, 99, 100, 101, 149, 150, 199, 200, 250, 299, 300, 310):
        picture = painter.paint(frame, PICTURE)[:320]
        for index, (start, stop) in enumerate(((100, 200), (150, 300))):
            assert has_color(picture, get_color(index)) == (start <= frame < stop)
        changed = (picture != 90).any(axis=2)
        assert not changed[40:].any()
        assert not changed[:, 320:].any()


def test_people_have_chips_at_the_right() -> None:
    seen = np.zeros((N_FRAMES, 2), dtype=np.int8)
    seen[110:120, 1] = 1
    seen[400:] = -1
    painter = OverlayPainter(make_row(labels={"": seen}), BEHAVIORS, picture_size=(640, 320))
    left, right = np.s_[:320, :320], np.s_[:320, 320:]
    canvas = painter.paint(115, PICTURE)
    assert has_color(canvas[left], get_color(0))
    assert not has_color(canvas[left], get_color(1))
    assert has_color(canvas[right], get_color(1))
    assert not has_color(canvas[right], get_color(0))
    nothing, unlabelled = (painter.paint(frame, PICTURE)[right] for frame in (350, 450))
    dark = [int((region == GROUND).all(axis=2).sum()) for region in (nothing, unlabelled)]
    # Only the head says whose labels these are; where there are none, a chip says so.
    assert dark[1] > 1.5 * dark[0] > 0


def test_each_rater_has_lanes_and_chips() -> None:
    labels = {name: np.zeros((N_FRAMES, 2), dtype=np.int8) for name in ("furkan", "jin", "oliver")}
    labels["jin"][200:300, 0] = 1
    painter = OverlayPainter(make_row(labels=labels), BEHAVIORS, picture_size=(640, 320))
    panel = painter.panel
    assert np.shape(panel.lane_tops) == (4, 2)
    assert panel.lane_height >= 5
    canvas = painter.paint(250, PICTURE)
    bottom = canvas[320:]
    middle = panel.plot_left + panel.plot_width // 2 + 8
    shown = [[tuple(bottom[top + 2, middle].tolist()) for top in strip] for strip in panel.lane_tops]
    colors = [parse_color(get_color(index)) for index in (0, 1)]
    assert shown == [[TRACK, TRACK], [colors[0], TRACK], [TRACK, TRACK], [TRACK, colors[1]]]
    lines = [has_color(canvas[start : start + 30, 320:], get_color(0)) for start in (8, 40, 72)]
    assert lines == [False, True, False]


def test_pictures_are_kept_as_they_are() -> None:
    image = np.random.default_rng(0).integers(0, 256, (301, 641, 3), dtype=np.uint8)
    painter = OverlayPainter(make_row(), BEHAVIORS, picture_size=(641, 301))
    canvas = painter.paint(0, image)
    np.testing.assert_array_equal(canvas[:301, :641], image)
    assert not canvas[:301, 641].any()
    assert canvas.shape[0] % 2 == canvas.shape[1] % 2 == 0
    small = image[:100, :200]
    painter = OverlayPainter(make_row(), BEHAVIORS, picture_size=(200, 100))
    assert painter.magnification == 3
    np.testing.assert_array_equal(painter.paint(0, small)[:300, :600], small.repeat(3, axis=0).repeat(3, axis=1))


def test_a_frame_that_cannot_be_decoded_says_so() -> None:
    painter = OverlayPainter(make_row(), BEHAVIORS, picture_size=(640, 320))
    picture = painter.paint(7, None)[:320]
    differs = (picture != 128).any(axis=2)
    rows, columns = np.flatnonzero(differs.any(axis=1)), np.flatnonzero(differs.any(axis=0))
    assert 140 < rows[0] < rows[-1] < 180
    assert columns[-1] - columns[0] > 150
    assert not np.array_equal(picture, painter.paint(8, None)[:320])


def test_time_and_frame_are_written() -> None:
    painter = OverlayPainter(make_row(), BEHAVIORS, picture_size=None)
    header = [painter.paint(frame)[: painter.panel.bars.tops[0] - 4] for frame in (11, 11, 12)]
    np.testing.assert_array_equal(header[0], header[1])
    assert (header[0] != header[2]).any()
    assert [format_time(seconds) for seconds in (0, 5.04, 59.94, 59.96, 3725.25)] == ["0:00.0", "0:05.0", "0:59.9", "1:00.0", "62:05.2"]


def test_many_long_names_have_room() -> None:
    behaviors = [f"a behavior of thirty letters {index}" for index in range(7)] + ["Fellpflege über \N{GREEK SMALL LETTER ALPHA}\nund mehr"]
    labels = {name: np.ones((N_FRAMES, 8), dtype=np.int8) for name in ("one of three", "a rater with a very long name", "c")}
    row = replace(make_row(8, labels), decided=np.ones((N_FRAMES, 8), dtype=bool))
    for size in ((640, 480), (480, 120), (1920, 200), None):
        painter = OverlayPainter(row, behaviors, picture_size=size)
        canvas = painter.paint(3, None if size is None else np.full((size[1], size[0], 3), 90, dtype=np.uint8))
        panel = painter.panel
        assert panel.bars.width > 0.4 * painter.width
        assert np.diff(panel.bars.tops).min() > panel.bars.height
        assert np.diff(np.ravel(panel.lane_tops)).min() >= panel.lane_height >= 5
        if size is not None:
            column = canvas[: size[1], painter.width // 2]
            assert (column == 90).all()


def test_arrays_of_other_shapes_are_refused() -> None:
    row = make_row()
    with pytest.raises(ValueError, match=r"'decided' of 'mouse' are \(600, 2\), expected \(600, 3\)"):
        OverlayPainter(row, ("a", "b", "c"), picture_size=None)
    with pytest.raises(ValueError, match="'probabilities' of 'mouse' are none"):
        OverlayPainter(replace(row, probabilities=None), BEHAVIORS, picture_size=None)
    with pytest.raises(ValueError, match="'jin' of 'mouse'"):
        OverlayPainter(replace(row, labels={"jin": np.zeros((3, 2), dtype=np.int8)}), BEHAVIORS, picture_size=None)


def test_a_probability_that_is_not_known_has_no_bar() -> None:
    row = make_row()
    assert row.probabilities is not None
    row.probabilities[2, 0] = np.nan
    painter = OverlayPainter(row, BEHAVIORS, picture_size=None)
    canvas = painter.paint(2)
    assert [measure_bar(painter, canvas, index) for index in (0, 1)] == [0, painter.panel.bars.width]
