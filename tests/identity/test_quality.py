"""Bad crops, made bad in ways that are known, are left out; good ones are kept."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from identity_samples import FLOOR, WINDOW, draw_crops

from behavior.identity.quality import CropQuality, choose_usable, measure_contrast, measure_quality

N = 120
BLURRED, CUT, NEXT_TO_ANOTHER = 3, 50, 77


@pytest.fixture(scope="module")
def crops() -> npt.NDArray[np.uint8]:
    rng = np.random.default_rng(0)
    images = draw_crops(np.arange(N) % 4, rng, n_channels=3)
    images[BLURRED] = cv2.GaussianBlur(images[BLURRED], (0, 0), 3)
    images[CUT, 12:] = FLOOR
    images[NEXT_TO_ANOTHER, :, 17:] = 60
    return images


def test_each_fault_lowers_its_own_measure(crops: npt.NDArray[np.uint8]) -> None:
    quality = measure_quality(crops, WINDOW)
    assert quality.sharpness.shape == quality.filled.shape == quality.foreign.shape == (N,)
    assert quality.sharpness.argmin() == BLURRED
    assert quality.filled.argmin() == CUT
    assert quality.foreign.argmax() == NEXT_TO_ANOTHER
    assert measure_quality(crops[:0], WINDOW).sharpness.shape == (0,)


def test_bad_crops_are_left_out_and_others_kept(crops: npt.NDArray[np.uint8]) -> None:
    touching = np.zeros(N, dtype=bool)
    touching[90] = True
    usable = choose_usable(measure_quality(crops, WINDOW), touching)
    assert not usable[[BLURRED, CUT, NEXT_TO_ANOTHER, 90]].any()
    assert usable.sum() > 0.9 * N


def test_crops_that_are_all_alike_are_all_kept() -> None:
    alike = CropQuality(np.full(9, 0.3), np.full(9, 0.9), np.zeros(9))
    assert choose_usable(alike, np.zeros(9, dtype=bool)).all()
    assert not choose_usable(alike, np.ones(9, dtype=bool)).any()


def test_a_tracklet_of_bad_crops_keeps_its_best(crops: npt.NDArray[np.uint8]) -> None:
    quality = CropQuality(np.r_[np.full(20, 1.0), 0.1, 0.2, 0.3, 0.4], np.full(24, 0.9), np.zeros(24))
    owners = np.r_[np.zeros(20, dtype=int), np.ones(4, dtype=int)]
    touching = np.zeros(24, dtype=bool)
    touching[23] = True
    assert choose_usable(quality, touching)[20:].tolist() == [False] * 4
    assert choose_usable(quality, touching, owners=owners, least=2)[20:].tolist() == [False, True, True, False]


def test_contrast_is_of_parts_and_not_of_noise() -> None:
    rng = np.random.default_rng(0)
    blank = np.clip(120 + rng.normal(0, 10, (2, 48, 48, 3)), 0, 255).astype(np.uint8)
    shown = blank.copy()
    shown[:, 16:32, 16:32] = 60
    assert (measure_contrast(blank) < 10).all()
    np.testing.assert_allclose(measure_contrast(shown), 60, atol=8)
    assert measure_contrast(blank[:0]).shape == (0,)
