from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from scipy.optimize import linear_sum_assignment

from behavior.tracking.background_detector import BackgroundDetector, to_grey
from behavior.tracking.calibration import calibrate
from behavior.tracking.detections import Detections, Detector


def find_errors(found: Detections, truth: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the distance of each animal from what was found of it, infinite where nothing was."""
    distances = np.hypot(*(truth[:, None] - found.positions[None]).transpose(2, 0, 1))
    rows, columns = linear_sum_assignment(distances)
    errors = np.full(len(truth), np.inf)
    errors[rows] = distances[rows, columns]
    return errors


def detect_all(pictures: npt.NDArray[np.uint8], **options) -> list[Detections]:
    settings = calibrate(pictures[::4], n_animals=options.pop("n_animals", None))
    detector: Detector = BackgroundDetector(pictures[::4], settings, **options)
    return [detector.detect(picture) for picture in pictures]


@pytest.mark.parametrize("n_animals", [4, None])
def test_every_animal_is_found_to_a_fraction_of_a_pixel(apart, n_animals: int | None) -> None:
    found = detect_all(apart.pictures, n_animals=n_animals)
    assert {len(detections) for detections in found} == {4}
    errors = np.stack([find_errors(*pair) for pair in zip(found, apart.positions, strict=True)])
    assert errors.max() < 1.0 and np.median(errors) < 0.3


def test_the_long_axis_lies_along_the_body(apart) -> None:
    for detections, positions, headings in zip(detect_all(apart.pictures), apart.positions, apart.headings, strict=True):
        nearest = np.argmin(np.hypot(*(positions[:, None] - detections.positions[None]).transpose(2, 0, 1)), axis=1)
        assert np.abs(np.sin(detections.angles[nearest] - headings)).max() < 0.12


@pytest.mark.parametrize("n_animals", [2, None])
def test_animals_that_touch_are_taken_apart(crossing, n_animals: int | None) -> None:
    found = detect_all(crossing.pictures, n_animals=n_animals)
    touching = np.array([detections.touching.any() for detections in found])
    assert 4 < touching.sum() < 30
    assert np.mean([len(detections) == 2 for detections in found]) > 0.95
    errors = np.stack([find_errors(*pair) for pair in zip(found, crossing.positions, strict=True)])
    assert errors.max() < 8
    assert all((detections.qualities[detections.touching] < 0.95).all() for detections in found)


def test_slow_and_sudden_changes_of_light_lose_no_animal(drawing, walking) -> None:
    light = np.concatenate([np.linspace(1, 0.75, 60), np.full(60, 1.1)])
    rendered = drawing(*walking(120, 3), light=light)
    found = detect_all(rendered.pictures, n_animals=3, adaptive=True)
    errors = np.stack([find_errors(*pair) for pair in zip(found, rendered.positions, strict=True)])
    assert np.mean(errors < 2) > 0.98


@pytest.mark.parametrize("adaptive", [False, True])
def test_a_camera_that_was_moved_has_two_backgrounds_in_changing_light_too(drawing, walking, adaptive: bool) -> None:
    # Positions go on as if the camera had stood still, so that only the floor is displaced.
    rendered = drawing(*walking(120, 3), light=np.linspace(1, 0.8, 120))
    stripes = 40 * np.sin(np.arange(220) / 5)
    floors = np.where(np.arange(120)[:, None, None] < 60, stripes, np.roll(stripes, 8))
    pictures = np.clip(rendered.pictures + np.where(rendered.pictures > 100, floors, 0), 0, 255).astype(np.uint8)
    settings = calibrate(pictures[:60:4], n_animals=3)
    detector = BackgroundDetector(pictures[::4], settings, adaptive=adaptive, moved_at=15)
    for number, (picture, positions) in enumerate(zip(pictures, rendered.positions, strict=True)):
        if number == 90:
            # What is remembered of both backgrounds makes another detector go on as this one does.
            other = BackgroundDetector(pictures[::4], settings, adaptive=adaptive, moved_at=15)
            other.set_state(detector.get_state())
            np.testing.assert_array_equal(other.detect(picture).positions, detector.detect(picture).positions)
        else:
            found = detector.detect(picture)
            assert len(found) == 3 and find_errors(found, positions).max() < 3, number


def test_a_picture_in_the_dark_has_no_animals_and_the_next_ones_do(apart) -> None:
    pictures = apart.pictures.copy()
    settings = calibrate(pictures[::4], n_animals=4)
    detector = BackgroundDetector(pictures[::4], settings)
    pictures[50:53] = 0
    counts = [len(detector.detect(picture)) for picture in pictures[45:60]]
    assert counts == [4] * 5 + [0] * 3 + [4] * 7
    assert detector.n_flooded == 3


def test_a_mask_keeps_animals_out(apart) -> None:
    mask = np.zeros(apart.pictures.shape[1:], dtype=bool)
    mask[:80] = True
    assert {len(detections) for detections in detect_all(apart.pictures, mask=mask)} == {2}


def test_colored_equipment_is_no_animal(apart) -> None:
    settings = calibrate(apart.pictures[::4])
    image = np.repeat(apart.pictures[0][..., None], 3, axis=-1)
    image[:20, :40] = [220, 30, 30]
    plain = BackgroundDetector(apart.pictures[::4], settings).detect(image)
    without = BackgroundDetector(apart.pictures[::4], settings, colors=60).detect(image)
    assert len(plain) > len(without) == 4


@pytest.mark.parametrize("motion", ["mog2", "knn"])
def test_what_moves_has_to_look_like_an_animal_and_what_looks_like_one_has_to_move(apart, motion) -> None:
    found = detect_all(apart.pictures, motion=motion)
    errors = np.stack([find_errors(*pair) for pair in zip(found, apart.positions, strict=True)])[20:]
    is_fast = np.hypot(*np.gradient(apart.positions, axis=0).transpose(2, 0, 1))[20:] > 2
    assert np.mean(errors[is_fast] < 1) > 0.97
    pictures = np.repeat(apart.pictures[:1], 30, axis=0)
    settings = calibrate(apart.pictures[::4])
    detector = BackgroundDetector(apart.pictures[::4], settings, motion=motion)
    assert len([detector.detect(picture) for picture in pictures][-1]) == 0


def test_a_smaller_picture_gives_the_same_places(apart) -> None:
    samples = apart.pictures[::4]
    settings = calibrate(samples, n_animals=4)
    halved = BackgroundDetector(samples, replace(settings, shrink=2))
    for picture, positions in zip(apart.pictures[:20], apart.positions, strict=False):
        assert find_errors(halved.detect(picture), positions).max() < 1.5


def test_grey_stays_grey() -> None:
    grey = np.zeros((3, 3), dtype=np.uint8)
    assert to_grey(grey) is grey
    assert to_grey(np.zeros((3, 3, 3), dtype=np.uint8)).shape == (3, 3)
