"""What a study file may say of the arena."""

from pathlib import Path

import pytest
import yaml

from behavior.config import Arena, Study, parse_section
from behavior.errors import UsageError
from behavior.files.study import study_as_yaml

SQUARE = [[0, 0], [10, 0], [10, 20], [0, 20]]


def parse(**arena) -> Arena:
    return parse_study(**arena).arena


def parse_study(**arena) -> Study:
    return parse_section(Study, {"behaviors": ["a"], "crop": {"body_part": "m"}, "arena": arena}, source=Path("study.yaml"))


def test_a_rectangle_has_four_corners_in_their_order():
    assert parse(rectangle=[0, 0, 10, 20]).corners == parse(corners=SQUARE).corners == tuple(tuple(map(float, corner)) for corner in SQUARE)
    assert parse().corners == ()


def test_a_margin_is_in_pixels_however_it_is_given():
    assert parse(corners=SQUARE, margin_cm=2, pixels_per_cm=1.5).margin == 3
    assert parse(corners=SQUARE, margin_px=4).margin == 4
    assert parse(corners=SQUARE).margin is None


def test_body_parts_are_a_list_of_any_length():
    assert parse().body_parts == ()
    assert parse(body_part="nose").body_parts == ("nose",)
    assert parse(body_part=["left", "right"]).body_parts == ("left", "right")


def test_a_study_file_that_is_written_says_the_same():
    study = parse_study(rectangle=[0, 0, 10, 20], margin_px=2, zones={"feeder": SQUARE[:3]})
    again = parse_section(Study, yaml.safe_load(study_as_yaml(study)), source=Path("again.yaml"))
    assert (again.arena.corners, again.arena.margin, again.arena.zones) == (study.arena.corners, 2, study.arena.zones)


def test_a_concave_arena_is_one_whose_sides_do_not_cross():
    assert len(parse(corners=[[0, 0], [10, 0], [10, 10], [5, 2], [0, 10]]).corners) == 5


@pytest.mark.parametrize(
    ("arena", "expected"),
    [
        ({"rectangle": [1, 2, 3]}, "arena.rectangle"),
        ({"rectangle": [5, 0, 1, 4]}, "expected left, top, right, bottom"),
        ({"rectangle": [0, 0, 1, 1], "corners": SQUARE}, "keep one of the two"),
        ({"corners": [[0, 0], [1, 0], [0, 1], [1, 1]]}, "the sides of 'corners' cross"),
        ({"corners": [[0, 0], [1, 1]]}, "expected at least 3"),
        ({"zones": {"feeder": [[1, 1]]}}, "arena.zones.feeder"),
        ({"zones": {"feeder": [[1, "x"], [2, 2], [3, 3]]}}, "arena.zones.feeder.0.1 is 'x'"),
        ({"zones": {"everywhere": SQUARE}}, "means something else"),
        ({"corners": SQUARE, "margin_px": 1, "zones": {"walls": SQUARE}}, "means something else"),
        ({"margin_px": 3}, "needs the arena's corners"),
        ({"corners": SQUARE, "margin_cm": 3}, "needs pixels_per_cm"),
        ({"corners": SQUARE, "margin_cm": 3, "margin_px": 3, "pixels_per_cm": 1}, "are the same thing"),
        ({"edge_cm": 1}, "edge_cm needs pixels_per_cm"),
        ({"edge_cm": 1, "edge_px": 1, "pixels_per_cm": 1}, "are the same thing"),
        ({"min_stay_s": -1}, "arena.min_stay_s is -1"),
        ({"margn_px": 3}, "did you mean 'margin_px'?"),
        ({"pixels_per_cm": 0}, "arena.pixels_per_cm is 0"),
    ],
)
def test_an_arena_that_makes_no_sense_is_refused(arena, expected):
    with pytest.raises(UsageError) as caught:
        parse(**arena)
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("arena", "expected"),
    [
        ({"zones": {"left": SQUARE}}, 0.2),
        ({"corners": SQUARE, "zones": {"left": [[0, 0], [50, 0], [50, 5]]}}, 0.5),
        ({"zones": {"left": SQUARE}, "pixels_per_cm": 12}, 6.0),
        ({"zones": {"left": SQUARE}, "pixels_per_cm": 12, "edge_cm": 1}, 12.0),
        ({"zones": {"left": SQUARE}, "pixels_per_cm": 12, "edge_px": 0}, 0.0),
        ({}, 0.0),
    ],
)
def test_how_wide_the_edges_of_zones_are(arena, expected):
    assert parse(**arena).edge == pytest.approx(expected)
