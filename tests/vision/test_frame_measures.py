"""Plain measures of frames: numbers known by construction."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from behavior.vision.frame_measures import measure_pictures, measure_pose


@pytest.mark.parametrize("side", [8, 64, 200])
def test_a_picture_that_is_half_black_has_half_the_brightness(side: int) -> None:
    images = np.zeros((2, side, side, 3), dtype=np.uint8)
    images[:, : side // 2] = 200
    images[1] = 255
    np.testing.assert_allclose(measure_pictures(images)[:, :2], [[100, 100], [255, 0]], rtol=0.02, atol=1e-3)
    assert np.isnan(measure_pictures(images)[1, 2])


def test_sharpness_tells_blur_and_noise_and_not_light() -> None:
    rng = np.random.default_rng(0)
    picture = (cv2.GaussianBlur(rng.normal(0, 1, (80, 80)), (0, 0), 3) * 300 + 128).clip(0, 255).repeat(3).reshape(80, 80, 3)
    others = [picture, cv2.GaussianBlur(picture, (0, 0), 3), picture + rng.normal(0, 9, picture.shape), picture / 2]
    plain, blurred, noisy, dim = measure_pictures(np.stack(others).clip(0, 255).astype(np.uint8))[:, 2]
    assert blurred < 0.6 * plain
    assert noisy > 3 * plain
    assert dim == pytest.approx(plain, rel=0.2)


@pytest.mark.parametrize("side", [3, 60, 64, 65, 200])
def test_noise_is_the_standard_deviation_of_independent_noise_on_slopes_and_edges(side: int) -> None:
    rng = np.random.default_rng(0)
    picture = np.tile(np.linspace(60, 180, side), (side, 1))
    picture[:, side // 2 :] += 30
    noisy = picture + rng.normal(0, 6, (200, side, side))
    images = np.concatenate([picture[None], noisy]).round().astype(np.uint8)[..., None].repeat(3, axis=3)
    noise = measure_pictures(images)[:, 3]
    # Grey levels are whole numbers.
    assert noise[0] < 0.5
    assert noise[1:].mean() == pytest.approx(6, rel=0.02 if side > 3 else 0.2)


def test_pictures_of_two_rows_have_no_noise() -> None:
    assert np.isnan(measure_pictures(np.zeros((1, 2, 9, 3), dtype=np.uint8))[0, 3])


def test_green_is_brighter_than_blue() -> None:
    images = np.zeros((2, 4, 4, 3), dtype=np.uint8)
    images[0, ..., 1] = images[1, ..., 2] = 100
    np.testing.assert_allclose(measure_pictures(images)[:, 0], [58.7, 11.4], rtol=1e-5)


def test_the_size_is_that_between_the_parts_farthest_apart() -> None:
    rng = np.random.default_rng(0)
    positions, likelihoods = rng.uniform(0, 100, (5000, 4, 2)), np.ones((5000, 4))
    positions[7, 2] = np.nan
    likelihoods[8, :3] = 0.2
    size, likelihood = measure_pose(positions, likelihoods, min_likelihood=0.5).T
    expected = [max(np.linalg.norm(first - second) for first in row for second in row) for row in positions[:7]]
    np.testing.assert_allclose(size[:7], expected, rtol=1e-5)
    kept = positions[7, [0, 1, 3]]
    assert size[7] == pytest.approx(max(np.linalg.norm(first - second) for first in kept for second in kept))
    assert np.isnan(size[8])
    assert likelihood[8] == pytest.approx(0.4)
    assert np.isfinite(size[4096:]).all()


@pytest.mark.parametrize("n_parts", [0, 1])
def test_one_body_part_has_no_size(n_parts: int) -> None:
    measured = measure_pose(np.zeros((3, n_parts, 2)), np.ones((3, n_parts)), min_likelihood=0.5)
    assert np.isnan(measured[:, 0]).all()
    assert np.isnan(measured[:, 1]).all() == (n_parts == 0)
