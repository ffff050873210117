"""Crop centres and crops, on pictures and tracks whose right answer is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from behavior.vision.crops import crop_square, find_centers, resize_square, take_crop, take_whole_frame


def coordinates(height, width):
    """A picture whose red is the row and whose green is the column."""
    rows, columns = np.mgrid[:height, :width]
    return np.stack([rows, columns, np.zeros_like(rows)], axis=2).astype(np.uint8)


def track(points, likelihoods=None):
    positions = np.array(points, dtype=float).reshape(len(points), -1, 2)
    values = np.ones(positions.shape[:2]) if likelihoods is None else np.array(likelihoods, float).reshape(positions.shape[:2])
    return find_centers(positions, values, min_likelihood=0.6)


def test_gaps_are_interpolated_and_ends_take_the_nearest():
    nan = np.nan
    centers, measured = track([[nan, nan], [10, 20], [0, 0], [nan, 5], [40, 50], [1, 1]], [1, 1, 1, 1, 0.6, 0.59])
    np.testing.assert_allclose(centers, [[10, 20], [10, 20], [20, 30], [30, 40], [40, 50], [40, 50]])
    assert measured.tolist() == [False, True, False, False, True, False]


def test_the_mean_is_over_the_body_parts_that_were_found():
    centers, measured = track([[[0, 10], [20, 30]], [[0, 10], [20, 30]], [[5, 5], [7, 7]]], [[1, 1], [1, 0.1], [0, 0]])
    np.testing.assert_allclose(centers, [[10, 20], [0, 10], [0, 10]])
    assert measured.tolist() == [True, True, False]


def test_a_point_on_one_axis_is_not_a_missing_one():
    centers, measured = track([[0, 10]])
    np.testing.assert_allclose(centers, [[0, 10]])
    assert measured.all()


def test_an_animal_that_is_never_found_has_no_centre():
    centers, measured = track([[np.nan, np.nan], [0, 0]])
    assert np.isnan(centers).all()
    assert not measured.any()


def test_a_crop_lies_around_its_centre():
    crop = crop_square(coordinates(100, 120), np.array([60.0, 40.0]), 20)
    assert crop.shape == (20, 20, 3)
    assert crop[0, 0, :2].tolist() == [30, 50]
    assert crop[-1, -1, :2].tolist() == [49, 69]


@pytest.mark.parametrize(("center", "corner"), [((0, 0), (0, 0)), ((119, 99), (80, 100)), ((-500, 40), (30, 0)), ((60, 1e6), (80, 50))])
def test_a_crop_at_the_border_is_shifted_inward(center, corner):
    crop = crop_square(coordinates(100, 120), np.array(center, float), 20)
    assert crop.shape == (20, 20, 3)
    assert tuple(crop[0, 0, :2]) == corner


def test_without_a_centre_the_middle_of_the_frame_is_taken():
    assert crop_square(coordinates(100, 120), np.full(2, np.nan), 20)[0, 0, :2].tolist() == [40, 50]


def test_a_small_frame_is_padded_evenly_with_black():
    picture = np.full((10, 30, 3), 200, np.uint8)
    crop = crop_square(picture, np.array([15.0, 5.0]), 20)
    assert crop.shape == (20, 20, 3)
    assert (crop[:5] == 0).all()
    assert (crop[5:15] == 200).all()
    assert (crop[15:] == 0).all()


@given(
    height=st.integers(1, 60),
    width=st.integers(1, 60),
    size=st.integers(1, 60),
    x=st.floats(-1e4, 1e4) | st.just(np.nan),
    y=st.floats(-1e4, 1e4),
)
def test_every_crop_is_full_and_from_the_frame(height, width, size, x, y):
    picture = np.ones((height, width, 3), np.uint8)
    crop = crop_square(picture, np.array([x, y]), size)
    assert crop.shape == (size, size, 3)
    assert crop[..., 0].sum() == min(height, size) * min(width, size)


def test_shrinking_averages_areas():
    square = np.zeros((4, 4, 3), np.uint8)
    square[:2, :2] = [[[0], [100]], [[100], [200]]]
    assert resize_square(square, 2)[..., 0].tolist() == [[100, 0], [0, 0]]


def test_crops_and_whole_frames_have_the_size_of_the_input():
    picture = coordinates(100, 120)
    assert take_crop(picture, np.array([60.0, 50.0]), crop_size=40, input_size=64).shape == (64, 64, 3)
    whole = take_whole_frame(picture, input_size=60)
    assert whole.shape == (60, 60, 3)
    assert (whole[:4] == 0).all()
    assert whole[30, 30, 1] == pytest.approx(61, abs=2)
