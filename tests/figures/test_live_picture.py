"""A live picture has the names of what goes on, a square where the model looks, and bars as long as probabilities; else it is as taken."""

import numpy as np
import pytest

from behavior.figures.lettering import parse_color
from behavior.figures.live_picture import LivePainter
from behavior.figures.overlay_bars import TRACK
from behavior.figures.rendering import get_color

BEHAVIORS = ["grooming", "rearing"]
NOTHING = np.zeros(2, dtype=bool)


def measure_bar(painter, canvas, index):
    row = canvas[painter.picture_height + painter.bars.tops[index] + 2, painter.bars.left : painter.bars.left + painter.bars.width]
    return int((row != TRACK).any(axis=1).sum())


@pytest.mark.parametrize(("size", "shown"), [((640, 480), (640, 480)), ((1920, 1080), (960, 540)), ((200, 100), (600, 300))])
def test_a_picture_is_shown_in_a_size_that_words_fit_in(size, shown):
    painter = LivePainter(BEHAVIORS, picture_size=size)
    image = np.full((size[1], size[0], 3), 90, dtype=np.uint8)
    canvas = painter.paint(image, np.array([0.5, 1.0]), NOTHING)
    assert canvas.shape == (painter.height, shown[0], 3) and painter.picture_height == shown[1]
    assert (canvas[: shown[1]] == 90).all() and (image == 90).all()
    assert [measure_bar(painter, canvas, index) for index in (0, 1)] == [round(painter.bars.width / 2), painter.bars.width]


def test_names_stand_on_it_where_they_are_decided():
    painter = LivePainter(BEHAVIORS, picture_size=(640, 480))
    image = np.full((480, 640, 3), 90, dtype=np.uint8)
    canvas = painter.paint(image, np.array([0.2, 0.9]), np.array([False, True]))
    corner = canvas[:60, :300]
    assert [int((corner == parse_color(get_color(index))).all(axis=2).sum()) > 100 for index in (0, 1)] == [False, True]
    assert measure_bar(painter, painter.paint(image, np.full(2, np.nan), NOTHING), 0) == 0


def test_a_square_shows_where_the_model_looks():
    painter = LivePainter(BEHAVIORS, picture_size=(1280, 960))
    corners = np.array([[400.0, 200.0], [800.0, 200.0], [800.0, 600.0], [400.0, 600.0]])
    canvas = painter.paint(np.full((960, 1280, 3), 90, dtype=np.uint8), np.zeros(2), NOTHING, corners)
    picture = canvas[: painter.picture_height]
    # The picture is shown at three quarters of its size.
    assert [picture[300, 300].tolist(), picture[150, 450].tolist(), picture[450, 600].tolist()] == [[255] * 3] * 3
    assert (picture[170:430, 320:580] == 90).all() and (picture[480:] == 90).all()
    outside = LivePainter(BEHAVIORS, picture_size=(640, 480)).paint(
        np.zeros((480, 640, 3), dtype=np.uint8), np.zeros(2), NOTHING, corners - 2000
    )
    assert not outside[:480].any()
