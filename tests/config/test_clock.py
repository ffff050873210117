"""The clock of a study: dates, times of day, and time zones as people write them."""

from __future__ import annotations

from datetime import datetime, time
from pathlib import Path

import pytest
import yaml

from behavior.config import Clock, parse_clock_start, parse_section, parse_time_of_day
from behavior.errors import UsageError

STUDY = Path("study.yaml")


@pytest.mark.parametrize("text", ["7:00", "07:00", "07:00:00", "19:00", "00:30", "1:05:09"])
def test_times_of_day_are_read_with_and_without_quotes(text: str) -> None:
    hours, minutes, *seconds = (int(part) for part in text.split(":"))
    expected = time(hours, minutes, *seconds)
    assert parse_time_of_day(text) == expected
    # YAML 1.1 reads some of them as numbers to the base of 60.
    assert parse_section(Clock, yaml.safe_load(f"lights_on: {text}\nlights_off: 23:59"), source=STUDY).lights_on == expected


@pytest.mark.parametrize("value", ["24:00", "7", "7:60", "noon", -1, 86_400, 7.5, True])
def test_what_is_no_time_of_day_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="expected a time of day, such as 07:00"):
        parse_time_of_day(value)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("2026-03-01", "expected a time after the date, such as 2026-03-01T18:00:00"),
        ("01.03.2026 18:00", "expected date and time, year first"),
        (5, "expected date and time, year first"),
        ("0001-01-01T00:00", "expected a year from 1970 to 2200"),
    ],
)
def test_what_is_no_date_and_time_is_refused(value: object, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_clock_start(value)


def test_a_study_file_may_leave_quotes_out() -> None:
    content = yaml.safe_load("start: 2026-03-01T18:00:00\nlights_on: 07:00\nlights_off: 19:00\ntime_zone: Europe/Berlin")
    clock = parse_section(Clock, content, source=STUDY)
    assert (clock.start, clock.lights_on, clock.lights_off) == (datetime(2026, 3, 1, 18), time(7), time(19))
    # What is written out says the same.
    assert Clock.model_validate(clock.model_dump(mode="json")) == clock


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"lights_on": "07:00"}, "lights_on and lights_off belong together"),
        ({"lights_on": "07:00", "lights_off": "7:00"}, "are both 07:00:00"),
        ({"time_zone": "Berlin"}, "time_zone: found 'Berlin', expected a name of the time zone database, such as Europe/Berlin"),
        ({"time_zone": "../../etc/passwd"}, "expected a name of the time zone database"),
        ({"time_zone": "Europe"}, "expected a name of the time zone database"),
        ({"periods_h": [30, 18]}, "expected the shortest period first"),
        ({"start": "yesterday"}, "start: found 'yesterday', expected date and time"),
        ({"lights_on": "25:00", "lights_off": "7:00"}, "lights_on: found '25:00', expected a time of day"),
    ],
)
def test_each_mistake_gets_a_sentence(content: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=r"study\.yaml") as error:
        parse_section(Clock, content, source=STUDY)
    assert words in str(error.value)
