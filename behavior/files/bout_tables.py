"""Bout tables: a row per bout, with its behavior, start and stop; with a column `recording`, of several recordings in one file."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from behavior.errors import LabelError
from behavior.files.atomic import write_text
from behavior.files.label_formats.choosing import choose_observation, fits
from behavior.files.label_formats.request import OBSERVED, BoutLabels, BoutRows, LabelFormat, LabelRequest
from behavior.files.label_formats.source import LabelSource
from behavior.files.text_tables import TextTable, format_row, parse_number
from behavior.recording import Labels, find_bouts

__all__ = ["BOUT_TABLE", "OBSERVED", "write_bout_table"]

_UNITS = (("start_frame", "stop_frame"), ("start_s", "stop_s"))

# Seconds are written with at least so many decimals.
_WRITTEN_S = 1e-3


def write_bout_table(path: Path, labels: Labels) -> None:
    """Write `labels` with a row per bout: `behavior,start_frame,stop_frame`, half-open, in order of time.

    Rows named ``observed`` give the spans that were labelled, where not all frames were.

    Raises
    ------
    LabelError
        If the behaviors differ in the frames that are -1, or all frames are, which a bout table cannot say, or if a behavior is
        named ``observed``.
    OutputError
        If the file cannot be written.
    """
    for name in labels.behaviors:
        if not name or name != name.strip() or name == OBSERVED:
            raise LabelError(f"{path}: a behavior cannot be named {name!r} in a bout table, where that means something else; rename it.")
    observed = labels.values != -1
    if observed.shape[1] and np.any(observed != observed[:, :1]):
        raise LabelError(f"{path}: the behaviors differ in their unlabelled frames, which a bout table cannot say; write a frame table.")
    if observed.size and not observed.any():
        raise LabelError(f"{path}: no frame is labelled, which a bout table cannot say; write a frame table.")
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
    """Where a bout table has what; frames win where seconds are there, too.

    Attributes
    ----------
    behavior, start, stop
        Places of the columns that are read.
    in_seconds
        Whether start and stop are seconds.
    recording
        Which recording a row is of; None where all rows are of one.
    start_s
        The start in seconds beside that in frames; None where there is none.
    """

    behavior: int
    start: int
    stop: int
    in_seconds: bool
    recording: int | None
    start_s: int | None


def _find_columns(table: TextTable) -> _Columns | None:
    behavior, recording, start_s = (table.find_column(name) for name in ("behavior", "recording", "start_s"))
    for names in _UNITS:
        start, stop = map(table.find_column, names)
        if behavior is not None and start is not None and stop is not None:
            in_seconds = names[0] == "start_s"
            return _Columns(behavior, start, stop, in_seconds, recording, None if in_seconds else start_s)
    return None


def _recognises(source: LabelSource) -> bool:
    """Tell by its header whether this is a bout table."""
    return _find_columns(source.table) is not None


def _list_names(source: LabelSource) -> tuple[str, ...]:
    columns = _find_columns(source.table)
    place = columns.behavior if columns else 0
    names = dict.fromkeys(cells[place] for _, cells in source.table.rows if len(cells) > place)
    return tuple(name for name in names if name not in ("", OBSERVED))


def _list_recordings(source: LabelSource) -> dict[str, tuple[str, ...]]:
    """Return the recordings that rows are of, each without further names; none where the table does not say."""
    columns = _find_columns(source.table)
    place = columns.recording if columns else None
    if place is None:
        return {}
    return {name: () for name in dict.fromkeys(cells[place] for _, cells in source.table.rows if len(cells) > place) if name}


def _choose_recording(path: Path, recordings: Mapping[str, tuple[str, ...]], request: LabelRequest) -> tuple[str | None, list[str]]:
    """Return whose rows count, None for all of them where the table does not tell, and notes.

    Raises
    ------
    LabelError
        If no row is of the recording that is asked for.
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
    """Return the bouts; rows named ``observed`` give the spans that were watched, and without any all of it was."""
    table = source.table
    columns = _find_columns(table)
    if columns is None:
        raise LabelError(f"{table.path}: is no bout table, expected columns behavior, start_frame and stop_frame; correct its header.")
    chosen, notes = _choose_recording(table.path, _list_recordings(source), request)
    rows, twins = BoutRows(source.place), _TwinTimes(source, request.frames.time_s)
    needed = max(columns.behavior, columns.start, columns.stop, columns.recording or 0)
    for line, cells in table.rows:
        if not any(cells):
            continue
        if len(cells) <= needed or not cells[columns.behavior]:
            raise LabelError(f"{table.path}: {source.place} {line} has no behavior, start and stop; complete or remove it.")
        if chosen is not None and columns.recording is not None and cells[columns.recording] != chosen:
            if not cells[columns.recording]:
                raise LabelError(f"{table.path}: {source.place} {line} names no recording, as other rows do; complete or remove it.")
            continue
        start, stop = (parse_number(cells[place], table.delimiter) for place in (columns.start, columns.stop))
        if start is None or stop is None or not math.isfinite(start) or not math.isfinite(stop):
            raise LabelError(
                f"{table.path}: {source.place} {line} has {cells[columns.start]!r} to {cells[columns.stop]!r}, expected two numbers; "
                "correct it."
            )
        if not columns.in_seconds and not (start.is_integer() and stop.is_integer()):
            raise LabelError(
                f"{table.path}: {source.place} {line} has {start:g} to {stop:g}, expected whole frames; use columns start_s and stop_s for "
                "seconds."
            )
        if columns.start_s is not None and columns.start_s < len(cells):
            twins.compare(line, start, parse_number(cells[columns.start_s], table.delimiter))
        rows.add(line, cells[columns.behavior], start, stop)
    return BoutLabels(rows, in_seconds=columns.in_seconds, notes=(*notes, *twins.describe()), is_foreign=False)


class _TwinTimes:
    """Holds the seconds of a table against its frames, where it has both: tables may come from another version of a video."""

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
        at = self._time_s[int(frame)]
        if abs(at - seconds) > self._tolerance + _WRITTEN_S:
            self._first = self._first or f"{self._source.place} {line}: frame {frame:g} and {seconds:g} s, but that frame is at {at:g} s"
            self._count += 1

    def describe(self) -> list[str]:
        """Return a sentence where frames and seconds mean other moments of this video."""
        if not self._count:
            return []
        rows = "1 row says" if self._count == 1 else f"{self._count} rows say"
        return [f"{self._source.path}: {rows} other seconds than the video has at their frames ({self._first}); the frames count."]


BOUT_TABLE = LabelFormat(name="bout table", recognises=_recognises, list_names=_list_names, read=_read, describe=_list_recordings)
