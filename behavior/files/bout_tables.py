"""Bout tables: a row per bout, with its behavior, start and stop; with a column `recording`, of several recordings in one file."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from behavior.errors import LabelError
from behavior.files.atomic import write_text
from behavior.files.label_formats.bout_rows import OBSERVED, BoutRows
from behavior.files.label_formats.choosing import choose_observation, fits
from behavior.files.label_formats.label_format import BoutLabels, LabelFormat
from behavior.files.label_formats.request import LabelRequest
from behavior.files.label_formats.source import LabelSource
from behavior.files.text_tables import TextTable, format_row, parse_number
from behavior.recording import Labels, find_bouts

__all__ = ["BOUT_TABLE", "write_bout_table"]

_UNITS = (("start_frame", "stop_frame"), ("start_s", "stop_s"))

# Seconds are written with at least this precision.
_WRITTEN_S = 1e-3


def write_bout_table(path: Path, labels: Labels) -> None:
    """Write `labels` with a row per bout: `behavior,start_frame,stop_frame`, half-open, in order of time.

    Rows named ``observed`` give the spans that were labelled, where not all frames were.

    Raises
    ------
    LabelError
        If the behaviors differ in the frames that are -1, or all frames are, which a bout table cannot express, or if a behavior is
        named ``observed``.
    OutputError
        If the file cannot be written.
    """
    for name in labels.behaviors:
        if not name or name != name.strip() or name == OBSERVED:
            raise LabelError(f"{path}: a behavior cannot be named {name!r} in a bout table, where that means something else; rename it.")
    observed = labels.values != -1
    if observed.shape[1] and np.any(observed != observed[:, :1]):
        raise LabelError(
            f"{path}: the behaviors differ in their unlabelled frames, which a bout table cannot express; write a frame table."
        )
    if observed.size and not observed.any():
        raise LabelError(f"{path}: no frame is labelled, which a bout table cannot express; write a frame table.")
    rows = [
        (start, stop, name)
        for name, column in zip(labels.behaviors, labels.values.T, strict=True)
        for start, stop in find_bouts(column == 1).tolist()
    ]
    if not observed.all():
        rows += [(start, stop, OBSERVED) for start, stop in find_bouts(observed[:, 0]).tolist()]
    lines = [format_row([name, str(start), str(stop)]) for start, stop, name in sorted(rows)]
    write_text(path, "\n".join(["behavior,start_frame,stop_frame", *lines]) + "\n")


@dataclass(frozen=True)
class _Columns:
    """Indexes of a bout table's columns; frames are read if there are seconds too.

    Attributes
    ----------
    behavior, start, stop
        The columns that are read.
    in_seconds
        Whether start and stop are seconds.
    recording
        The column with each row's recording; None if all rows are of one.
    start_s
        The start in seconds next to that in frames; None if there is none.
    """

    behavior: int
    start: int
    stop: int
    in_seconds: bool
    recording: int | None
    start_s: int | None


def _find_columns(table: TextTable) -> _Columns | None:
    """Return the columns of a bout table, None if this is not one."""
    behavior, recording, start_s = (table.find_column(name) for name in ("behavior", "recording", "start_s"))
    for names in _UNITS:
        start, stop = map(table.find_column, names)
        if behavior is not None and start is not None and stop is not None:
            in_seconds = names[0] == "start_s"
            return _Columns(behavior, start, stop, in_seconds, recording, None if in_seconds else start_s)
    return None


def _recognises(source: LabelSource) -> bool:
    """Tell by its header whether a file is a bout table."""
    return _find_columns(source.table) is not None


def _list_names(source: LabelSource) -> tuple[str, ...]:
    columns = _find_columns(source.table)
    column = columns.behavior if columns else 0
    names = dict.fromkeys(cells[column] for _, cells in source.table.rows if len(cells) > column)
    return tuple(name for name in names if name not in ("", OBSERVED))


def _list_recordings(source: LabelSource) -> dict[str, tuple[str, ...]]:
    """Return the recordings in the column `recording`, each without further names; none if there is no such column."""
    columns = _find_columns(source.table)
    column = columns.recording if columns else None
    if column is None:
        return {}
    return {name: () for name in dict.fromkeys(cells[column] for _, cells in source.table.rows if len(cells) > column) if name}


def _choose_recording(path: Path, recordings: Mapping[str, tuple[str, ...]], request: LabelRequest) -> tuple[str | None, list[str]]:
    """Return the recording whose rows to read, None for all rows if the table does not tell, and notes.

    Raises
    ------
    LabelError
        If no row is of the requested recording.
    """
    if not recordings:
        return None, []
    if request.observation is None and request.recording_names and not any(fits(name, request.recording_names) for name in recordings):
        shown = ", ".join(map(repr, list(recordings)[:10])) + (f" and {len(recordings) - 10} more" if len(recordings) > 10 else "")
        raise LabelError(
            f"{path}: holds bouts of {shown}, and none of {request.recording_names[-1]!r}; correct its column 'recording', say in the "
            "study file which to read (labels: {observation: {RECORDING: NAME}}), or add a row named 'observed' for a recording without "
            "bouts."
        )
    return choose_observation(path, recordings, request)


def _read(source: LabelSource, request: LabelRequest) -> BoutLabels:
    """Return the bouts; rows named ``observed`` give the observed spans, and without any the whole recording is observed."""
    table = source.table
    columns = _find_columns(table)
    if columns is None:
        raise LabelError(f"{table.path}: is not a bout table, expected columns behavior, start_frame and stop_frame; correct its header.")
    chosen, notes = _choose_recording(table.path, _list_recordings(source), request)
    rows, twins = BoutRows(source.row_word), _TwinTimes(source, request.frames.time_s)
    needed = max(columns.behavior, columns.start, columns.stop, columns.recording or 0)
    for line, cells in table.rows:
        if not any(cells):
            continue
        where = f"{table.path}: {source.row_word} {line}"
        if len(cells) <= needed or not cells[columns.behavior]:
            raise LabelError(f"{where} has no behavior, start and stop; complete or remove it.")
        if chosen is not None and columns.recording is not None and cells[columns.recording] != chosen:
            if not cells[columns.recording]:
                raise LabelError(f"{where} names no recording, as other rows do; complete or remove it.")
            continue
        start, stop = _parse_span(where, cells, columns, table.delimiter)
        if columns.start_s is not None and columns.start_s < len(cells):
            twins.compare(line, start, parse_number(cells[columns.start_s], table.delimiter))
        rows.add(line, cells[columns.behavior], start, stop)
    return BoutLabels(rows, in_seconds=columns.in_seconds, notes=(*notes, *twins.describe()), is_foreign=False)


def _parse_span(where: str, cells: Sequence[str], columns: _Columns, delimiter: str) -> tuple[float, float]:
    """Return start and stop of the row that is at `where`; LabelError if they are not numbers, or not whole frames."""
    start, stop = (parse_number(cells[column], delimiter) for column in (columns.start, columns.stop))
    if start is None or stop is None or not math.isfinite(start) or not math.isfinite(stop):
        raise LabelError(f"{where} has {cells[columns.start]!r} to {cells[columns.stop]!r}, expected two numbers; correct it.")
    if not columns.in_seconds and not (start.is_integer() and stop.is_integer()):
        raise LabelError(f"{where} has {start:g} to {stop:g}, expected whole frames; use columns start_s and stop_s for seconds.")
    return start, stop


class _TwinTimes:
    """Compares the seconds of a table with its frames, if it has both: tables may come from another version of a video."""

    def __init__(self, source: LabelSource, time_s: npt.NDArray[np.float64] | None) -> None:
        self._source = source
        self._time_s = [] if time_s is None else time_s.tolist()
        self._tolerance = float(np.median(np.diff(time_s))) if time_s is not None and len(time_s) > 1 else 0.0
        self._count = 0
        self._first = ""

    def compare(self, line: int, frame: float, seconds: float | None) -> None:
        """Take a row's start in both units."""
        if seconds is None or not 0 <= frame < len(self._time_s):
            return
        frame_s = self._time_s[int(frame)]
        if abs(frame_s - seconds) > self._tolerance + _WRITTEN_S:
            row = f"{self._source.row_word} {line}"
            self._first = self._first or f"{row}: frame {frame:g} and {seconds:g} s, but that frame is at {frame_s:g} s"
            self._count += 1

    def describe(self) -> list[str]:
        """Return a note if seconds and frames differ in this video, else []."""
        if not self._count:
            return []
        rows = "1 row gives" if self._count == 1 else f"{self._count} rows give"
        return [f"{self._source.path}: {rows} other seconds than the video has at their frames ({self._first}); the frames count."]


BOUT_TABLE = LabelFormat(name="bout table", recognises=_recognises, list_names=_list_names, read=_read, list_observations=_list_recordings)
