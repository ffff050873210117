"""Files of one animal, joined by their clock."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import numpy as np
import pytest

from behavior.config import Arena, Clock
from behavior.errors import UsageError
from behavior.reporting.animal_days import join_days, note_days
from tests.helpers.day_samples import describe_day, describe_days

ARENA = Arena(max_gap_s=60)
BERLIN = Clock(time_zone="Europe/Berlin")


def test_files_of_an_animal_follow_each_other_by_their_clock() -> None:
    recordings = describe_days(3)
    (joined,) = join_days([recordings[2], recordings[0], recordings[1]], Clock(), ARENA)
    assert (joined.animal, joined.midnight) == ("m1", datetime(2026, 3, 1))
    assert joined.subjects == (("behavior", "run"), ("behavior", "groom"))
    observed = joined.grid.observed_s[0]
    # From 15:00 on, and of every day all but six minutes before 15:00.
    assert not observed[: 15 * 60].any()
    np.testing.assert_allclose(observed[15 * 60 : 15 * 60 + 1434], 60)
    assert not observed[15 * 60 + 1434 : 39 * 60].any()
    np.testing.assert_allclose(observed[39 * 60], 60)
    assert joined.grid.hours[[0, 59, 60, 15 * 60, 39 * 60]].tolist() == [0, 0, 1, 15, 15]
    np.testing.assert_allclose(joined.span_h, 2 * 24 + 23.9)


def test_animals_and_groups_have_days_of_their_own() -> None:
    recordings = [
        describe_day("a", datetime(2026, 3, 1, 12), 1, group="saline"),
        describe_day("b", datetime(2026, 3, 2, 12), 1, group="drug"),
        describe_day("c", datetime(2026, 3, 1, 12), 1, animal="m2", group="drug"),
        describe_day("d", None, 1),
    ]
    joined = join_days(recordings, Clock(), ARENA)
    assert [one.name for one in joined] == ["m1 (saline)", "m1 (drug)", "m2 (drug)"]
    assert note_days(recordings, Clock()) == ["without a clock_start in the manifest and so not in the tables of hours and rhythms: d."]
    assert note_days([recordings[3]], Clock()) == join_days([recordings[3]], Clock(), ARENA) == []


def test_recordings_of_one_animal_that_overlap_are_refused_by_name() -> None:
    first, second = describe_day("first", datetime(2026, 3, 1, 12), 2), describe_day("second", datetime(2026, 3, 1, 13), 2, group="drug")
    with pytest.raises(UsageError) as error:
        join_days([second, first], Clock(), ARENA)
    assert str(error.value) == (
        "recordings 'first' and 'second' of animal 'm1' overlap: the first one stops at 2026-03-01 14:00:00, the second one starts at "
        "2026-03-01 13:00:00; correct clock_start or animal, or give clock.time_zone if the clock was put back in between."
    )
    # Another animal may be recorded at the same time.
    other = describe_day("second", datetime(2026, 3, 1, 13), 2, animal="m2")
    assert len(join_days([first, other], Clock(), ARENA)) == 2


def test_a_clock_that_is_put_back_overlaps_only_without_a_time_zone() -> None:
    recordings = [describe_day("a", datetime(2026, 10, 24, 15), 24.9), describe_day("b", datetime(2026, 10, 25, 15), 10)]
    with pytest.raises(UsageError, match=r"give clock\.time_zone if the clock was put back"):
        join_days(recordings, Clock(), ARENA)
    (joined,) = join_days(recordings, BERLIN, ARENA)
    # The second file begins 25 hours after the first one, at the same hour of the day.
    assert joined.grid.hours[[15 * 60, 40 * 60]].tolist() == [15, 15]
    assert not joined.grid.observed_s[0, 40 * 60 - 6 : 40 * 60].any()
    assert joined.grid.observed_s[0, 40 * 60 - 7] > 0
    # The lights went off at 19 by the clock on both days.
    assert [int(joined.grid.light[minute]) for minute in (19 * 60 - 1, 19 * 60, 44 * 60 - 1, 44 * 60)] == [1, 0, 1, 0]
    keeping = BERLIN.model_copy(update={"lights_follow_summer_time": False})
    (joined,) = join_days(recordings, keeping, ARENA)
    assert [int(joined.grid.light[minute]) for minute in (20 * 60 - 1, 20 * 60, 44 * 60 - 1, 44 * 60)] == [1, 0, 1, 0]


def test_a_gap_of_an_hour_in_march_is_asked_about_where_no_time_zone_is_given() -> None:
    recordings = [describe_day("a", datetime(2026, 3, 28, 15), 23), describe_day("b", datetime(2026, 3, 29, 15), 10)]
    (joined,) = join_days(recordings, Clock(), ARENA)
    assert joined.notes == (
        "an hour lies between a and b of animal m1; if the clock was put forward to summer time in between, give clock.time_zone in the "
        "study file.",
    )
    (joined,) = join_days(recordings, BERLIN, ARENA)
    assert joined.notes == ()


@pytest.mark.parametrize(
    ("start", "words"),
    [
        (datetime(2026, 3, 29, 2, 30), "recording 'a' began at 2026-03-29 02:30:00: the clock of Europe/Berlin was put forward"),
        (datetime(2026, 10, 25, 2, 30), "showed 2026-10-25 02:30:00 twice; write"),
    ],
)
def test_times_that_a_clock_never_showed_or_showed_twice_are_refused(start: datetime, words: str) -> None:
    with pytest.raises(UsageError) as error:
        join_days([describe_day("a", start, 1)], BERLIN, ARENA)
    assert words in str(error.value)


def test_offsets_count_and_do_not_go_with_times_without_one() -> None:
    zoned = describe_day("a", datetime.fromisoformat("2026-10-25T02:30:00+02:00"), 0.5)
    later = describe_day("b", datetime.fromisoformat("2026-10-25T02:30:00+01:00"), 0.5)
    (joined,) = join_days([zoned, later], Clock(), ARENA)
    assert joined.grid.hours[[150, 210]].tolist() == [2, 2]
    with pytest.raises(UsageError, match=r"'m1': recording 'a' gives an offset from UTC and 'c' does not; give all of them one"):
        join_days([zoned, describe_day("c", datetime(2026, 10, 26), 0.5)], Clock(), ARENA)


def test_recordings_years_apart_are_refused() -> None:
    with pytest.raises(UsageError, match=r"'a' and 'b' of animal 'm1' are 9,496 days apart, expected at most 400; correct clock_start\."):
        join_days([describe_day("a", datetime(2000, 3, 1), 1), describe_day("b", datetime(2026, 3, 1), 1)], Clock(), ARENA)


def test_the_manifest_s_lights_go_before_the_study_s() -> None:
    clock = Clock(lights_on=time(0), lights_off=time(6), start=datetime(2026, 3, 1))
    recordings = [describe_day("a", None, 24, animal="m1"), describe_day("b", None, 24, animal="m2", lights=(None, None))]
    first, second = join_days(recordings, clock, ARENA)
    assert np.flatnonzero(np.diff(first.grid.light)).tolist() == [7 * 60 - 1, 19 * 60 - 1]
    assert (first.lit_share, second.lit_share) == (0.5, 0.25)
    assert np.flatnonzero(second.grid.light).tolist() == np.flatnonzero(second.grid.light == 1).tolist() == list(range(360))
    (dark,) = join_days([describe_day("c", datetime(2026, 3, 1), 24, lights=(None, None))], Clock(), ARENA)
    assert set(dark.grid.light.tolist()) == {-1}
    assert np.isnan(dark.lit_share)


def test_distances_are_per_minute_of_the_time_that_an_animal_was_tracked() -> None:
    recordings = [
        describe_day("a", datetime(2026, 3, 1), 1, is_tracked=True),
        describe_day("b", datetime(2026, 3, 1) + timedelta(hours=2), 1),
    ]
    (joined,) = join_days(recordings, Clock(), Arena(max_gap_s=60, pixels_per_cm=4))
    assert joined.subjects[0] == ("activity", "distance_cm_per_min")
    # A pixel in each 30 s is half a centimetre in a minute.
    rates = joined.grid.find_rates(60)[0]
    np.testing.assert_allclose(rates[0], 0.5)
    assert np.isnan(rates[1:]).all()
