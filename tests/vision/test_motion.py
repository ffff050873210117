"""Motion between crops, on patterns whose movement is known."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from behavior.vision.crops import take_crop
from behavior.vision.motion import INPUT_SIZE, MOTION_FEATURES, N_MOTION_FEATURES, MotionDescriber, describe_motion

FPS = 10.0
# The side of the drawings; describing them resizes them.
SIDE = 96
KNEE = 0.05
MIDDLE = (INPUT_SIZE - 1) / 2


@pytest.fixture(scope="module")
def describer():
    return MotionDescriber(FPS)


def make_texture(side, seed=0, grain=2.0):
    noise = cv2.GaussianBlur(np.random.default_rng(seed).normal(size=(side, side)).astype(np.float32), (0, 0), grain)
    return cv2.normalize(noise, None, 20, 235, cv2.NORM_MINMAX).astype(np.uint8)


def color(grey):
    return np.repeat(grey[..., None], 3, axis=2)


def warp(picture, matrix, side=INPUT_SIZE):
    return color(cv2.warpAffine(picture, np.asarray(matrix, float), (side, side), flags=cv2.INTER_CUBIC))


def draw_mouse(place=(48.0, 48.0), turn=0.0, paw=0.0, side=SIDE):
    """A dark furry ellipse on a bright, even floor, with a bright furry paw on it that is shifted by `paw` pixels."""
    fur = (make_texture(64, seed=1) // 3).astype(np.uint8)
    fur_mask = cv2.ellipse(np.zeros((64, 64), np.uint8), (32, 32), (27, 13), 0, 0, 360, 255, cv2.FILLED)
    hand = (make_texture(64, seed=2, grain=1.5) // 3 + 110).astype(np.uint8)
    hand_mask = cv2.circle(np.zeros((64, 64), np.uint8), (46, 32), 8, 255, cv2.FILLED)
    scale = side / SIDE
    picture = np.full((side, side), 190, np.uint8)
    for layer, mask, shift in ((fur, fur_mask, 0.0), (hand, hand_mask, paw)):
        turning = cv2.getRotationMatrix2D((31.5, 31.5), -np.rad2deg(turn), scale)
        turning[:, 2] += np.array(place) * scale - 31.5 + [0, shift * scale]
        moved, opacity = (cv2.warpAffine(image, turning, (side, side), flags=cv2.INTER_LINEAR) for image in (layer, mask))
        picture = np.where(opacity > 127, moved, picture).astype(np.uint8)
    return color(picture)


def value(features, name):
    return float(features[MOTION_FEATURES.index(name)])


def expand(compressed, knee=KNEE):
    """From compressed numbers back to crop widths per second."""
    return np.sign(compressed) * np.expm1(np.abs(compressed)) * knee


def vector(features, name):
    right, down = (value(features, f"{name}{suffix}") for suffix in ("_right", "_down"))
    length = np.hypot(right, down)
    return np.array([right, down]) / max(length, 1e-12) * expand(length)


def block(features, name):
    return np.array([value(features, f"{name}_{row}_{column}") for row in range(4) for column in range(4)])


def test_every_number_has_a_name_of_its_own(describer):
    features = describer.describe(draw_mouse(), draw_mouse(paw=2.0))
    assert features.shape == (N_MOTION_FEATURES,)
    assert features.dtype == np.float32
    assert len(set(MOTION_FEATURES)) == N_MOTION_FEATURES
    assert 64 <= N_MOTION_FEATURES <= 100


@pytest.mark.parametrize("shift", [(0.0, 0.0), (3.0, 2.0), (-5.0, 0.0), (0.5, -1.5), (1.0, 6.0)])
def test_a_shifted_pattern_moves_everywhere_alike(describer, shift):
    picture = make_texture(140)
    before = warp(picture, [[1, 0, -20], [0, 1, -20]])
    after = warp(picture, [[1, 0, -20 + shift[0]], [0, 1, -20 + shift[1]]])
    features = describer.describe(before, after)
    expected = np.array(shift) / INPUT_SIZE * FPS
    np.testing.assert_allclose(vector(features, "common"), expected, atol=0.02)
    speed = np.hypot(*expected)
    # The cells at the rim see things come in from outside.
    inner = [5, 6, 9, 10]
    np.testing.assert_allclose(expand(block(features, "speed"))[inner], speed, rtol=0.05, atol=0.01)
    right, down = block(features, "right")[inner], block(features, "down")[inner]
    lengths = np.hypot(right, down)
    np.testing.assert_allclose(np.stack([right, down]) * speed, np.outer(expected, lengths), atol=0.1 * speed)
    assert value(features, "common_turn") == pytest.approx(0, abs=0.1)
    assert expand(value(features, "residual_mean")) <= 0.05 * speed


def test_directions_share_the_speed(describer):
    picture = make_texture(140)
    features = describer.describe(warp(picture, [[1, 0, -20], [0, 1, -20]]), warp(picture, [[1, 0, -20], [0, 1, -17]]))
    directions = expand(np.array([value(features, f"direction_{index}") for index in range(8)]))
    assert directions.argmax() == 2
    assert directions[2] > 0.8 * directions.sum()
    assert directions.sum() == pytest.approx(expand(block(features, "speed")).mean(), rel=1e-3)


@given(seed=st.integers(0, 2**32 - 1), side=st.sampled_from([INPUT_SIZE, 61, 160]))
@settings(max_examples=20)
def test_what_is_still_gives_zeros(describer, seed, side):
    picture = np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)
    assert not describer.describe(picture, picture).any()


def test_a_frame_without_a_previous_one_gives_zeros(describer):
    assert not describer.describe(None, draw_mouse()).any()


def test_black_crops_give_zeros(describer):
    assert not describer.describe(np.zeros((96, 96, 3), np.uint8), np.zeros((96, 96, 3), np.uint8)).any()


@pytest.mark.parametrize("degrees", [-8.0, 3.0, 8.0])
def test_a_rotation_is_a_turn_and_no_residual(describer, degrees):
    picture = make_texture(INPUT_SIZE)
    matrix = cv2.getRotationMatrix2D((MIDDLE, MIDDLE), -degrees, 1.0)
    features = describer.describe(color(picture), warp(picture, matrix))
    assert expand(value(features, "common_turn"), 0.5) == pytest.approx(np.deg2rad(degrees) * FPS, rel=0.15)
    assert expand(value(features, "residual_mean")) < 0.1 * expand(block(features, "speed")).mean()


def test_coming_nearer_is_growth(describer):
    picture = make_texture(INPUT_SIZE)
    features = describer.describe(color(picture), warp(picture, cv2.getRotationMatrix2D((MIDDLE, MIDDLE), 0, 1.06)))
    assert expand(value(features, "common_growth"), 0.5) == pytest.approx(np.log(1.06) * FPS, rel=0.1)
    assert value(features, "common_turn") == pytest.approx(0, abs=0.1)


def test_a_limb_within_a_still_body_is_residual_and_a_moving_body_is_not(describer):
    limb = describer.describe(draw_mouse(), draw_mouse(paw=3.0))
    whole = describer.describe(draw_mouse(), draw_mouse(place=(51.0, 48.0)))
    assert np.hypot(*vector(limb, "common")) < 0.1 * 3 / SIDE * FPS
    np.testing.assert_allclose(vector(whole, "common"), [3 / SIDE * FPS, 0], atol=0.06)
    for name in ("residual_mean", "residual_percentile_99"):
        assert expand(value(limb, name)) > 2 * expand(value(whole, name))
    # The paw is right of the middle.
    assert block(limb, "residual").argmax() in (6, 10)


def test_speeds_are_per_second(describer):
    before, after = draw_mouse(), draw_mouse(place=(50.0, 49.0), paw=2.0)
    slow, fast = describer.describe(before, after), describe_motion(before, after, fps=3 * FPS)
    for name in MOTION_FEATURES:
        # Vectors' components are compressed together.
        if "right" not in name and "down" not in name:
            assert expand(value(fast, name)) == pytest.approx(3 * expand(value(slow, name)), rel=1e-3, abs=1e-6), name
    np.testing.assert_allclose(vector(fast, "common"), 3 * vector(slow, "common"), rtol=1e-3)


def test_speeds_are_in_crop_widths(describer):
    small = describer.describe(draw_mouse(), draw_mouse(place=(52.0, 48.0)))
    large = describer.describe(draw_mouse(side=192), draw_mouse(place=(52.0, 48.0), side=192))
    np.testing.assert_allclose(vector(large, "common"), vector(small, "common"), atol=0.05)
    assert np.corrcoef(small, large)[0, 1] > 0.99


def test_the_windows_own_movement_is_no_motion(describer):
    frame = color(make_texture(300))
    for center in ([100.0, 100.0], [130.0, 90.0]):
        window = [take_crop(frame, np.array(center), crop_size=120, input_size=INPUT_SIZE, angle=0.4) for _ in range(2)]
        assert not describer.describe(*window).any()


def test_the_numbers_depend_on_the_two_crops_alone():
    noise = np.random.default_rng(5).integers(0, 40, (2, SIDE, SIDE, 3), dtype=np.uint8)
    before, after = draw_mouse() + noise[0], draw_mouse(place=(53.0, 47.0), turn=0.2, paw=2.0) + noise[1]
    expected = describe_motion(before, after, fps=FPS)
    used = MotionDescriber(FPS)
    threads = cv2.getNumThreads()
    try:
        for n_threads in (1, 2, 3, 8):
            cv2.setNumThreads(n_threads)
            np.testing.assert_array_equal(used.describe(before, after), expected)
            used.describe(color(make_texture(50)), color(make_texture(50, seed=3)))
    finally:
        cv2.setNumThreads(threads)


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=20)
def test_no_pair_of_crops_gives_anything_but_numbers(describer, seed):
    rng = np.random.default_rng(seed)
    flat = np.full((INPUT_SIZE, INPUT_SIZE, 3), rng.integers(256), np.uint8)
    noise = rng.integers(0, 256, (INPUT_SIZE, INPUT_SIZE, 3), dtype=np.uint8)
    for pair in ((flat, noise), (noise, flat), (255 - flat, flat)):
        assert np.isfinite(describer.describe(*pair)).all()


def test_other_things_than_two_alike_squares_are_refused(describer):
    square = draw_mouse()
    for previous, current in ((square[:50], square), (None, square[:50]), (square[..., 0], square[..., 0])):
        with pytest.raises(ValueError, match="expected \\(S, S, 3\\)"):
            describer.describe(previous, current)


@pytest.mark.parametrize("fps", [0.0, -1.0, np.nan, np.inf])
def test_a_frame_rate_is_a_positive_number(fps):
    with pytest.raises(ValueError, match="fps"):
        MotionDescriber(fps)
