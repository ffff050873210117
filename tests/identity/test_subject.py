"""Photos as squares: what differs from an even ground is cut out, and nothing is lost where the ground is not even."""

from __future__ import annotations

import numpy as np
import pytest

from behavior.identity.subject import cut_to_subject, make_square

RNG = np.random.default_rng(0)


def draw(*, height: int = 300, width: int = 400, noise: float = 5.0) -> np.ndarray:
    photo = np.full((height, width, 3), 180.0)
    rows, columns = np.mgrid[:height, :width]
    body = ((rows - 200) / 60) ** 2 + ((columns - 120) / 25) ** 2 < 1
    photo[body] = (40, 60, 80)
    return np.clip(photo + RNG.normal(0, noise, photo.shape), 0, 255).astype(np.uint8)


def test_the_animal_is_cut_out_of_an_even_ground() -> None:
    photo = draw()
    cut = cut_to_subject(photo)
    # 120 by 50 pixels, with a margin of a twelfth of its length.
    assert cut.shape[0] == pytest.approx(120 + 20, abs=8) and cut.shape[1] == pytest.approx(50 + 20, abs=8)
    assert cut[cut.shape[0] // 2, cut.shape[1] // 2].mean() < 90
    # A smaller thing beside it is not the animal.
    photo[20:40, 300:330] = 30
    assert cut_to_subject(photo).shape == cut.shape


def test_a_ground_that_is_not_even_and_a_photo_that_is_all_animal_stay_whole() -> None:
    noise = RNG.integers(0, 256, (120, 160, 3), dtype=np.uint8)
    assert cut_to_subject(noise).shape == noise.shape
    filled = np.full((100, 100, 3), 200, dtype=np.uint8)
    filled[3:97, 3:97] = 50
    assert cut_to_subject(filled).shape == filled.shape
    blank = np.full((100, 100, 3), 200, dtype=np.uint8)
    assert cut_to_subject(blank).shape == blank.shape
    assert cut_to_subject(blank[:1, :1]).shape == (1, 1, 3)


def test_sides_are_not_exchanged() -> None:
    photo = draw()
    photo[150:250, 125:140] = (200, 40, 40)
    cut = cut_to_subject(photo)
    red = (cut[..., 0] > 150) & (cut[..., 1] < 90)
    assert np.flatnonzero(red.any(axis=0)).mean() > cut.shape[1] / 2


def test_a_square_has_edges_of_the_photo_s_own_colour() -> None:
    photo = np.full((20, 40, 3), (200, 150, 100), dtype=np.uint8)
    photo[8:12, 10:30] = (10, 20, 30)
    square = make_square(photo, 40)
    assert square.shape == (40, 40, 3)
    assert square[0, 0].tolist() == square[39, 39].tolist() == [200, 150, 100]
    assert square[20, 20].tolist() == [10, 20, 30]
    assert make_square(photo[:1, :1], 8).shape == (8, 8, 3)
