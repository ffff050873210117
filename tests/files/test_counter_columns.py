"""Names of columns that count frames or time."""

from __future__ import annotations

import numpy as np
import pytest

from behavior.files.counter_columns import counts_from_1, find_time_unit, is_counter, is_frame_column

TIMES = {
    1.0: (
        *("time", "Time_S", "time (s)", "Time [s]", "Time(s)", "time_sec", "Time (seconds)", "time in s", "trial time", "Recording time"),
        *("timestamp", "Timestamps", "Time stamp", "sec", "Seconds", "t (s)", "t_s", "Elapsed (s)", "elapsed_time", "Zeit (s)"),
    ),
    1e-3: ("time_ms", "Time (ms)", "time [ms]", "timestamp_ms", "TimeStamp (ms)", "ms", "milliseconds"),
    1e-6: ("time_us", "time (µs)"),
    1e-9: ("timestamp_ns",),
    60.0: ("time (min)", "Time [min]", "time_min", "minutes"),
}


@pytest.mark.parametrize(("unit", "name"), [(unit, name) for unit, names in TIMES.items() for name in names])
def test_names_of_times_tell_their_unit(unit: float, name: str) -> None:
    assert find_time_unit(name) == unit
    assert is_counter(name)
    assert not is_frame_column(name)


@pytest.mark.parametrize(
    "name", ["frame", "Frames", "Frame #", "frame_number", "Frame No.", "frame_id", "FrameIndex", "index", "Unnamed: 0", ""]
)
def test_names_of_frame_numbers(name: str) -> None:
    assert is_frame_column(name)
    assert is_counter(name)
    assert find_time_unit(name) is None


@pytest.mark.parametrize(
    "name", ["s", "t", "min", "m", "grooming", "time_sniffing", "frame_touch", "timeout", "mins_in", "seconds_of_fight", "1"]
)
def test_behaviors_are_no_counters(name: str) -> None:
    assert not is_counter(name)


def test_frames_count_from_1_only_where_the_last_one_says_so() -> None:
    assert counts_from_1(np.arange(1, 11), 10)
    assert not counts_from_1(np.arange(1, 11), 11)
    assert not counts_from_1(np.arange(10), 10)
    assert not counts_from_1(np.arange(0), 0)
