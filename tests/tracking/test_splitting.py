from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from behavior.tracking.splitting import allot_animals, find_seeds, fit_ellipses


@given(
    sizes=st.lists(st.floats(0.01, 6), min_size=1, max_size=8),
    support=st.lists(st.integers(0, 4), min_size=8, max_size=8),
    n_animals=st.integers(1, 10),
)
def test_no_more_animals_are_allotted_than_there_are_and_none_to_noise(sizes: list[float], support: list[int], n_animals: int) -> None:
    areas = np.array(sizes) * 100
    counts = allot_animals(areas, typical_area=100, support=np.array(support[: len(sizes)]), n_animals=n_animals)
    n_spots = int(np.count_nonzero(areas >= 35))
    assert (counts[areas < 35] == 0).all() and (counts[areas >= 35] >= 1).all()
    assert counts.sum() <= max(n_animals, n_spots)


def test_two_that_were_in_one_spot_still_are() -> None:
    support = np.array([2, 1])
    assert allot_animals(np.array([150.0, 100.0]), typical_area=100, support=support, n_animals=3).tolist() == [2, 1]
    assert allot_animals(np.array([150.0, 100.0]), typical_area=100, support=support).tolist() == [2, 1]


def test_a_spot_of_three_areas_is_three_animals_where_nobody_knows_how_many_there_are() -> None:
    assert allot_animals(np.array([310.0, 90.0]), typical_area=100, support=np.array([0, 0])).tolist() == [3, 1]


def draw_spot(centers: np.ndarray, angles: list[float], length: float = 30, width: float = 12) -> np.ndarray:
    """Return the pixels in any of some ellipses."""
    points = np.argwhere(np.ones((120, 120)))[:, ::-1].astype(float)
    inside = np.zeros(len(points), dtype=bool)
    for center, angle in zip(centers, angles, strict=True):
        turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        along, across = turn @ (points - center).T
        inside |= (along / (length / 2)) ** 2 + (across / (width / 2)) ** 2 <= 1
    return points[inside]


@pytest.mark.parametrize("angles", [[0.0, 1.2], [0.0, 0.0], [0.7, -0.7]])
def test_touching_ellipses_are_found_from_where_they_were(angles: list[float]) -> None:
    centers = np.array([[50.0, 60.0], [66.0, 69.0]])
    points = draw_spot(centers, angles)
    found, covariances, sharpness = fit_ellipses(points, np.ones(len(points)), centers + [[-4, 3], [3, -4]], length=30, width=12)
    assert np.abs(found - centers).max() < 2.5
    assert covariances.shape == (2, 2, 2) and (sharpness > 0.75).all() and (sharpness <= 1).all()


@given(order=st.permutations([0, 1, 2]))
def test_the_order_of_starts_is_the_order_of_animals(order: list[int]) -> None:
    centers = np.array([[40.0, 60.0], [60.0, 66.0], [80.0, 60.0]])
    points = draw_spot(centers, [0.2, -0.4, 0.9])
    plain = fit_ellipses(points, np.ones(len(points)), centers, length=30, width=12)[0]
    shuffled = fit_ellipses(points, np.ones(len(points)), centers[order], length=30, width=12)[0]
    np.testing.assert_allclose(shuffled, plain[order], atol=1e-6)


def test_seeds_of_one_animal_and_of_two() -> None:
    mask = np.zeros((120, 120), dtype=np.uint8)
    centers = np.array([[40.0, 60.0], [72.0, 60.0]])
    points = draw_spot(centers, [0.0, 0.0]).astype(int)
    mask[points[:, 1], points[:, 0]] = 1
    seeds = find_seeds(mask, 2)
    assert np.abs(seeds[np.argsort(seeds[:, 0])] - centers).max() < 8
    assert find_seeds(mask, 1).shape == (1, 2)


def test_an_animal_is_not_cut_in_two_for_one_that_is_out_of_sight() -> None:
    areas = np.array([100.0, 112.0, 80.0])
    for support in ([1, 1, 1], [1, 2, 1]):
        assert allot_animals(areas, typical_area=100.0, support=np.array(support), n_animals=4).tolist() == [1, 1, 1]
    assert allot_animals(areas * [1, 1.4, 1], typical_area=100.0, support=np.array([1, 2, 1]), n_animals=4).tolist() == [1, 2, 1]
