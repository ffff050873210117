"""Bars end where their probability is, and have their colour where it was decided."""

import numpy as np
import pytest

from behavior.figures.lettering import parse_color
from behavior.figures.overlay_bars import GROUND, TRACK, WHITE, ProbabilityBars, find_scale, put_picture
from behavior.figures.rendering import get_color


@pytest.mark.parametrize("width", [480, 640, 1280])
def test_bars_are_as_long_as_probabilities(width):
    bars = ProbabilityBars(["grooming", "a name that is much too long for the room that it has there"], width=width, top=7)
    panel = np.full((bars.bottom + 5, width, 3), GROUND, dtype=np.uint8)
    bars.write(panel)
    written = panel.copy()
    bars.paint(panel, np.array([0.25, np.nan]), np.array([True, False]))
    rows = [panel[top + 1, bars.left : bars.left + bars.width] for top in bars.tops]
    assert [int((row != TRACK).any(axis=1).sum()) for row in rows] == [round(bars.width / 4), 0]
    assert tuple(rows[0][0].tolist()) == parse_color(get_color(0))
    assert bars.left < width / 2 and (panel[:7] == GROUND).all() and (panel[bars.bottom :] == GROUND).all()
    # What was written is beneath what is painted in any other frame.
    bars.paint(written, np.array([0.0, 1.0]), np.array([False, True]))
    assert tuple(written[bars.tops[1] + 1, bars.left + bars.width - 1].tolist()) == parse_color(get_color(1))


def test_a_tick_stands_at_the_threshold():
    bars = ProbabilityBars(["grooming", "rearing"], width=640, top=10, thresholds=np.array([0.5, np.nan]))
    panel = np.full((bars.bottom, 640, 3), GROUND, dtype=np.uint8)
    bars.write(panel)
    bars.paint(panel, np.zeros(2), np.zeros(2, dtype=bool))
    white = [(panel[top, bars.left : bars.left + bars.width] == WHITE).all(axis=1) for top in bars.tops]
    assert np.flatnonzero(white[0]).tolist() == [bars.width // 2 - 1, bars.width // 2] and not white[1].any()


def test_other_names_take_room_in_the_same_column():
    alone = ProbabilityBars(["a"], width=640, top=0)
    beside = ProbabilityBars(["a"], width=640, top=0, other_names=["somebody"])
    assert beside.left > alone.left and beside.other_names == ["somebody"]
    assert (find_scale(320), find_scale(1280)) == (1.0, 2.0)


def test_a_picture_is_put_where_it_belongs():
    panel = np.zeros((4, 5, 3), dtype=np.uint8)
    put_picture(panel, np.full((2, 1, 3), 9, dtype=np.uint8), 1, 3)
    assert np.argwhere(panel[..., 0]).tolist() == [[1, 3], [2, 3]]
