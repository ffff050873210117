"""Motion alone finds animals where the median of all pictures is no picture of the floor."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from behavior.tracking.background_detector import BackgroundDetector
from behavior.tracking.calibration import calibrate
from behavior.tracking.moving_pixels import MOVING_THRESHOLD, MotionKind, MovingPixels

N_FRAMES, N_ANIMALS = 240, 3


def count_right(found: list[npt.NDArray[np.float64]], truth: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Return recall and precision: what is found within 8 pixels of an animal."""
    near = [np.hypot(*(own[:, None] - places[None]).transpose(2, 0, 1)) < 8 for own, places in zip(truth, found, strict=True)]
    n_found = sum(map(len, found))
    return sum(one.any(axis=1).sum() for one in near) / truth[..., 0].size, sum(one.any(axis=0).sum() for one in near) / max(n_found, 1)


@pytest.mark.parametrize("kind", ["mog2", "knn"])
def test_a_lamp_that_flickers_is_floor_for_a_model_of_motion(
    drawing: Callable[..., object], walking: Callable[..., tuple], kind: MotionKind
) -> None:
    positions, headings = walking(N_FRAMES, N_ANIMALS)
    pictures = drawing(positions, headings).pictures.copy()  # type: ignore[attr-defined]
    # Two lamps, each on in 40 % of the frames: the median is the floor without them, and they are as large and as unlike it as animals.
    on = np.random.default_rng(1).uniform(size=(N_FRAMES, 2)) < 0.4
    for lamp, (top, left) in enumerate(((20, 20), (110, 150))):
        region = pictures[:, top : top + 16, left : left + 26].astype(int) - 110 * on[:, lamp, None, None]
        pictures[:, top : top + 16, left : left + 26] = np.clip(region, 0, 255)
    samples = pictures[::6]

    def find(**given: object) -> tuple[float, float]:
        settings = calibrate(samples, n_animals=N_ANIMALS, **given)  # type: ignore[arg-type]
        detector = BackgroundDetector(samples, settings, motion=kind if settings.background == "moving" else None)
        return count_right([detector.detect(picture).positions for picture in pictures], positions)

    recall, precision = find(background="moving", motion=kind)
    assert recall > 0.9 and precision > 0.97
    assert find(background="median")[1] < 0.9


def test_who_sits_for_long_becomes_floor_and_a_look_changes_nothing() -> None:
    rng = np.random.default_rng(0)
    floor = rng.integers(97, 104, (40, 30, 30)).astype(np.uint8)
    picture = floor[0].copy()
    picture[10:20, 10:20] = 30
    model = MovingPixels(floor)
    for _ in range(400):
        assert model.find(picture, learn=False)[15, 15] > MOVING_THRESHOLD
    for _ in range(800):
        moving = model.find(picture)
    assert moving[15, 15] < MOVING_THRESHOLD
