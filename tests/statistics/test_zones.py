"""Distances, times and entries on walks whose numbers are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from behavior.statistics import fill_short_gaps, find_inside, measure_zones, split_arena

SQUARE = [(0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0)]
NAN = float("nan")


def read(table, zone: str, metric: str) -> list[float]:
    return table[(table["zone"] == zone) & (table["metric"] == metric)]["value"].tolist()


def walk(*xs: float) -> np.ndarray:
    return np.array([(x, 5.0) for x in xs])


def test_short_gaps_are_filled_in_a_straight_line_and_others_stay() -> None:
    time_s = np.array([0.0, 0.1, 0.2, 0.3, 0.6, 0.7, 0.8, 0.9, 1.0])
    found = fill_short_gaps(walk(NAN, 1, NAN, 3, NAN, NAN, NAN, 9, NAN), time_s, max_gap_s=0.1)
    np.testing.assert_allclose(found[:, 0], [NAN, 1, 2, 3, NAN, NAN, NAN, 9, NAN])
    # The gap from 0.6 to 0.9 s lies between 3 at 0.3 s and 9 at 0.9 s.
    found = fill_short_gaps(walk(NAN, 1, NAN, 3, NAN, NAN, NAN, 9, NAN), time_s, max_gap_s=0.3)
    np.testing.assert_allclose(found[:, 0], [NAN, 1, 2, 3, 6, 7, 8, 9, NAN])
    assert np.isnan(fill_short_gaps(walk(1, NAN, 3), np.arange(3.0), max_gap_s=0.0)[1]).all()


def test_a_walk_worked_out_by_hand() -> None:
    # One frame a second, at 2 pixels a cm; the left half is x up to 5.
    positions = walk(1, 3, 7, 9, 9, 4, 4, 8)
    left = find_inside(positions, [(0, 0), (5, 0), (5, 10), (0, 10)])
    table = measure_zones(positions, {"left": left}, np.arange(8.0), pixels_per_cm=2.0)
    assert read(table, "everywhere", "time_s") == [8.0]
    assert read(table, "everywhere", "tracked_share") == [1.0]
    # Steps of 2, 4, 2, 0, 5, 0, 4 pixels.
    assert read(table, "everywhere", "distance_cm") == [8.5]
    assert read(table, "everywhere", "mean_speed_cm_per_s") == pytest.approx([8.5 / 7])
    assert read(table, "left", "time_s") == [4.0]
    assert read(table, "left", "share") == [0.5]
    # It starts there, which is no entry, and comes back once.
    assert read(table, "left", "entries") == [1.0]
    assert read(table, "left", "latency_s") == [0.0]
    # The steps that start there: 2, 4, 0 and 4 pixels in 4 s.
    assert read(table, "left", "distance_cm") == [5.0]
    assert read(table, "left", "mean_speed_cm_per_s") == [1.25]


def test_bins_and_missing_positions() -> None:
    positions = walk(1, 3, NAN, NAN, 9, 4, 4, 8)
    left = find_inside(positions, [(0, 0), (5, 0), (5, 10), (0, 10)])
    table = measure_zones(positions, {"left": left}, np.arange(8.0), bin_s=4.0)
    assert read(table, "everywhere", "distance_px") == [2 + 5 + 0 + 4, 2, 9]
    assert read(table, "everywhere", "tracked_share") == [0.75, 0.5, 1.0]
    assert read(table, "left", "time_s") == [4.0, 2.0, 2.0]
    assert read(table, "left", "entries") == [1.0, 0.0, 1.0]
    assert read(table, "left", "latency_s") == [0.0, 0.0, 1.0]


def test_an_animal_that_is_there_when_a_bin_begins_has_no_latency() -> None:
    positions = walk(9, 9, 9, 1, 1, 9)
    table = measure_zones(positions, {"left": positions[:, 0] < 5}, np.arange(6.0), bin_s=3.5)
    assert read(table, "left", "latency_s") == [3.0, 3.0, 0.0]


def test_no_distance_is_measured_over_dropped_frames() -> None:
    time_s = np.array([0.0, 1.0, 2.0, 12.0, 13.0])
    table = measure_zones(walk(0, 1, 2, 8, 9), {}, time_s, max_gap_s=0.5)
    assert read(table, "everywhere", "distance_px") == [3.0]
    assert read(table, "everywhere", "mean_speed_px_per_s") == [1.0]


def test_without_any_position_there_is_nothing_to_measure() -> None:
    table = measure_zones(walk(NAN, NAN), {"left": np.zeros(2, dtype=bool)}, np.arange(2.0))
    known = table[table["value"].notna()]
    assert known["metric"].tolist() == ["tracked_share"]
    assert known["value"].tolist() == [0.0]


@pytest.mark.parametrize(
    ("point", "zone"),
    [
        ((5, 5), "centre"),
        ((2.1, 7.9), "centre"),
        ((2, 5), "walls"),
        ((5, 9.5), "walls"),
        ((1, 1), "corners"),
        ((9, 1.5), "corners"),
        # Beyond the walls counts as at them.
        ((-3, 5), "walls"),
        ((-3, -4), "corners"),
        ((11, 9), "corners"),
    ],
)
def test_a_square_arena_has_a_centre_walls_and_corners(point: tuple[float, float], zone: str) -> None:
    found = split_arena(np.array([point], dtype=float), SQUARE, 2.0)
    assert [name for name, inside in found.items() if inside[0]] == [zone]


def test_a_round_arena_has_no_corners() -> None:
    angles = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    circle = 10 * np.column_stack((np.cos(angles), np.sin(angles)))
    points = np.random.default_rng(0).uniform(-10, 10, (500, 2))
    found = split_arena(points, circle, 2.0)
    assert not found["corners"].any()
    assert found["centre"].any()
    assert found["walls"].any()


def test_a_polygon_may_be_concave_and_its_sides_are_inside() -> None:
    arrow = [(0, 0), (4, 0), (4, 4), (2, 1), (0, 4)]
    points = np.array([(0.5, 2), (2, 2), (3.5, 2), (2, 0.5), (2, 0), (0, 4), (NAN, 1)], dtype=float)
    expected = [True, False, True, True, True, True, False]
    assert find_inside(points, arrow).tolist() == expected
    assert find_inside(points, arrow[::-1]).tolist() == expected


@settings(max_examples=25)
@given(
    arrays(np.float64, st.tuples(st.integers(2, 30), st.just(2)), elements=st.floats(-5, 15) | st.just(NAN)),
    st.floats(0.3, 8),
    st.floats(1, 20),
)
def test_parts_of_an_arena_add_up_to_everywhere(positions: np.ndarray, margin: float, bin_s: float) -> None:
    zones = split_arena(positions, SQUARE, margin)
    tracked = np.isfinite(positions).all(axis=1)
    np.testing.assert_array_equal(sum(inside.astype(int) for inside in zones.values()), tracked)
    table = measure_zones(positions, zones, np.arange(len(positions)) / 4, bin_s=bin_s)
    for metric in ("time_s", "distance_px"):
        everywhere = read(table, "everywhere", metric)
        parts = np.sum([read(table, zone, metric) for zone in zones], axis=0)
        np.testing.assert_allclose(parts, everywhere, atol=1e-9)
        np.testing.assert_allclose(np.nansum(everywhere[1:]), np.nan_to_num(everywhere[0]), atol=1e-9)
    shares = np.sum([read(table, zone, "share") for zone in zones], axis=0)
    np.testing.assert_allclose(shares[~np.isnan(shares)], 1.0)


def test_zones_of_another_length_are_refused() -> None:
    with pytest.raises(ValueError, match="'left' has shape"):
        measure_zones(walk(1, 2), {"left": np.zeros(3, dtype=bool)}, np.arange(2.0))
