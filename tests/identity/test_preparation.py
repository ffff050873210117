"""Crops on one scale, under one light."""

from __future__ import annotations

import numpy as np
import pytest
from identity_samples import FLOOR, SIZE, WINDOW, draw_crops

from behavior.identity.preparation import Preparation, make_window, measure_surroundings


def test_the_window_is_an_ellipse_that_stands_upright() -> None:
    window = make_window(48, 30, 12)
    rows, columns = np.flatnonzero(window.any(axis=1)), np.flatnonzero(window.any(axis=0))
    assert (len(rows), len(columns)) == (30, 12)
    assert window.sum() == pytest.approx(np.pi / 4 * 30 * 12, rel=0.03)
    np.testing.assert_array_equal(window, window[::-1, ::-1])


def test_surroundings_are_the_floor_also_next_to_something_else() -> None:
    crops = draw_crops(np.zeros(3, dtype=int), np.random.default_rng(0), n_channels=3)
    crops[1, :, :5] = 0
    np.testing.assert_allclose(measure_surroundings(crops, WINDOW), FLOOR, atol=3)


def test_a_dark_corner_looks_like_the_middle_of_the_box() -> None:
    rng = np.random.default_rng(0)
    bright, dark = (draw_crops(np.zeros(20, dtype=int), rng, light=light) for light in (1.0, 0.7))
    inside = [Preparation.fit(bright, WINDOW, level_light=level).level(dark)[:, WINDOW].mean() for level in (True, False)]
    expected = bright[:, WINDOW].mean()
    assert inside[0] == pytest.approx(expected, rel=0.03)
    assert inside[1] == pytest.approx(0.7 * expected, rel=0.03)


def test_prepared_crops_are_standardized_within_the_window_and_empty_outside() -> None:
    crops = draw_crops(np.arange(30) % 3, np.random.default_rng(0), n_channels=3)
    preparation = Preparation.fit(crops, WINDOW)
    prepared = preparation.prepare(crops)
    # The ellipse's box, and two pixels around it.
    assert prepared.shape == (30, 22, 12, 3)
    assert prepared.dtype == np.float32
    inside = prepared[:, WINDOW[1:23, 6:18]]
    np.testing.assert_allclose(inside.mean(axis=(0, 1)), 0, atol=1e-2)
    np.testing.assert_allclose(inside.std(axis=(0, 1)), 1, atol=1e-2)
    assert not prepared[:, ~WINDOW[1:23, 6:18]].any()


def test_crops_of_another_size_and_none_are_refused() -> None:
    for shape in ((0, SIZE, SIZE, 1), (4, SIZE, SIZE - 1, 1), (SIZE, SIZE)):
        with pytest.raises(ValueError, match="images have shape"):
            Preparation.fit(np.zeros(shape, dtype=np.uint8), WINDOW)
