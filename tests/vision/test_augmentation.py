"""Augmented windows: their frames change alike, each window in its own way, the same for the same seed."""

import numpy as np
import pytest

from behavior.vision.augmentation import WindowAugmenter

SIZE = 16


NOTHING = {"rotation": 0, "flip": False, "shift": 0, "zoom": 0, "brightness": 0, "shear": 0}


CHANGES = [{"rotation": 180}, {"flip": True}, {"shift": 0.2}, {"zoom": 0.3}, {"brightness": 0.3}, {"shear": 0.3}, None]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: "all" if change is None else next(iter(change)))
def test_frames_of_a_window_change_alike_and_windows_do_not(change):
    image = np.random.default_rng(0).integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8)
    windows = np.tile(image, (12, 3, 1, 1, 1))
    found = WindowAugmenter(**({} if change is None else NOTHING | change), seed=1).augment(windows)
    assert (found.shape, found.dtype) == (windows.shape, np.float32)
    assert found.min() >= 0
    assert found.max() <= 255
    for frame in (1, 2):
        np.testing.assert_array_equal(found[:, frame], found[:, 0])
    assert len({window.tobytes() for window in found}) == (2 if change == {"flip": True} else 12)


def test_frames_keep_their_places_and_colors():
    windows = np.random.default_rng(0).integers(0, 256, (6, 3, SIZE, SIZE, 3), dtype=np.uint8)
    found = WindowAugmenter(**NOTHING | {"flip": True}, seed=1).augment(windows)
    mirrored = [(found[number] == windows[number, :, :, ::-1]).all() for number in range(6)]
    kept = [(found[number] == windows[number]).all() for number in range(6)]
    assert [one != other for one, other in zip(mirrored, kept, strict=True)] == [True] * 6
    assert any(mirrored)
    assert any(kept)


def test_changes_are_drawn_anew_from_a_seed():
    windows = np.random.default_rng(0).integers(0, 256, (2, 1, SIZE, SIZE, 3), dtype=np.uint8)
    first, again = WindowAugmenter(seed=5), WindowAugmenter(seed=5)
    one, two = first.augment(windows), first.augment(windows)
    assert (one != two).any()
    np.testing.assert_array_equal(again.augment(windows), one)
    np.testing.assert_array_equal(again.augment(windows), two)
    np.testing.assert_array_equal(WindowAugmenter(**NOTHING, seed=5).augment(windows), windows)


def test_the_middle_of_a_crop_stays_where_it_is_unless_it_is_shifted():
    side = 41
    windows = np.zeros((20, 1, side, side, 3), np.uint8)
    windows[:, :, 18:23, 18:23] = 200
    still = WindowAugmenter(**NOTHING | {"rotation": 180, "flip": True, "zoom": 0.2, "shear": 0.2}, seed=1).augment(windows)
    shifted = WindowAugmenter(**NOTHING | {"shift": 0.2}, seed=1).augment(windows)
    rows, columns = np.mgrid[:side, :side]
    for pictures, most in ((still, 0.1), (shifted, 0.2 * side)):
        levels = pictures[:, 0, :, :, 0]
        for axis in (rows, columns):
            off = (levels * axis).sum(axis=(1, 2)) / levels.sum(axis=(1, 2)) - 20
            assert np.abs(off).max() <= most
    assert np.abs(off).max() > 0.1 * side
