"""Which pictures of days there are."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pandas as pd

from behavior.config import Arena, Clock
from behavior.reporting.animal_days import join_days
from behavior.reporting.day_pictures import count_day_pictures, draw_animals, draw_hours
from behavior.reporting.day_tables import find_rhythms, tabulate_days
from behavior.reporting.description import DescribedRecording, Description, StatisticsTables
from tests.helpers.day_samples import describe_day, describe_days


def describe(recordings: list[DescribedRecording]) -> Description:
    days = join_days(recordings, Clock(), Arena(max_gap_s=60))
    tables = StatisticsTables(pd.DataFrame(), pd.DataFrame())
    if days:
        days = find_rhythms(days, (18.0, 30.0))
        tables = tabulate_days(tables, days, 60)
    return Description(tables, recordings, None, Arena(), (), days=days)


def find_panels(figure: Any) -> list[str]:
    return [axes.get_title(loc="left") for axes in figure.axes if axes.get_visible()]


def test_each_animal_has_an_actogram_and_a_periodogram() -> None:
    recordings = [*describe_days(4, animal="m/1"), *describe_days(1, animal="m_1", is_tracked=True)]
    description = describe(recordings)
    pictures = dict([*draw_hours(description), *draw_animals(description)])
    # Names of files are told apart, and a day is too short for a period.
    assert list(pictures) == ["hours", "hours_activity", "actogram_m_1", "periodogram_m_1", "actogram_m_1_2"]
    assert count_day_pictures(description) == len(pictures)
    assert find_panels(pictures["hours"]) == ["run", "groom"]
    assert find_panels(pictures["actogram_m_1_2"]) == ["distance (px per min)", "run", "groom"]
    assert find_panels(pictures["periodogram_m_1"])[0].startswith("run: 2")
    labels = [label.get_text() for label in pictures["actogram_m_1"].axes[0].get_yticklabels()]
    assert labels == ["01 Mar", "02 Mar", "03 Mar", "04 Mar", "05 Mar"]
    assert [name for name, _ in draw_animals(description, most=1)] == list(pictures)[2:4]


def test_recordings_without_a_clock_have_none() -> None:
    assert count_day_pictures(describe([describe_day("a", None, 1)])) == 0


def test_a_recording_of_a_minute_is_drawn() -> None:
    description = describe([describe_day("a", datetime(2026, 3, 1, 23, 59, 30), 1 / 60)])
    assert [name for name, _ in (*draw_hours(description), *draw_animals(description))] == ["hours", "actogram_m1"]
