"""Crops varied: who they show stays, a left side stays left, and the same seed gives the same."""

from __future__ import annotations

import numpy as np

from behavior.identity.variation import vary_crops


def draw(n_images: int = 200) -> np.ndarray:
    """A mark in the left half only."""
    images = np.zeros((n_images, 32, 24, 3), dtype=np.float32)
    images[:, 8:24, 4:9] = 2.0
    return images


def test_no_crop_is_mirrored_and_marks_stay_about_where_they_are() -> None:
    varied = vary_crops(draw(), np.random.default_rng(0))
    columns = np.abs(varied).sum(axis=(1, 3))
    middles = (columns * np.arange(24)).sum(axis=1) / columns.sum(axis=1)
    assert (middles < 11.5).all() and middles.std() > 0.3
    assert varied.dtype == np.float32 and varied.shape == (200, 32, 24, 3)


def test_the_same_seed_varies_alike_and_nothing_asked_changes_nothing() -> None:
    images = draw(8)
    first, second = (vary_crops(images, np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    same = vary_crops(images, np.random.default_rng(3), rotation=0, shift=0, zoom=0, brightness=0)
    np.testing.assert_allclose(same, images, atol=1e-5)


def test_what_is_outside_of_the_animal_stays_ground_and_one_channel_stays_one() -> None:
    varied = vary_crops(draw(20), np.random.default_rng(0))
    assert (varied[:, :, 20:] == 0).all()
    assert vary_crops(draw(4)[..., :1], np.random.default_rng(0)).shape == (4, 32, 24, 1)
