"""A BORIS project's JSON, read so that millions of events take little memory: they become columns as they are parsed.

A list of lists is taken for a list of events: time, subject, code, modifiers, comment and, in observations of images, the image's number.
"""

from __future__ import annotations

import json
import math
import re
from array import array
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["EventList", "parse_number", "parse_project"]

_IMAGE_FIELD = 5
_FEWEST_FIELDS = 3
_MISSING = (None, "", "NA", "nan")

_BLANK = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder()


class EventList:
    """The events of an observation, numbered from 1.

    Attributes
    ----------
    problem
        The number of the first invalid event, and what is wrong with it; None if all are valid. Events after it are missing.
    """

    def __init__(self) -> None:
        self.problem: tuple[int, str] | None = None
        self._time, self._image = array("d"), array("d")
        self._kind = array("i")
        # Subject, code and modifiers, of which there are few combinations.
        self._kinds: dict[tuple[str, str, str], int] = {}

    def __len__(self) -> int:
        return len(self._time) + (self.problem is not None)

    def __repr__(self) -> str:
        return "[[...], ...]"

    def add(self, fields: Any) -> None:
        """Take the next event."""
        if self.problem is not None:
            return
        number = len(self._time) + 1
        if not isinstance(fields, list) or len(fields) < _FEWEST_FIELDS:
            self.problem = number, f"is {str(fields)[:60]!r}, expected time, subject and behavior"
            return
        numbers = []
        for name, value in (("time", fields[0]), ("image", fields[_IMAGE_FIELD] if len(fields) > _IMAGE_FIELD else None)):
            try:
                numbers.append(parse_number(value))
            except ValueError:
                self.problem = number, f"has {str(value)[:60]!r} as {name}, expected a number"
                return
        kind = str(fields[1] or ""), str(fields[2]), str(fields[3] or "") if len(fields) > _FEWEST_FIELDS else ""
        self._time.append(math.nan if numbers[0] is None else numbers[0])
        self._image.append(math.nan if numbers[1] is None else numbers[1])
        self._kind.append(self._kinds.setdefault(kind, len(self._kinds)))

    @property
    def codes(self) -> tuple[str, ...]:
        """The behaviors, in order of appearance."""
        return tuple(dict.fromkeys(code for _, code, _ in self._kinds))

    @property
    def kinds(self) -> tuple[tuple[str, str, str], ...]:
        """Subject, code and modifiers, each combination once."""
        return tuple(self._kinds)

    @property
    def kind(self) -> npt.NDArray[np.int32]:
        """Index of each event's combination in `kinds`."""
        return np.asarray(self._kind)

    @property
    def time_s(self) -> npt.NDArray[np.float64]:
        """Time of each event in seconds, NaN if it has none."""
        return np.asarray(self._time)

    @property
    def image(self) -> npt.NDArray[np.float64]:
        """Number of each event's image, NaN if it has none."""
        return np.asarray(self._image)


def parse_number(value: Any) -> float | None:
    """Return a number, None if it is marked as missing; ValueError for anything else."""
    if value is None or (isinstance(value, float) and math.isnan(value)) or (isinstance(value, str) and value in _MISSING):
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("not a number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ValueError("not a number")
    return number


def parse_project(text: str) -> Any:
    """Return the value of a JSON text, with every list of lists as an `EventList`.

    Raises
    ------
    json.JSONDecodeError
        If it is not JSON.
    """
    value, at = _parse(text, _skip(text, 0))
    if at != len(text):
        raise json.JSONDecodeError("Extra data", text, at)
    return value


def _parse(text: str, at: int) -> tuple[Any, int]:
    """Return the value that starts at `at`, and where the text goes on after it."""
    if text.startswith("{", at):
        return _parse_object(text, at)
    if text.startswith("[", at) and text.startswith("[", _skip(text, at + 1)):
        return _parse_events(text, at)
    value, at = _DECODER.raw_decode(text, at)
    return value, _skip(text, at)


def _parse_object(text: str, at: int) -> tuple[Mapping[str, Any], int]:
    members: dict[str, Any] = {}
    at = _skip(text, at + 1)
    if text.startswith("}", at):
        return members, _skip(text, at + 1)
    while True:
        if not text.startswith('"', at):
            raise json.JSONDecodeError("Expecting property name enclosed in double quotes", text, at)
        name, at = _parse(text, at)
        members[name], at = _parse(text, _expect(":", text, at))
        if text.startswith("}", at):
            return members, _skip(text, at + 1)
        at = _expect(",", text, at)


def _parse_events(text: str, at: int) -> tuple[EventList, int]:
    events = EventList()
    at = _skip(text, at + 1)
    while True:
        fields, at = _DECODER.raw_decode(text, at)
        events.add(fields)
        at = _skip(text, at)
        if text.startswith("]", at):
            return events, _skip(text, at + 1)
        at = _expect(",", text, at)


def _expect(mark: str, text: str, at: int) -> int:
    if not text.startswith(mark, at):
        raise json.JSONDecodeError(f"Expecting {mark!r} delimiter", text, at)
    return _skip(text, at + 1)


def _skip(text: str, at: int) -> int:
    blank = _BLANK.match(text, at)
    return blank.end() if blank else at
