"""Stamps that start again, stand still or jump become times that only go forward."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from behavior.files.time_line import StampContinuation, TimeLine


def place(stamps: Sequence[int], *, interval: float = 100, restarts: Sequence[int] = ()) -> tuple[list[float], TimeLine]:
    line = TimeLine(interval=interval, restarts=restarts)
    return [time for time, _ in line.place((stamp, None) for stamp in stamps)], line


def test_stamps_that_only_grow_are_kept_exactly() -> None:
    stamps = [7, 40, 41, 90, 3_600_000]
    times, line = place(stamps)
    assert times == [0, 33, 34, 83, 3_599_993]
    assert all(isinstance(time, int) for time in times)
    assert (line.restarts, line.counted) == ([], [])


@pytest.mark.parametrize("order", [(0, 1, 2, 3, 4, 5), (0, 3, 1, 2, 5, 4)])
@pytest.mark.parametrize("start", [0, 40])
def test_a_second_recording_goes_on_behind_the_first(order: tuple[int, ...], start: int) -> None:
    stamps = StampContinuation(interval=100)
    parts = [[100 * (6 * block + frame) for block in range(5) for frame in order] for _ in range(2)]
    moved = [stamps.move(stamp, is_key=stamp % 600 == 0) for stamp in parts[0]]
    moved += [stamps.move(start + stamp, is_key=stamp % 600 == 0) for stamp in parts[1]]
    assert sorted(moved) == [100 * frame for frame in range(60)]
    assert stamps.restarts == [3000]
    times, line = place(sorted(moved), restarts=stamps.restarts)
    assert times == [100 * frame for frame in range(60)]
    assert line.restarts == [30]


def test_a_recording_that_starts_again_without_a_key_frame_is_known_by_its_distance() -> None:
    stamps = StampContinuation(interval=100)
    moved = [stamps.move(100 * frame, is_key=False) for _ in range(2) for frame in range(40)]
    assert moved == [100 * frame for frame in range(80)]


def test_frames_that_overtake_others_over_a_pause_start_nothing() -> None:
    stamps = StampContinuation(interval=100)
    stored = [0, 200, 100, 400, 300, 60_000, 500, 60_200, 60_100]
    assert [stamps.move(stamp, is_key=stamp == 0) for stamp in stored] == stored
    assert stamps.restarts == []


def test_stamps_that_are_slightly_out_of_order_are_spread() -> None:
    assert place([0, 100, 100, 300])[0] == [0, 100, 200, 300]
    assert place([0, 100, 50, 200])[0] == [0, 100, 150, 200]
    times, line = place([0, 100, 200, 200])
    assert times == [0, 100, 200, 300]
    assert (line.restarts, line.counted) == ([], [])
    # Not over a pause.
    assert place([0, 100, 100, 60_000])[0] == [0, 100, 200, 60_000]


def test_stamps_that_stand_still_are_counted_on_with_the_frame_rate() -> None:
    times, line = place([0, 100, 200, *[200] * 20, 2300, 2400])
    assert times == [100 * frame for frame in range(25)]
    assert line.counted == list(range(3, 23))
    assert line.restarts == []


def test_stamps_that_go_on_from_where_they_stood_are_moved() -> None:
    times, line = place([0, 100, 200, *[200] * 20, 300, 400, 60_000])
    assert times[:25] == [100 * frame for frame in range(25)]
    assert times[25] == 60_000 + 2000
    assert line.restarts == [23]


@given(st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=80), st.integers(1, 1000))
def test_times_grow_whatever_the_stamps(stamps: list[int], interval: int) -> None:
    continuation = StampContinuation(interval=interval)
    moved = [continuation.move(stamp, is_key=True) for stamp in stamps]
    times, _ = place(moved, interval=interval, restarts=continuation.restarts)
    assert len(times) == len(stamps)
    assert (np.diff(times) > 0).all()
