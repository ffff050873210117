"""Names are painted side by side, in lines that the picture has room for."""

import numpy as np

from behavior.figures.lettering import parse_color
from behavior.figures.overlay_chips import Chips
from behavior.figures.rendering import get_color


def find_extent(picture, index):
    """Return the first and last row and column that have the colour of a behavior."""
    rows, columns = np.nonzero((picture == parse_color(get_color(index))).all(axis=2))
    return (rows.min(), rows.max(), columns.min(), columns.max()) if len(rows) else None


def test_names_that_are_decided_stand_beside_each_other():
    chips = Chips(["grooming", "rearing", "running"], width=640)
    picture = np.zeros((200, 640, 3), dtype=np.uint8)
    chips.paint(picture, np.array([True, False, True]))
    first, none, last = (find_extent(picture, index) for index in range(3))
    assert none is None and first[:2] == last[:2] and first[3] < last[2]


def test_names_without_room_go_to_the_next_line():
    chips = Chips(["a rather long name of a behavior"] * 3, width=480)
    picture = np.zeros((200, 480, 3), dtype=np.uint8)
    chips.paint(picture, np.ones(3, dtype=bool))
    tops = [find_extent(picture, index)[0] for index in range(3)]
    assert tops == sorted(set(tops))


def test_what_raters_saw_stands_at_the_right():
    chips = Chips(["grooming", "rearing"], width=640, heads=["model", "anna"])
    picture = np.zeros((200, 640, 3), dtype=np.uint8)
    chips.paint(picture, np.array([True, False]), [np.array([0, 1], dtype=np.int8)])
    assert find_extent(picture, 0)[3] < 320 < find_extent(picture, 1)[2]


def test_a_chip_has_round_corners():
    chip = Chips(["a"], width=640).make("word", (255, 255, 255), (200, 0, 0), 100)
    picture = np.full((60, 100, 3), 90, dtype=np.uint8)
    chip.put(picture, 5, 10)
    assert (picture[5, 10] == 90).all() and tuple(picture[5 + chip.height // 2, 11]) == (200, 0, 0)
    assert chip.width < 100 and (picture[:5] == 90).all()
