"""Frames beside each other."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from behavior.figures.frame_strips import compose_frame_strip, render_jpeg

RED, BLUE = (255, 0, 0), (0, 0, 255)


def paint(color: tuple[int, int, int], size: int = 40) -> np.ndarray:
    return np.full((size, size, 3), color, dtype=np.uint8)


def test_pictures_stand_in_order_with_edges_where_they_are_inside() -> None:
    strip = compose_frame_strip([paint(RED), paint(BLUE, 10), None], [False, True, True], size=20, color="#009E73")
    assert strip.shape == (28, 3 * 32 - 4, 3)
    assert (strip[4:24, 4:24] == RED).all()
    assert (strip[4:24, 36:56] == BLUE).all()
    assert (strip[4:24, 68:88] == 225).all()
    assert (strip[:4, :28] == 255).all()
    assert (strip[:4, 32:60] == (0, 158, 115)).all()
    assert (strip[24:, 64:] == (0, 158, 115)).all()
    assert (strip[:, 28:32] == 255).all()


def test_a_strip_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="0 pictures"):
        compose_frame_strip([], [], size=20, color="red")
    with pytest.raises(ValueError, match="2 marks"):
        compose_frame_strip([paint(RED)], [True, False], size=20, color="red")


def test_a_jpeg_shows_the_same_colors() -> None:
    content = render_jpeg(paint(RED))
    decoded = cv2.cvtColor(cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    assert np.abs(decoded.astype(int) - RED).max() < 6
