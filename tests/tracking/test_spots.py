from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from behavior.tracking.spots import AnimalSize, find_spots, measure_axes, take_animals

SIZE = AnimalSize(area=9.0, length=3.5, width=3.5)


def test_small_spots_are_left_out_and_holes_are_filled() -> None:
    picture = np.zeros((40, 40), dtype=np.uint8)
    picture[5:10, 5:10] = 50
    picture[7, 6] = 0
    picture[30, 30] = 50
    spots = find_spots(picture, threshold=20, smallest_area=4)
    assert spots.areas.tolist() == [24.0]
    found = take_animals(spots, picture, AnimalSize(25, 6, 6), before=np.empty((0, 2)))
    assert found.areas.tolist() == [25.0] and found.positions.tolist() == [[7.0, 7.0]]
    assert not found.touching.any()


@given(angle=st.floats(-1.5, 1.5), length=st.floats(4, 40), ratio=st.floats(0.1, 0.9))
def test_axes_of_a_covariance_are_those_it_was_made_of(angle: float, length: float, ratio: float) -> None:
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    covariance = turn @ np.diag([(length / 4) ** 2, (ratio * length / 4) ** 2]) @ turn.T
    found_angle, found_length, found_width = measure_axes(covariance)
    assert found_length == pytest.approx(length) and found_width == pytest.approx(ratio * length, rel=1e-4)
    assert abs(np.sin(found_angle - angle)) < 1e-4
    assert -np.pi / 2 <= found_angle < np.pi / 2


def test_a_shared_spot_is_taken_apart_where_the_animals_were() -> None:
    picture = np.zeros((20, 40), dtype=np.uint8)
    picture[8:11, 10:16] = 50
    spots = find_spots(picture, threshold=20, smallest_area=4)
    found = take_animals(spots, picture, SIZE, before=np.array([[11.0, 9.0], [15.0, 9.0]]), n_animals=2)
    assert found.touching.all() and len(found) == 2
    np.testing.assert_allclose(found.positions, [[11, 9], [14, 9]], atol=0.6)
    alone = take_animals(spots, picture, AnimalSize(18, 7, 3.5), before=np.array([[12.0, 9.0]]), n_animals=1)
    assert len(alone) == 1 and not alone.touching.any()


def test_an_empty_picture_has_no_animals() -> None:
    picture = np.zeros((20, 40), dtype=np.uint8)
    spots = find_spots(picture, threshold=20, smallest_area=4)
    assert len(take_animals(spots, picture, SIZE, before=np.array([[11.0, 9.0]]), n_animals=2)) == 0
