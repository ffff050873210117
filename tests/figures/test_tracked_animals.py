from __future__ import annotations

import numpy as np

from behavior.figures.tracked_animals import FoundAnimals, draw_found, draw_ways


def find(n: int, *, touching: bool = False, angle: float = 0.0) -> FoundAnimals:
    positions = np.column_stack((np.linspace(20, 80, n), np.full(n, 30.0)))
    return FoundAnimals(positions, np.full(n, angle), np.full(n, 20.0), np.full(n, 8.0), np.full(n, touching))


def count(picture: np.ndarray, color: tuple[int, int, int]) -> int:
    return int(np.count_nonzero(np.abs(picture.astype(int) - color).sum(axis=-1) < 60))


def test_animals_are_edged_green_and_red_where_they_touch() -> None:
    grey = np.full((60, 100), 100, dtype=np.uint8)
    alone, touching = (draw_found([grey], [find(2, touching=is_touching)], [7], width=200) for is_touching in (False, True))
    assert count(alone, (0, 200, 83)) > 40 and count(alone, (255, 82, 82)) == 0
    assert count(touching, (255, 82, 82)) > 40 and count(touching, (0, 200, 83)) == 0


def test_pictures_lie_in_rows_of_four() -> None:
    grey = np.full((60, 100), 100, dtype=np.uint8)
    picture = draw_found([grey] * 5, [find(n) for n in range(5)], list(range(5)), width=100)
    assert picture.shape == (2 * 64, 4 * 104, 3)


def test_an_animal_without_an_axis_is_a_circle() -> None:
    grey = np.full((60, 100), 100, dtype=np.uint8)
    assert count(draw_found([grey], [find(1, angle=np.nan)], [0], width=200), (0, 200, 83)) > 15


def test_ways_have_a_colour_each_and_jumps_are_not_drawn() -> None:
    grey = np.zeros((100, 200), dtype=np.uint8)
    positions = np.full((40, 2, 2), np.nan)
    positions[:, 0] = np.column_stack((np.arange(40) * 2 + 10, np.full(40, 20)))
    positions[20:, 0, 0] += 80
    picture = draw_ways(grey, positions, names=["a", "b"])
    assert (picture[20, 12:46].sum(axis=-1) > 0).all() and (picture[20, 60:120] == 0).all()
    assert draw_ways(grey, positions[:, 1:], names=["b"]).max() == 0
