"""Heads by their looks, trained on examples."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from behavior.tracking.head_looks import CROP_SIZE, describe_ends, train_head_looks


def draw_crops(n: int, *, seed: int, mark: float = 60.0) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
    """Dark bodies that point up or down, with ears that are lighter by `mark` on one side of the head; the floor's light varies."""
    rng = np.random.default_rng(seed)
    is_up = rng.uniform(size=n) < 0.5
    crops = []
    for up in is_up:
        picture = np.full((CROP_SIZE, CROP_SIZE), 0.0, dtype=np.float32)
        picture[:] = rng.uniform(150, 220)
        # In halves of a pixel: the body's middle is the picture's.
        cv2.ellipse(picture, (31, 31), (10, 22), float(rng.uniform(-8, 8)), 0, 360, 60.0, cv2.FILLED, cv2.LINE_8, 1)
        # What a raster makes of an ellipse is not as symmetric as it is.
        picture = (picture + picture[::-1]) / 2
        if mark:
            cv2.circle(picture, (31 + int(rng.choice([-2, 2])), 18), 4, 60.0 + mark, cv2.FILLED, cv2.LINE_8, 1)
        crops.append((picture if up else picture[::-1]) + rng.normal(0, 6, picture.shape))
    return np.clip(np.stack(crops), 0, 255).astype(np.uint8), is_up


def test_heads_of_other_animals_are_found_and_a_turned_crop_is_rated_the_other_way() -> None:
    looks = train_head_looks(*draw_crops(80, seed=0))
    crops, is_up = draw_crops(200, seed=1)
    rated = looks.rate(crops)
    assert ((rated > 0) == is_up).mean() > 0.97 and looks.accuracy > 0.95
    assert np.abs(rated).max() <= 1
    np.testing.assert_allclose(looks.rate(np.ascontiguousarray(crops[:, ::-1])), -rated, atol=1e-6)
    # Which side the ear is on makes no difference.
    np.testing.assert_allclose(looks.rate(np.ascontiguousarray(crops[:, :, ::-1])), rated, atol=1e-6)


def test_ends_that_look_alike_are_not_told_apart() -> None:
    looks = train_head_looks(*draw_crops(300, seed=0, mark=0.0))
    crops, _ = draw_crops(200, seed=1, mark=0.0)
    assert looks.accuracy < 0.65 and np.abs(looks.rate(crops)).mean() < 0.3


def test_no_crops_have_no_ends_and_a_few_are_no_examples() -> None:
    assert describe_ends(np.zeros((0, CROP_SIZE, CROP_SIZE), dtype=np.uint8)).shape[0] == 0
    crops, is_up = draw_crops(10, seed=0)
    with pytest.raises(ValueError, match="10 examples of heads, expected 20 or more"):
        train_head_looks(crops, is_up)
