from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from behavior.tracking.background import RankedSamples, estimate_background, level_brightness, subtract_background


def test_the_median_is_the_floor_where_animals_move(apart) -> None:
    background = estimate_background(apart.pictures[::5], kind="median")
    bare = np.median(apart.pictures, axis=0)
    assert np.abs(background.astype(float) - bare).max() < 12
    assert background.dtype == np.uint8 and background.shape == apart.pictures.shape[1:]


@pytest.mark.parametrize(("polarity", "animal", "floor"), [("dark", 60, 190), ("light", 190, 60)])
def test_the_extreme_is_the_floor_where_an_animal_sits_still_most_of_the_time(drawing, polarity, animal, floor) -> None:
    positions = np.full((40, 1, 2), 80.0)
    positions[:6] = 150.0
    rendered = drawing(positions, np.zeros((40, 1)), animal=animal, floor=floor)
    found = {kind: float(estimate_background(rendered.pictures, kind=kind, polarity=polarity)[80, 80]) for kind in ("median", "extreme")}
    assert abs(found["median"] - animal) < 5
    assert abs(found["extreme"] - floor) < 0.15 * floor


def test_the_surroundings_are_the_floor_where_an_animal_never_moves(drawing) -> None:
    rendered = drawing(np.full((10, 1, 2), 80.0), np.zeros((10, 1)))
    assert abs(float(estimate_background(rendered.pictures, kind="flat")[80, 80]) - 185) < 10


def test_an_extreme_for_both_polarities_is_refused(apart) -> None:
    with pytest.raises(ValueError, match="dark or for light"):
        estimate_background(apart.pictures, kind="extreme", polarity="both")


def test_no_samples_are_refused() -> None:
    with pytest.raises(ValueError, match="no picture"):
        RankedSamples(np.empty((0, 4, 4), dtype=np.uint8))


@pytest.mark.parametrize("factor", [0.6, 0.9, 1.2])
def test_another_light_is_no_difference(drawing, walking, factor: float) -> None:
    positions, headings = walking(40, 2)
    plain = drawing(positions, headings, noise=0, floor=150)
    other = drawing(positions, headings, noise=0, floor=150, light=np.full(40, factor))
    background = estimate_background(plain.pictures, kind="extreme", polarity="dark")
    assert level_brightness(other.pictures[0], background) == pytest.approx(1 / factor, rel=0.02)
    difference = subtract_background(other.pictures[0], background, polarity="dark")
    far = np.hypot(*(np.indices(difference.shape)[::-1] - positions[0, :, :, None, None].transpose(1, 0, 2, 3)).min(axis=1)) > 30
    assert np.median(difference[far]) < 4


def test_polarity_tells_what_is_left() -> None:
    background = np.full((30, 30), 100, dtype=np.uint8)
    image = np.full((30, 30), 100, dtype=np.uint8)
    image[5, 5], image[20, 20] = 40, 160
    left = {sign: subtract_background(image, background, polarity=sign) for sign in ("dark", "light", "both")}
    assert [float(difference[5, 5]) for difference in left.values()] == [60, 0, 60]
    assert [float(difference[20, 20]) for difference in left.values()] == [0, 60, 60]


@given(n=st.integers(1, 40), seed=st.integers(0, 99))
def test_values_of_a_pixel_are_ranked_whatever_their_number(n: int, seed: int) -> None:
    pictures = np.random.default_rng(seed).integers(60, 120, (n, 14, 14), dtype=np.uint8)
    pictures[:, ::7, ::7] = 100
    median = np.sort(pictures, axis=0)[round(0.5 * (n - 1))]
    np.testing.assert_array_equal(estimate_background(pictures, kind="median"), median)
