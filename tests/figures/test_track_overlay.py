"""Animals drawn onto frames of their video."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from behavior.figures.lettering import parse_color
from behavior.figures.rendering import get_animal_color
from behavior.figures.track_overlay import DrawnAnimals, TrackPainter

WIDTH, HEIGHT = 500, 301


def make_animals(n_frames: int = 30, names: tuple[str, ...] = ("a", "b")) -> DrawnAnimals:
    """They walk to the right by 5 pixels a frame, heads 20 pixels in front."""
    x = 100.0 + 5 * np.arange(n_frames)
    centers = np.stack([np.column_stack((x, np.full(n_frames, 80.0 + 100 * animal))) for animal in range(len(names))], axis=1)
    return DrawnAnimals(centers, centers + (20, 0), np.ones((n_frames, len(names)), dtype=bool), names)


def find(picture: npt.NDArray[np.uint8], animal: int) -> npt.NDArray[np.bool_]:
    return np.abs(picture.astype(int) - parse_color(get_animal_color(animal))).max(axis=2) < 30


def paint(animals: DrawnAnimals, frame: int, n_trail: int = 10) -> npt.NDArray[np.uint8]:
    painter = TrackPainter(animals, picture_size=(WIDTH, HEIGHT), n_trail=n_trail)
    return painter.paint(frame, np.full((HEIGHT, WIDTH, 3), 128, dtype=np.uint8), time_s=0.0)


def test_each_animal_has_its_colour_where_it_is_and_along_its_head() -> None:
    animals = make_animals()
    picture = paint(animals, 20)
    assert picture.shape == (302, 500, 3)
    for animal in range(2):
        x, y = animals.centers[20, animal].astype(int)
        own = find(picture, animal)
        assert own[y, x] and own[y, x + 15]
        assert not find(picture, 1 - animal)[y - 8 : y + 8].any()


def test_a_way_is_of_the_last_frames_and_faint_at_its_beginning() -> None:
    picture = paint(make_animals(), 20, n_trail=10).astype(int)
    x = 100 + 5 * 20
    changed = np.abs(picture[80] - 128).max(axis=1) > 8
    assert changed[x - 48 : x].all() and not changed[: x - 54].any()
    strength = np.abs(picture[80] - 128).sum(axis=1)
    assert strength[x - 45] < strength[x - 25] < strength[x - 8]


def test_no_way_is_drawn_over_a_jump() -> None:
    animals = make_animals()
    animals.centers[:15, 0, 0] = 400
    picture = paint(animals, 17).astype(int)
    assert (np.abs(picture[80, 250:380] - 128).max(axis=1) < 8).all()


def test_a_predicted_position_is_a_ring_and_an_unknown_one_nothing() -> None:
    animals = make_animals()
    animals.seen[20] = False
    animals.heads[:] = np.nan
    picture = paint(animals, 20, n_trail=0)
    assert not find(picture, 0)[80, 200] and find(picture, 0)[74:87, 194:207].any()
    animals.centers[20] = np.nan
    assert (paint(animals, 20, n_trail=0)[30:] == 128)[:-1].all()


def test_small_pictures_are_enlarged_and_missing_ones_are_grey() -> None:
    animals = make_animals(names=("only",))
    painter = TrackPainter(animals, picture_size=(160, 100), n_trail=0)
    picture = painter.paint(3, None, time_s=0.1)
    assert painter.magnification == 3 and picture.shape == (300, 480, 3)
    assert find(picture, 0)[80 * 3 + 1, 115 * 3 + 1]


def test_names_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="1 names for 2 animals"):
        DrawnAnimals(np.zeros((3, 2, 2)), np.zeros((3, 2, 2)), np.ones((3, 2), dtype=bool), ("a",))
    with pytest.raises(ValueError, match="heads have shape"):
        DrawnAnimals(np.zeros((3, 2, 2)), np.zeros((3, 1, 2)), np.ones((3, 2), dtype=bool), ("a", "b"))
