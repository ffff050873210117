"""Crops as a backbone takes them, and its vectors."""

from __future__ import annotations

import numpy as np
import pytest

from behavior.embedding.backbone_looks import resize_crops, run_backbone
from behavior.identity.preparation import Preparation, make_window
from behavior.vision.backbone_weights import PACKAGED
from behavior.vision.backbones import find_backbone

WINDOW = make_window(24, 16, 12)


@pytest.fixture
def crops() -> np.ndarray:
    rng = np.random.default_rng(0)
    pictures = rng.integers(90, 110, (6, 24, 24, 3), dtype=np.uint8)
    pictures[3:, 8:16, 8:16] = 30
    return pictures


def test_crops_are_resized_and_stay_pixels(crops: np.ndarray) -> None:
    resized = resize_crops(Preparation.fit(crops, WINDOW), crops, 40)
    assert resized.shape == (6, 40, 40, 3) and resized.dtype == np.float32
    assert resized.min() >= 0 and resized.max() <= 255
    assert resized[3, 20, 20].mean() < resized[0, 20, 20].mean() - 30


@pytest.mark.slow
def test_a_backbone_has_a_vector_for_each_crop_the_same_again(crops: np.ndarray) -> None:
    preparation = Preparation.fit(crops, WINDOW)
    first, second = (run_backbone(find_backbone("openfield"), PACKAGED, preparation, crops) for _ in range(2))
    assert len(first) == 6 and np.array_equal(first, second)
    assert np.linalg.norm(first[3] - first[0]) > 2 * np.linalg.norm(first[3] - first[4])
