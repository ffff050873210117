"""Minutes of days, and what is averaged over them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from behavior.frame_times import frame_durations, frame_edges
from behavior.statistics.day_grid import DayGrid, average_where, find_overlap, measure_minutes

UNLIT = np.full(120, -1, dtype=np.int8)


def make_grid(amounts: np.ndarray, observed_s: np.ndarray) -> DayGrid:
    return DayGrid(amounts, observed_s, np.arange(amounts.shape[1]) // 60, UNLIT[: amounts.shape[1]])


@given(st.floats(0, 3000), st.integers(1, 400), st.floats(0.05, 40))
def test_minutes_add_up_to_the_whole(offset_s: float, n_frames: int, interval_s: float) -> None:
    edges = frame_edges(np.arange(n_frames) * interval_s, 1 / interval_s)
    n_minutes = int((offset_s + edges[-1]) // 60) + 1
    minutes = measure_minutes(frame_durations(edges), edges, offset_s=offset_s, n_minutes=n_minutes)
    assert minutes.max() <= 60 + 1e-6
    np.testing.assert_allclose(minutes.sum(), edges[-1], rtol=1e-9)
    # Nothing lies before the recording begins.
    assert minutes[: int(offset_s // 60)].sum() == 0


def test_bins_of_which_less_than_half_was_observed_have_no_value() -> None:
    observed = np.zeros((1, 90))
    observed[0, :30] = 60
    observed[0, 60:74] = 60
    grid = make_grid(observed / 4, observed)
    np.testing.assert_array_equal(grid.find_rates(60), [[0.25, np.nan]])
    # The last bin is of 30 minutes, of which 14 were observed.
    observed[0, 74] = 60
    np.testing.assert_array_equal(make_grid(observed / 4, observed).find_rates(60), [[0.25, 0.25]])


def test_averages_weigh_minutes_by_what_was_observed() -> None:
    grid = make_grid(np.array([[30.0, 0.0, 0.0]]), np.array([[30.0, 60.0, 0.0]]))
    values, seen = average_where(grid, np.ones(3, dtype=bool))
    assert (values.tolist(), seen.tolist()) == ([1 / 3], [90.0])
    values, seen = average_where(grid, np.array([False, False, True]))
    assert np.isnan(values[0])
    assert seen[0] == 0


def test_shapes_are_checked() -> None:
    with pytest.raises(ValueError, match="expected \\(S, K\\) twice"):
        DayGrid(np.zeros((1, 3)), np.zeros((1, 2)), np.zeros(3, dtype=np.int64), UNLIT[:3])


@given(st.lists(st.tuples(st.integers(0, 200), st.integers(1, 30)), max_size=12))
def test_overlaps_are_found(spans: list[tuple[int, int]]) -> None:
    times = [(float(start), float(start + length)) for start, length in spans]
    found = find_overlap(times, tolerance_s=0.0)
    pairs = [
        (one, other)
        for one in range(len(times))
        for other in range(one)
        if min(times[one][1], times[other][1]) > max(times[one][0], times[other][0])
    ]
    assert (found is None) == (not pairs)
    assert found is None or tuple(sorted(found, reverse=True)) in pairs
