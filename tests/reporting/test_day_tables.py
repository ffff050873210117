"""Tables of days whose numbers are known by construction."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from behavior.config import Arena, Clock
from behavior.reporting.animal_days import join_days
from behavior.reporting.day_summary import summarize_days
from behavior.reporting.day_tables import find_rhythms, list_day_values, tabulate_days
from behavior.reporting.description import DescribedRecording, StatisticsTables
from tests.helpers.day_samples import describe_day, describe_days

NOTHING = StatisticsTables(pd.DataFrame(), pd.DataFrame())


def tabulate(recordings: list[DescribedRecording]) -> tuple[StatisticsTables, list[str]]:
    animals = find_rhythms(join_days(recordings, Clock(), Arena()), (18.0, 30.0))
    return tabulate_days(NOTHING, animals, 60), [note for one in animals for note in one.notes]


@pytest.fixture(scope="module")
def week() -> StatisticsTables:
    """Six days of an animal of each group, one with a period of 23.5 hours."""
    tables, notes = tabulate(
        [*describe_days(6, animal="m1", group="saline"), *describe_days(6, animal="m2", group="drug", period_h=23.5, peak_h=3.0)]
    )
    assert notes == []
    return tables


def test_hours_have_the_share_of_each_behavior(week: StatisticsTables) -> None:
    assert week.hours is not None
    hours = week.hours[(week.hours["animal"] == "m1") & (week.hours["subject"] == "run")]
    assert hours["hour"].tolist() == list(range(24))
    middles = hours["hour"] + 0.5
    np.testing.assert_allclose(hours["value"], 0.5 + 0.4 * np.cos(2 * np.pi * (middles - 1) / 24), atol=0.01)
    assert (week.hours.loc[week.hours["subject"] == "groom", "value"] == 0).all()
    # Six days, but for six minutes before 15:00 that follow each file.
    assert hours.set_index("hour")["observed_s"][[12, 14]].tolist() == [21600.0, 6 * 3600.0 - 6 * 360.0]


def test_light_and_dark_share_the_day(week: StatisticsTables) -> None:
    assert week.light_dark is not None
    of_run = week.light_dark[(week.light_dark["animal"] == "m1") & (week.light_dark["subject"] == "run")]
    values = of_run.set_index(["metric", "phase"])["value"]
    # The mean of the cosine over twelve hours around 1:00 is 2 / pi of it.
    np.testing.assert_allclose(values["share", "dark"], 0.5 + 0.4 * 2 / np.pi, atol=0.005)
    np.testing.assert_allclose(values["part_of_day", "light"] + values["part_of_day", "dark"], 1)
    np.testing.assert_allclose(values["part_of_day", "dark"], values["share", "dark"], atol=0.005)
    # What is never shown has no part anywhere.
    never = week.light_dark[(week.light_dark["subject"] == "groom") & (week.light_dark["metric"] == "part_of_day")]
    assert never["value"].isna().all()


def test_periods_and_cosinors_are_recovered(week: StatisticsTables) -> None:
    assert week.periods is not None and week.cosinor is not None
    # What is never shown has no rhythm and no row.
    assert week.periods[["animal", "subject"]].values.tolist() == [["m1", "run"], ["m2", "run"]]
    np.testing.assert_allclose(week.periods["period_h"], [24.0, 23.5], atol=0.1)
    assert (week.periods["p"] <= 0.001).all()
    cosinor = week.cosinor.set_index(["animal", "period_from"])
    np.testing.assert_allclose(cosinor.loc[("m1", "day"), ["mesor", "amplitude", "acrophase_h"]].astype(float), [0.5, 0.4, 1.0], atol=0.02)
    found = cosinor.loc[("m2", "found")]
    np.testing.assert_allclose([found["amplitude"], found["acrophase_h"]], [0.4, 3.0], atol=0.15)
    # A day is not its period: the fit is worse.
    assert cosinor.loc[("m2", "day"), "explained"] < 0.97 < 0.99 < found["explained"]


def test_groups_are_compared_by_light_and_by_rhythm(week: StatisticsTables) -> None:
    values = list_day_values(week)
    assert set(values["metric"]) == {"share_light", "share_dark", "part_of_day_dark", "period_h", "mesor_24h", "amplitude_24h"}
    assert values[values["metric"] == "period_h"]["group"].tolist() == ["saline", "drug"]
    assert list_day_values(NOTHING).empty


def test_short_recordings_have_hours_and_say_why_they_have_no_period() -> None:
    tables, notes = tabulate([describe_day("a", datetime(2026, 3, 1, 12), 2.0, lights=(None, None))])
    assert tables.hours is not None
    assert tables.hours[tables.hours["value"].notna()]["hour"].unique().tolist() == [12, 13]
    assert (tables.light_dark, tables.periods, tables.cosinor) == (None, None, None)
    assert notes == ["no period is given for m1: that takes 60 hours, values in half of them, and some that differ."]
    assert summarize_days(tables) == []


def test_people_read_shares_in_per_cent_and_periods_with_their_resolution(week: StatisticsTables) -> None:
    tables = dict(summarize_days(week))
    assert list(tables) == ["Light and dark, means over animals", "Periods", "Cosinors"]
    heads, rows = tables["Light and dark, means over animals"]
    assert rows[0][:4] == ["run", "saline", "share of time", "1"]
    assert rows[0][heads.index("part of a day's in the dark")] == "75%"
    heads, rows = tables["Periods"]
    assert [row[0] for row in rows] == ["m1", "m2"]
    assert rows[0][-1] == "rhythm"
    assert all(len(row) == len(heads) for _, (heads, rows) in tables.items() for row in rows)
