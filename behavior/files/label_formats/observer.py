"""The Observer XT's export of events, as spreadsheet or text: a row per start, stop and point, its columns named after the unit of time.

By Noldus's names of columns as other importers know them (``Time_Relative_sf`` are seconds with a fraction), for lack of a sample of the
tool's own. A state's duration is given at its start and compared with its stop.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from behavior.errors import LabelError
from behavior.files.label_formats.bout_rows import BoutRows, StatePairer
from behavior.files.label_formats.choosing import choose_observation
from behavior.files.label_formats.label_format import BoutLabels, LabelFormat
from behavior.files.label_formats.naming import join_modifiers
from behavior.files.label_formats.request import LabelRequest
from behavior.files.label_formats.source import LabelSource
from behavior.files.text_tables import parse_number

__all__ = ["OBSERVER"]

_BEHAVIOR, _EVENT, _OBSERVATION, _SUBJECT = ("behavior", "behaviour"), ("event_type",), ("observation",), ("subject",)
# Seconds with a fraction, seconds, hours to seconds with a fraction.
_TIME = ("time_relative_sf", "time_relative_s", "time_relative_hmsf", "time_relative_hms")
_DURATION = ("duration_sf", "duration_s")
_START, _STOP = "state start", "state stop"
_POINTS = ("point", "point event")
# Times and durations are rounded one by one.
_ROUNDING_S = 0.02
_TOLERANCE_S = 6e-4


@dataclass(frozen=True)
class _Row:
    line: int
    at: float
    duration: float | None
    observation: str
    subject: str
    name: str
    modifiers: tuple[str, ...]
    event: str


def _find(header: Sequence[str], names: tuple[str, ...]) -> int | None:
    lower = [name.casefold() for name in header]
    return next((lower.index(name) for name in names if name in lower), None)


def _recognises(source: LabelSource) -> bool:
    header = source.table.header
    return all(_find(header, names) is not None for names in (_TIME, _BEHAVIOR, _EVENT))


def _read_rows(source: LabelSource) -> Iterator[_Row]:
    table = source.table
    columns = {names[0]: _find(table.header, names) for names in (_TIME, _DURATION, _OBSERVATION, _SUBJECT, _BEHAVIOR, _EVENT)}
    modifiers = [column for column, name in enumerate(table.header) if name.casefold().startswith("modifier")]

    def get(cells: tuple[str, ...], column: int | None) -> str:
        return cells[column] if column is not None and column < len(cells) else ""

    for line, cells in table.rows:
        if not any(cells):
            continue
        where = f"{source.path}: {source.row_word} {line}"
        text = get(cells, columns[_TIME[0]])
        at, name = _parse_time(text, table.delimiter), get(cells, columns[_BEHAVIOR[0]])
        if at is None or not name:
            raise LabelError(
                f"{where} has {text!r} as time of {name!r}, expected seconds and a behavior; correct it, or export the column "
                "Time_Relative_sf."
            )
        duration = parse_number(get(cells, columns[_DURATION[0]]), table.delimiter)
        yield _Row(
            line,
            at,
            duration if duration is not None and math.isfinite(duration) else None,
            get(cells, columns[_OBSERVATION[0]]),
            get(cells, columns[_SUBJECT[0]]),
            name,
            tuple(get(cells, column) for column in modifiers),
            get(cells, columns[_EVENT[0]]).casefold(),
        )


def _parse_time(text: str, delimiter: str) -> float | None:
    """Return seconds, also of hours:minutes:seconds; None for anything else, as a fourth part, which counts frames.

    >>> _parse_time("00:01:05.5", ";"), _parse_time("00:00:05:12", ";")
    (65.5, None)
    """
    parts = [parse_number(part, delimiter) for part in text.split(":")]
    if len(parts) not in (1, 3) or any(part is None or not math.isfinite(part) for part in parts):
        return None
    seconds = 0.0
    for part in parts:
        seconds = 60 * seconds + (part or 0.0)
    return seconds if abs(seconds) < 1e12 else None


def _list_names(source: LabelSource) -> tuple[str, ...]:
    return tuple(dict.fromkeys(row.name for row in _read_rows(source)))


def _list_points(source: LabelSource) -> tuple[str, ...]:
    is_point: dict[str, bool] = {}
    for row in _read_rows(source):
        is_point[row.name] = is_point.get(row.name, True) and row.event in _POINTS
    return tuple(name for name, only in is_point.items() if only)


def _list_observations(source: LabelSource) -> dict[str, tuple[str, ...]]:
    return {name: () for name in dict.fromkeys(row.observation for row in _read_rows(source)) if name}


def _read(source: LabelSource, request: LabelRequest) -> BoutLabels:
    path = source.path
    observations = _list_observations(source)
    chosen, notes = choose_observation(path, observations or {"": ()}, request)
    rows = BoutRows(source.row_word)
    pairer = StatePairer(path, rows, request.policies.unterminated)
    ends: dict[tuple[str, str], tuple[int, float]] = {}
    for row in _read_rows(source):
        if observations and row.observation != chosen:
            continue
        name = join_modifiers(row.name, row.modifiers)
        if row.event in _POINTS:
            rows.add(row.line, name, row.at, row.at, subject=row.subject, is_point=True)
        elif row.event == _START:
            pairer.start(row.line, name, row.subject, row.at)
            if row.duration is not None:
                ends[name, row.subject] = row.line, row.at + row.duration
        elif row.event == _STOP:
            started, end = ends.pop((name, row.subject), (0, row.at))
            if abs(end - row.at) > _ROUNDING_S:
                raise LabelError(
                    f"{path}: {source.row_word} {row.line} stops {name!r} at {row.at:g} s, but {source.row_word} {started} says "
                    "that it lasts "
                    f"until {end:g} s; export the events again."
                )
            pairer.stop(row.line, name, row.subject, row.at)
        else:
            raise LabelError(
                f"{path}: {source.row_word} {row.line} has the event type {row.event!r}, expected State start, State stop or "
                "Point; correct it."
            )
    notes += pairer.finish(None)
    return BoutLabels(rows, is_extent_stated=False, in_seconds=True, notes=tuple(notes), tolerance_s=_TOLERANCE_S, has_animals=True)


OBSERVER = LabelFormat(
    name="The Observer XT events",
    recognises=_recognises,
    list_names=_list_names,
    read=_read,
    list_observations=_list_observations,
    list_points=_list_points,
)
