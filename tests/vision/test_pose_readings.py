"""Points of a picture that is turned, and whether they lie on what moves."""

from __future__ import annotations

import numpy as np
import pytest

from behavior.vision.pose_readings import rank_on_foreground, share_inside, turn_points


@pytest.mark.parametrize("quarter_turns", [0, 1, 2, 3, 5])
def test_a_point_goes_where_its_pixel_goes(quarter_turns: int) -> None:
    picture = np.zeros((48, 64))
    picture[10, 50] = 1
    turned = np.rot90(picture, quarter_turns)
    row, column = np.argwhere(turned)[0]
    # The middle of the pixel.
    np.testing.assert_allclose(turn_points(np.array([[50.5, 10.5]]), quarter_turns, (64, 48)), [[column + 0.5, row + 0.5]])


def test_points_that_are_missing_are_neither_inside_nor_outside() -> None:
    assert share_inside(np.array([[0.0, 0.0], [64.0, 48.0], [65.0, 1.0], [-1.0, 1.0]]), (64, 48)) == 0.5
    assert np.isnan(share_inside(np.full((3, 2), np.nan), (64, 48)))


def test_what_moves_has_a_high_rank() -> None:
    rng = np.random.default_rng(0)
    images, points = [], []
    for x in range(10, 54, 4):
        image = rng.integers(90, 110, (48, 64, 3)).astype(np.uint8)
        image[8:16, x - 4 : x + 4] = 240
        images.append(image)
        points.append((x, 12.0))
    assert rank_on_foreground(images, np.array(points)) > 0.9
    assert rank_on_foreground(images, np.array(points) + (0, 25)) < 0.8
    assert rank_on_foreground(images, np.array(points) + (0, 100)) == 0
    assert np.isnan(rank_on_foreground(images, np.full((len(points), 2), np.nan)))


def test_where_nothing_moves_no_place_has_a_high_rank() -> None:
    # Of noise, compression leaves more in one place than in the others.
    rng = np.random.default_rng(0)
    images = np.full((12, 48, 64, 3), 100)
    images[:, 20:28, 30:38] += rng.integers(-2, 3, (12, 8, 8, 3))
    assert rank_on_foreground(list(images.astype(np.uint8)), np.full((12, 2), (34.0, 24.0))) < 0.2
