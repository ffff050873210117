"""The clock on the wall, changes of summer time included."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from behavior.statistics.clock import HOUR_S, find_hours, find_instant, find_light, find_offsets

BERLIN, LORD_HOWE = ZoneInfo("Europe/Berlin"), ZoneInfo("Australia/Lord_Howe")
MOMENTS = st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2035, 1, 1))


def test_a_clock_that_is_put_forward_makes_a_day_of_23_hours() -> None:
    assert find_instant(datetime(2026, 3, 29, 12), BERLIN) - find_instant(datetime(2026, 3, 28, 12), BERLIN) == 23 * HOUR_S
    # Without a time zone nobody knows.
    assert find_instant(datetime(2026, 3, 29, 12)) - find_instant(datetime(2026, 3, 28, 12)) == 24 * HOUR_S


def test_times_that_a_clock_skips_or_shows_twice_are_refused() -> None:
    with pytest.raises(ValueError, match="put forward over 2026-03-29 02:30:00"):
        find_instant(datetime(2026, 3, 29, 2, 30), BERLIN)
    with pytest.raises(ValueError, match=r"twice; write 2026-10-25T02:30:00\+02:00 or 2026-10-25T02:30:00\+01:00"):
        find_instant(datetime(2026, 10, 25, 2, 30), BERLIN)
    # An offset tells which of the two it was.
    both = [find_instant(datetime.fromisoformat(f"2026-10-25T02:30:00+0{hours}:00"), BERLIN) for hours in (2, 1)]
    assert both[1] - both[0] == HOUR_S


@given(MOMENTS)
def test_the_hour_is_what_a_clock_shows(moment: datetime) -> None:
    instants = moment.replace(tzinfo=UTC).timestamp() + HOUR_S / 3 * np.arange(100)
    for zone in (BERLIN, LORD_HOWE):
        shown = [datetime.fromtimestamp(instant, zone) for instant in instants]
        assert find_hours(instants, zone).tolist() == [one.hour for one in shown]
        assert find_offsets(instants, zone).tolist() == [(one.utcoffset() or timedelta()).total_seconds() for one in shown]


@given(MOMENTS, st.integers(0, 1439), st.integers(0, 1439))
def test_lights_are_on_from_on_to_off(moment: datetime, on: int, off: int) -> None:
    instants = moment.replace(tzinfo=UTC).timestamp() + 60 * np.arange(1440.0)
    first, second = time(on // 60, on % 60), time(off // 60, off % 60)
    lit = find_light(instants, first, second)
    assert abs(int(lit.sum()) - (off - on) % 1440) <= 1
    # What is light with the lights the other way round is dark.
    if on != off:
        assert (lit ^ find_light(instants, second, first)).all()
    shown = [datetime.fromtimestamp(instant, UTC).time() for instant in instants[::97]]
    expected = [(first <= one < second) if on < off else (one >= first or one < second) for one in shown]
    assert lit[::97].tolist() == (expected if on != off else [False] * len(shown))


def test_a_timer_may_keep_standard_time() -> None:
    summer = find_instant(datetime(2026, 7, 1), BERLIN) + HOUR_S * np.arange(24.0)
    follows = find_light(summer, time(7), time(19), BERLIN)
    stays = find_light(summer, time(7), time(19), BERLIN, follows_summer_time=False)
    assert np.flatnonzero(follows).tolist() == list(range(7, 19))
    assert np.flatnonzero(stays).tolist() == list(range(8, 20))
    winter = find_instant(datetime(2026, 1, 10), BERLIN) + HOUR_S * np.arange(24.0)
    assert (
        find_light(winter, time(7), time(19), BERLIN).tolist()
        == find_light(winter, time(7), time(19), BERLIN, follows_summer_time=False).tolist()
    )
