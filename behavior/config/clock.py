"""The section `clock`: when recordings began, when lights are on, and in which time zone; the manifest may say so for each recording."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator, model_validator

from behavior.config.sections import Section

__all__ = ["Clock", "parse_clock_start", "parse_time_of_day"]

# Clocks of cameras that lost their battery begin at 1970 or 2000; later than this nothing was recorded.
_FIRST_YEAR, _LAST_YEAR = 1970, 2200
# YAML 1.1 reads 19:00 as a number to the base of 60: 1140.
_MINUTES, _SECONDS = 24 * 60, 24 * 3600
Hours = Annotated[float, Field(ge=2, le=1000)]


def parse_clock_start(value: object) -> datetime:
    """Return the date and time that a cell or a study file says, with a UTC offset where it gives one.

    Raises
    ------
    ValueError
        If it is no date and time, year first, or of a year before 1970 or after 2200.

    Examples
    --------
    >>> parse_clock_start("2026-03-01T18:00").isoformat(), parse_clock_start("2026-10-25 02:30:00+01:00").isoformat()
    ('2026-03-01T18:00:00', '2026-10-25T02:30:00+01:00')
    """
    expected = "expected date and time, year first, such as 2026-03-01T18:00:00"
    if isinstance(value, datetime):
        found = value
    elif isinstance(value, date) or (isinstance(value, str) and re.fullmatch(r"[\d-]+", value.strip())):
        raise ValueError(f"expected a time after the date, such as {value}T18:00:00")
    elif isinstance(value, str):
        try:
            found = datetime.fromisoformat(value.strip())
        except ValueError:
            raise ValueError(expected) from None
    else:
        raise ValueError(expected)
    if not _FIRST_YEAR <= found.year <= _LAST_YEAR:
        raise ValueError(f"expected a year from {_FIRST_YEAR} to {_LAST_YEAR}")
    return found


def parse_time_of_day(value: object) -> time:
    """Return the time of day that a cell or a study file says.

    Raises
    ------
    ValueError
        If it is no time from 00:00 to 23:59:59.

    Examples
    --------
    >>> parse_time_of_day("7:00"), parse_time_of_day(1140)
    (datetime.time(7, 0), datetime.time(19, 0))
    """
    expected = "expected a time of day, such as 07:00"
    if isinstance(value, time) and value.tzinfo is None:
        return value
    if isinstance(value, str) and (match := re.fullmatch(r"(\d{1,2}):(\d{2})(?::(\d{2}))?", value.strip())):
        hours, minutes, seconds = (int(part or 0) for part in match.groups())
    elif isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _SECONDS:
        minutes, seconds = (value, 0) if value < _MINUTES else divmod(value, 60)
        hours, minutes = divmod(minutes, 60)
    else:
        raise ValueError(expected)
    if hours > 23 or minutes > 59 or seconds > 59:
        raise ValueError(f"{expected} (midnight is 00:00)")
    return time(hours, minutes, seconds)


class Clock(Section):
    """When recordings began by the clock and when the lights are on, for `behavior stats`; columns of the manifest go before it."""

    start: datetime | None = Field(
        default=None,
        description="Start of the recordings that have no `clock_start` in the manifest: date and time, year first.",
        examples=["2026-03-01T18:00:00"],
    )
    lights_on: time | None = Field(
        default=None,
        description="When the lights go on, by the clock. Without it and `lights_off`, nothing is told apart by light and dark.",
        examples=["07:00"],
    )
    lights_off: time | None = Field(default=None, description="When they go off.", examples=["19:00"])
    time_zone: str | None = Field(
        default=None,
        description="Whose clock it is, by its name in the time zone database: changes of summer time are then taken into account. Without "
        "it, the clock is taken to run evenly.",
        examples=["Europe/Berlin"],
    )
    lights_follow_summer_time: bool = Field(
        default=True,
        description="Whether the timer of the lights is put forward and back with the clock of `time_zone`; false for one that keeps "
        "standard time all year.",
        examples=[False],
    )
    periods_h: tuple[Hours, Hours] = Field(
        default=(18.0, 30.0), description="Shortest and longest period, in hours, that a rhythm is looked for between.", examples=[[18, 30]]
    )

    @field_validator("start", mode="before")
    @classmethod
    def _start_is_a_time(cls, value: Any) -> Any:
        return None if value is None else _parse(parse_clock_start, value)

    @field_validator("lights_on", "lights_off", mode="before")
    @classmethod
    def _lights_are_times(cls, value: Any) -> Any:
        return None if value is None else _parse(parse_time_of_day, value)

    @field_validator("time_zone")
    @classmethod
    def _zone_is_known(cls, name: str | None) -> str | None:
        if name is not None:
            try:
                ZoneInfo(name).utcoffset(datetime(2026, 1, 1, tzinfo=UTC))
            except (ZoneInfoNotFoundError, ValueError, OSError):
                raise ValueError(f"found {name!r}, expected a name of the time zone database, such as Europe/Berlin") from None
        return name

    @model_validator(mode="after")
    def _parts_fit_together(self) -> Clock:
        if (self.lights_on is None) != (self.lights_off is None):
            raise ValueError("lights_on and lights_off belong together; give both, or leave both out")
        if self.lights_on is not None and self.lights_on == self.lights_off:
            raise ValueError(f"lights_on and lights_off are both {self.lights_on}; leave both out where the light does not change")
        if not self.periods_h[0] < self.periods_h[1]:
            raise ValueError(f"periods_h is {list(self.periods_h)}, expected the shortest period first")
        return self

    @property
    def zone(self) -> ZoneInfo | None:
        """The time zone; None where it is not known."""
        return None if self.time_zone is None else ZoneInfo(self.time_zone)


def _parse(parse: Any, value: Any) -> Any:
    try:
        return parse(value)
    except ValueError as error:
        raise ValueError(f"found {value!r}, {error}") from None
