"""Crop centres and crops, on pictures and tracks whose right answer is known."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from behavior.vision.crops import (
    crop_rotated,
    crop_square,
    find_body_axis,
    find_centers,
    find_corners,
    find_frame_corners,
    resize_square,
    take_crop,
    take_whole_frame,
)


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


def draw_arrow(height, width, center, angle, length=40.0):
    """A red shaft with a green head, on black."""
    picture = np.zeros((height, width, 3), np.uint8)
    along = np.array([np.cos(angle), np.sin(angle)]) * length / 2
    tail, head = (np.round((np.array(center) - 0.5 + sign * along) * 16).astype(int).tolist() for sign in (-1, 1))
    cv2.line(picture, tail, head, (255, 0, 0), 5, cv2.LINE_AA, 4)
    cv2.circle(picture, head, 6 * 16, (0, 255, 0), cv2.FILLED, cv2.LINE_AA, 4)
    return picture


def centroid(channel):
    rows, columns = np.nonzero(channel > 127)
    return np.array([columns.mean(), rows.mean()]) + 0.5


def axis(tails, heads, likelihoods=None):
    positions = np.stack([np.array(tails, float), np.array(heads, float)], axis=1)
    values = np.ones(positions.shape[:2]) if likelihoods is None else np.array(likelihoods, float)
    return find_body_axis(positions, values, min_likelihood=0.6)


def test_the_body_axis_points_from_tail_to_head():
    angles, measured = axis([[10, 10]] * 4, [[20, 10], [10, 20], [5, 10], [10, 1]])
    np.testing.assert_allclose(angles, [0, np.pi / 2, np.pi, -np.pi / 2])
    assert measured.all()


def test_missing_angles_go_the_shorter_way_round():
    degrees = np.deg2rad([170, 0, 0, -160])
    heads = 50 + 10 * np.stack([np.cos(degrees), np.sin(degrees)], axis=1)
    angles, measured = axis([[50, 50]] * 6, [[np.nan, 1], *heads, [50, 50]], [[1, 1], [1, 1], [1, 0.5], [0, 1], [1, 1], [1, 1]])
    # Half a turn to the left is half a turn to the right.
    off = (np.rad2deg(angles) - [170, 170, 180, -170, -160, -160] + 180) % 360 - 180
    np.testing.assert_allclose(off, 0, atol=1e-9)
    assert measured.tolist() == [False, True, False, False, True, False]


def test_an_axis_that_is_never_seen_has_no_angle():
    angles, measured = axis([[0, 0], [5, 5]], [[20, 10], [np.nan, 5]])
    assert np.isnan(angles).all()
    assert not measured.any()


@given(
    seed=st.integers(0, 2**32 - 1),
    lost=st.lists(st.booleans(), min_size=1, max_size=30),
)
def test_every_angle_is_filled_and_in_range(seed, lost):
    rng = np.random.default_rng(seed)
    angles, measured = axis(rng.normal(size=(len(lost), 2)), rng.normal(size=(len(lost), 2)), [[1, not gone] for gone in lost])
    assert measured.tolist() == [not gone for gone in lost]
    assert np.isfinite(angles).all() == (not all(lost))
    assert ((np.abs(angles) <= np.pi) | np.isnan(angles)).all()


@given(
    angle=st.floats(-np.pi, np.pi),
    x=st.floats(20, 280),
    y=st.floats(20, 180),
    size=st.sampled_from([80, 81]),
)
def test_an_arrow_comes_out_pointing_up(angle, x, y, size):
    crop = crop_rotated(draw_arrow(200, 300, (x, y), angle), np.array([x, y]), size, angle)
    shaft, head = centroid(crop[..., 0]), centroid(crop[..., 1])
    assert crop.shape == (size, size, 3)
    assert head[0] == pytest.approx(shaft[0], abs=1.0)
    assert head[1] < shaft[1] - 15


@given(angle=st.floats(-np.pi, np.pi), x=st.floats(60, 240), y=st.floats(60, 140), size=st.sampled_from([80, 81]))
def test_away_from_the_borders_the_animal_is_in_the_middle(angle, x, y, size):
    crop = crop_rotated(draw_arrow(200, 300, (x, y), angle), np.array([x, y]), size, angle)
    np.testing.assert_allclose(centroid(crop[..., 1]), [size / 2, size / 2 - 20], atol=0.7)


def whole_placements():
    """Frame, crop and a centre that puts the crop on whole pixels."""
    return st.tuples(st.integers(1, 70), st.integers(1, 70), st.integers(1, 60), st.integers(-80, 80), st.integers(-80, 80))


@given(placement=whole_placements(), seed=st.integers(0, 100))
def test_with_up_up_already_it_is_the_plain_crop(placement, seed):
    height, width, size, column, row = placement
    picture = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    center = np.array([column + size / 2, row + size / 2])
    np.testing.assert_array_equal(crop_rotated(picture, center, size, -np.pi / 2), crop_square(picture, center, size))


@pytest.mark.parametrize(("angle", "turns"), [(0.0, 1), (np.pi / 2, 2), (np.pi, 3)])
@pytest.mark.parametrize("size", [20, 21])
def test_quarter_turns_are_exact(angle, turns, size):
    picture = np.random.default_rng(0).integers(0, 256, (60, 70, 3), dtype=np.uint8)
    center = np.array([30 + size / 2, 20 + size / 2])
    np.testing.assert_array_equal(crop_rotated(picture, center, size, angle), np.rot90(crop_square(picture, center, size), turns))


@given(
    angle=st.floats(-np.pi, np.pi),
    x=st.floats(-50, 350),
    y=st.floats(-50, 250),
    size=st.integers(1, 80),
)
def test_nothing_near_the_animal_is_lost_at_the_border(angle, x, y, size):
    """Every pixel of the frame within a quarter of the crop's side is in the crop: here they are the only white ones."""
    inside = np.clip([x, y], 0, [300, 200])
    rows, columns = np.mgrid[:200, :300]
    near = np.hypot(columns + 0.5 - inside[0], rows + 0.5 - inside[1]) <= size / 4
    crop = crop_rotated(np.repeat((near * 255).astype(np.uint8)[..., None], 3, axis=2), np.array([x, y]), size, angle)
    assert crop[..., 0].sum() / 255 == pytest.approx(near.sum(), abs=2 + size / 3)


@given(angle=st.floats(-np.pi, np.pi), place=st.floats(0, 1), wall=st.integers(0, 3), size=st.integers(1, 80))
def test_a_rotated_crop_is_full_wherever_the_animal_stays_in_it(angle, place, wall, size):
    """From 0.4 of the crop's side off any border on, corners aside."""
    width, height = 300, 200
    distance = 0.4 * size
    along = 60 + place * ((width, height)[wall % 2] - 120)
    x, y = ((along, distance), (width - distance, along), (along, height - distance), (distance, along))[wall]
    crop = crop_rotated(np.full((height, width, 3), 255, np.uint8), np.array([x, y]), size, angle)
    assert (crop == 255).all()


@given(x=st.floats(-50, 350) | st.just(np.nan), y=st.floats(-50, 250), quarter=st.integers(0, 4), size=st.integers(1, 200))
def test_an_upright_rotated_crop_is_always_full(x, y, quarter, size):
    crop = crop_rotated(np.full((200, 300, 3), 255, np.uint8), np.array([x, y]), size, -np.pi / 2 + quarter * np.pi / 2)
    assert (crop == 255).all()


def test_a_frame_smaller_than_the_rotated_square_is_shown_whole_on_black():
    crop = crop_rotated(np.full((20, 20, 3), 255, np.uint8), np.array([3.0, 17.0]), 60, np.pi / 4)
    assert (crop[:5] == 0).all()
    assert (crop[:, :5] == 0).all()
    assert crop[..., 0].sum() / 255 == pytest.approx(400, abs=5)


def test_without_an_angle_the_crop_is_not_rotated():
    picture = coordinates(100, 120)
    center = np.array([60.3, 40.1])
    np.testing.assert_array_equal(crop_rotated(picture, center, 20, np.nan), crop_square(picture, center, 20))
    plain = take_crop(picture, center, crop_size=20, input_size=30)
    np.testing.assert_array_equal(take_crop(picture, center, crop_size=20, input_size=30, angle=np.nan), plain)


def test_one_function_takes_either_crop():
    picture = draw_arrow(100, 120, (60, 50), 0.3)
    crop = take_crop(picture, np.array([60.0, 50.0]), crop_size=60, input_size=120, angle=0.3)
    np.testing.assert_allclose(centroid(crop[..., 1]), [60, 20], atol=1)


def test_corners_are_where_the_crop_was_cut() -> None:
    """A picture whose pixels tell where they are, cut and looked up again."""
    height, width, size = 60, 90, 24
    rows, columns = np.mgrid[:height, :width]
    picture = np.stack([columns, rows, np.ones_like(rows)], axis=2).astype(np.uint8)
    for center, angle in (((40.0, 30.0), None), ((3.0, 58.0), None), ((40.0, 30.0), 0.4), ((np.nan, np.nan), None), ((70.0, 12.0), np.nan)):
        crop = take_crop(picture, np.array(center), crop_size=size, input_size=size, angle=angle)
        corners = find_corners((width, height), np.array(center), crop_size=size, angle=angle)
        for row, column in ((0, 0), (0, size - 1), (size - 1, size - 1), (12, 5)):
            if crop[row, column, 2] == 0:
                continue
            right, down = (corners[1] - corners[0]) / size, (corners[3] - corners[0]) / size
            expected = corners[0] + (column + 0.5) * right + (row + 0.5) * down - 0.5
            np.testing.assert_allclose(crop[row, column, :2], expected, atol=1.01)


def test_corners_of_a_whole_frame_are_those_of_the_square_that_it_was_padded_to() -> None:
    assert find_frame_corners((60, 40)).tolist() == [[0, -10], [60, -10], [60, 50], [0, 50]]
    assert find_corners((10, 30), np.array([5.0, 5.0]), crop_size=20)[0].tolist() == [-5, 0]
