"""An animal comes into a zone when it goes there, and not when its track trembles on the edge."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from behavior.statistics import find_presence, find_visits, measure_zones, split_presence
from behavior.statistics.visits import Presence

LEFT = [(0, 0), (50, 0), (50, 100), (0, 100)]
ARENA = [(0, 0), (100, 0), (100, 100), (0, 100)]
FPS = 30.0


def walk(*x: float) -> np.ndarray:
    return np.column_stack((np.array(x, dtype=np.float64), np.full(len(x), 50.0)))


def visit(positions: np.ndarray, *, edge: float, min_stay_s: float = 0.0) -> np.ndarray:
    presence = find_presence(positions, LEFT, edge=edge)
    tracked = np.isfinite(positions).all(axis=1)
    return find_visits(presence, tracked, np.arange(len(positions)) / FPS, min_stay_s=min_stay_s)


def count_entries(positions: np.ndarray, *, edge: float, min_stay_s: float = 0.0, time_s: np.ndarray | None = None) -> float:
    time_s = np.arange(len(positions)) / FPS if time_s is None else time_s
    presence = find_presence(positions, LEFT, edge=edge)
    visits = find_visits(presence, np.isfinite(positions).all(axis=1), time_s, min_stay_s=min_stay_s)
    table = measure_zones(positions, {"left": presence.inside}, time_s, visits={"left": visits})
    return float(table[(table["zone"] == "left") & (table["metric"] == "entries")]["value"].iloc[0])


def test_an_animal_that_sits_on_the_edge_never_enters() -> None:
    rng = np.random.default_rng(0)
    trembling = walk(*(50 + rng.uniform(-1, 1, 4000)))
    assert count_entries(trembling, edge=0.0) > 500
    assert count_entries(trembling, edge=5.0) == 0


def test_every_real_entry_counts_once() -> None:
    rng = np.random.default_rng(0)
    # Five times to the left and back, half a second each way, on a track that trembles.
    way = np.concatenate([np.concatenate((np.linspace(80, 20, 15), np.linspace(20, 80, 15))) for _ in range(5)])
    positions = walk(*(way + rng.uniform(-1, 1, len(way))))
    assert count_entries(positions, edge=5.0, min_stay_s=0.1) == 5


def test_it_is_in_until_it_is_surely_out() -> None:
    x = [80, 52, 48, 44, 52, 54, 56, 52, 48]
    #    out, near, near, in, near, near, out, near, near
    assert visit(walk(*x), edge=5.0).tolist() == [False, False, False, True, True, True, False, False, False]
    # Where there is no before, the position counts.
    assert visit(walk(48, 52), edge=5.0).tolist() == [True, True]
    assert visit(walk(52, 48), edge=5.0).tolist() == [False, False]
    assert visit(walk(20, np.nan, 80), edge=5.0).tolist() == [True, False, False]


def test_leaps_of_a_frame_are_no_visits() -> None:
    leap = np.full(60, 80.0)
    leap[30] = 20.0
    assert count_entries(walk(*leap), edge=5.0) == 1
    assert count_entries(walk(*leap), edge=5.0, min_stay_s=0.1) == 0
    back = np.concatenate((np.full(20, 80.0), np.full(40, 20.0)))
    back[40] = 80.0
    assert count_entries(walk(*back), edge=5.0) == 2
    assert count_entries(walk(*back), edge=5.0, min_stay_s=0.1) == 1


def test_a_visit_over_a_pause_is_no_entry() -> None:
    positions = walk(*[80.0] * 30, *[20.0] * 30)
    assert count_entries(positions, edge=5.0, min_stay_s=0.1) == 1
    paused = np.arange(60) / FPS + 600 * (np.arange(60) >= 30)
    assert count_entries(positions, edge=5.0, min_stay_s=0.1, time_s=paused) == 0


def test_a_narrow_zone_can_be_entered() -> None:
    strip = [(48, 0), (52, 0), (52, 100), (48, 100)]
    presence = find_presence(walk(20, 50, 80), strip, edge=30.0)
    assert presence.surely_inside.tolist() == [False, True, False]


@given(st.lists(st.tuples(st.floats(-10, 110), st.floats(-10, 110)), min_size=1, max_size=40), st.floats(0, 30), st.floats(1, 45))
def test_the_parts_of_an_arena_are_visited_one_at_a_time(points: list[tuple[float, float]], edge: float, margin: float) -> None:
    positions = np.array(points)
    parts = split_presence(positions, ARENA, margin, edge=edge)
    tracked = np.ones(len(positions), dtype=bool)
    visits = [find_visits(presence, tracked, np.arange(len(positions)) / FPS) for presence in parts.values()]
    np.testing.assert_array_equal(np.sum(visits, axis=0), 1)
    for presence in parts.values():
        assert not (presence.surely_inside & presence.surely_outside).any()
        assert not (presence.surely_inside & ~presence.inside).any()


def test_trembling_at_the_margin_of_the_walls_is_no_entry() -> None:
    rng = np.random.default_rng(1)
    positions = np.column_stack((20 + rng.uniform(-1, 1, 500), np.full(500, 50.0)))
    for presence in split_presence(positions, ARENA, 20.0, edge=3.0).values():
        visits = find_visits(presence, np.ones(500, dtype=bool), np.arange(500) / FPS)
        assert visits.all() or not visits.any()


@pytest.mark.parametrize("n_frames", [0, 1])
def test_short_recordings(n_frames: int) -> None:
    nowhere = np.zeros(n_frames, dtype=bool)
    assert (
        find_visits(Presence(~nowhere, nowhere, nowhere), ~nowhere, np.arange(float(n_frames)), min_stay_s=1.0).tolist()
        == [True] * n_frames
    )
