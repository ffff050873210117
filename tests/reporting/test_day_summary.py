"""Words of the tables of days; their numbers are tested with the tables."""

from __future__ import annotations

import pandas as pd

from behavior.reporting.day_summary import summarize_days
from behavior.reporting.description import StatisticsTables


def test_a_period_that_is_not_significant_is_said_not_to_be_found() -> None:
    keys = {"animal": ["m1"], "group": [""], "of": ["activity"], "subject": ["activity"], "metric": ["distance_px_per_min"]}
    periods = pd.DataFrame(
        keys | {"days": [4.0], "period_h": [23.0], "resolution_h": [5.5], "power": [0.1], "threshold": [0.3], "p": [0.4]}
    )
    ((heading, (heads, rows)),) = summarize_days(StatisticsTables(pd.DataFrame(), pd.DataFrame(), periods=periods))
    assert heading == "Periods"
    assert dict(zip(heads, rows[0], strict=True))["p"] == "0.400"
    assert rows[0][1] == "all"
    assert rows[0][-1] == "none found"


def test_distances_have_their_unit() -> None:
    keys = {"animal": "m1", "group": "", "of": "activity", "subject": "activity"}
    rows = [("distance_cm_per_min", "light", 12.34), ("distance_cm_per_min", "dark", 2.0), ("part_of_day", "dark", 0.14)]
    table = pd.DataFrame([keys | {"metric": metric, "phase": phase, "value": value} for metric, phase, value in rows])
    ((_, (_, cells)),) = summarize_days(StatisticsTables(pd.DataFrame(), pd.DataFrame(), light_dark=table))
    assert cells == [["activity", "all", "cm per min", "1", "12.3", "2.0", "14%"]]
