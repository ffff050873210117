from __future__ import annotations

import numpy as np
import pytest

from behavior.tracking.calibration import calibrate, shrink


@pytest.mark.parametrize(("polarity", "animal", "floor"), [("dark", 60, 190), ("light", 190, 60)])
def test_polarity_number_and_size_are_found(drawing, walking, polarity: str, animal: float, floor: float) -> None:
    rendered = drawing(*walking(120, 4), animal=animal, floor=floor)
    settings = calibrate(rendered.pictures[::4])
    assert settings.polarity == polarity and settings.n_animals is None
    assert settings.size.length == pytest.approx(26, rel=0.1) and settings.size.width == pytest.approx(11, rel=0.15)
    assert settings.score > 0.9
    assert 10 < settings.threshold < abs(floor - animal)


def test_what_is_given_is_kept(apart) -> None:
    settings = calibrate(apart.pictures[::4], n_animals=4, background="median", polarity="dark", threshold=40, area=230)
    assert (settings.n_animals, settings.background, settings.polarity, settings.threshold, settings.size.area) == (
        4,
        "median",
        "dark",
        40,
        230,
    )


def test_an_animal_that_sits_still_for_most_of_the_video_is_found(drawing) -> None:
    positions = np.repeat(np.array([[[60.0, 50.0], [150.0, 110.0]]]), 50, axis=0)
    positions[:5] += [30, 20]
    settings = calibrate(drawing(positions, np.zeros((50, 2))).pictures, n_animals=2)
    assert (settings.background, settings.polarity) == ("extreme", "dark")
    assert settings.size.length == pytest.approx(26, rel=0.15)


def test_animals_that_never_move_are_found(drawing) -> None:
    positions = np.repeat(np.array([[[60.0, 50.0], [150.0, 110.0]]]), 50, axis=0)
    settings = calibrate(drawing(positions, np.zeros((50, 2))).pictures, n_animals=2)
    assert settings.background == "flat" and settings.size.length == pytest.approx(26, rel=0.15)


def test_dark_corners_around_an_arena_are_not_taken_for_the_animals_that_are_hidden(drawing, walking) -> None:
    pictures = drawing(*walking(120, 4)).pictures.copy()
    for rows, columns in ((slice(0, 12), slice(0, 24)), (slice(-12, None), slice(-24, None))):
        pictures[:, rows, columns] = 60
    # Two of six are in a nest that the camera does not see into.
    assert calibrate(pictures[::4], n_animals=6).background == "extreme"


def test_pictures_of_nothing_are_refused(drawing) -> None:
    empty = drawing(np.empty((20, 0, 2)), np.empty((20, 0)))
    with pytest.raises(ValueError, match="no setting finds an animal"):
        calibrate(empty.pictures, n_animals=2)


def test_an_extreme_of_both_polarities_is_refused(apart) -> None:
    with pytest.raises(ValueError, match="dark or for light"):
        calibrate(apart.pictures, background="extreme", polarity="both")


def test_animals_outside_the_mask_do_not_count(apart) -> None:
    mask = np.zeros(apart.pictures.shape[1:], dtype=bool)
    mask[:80] = True
    rows = apart.positions[0, :, 1] < 80
    assert rows.sum() == 2
    assert calibrate(apart.pictures[::4], n_animals=2, mask=mask).score > 0.9


def test_a_shrunken_picture_keeps_its_mean() -> None:
    image = np.random.default_rng(0).integers(0, 255, (30, 42), dtype=np.uint8)
    assert shrink(image, 3).shape == (10, 14)
    assert shrink(image, 3).mean() == pytest.approx(image.mean(), abs=0.6)
    assert shrink(image, 1) is image
