"""EthoVision XT's manual scoring, as spreadsheet or text: a preamble, names of columns, units, then a row per start and stop.

By Noldus's documentation of raw data exports, for lack of a sample of the tool's own: ``Number of header lines`` above all, then the
experiment, the video, the arena and the subject; ``-`` for nothing; a sheet for each arena and subject. A row called ``start`` marks where
scoring begins.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from behavior.errors import LabelError
from behavior.files.label_formats.bout_rows import BoutRows, StatePairer
from behavior.files.label_formats.choosing import choose_observation, name_file
from behavior.files.label_formats.label_format import BoutLabels, LabelFormat
from behavior.files.label_formats.naming import IN_STUDY_FILE
from behavior.files.label_formats.request import LabelRequest
from behavior.files.label_formats.source import LabelSource
from behavior.files.text_tables import parse_number

__all__ = ["ETHOVISION"]

_TIMES = ("trial time", "recording time")
_BEHAVIOR, _EVENT, _SUBJECT = ("behavior", "behaviour"), ("event",), ("subject",)
_START, _STOP = "state start", "state stop"
_POINTS = ("point event", "point")
_MARK = "start"
_SECONDS = ("s", "sec", "seconds", "")
# EthoVision writes milliseconds or more.
_TOLERANCE_S = 1.1e-3


@dataclass(frozen=True)
class _Sheet:
    """A sheet or text: what its preamble says, its columns, and where its rows begin."""

    source: LabelSource
    described: Mapping[str, str]
    columns: Mapping[str, int]
    first_row: int

    @property
    def observation(self) -> str:
        """The video's name, else the trial's, else nothing."""
        return name_file(self.described.get("video file", "")) or self.described.get("trial name", "")

    @property
    def arena(self) -> str:
        return self.described.get("arena name", "")


@dataclass(frozen=True)
class _Row:
    line: int
    times: tuple[float, ...]
    subject: str
    name: str
    event: str


def _parse_sheet(source: LabelSource) -> _Sheet | None:
    """Return a sheet's layout; None if it is not manual scoring."""
    described: dict[str, str] = {}
    for line, cells in source.head_rows:
        lower = [cell.casefold() for cell in cells]
        columns = {name: lower.index(name) for name in (*_TIMES, *_BEHAVIOR, *_EVENT, *_SUBJECT) if name in lower}
        behavior = next((columns[name] for name in _BEHAVIOR if name in columns), None)
        if behavior is not None and "event" in columns and set(_TIMES) & set(columns):
            return _Sheet(source, described, {**columns, "behavior": behavior}, line + 1)
        if len(cells) > 1 and cells[0]:
            described.setdefault(lower[0].rstrip(":"), "" if cells[1] == "-" else cells[1])
    return None


def _list_sheets(source: LabelSource) -> list[_Sheet]:
    """Return all sheets with manual scoring."""
    sources = [source.of_sheet(name) for name in source.sheets] if len(source.sheets) > 1 else [source]
    return [sheet for sheet in map(_parse_sheet, sources) if sheet is not None]


def _read_rows(sheet: _Sheet) -> Iterator[_Row]:
    source, columns = sheet.source, sheet.columns
    time_columns = [columns[name] for name in _TIMES if name in columns]

    def get(cells: tuple[str, ...], name: str) -> str:
        cell = cells[columns[name]] if name in columns and columns[name] < len(cells) else ""
        return "" if cell == "-" else cell

    for line, cells in source.read_rows():
        if line < sheet.first_row or not any(cells):
            continue
        texts = [cells[column] if column < len(cells) else "" for column in time_columns]
        times = [parse_number(text, source.delimiter) for text in texts]
        where = f"{source.path}: {source.row_word} {line}"
        if all(time is None for time in times) and not get(cells, "event") and line == sheet.first_row:
            if any(text.casefold() not in _SECONDS for text in texts):
                raise LabelError(f"{where} says that times are in {texts[0]!r}, expected seconds (s); export them in seconds.")
            continue
        if any(time is None or not math.isfinite(time) for time in times) or not get(cells, "behavior"):
            raise LabelError(
                f"{where} has {texts[0]!r} as time of {get(cells, 'behavior')!r}, expected seconds and a behavior; correct it."
            )
        numbers = tuple(time for time in times if time is not None)
        yield _Row(line, numbers, get(cells, "subject"), get(cells, "behavior"), get(cells, "event").casefold())


def _list_names(source: LabelSource) -> tuple[str, ...]:
    rows = [row for sheet in _list_sheets(source) for row in _read_rows(sheet)]
    return tuple(name for name in dict.fromkeys(row.name for row in rows) if name.casefold() != _MARK)


def _list_points(source: LabelSource) -> tuple[str, ...]:
    is_point: dict[str, bool] = {}
    for sheet in _list_sheets(source):
        for row in _read_rows(sheet):
            is_point[row.name] = is_point.get(row.name, True) and row.event in _POINTS
    return tuple(name for name, only in is_point.items() if only)


def _list_observations(source: LabelSource) -> dict[str, tuple[str, ...]]:
    media: dict[str, tuple[str, ...]] = {}
    for sheet in _list_sheets(source):
        if sheet.observation:
            video = name_file(sheet.described.get("video file", ""))
            media[sheet.observation] = (video,) if video else ()
    return media


def _read(source: LabelSource, request: LabelRequest) -> BoutLabels:
    path, sheets = source.path, _list_sheets(source)
    chosen, notes = choose_observation(path, _list_observations(source) or {"": ()}, request)
    sheets = [sheet for sheet in sheets if sheet.observation == chosen or not chosen]
    arenas = {sheet.arena for sheet in sheets if sheet.arena}
    rows = BoutRows(source.row_word)
    pairer = StatePairer(path, rows, request.policies.unterminated)
    marks: list[float] = []
    for sheet in sheets:
        for row in _read_rows(sheet):
            _require_one_time(sheet, row, request)
            subject = row.subject or sheet.described.get("subject name", "")
            # Arenas have subjects of the same names.
            subject = f"{sheet.arena}, {subject}" if len(arenas) > 1 else subject
            at = row.times[0]
            if row.name.casefold() == _MARK and request.naming.find_behavior(row.name) is None:
                marks.append(at)
            elif row.event in _POINTS:
                rows.add(row.line, row.name, at, at, subject=subject, is_point=True)
            elif row.event in (_START, _STOP):
                (pairer.start if row.event == _START else pairer.stop)(row.line, row.name, subject, at)
            else:
                raise LabelError(
                    f"{path}: {source.row_word} {row.line} has the event {row.event!r}, expected state start, state stop or point event; "
                    "correct it."
                )
    notes += pairer.finish(None)
    observed = ((min(marks), math.inf),) if marks else None
    return BoutLabels(
        rows, is_extent_stated=False, in_seconds=True, observed=observed, notes=tuple(notes), tolerance_s=_TOLERANCE_S, has_animals=True
    )


def _require_one_time(sheet: _Sheet, row: _Row, request: LabelRequest) -> None:
    """Raise LabelError if trial time and recording time differ and nobody said when the video starts."""
    if len(row.times) < 2 or abs(row.times[0] - row.times[1]) <= _TOLERANCE_S or request.offset_s is not None:
        return
    raise LabelError(
        f"{sheet.source.path}: {sheet.source.row_word} {row.line} is at {row.times[0]:g} s of the trial and {row.times[1]:g} s of "
        "the recording, "
        f"so it is unclear when in the video; say {IN_STUDY_FILE} at which second of the trial time the video starts: labels: "
        f"{{offset_s: 0}} "
        "if they start together."
    )


ETHOVISION = LabelFormat(
    name="EthoVision manual scoring",
    recognises=lambda source: _parse_sheet(source) is not None,
    list_names=_list_names,
    read=_read,
    list_observations=_list_observations,
    list_points=_list_points,
    reads_all_sheets=True,
)
