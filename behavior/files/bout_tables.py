"""Bout tables: a row per bout, with its behavior, start and stop; with a column `recording`, of several recordings in one file."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from behavior.errors import LabelError, join_first
from behavior.files.atomic import write_text
from behavior.files.label_formats.bout_rows import OBSERVED, BoutRows
from behavior.files.label_formats.choosing import choose_observation, choose_rater, choose_subjects, fits
from behavior.files.label_formats.label_format import BoutLabels, LabelFormat
from behavior.files.label_formats.request import LabelRequest
from behavior.files.label_formats.source import LabelSource
from behavior.files.text_tables import TextTable, format_row, parse_number, parse_seconds
from behavior.frame_times import frame_edges, have_same_rate
from behavior.recording import Bout, Labels, find_bouts

__all__ = ["BOUT_TABLE", "format_bout_table", "read_bout_sources", "write_bout_table"]

_OWN_COLUMNS = ("behavior", "start_frame", "stop_frame")
_SOURCE = "source"
_UNITS = (("start_frame", "stop_frame"), ("start_s", "stop_s"))

# Columns whose values tell rows apart that are not of one recording, one animal or one rater.
_RECORDING = ("recording", "video", "video_name", "video name", "video_file", "video file", "filename", "file_name", "file", "media")
_SUBJECT = ("subject", "animal", "individual", "mouse", "rat", "animal_id", "animal id", "mouse_id", "subject_id", "track", "identity")
_RATER = ("rater", "observer", "annotator", "coder", "scorer", "experimenter")
_PART = ("trial", "session", "observation", "day", "experiment", "camera")

# Seconds are written with at least this precision.
_WRITTEN_S = 1e-3


def write_bout_table(path: Path, labels: Labels) -> None:
    """Write `labels` with a row per bout: `behavior,start_frame,stop_frame`, half-open, in order of time.

    Rows named ``observed`` give the spans that were labelled, where not all frames were.

    Raises
    ------
    LabelError
        As `format_bout_table`.
    OutputError
        If the file cannot be written.
    """
    write_text(path, format_bout_table(path, labels))


def format_bout_table(path: Path, labels: Labels, *, sources: Mapping[Bout, str] | None = None) -> str:
    """Return the text of a bout table, for the file at `path`.

    Parameters
    ----------
    sources
        The file that a bout was taken over from; if any, a column `source` names it.

    Raises
    ------
    LabelError
        If the behaviors differ in the frames that are -1, or all frames are, which a bout table cannot express, or if a behavior is
        named ``observed``.
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
        Bout(start, stop, name)
        for name, column in zip(labels.behaviors, labels.values.T, strict=True)
        for start, stop in find_bouts(column == 1).tolist()
    ]
    if not observed.all():
        rows += [Bout(start, stop, OBSERVED) for start, stop in find_bouts(observed[:, 0]).tolist()]
    header = ["behavior", "start_frame", "stop_frame", *([_SOURCE] if sources else [])]
    lines = [
        format_row([bout.behavior, str(bout.start_frame), str(bout.stop_frame), *([sources.get(bout, "")] if sources else [])])
        for bout in sorted(rows)
    ]
    return "\n".join([format_row(header), *lines]) + "\n"


def read_bout_sources(path: Path) -> dict[Bout, str] | None:
    """Return the files that the bouts of a table were taken over from, by its column `source`.

    Returns
    -------
    {} where no row names one; None if the file is not a bout table in whole frames with the columns that `format_bout_table` writes,
    and no others.
    """
    try:
        table = LabelSource(path).table
        rows = list(table.rows)
    except LabelError:
        return None
    if tuple(table.header) not in ((*_OWN_COLUMNS,), (*_OWN_COLUMNS, _SOURCE)):
        return None
    sources: dict[Bout, str] = {}
    for _, cells in rows:
        if not any(cells):
            continue
        try:
            bout = Bout(int(cells[1]), int(cells[2]), cells[0])
        except (ValueError, IndexError):
            return None
        if len(cells) > len(_OWN_COLUMNS) and cells[len(_OWN_COLUMNS)]:
            sources[bout] = cells[len(_OWN_COLUMNS)]
    return sources


@dataclass(frozen=True)
class _Columns:
    """Indexes of a bout table's columns; frames are read if there are seconds too.

    Attributes
    ----------
    behavior, start, stop
        The columns that are read.
    in_seconds
        Whether start and stop are seconds.
    recording, subject, rater
        The columns with each row's recording, animal and rater; None if all rows are of one.
    seconds
        Start and stop in seconds next to those in frames, None where there is none.
    """

    behavior: int
    start: int
    stop: int
    in_seconds: bool
    recording: int | None
    subject: int | None
    rater: int | None
    seconds: tuple[int | None, int | None]

    @property
    def last(self) -> int:
        """The last of the columns that each row needs."""
        return max(self.behavior, self.start, self.stop, self.recording or 0, self.subject or 0, self.rater or 0)


def _find_columns(table: TextTable) -> _Columns | None:
    """Return the columns of a bout table, None if this is not one."""
    behavior, subject, rater = table.find_column("behavior"), table.find_column(*_SUBJECT), table.find_column(*_RATER)
    recording = table.find_column(*_RECORDING)
    if recording is None:
        recording = _find_part(table)
    for names in _UNITS:
        start, stop = map(table.find_column, names)
        if behavior is not None and start is not None and stop is not None:
            in_seconds = names[0] == "start_s"
            twins = (None, None) if in_seconds else (table.find_column("start_s"), table.find_column("stop_s"))
            return _Columns(behavior, start, stop, in_seconds, recording, subject, rater, twins)
    return None


def _find_part(table: TextTable) -> int | None:
    """Return the column that tells the trials of several recordings apart; None if all rows are of one."""
    column = table.find_column(*_PART)
    return column if column is not None and len(_list_values(table, column)) > 1 else None


def _list_values(table: TextTable, column: int) -> tuple[str, ...]:
    """Return what a column holds, each once and in order of appearance."""
    values = dict.fromkeys(cells[column] for _, cells in table.rows if len(cells) > column)
    return tuple(value for value in values if value)


def _recognises(source: LabelSource) -> bool:
    """Tell by its header whether a file is a bout table."""
    return _find_columns(source.table) is not None


def _list_names(source: LabelSource) -> tuple[str, ...]:
    columns = _find_columns(source.table)
    column = columns.behavior if columns else 0
    return tuple(name for name in _list_values(source.table, column) if name != OBSERVED)


def _list_recordings(source: LabelSource) -> dict[str, tuple[str, ...]]:
    """Return the recordings in the column that names them, each without further names; none if there is no such column."""
    columns = _find_columns(source.table)
    column = columns.recording if columns else None
    return {} if column is None else dict.fromkeys(_list_values(source.table, column), ())


def _choose_recording(
    path: Path, recordings: Mapping[str, tuple[str, ...]], request: LabelRequest, *, column: str
) -> tuple[str | None, list[str]]:
    """Return the recording whose rows to read, None for all rows if the table does not tell, and notes.

    Raises
    ------
    LabelError
        If no row is of the requested recording.
    """
    if not recordings:
        return None, []
    is_named = column.casefold() == "recording" or len(recordings) > 1
    is_other = request.observation is None and bool(request.recording_names) and is_named
    if is_other and not any(fits(name, request.recording_names) for name in recordings):
        shown = join_first(map(repr, recordings), 10)
        raise LabelError(
            f"{path}: holds bouts of {shown}, and none of {request.recording_names[-1]!r}; correct its column {column!r}, say in the "
            "study file which to read (labels: {observation: {RECORDING: NAME}}), or add a row named 'observed' for a recording without "
            "bouts."
        )
    # One video of another name may have been renamed since: a note says so.
    return choose_observation(path, recordings if is_named else {name: (name,) for name in recordings}, request)


def _read(source: LabelSource, request: LabelRequest) -> BoutLabels:
    """Return the bouts; rows named ``observed`` give the observed spans, and without any the whole recording is observed."""
    table = source.table
    columns = _find_columns(table)
    if columns is None:
        raise LabelError(f"{table.path}: is not a bout table, expected columns behavior, start_frame and stop_frame; correct its header.")
    named = "" if columns.recording is None else table.header[columns.recording]
    chosen, notes = _choose_recording(table.path, _list_recordings(source), request, column=named)
    wanted = _choose_rows(source, columns, chosen, request)
    rows, twins = BoutRows(source.row_word), _TwinTimes(source, request.frames.time_s)
    for line, cells in table.rows:
        if not any(cells):
            continue
        where = f"{table.path}: {source.row_word} {line}"
        if len(cells) <= columns.last or not cells[columns.behavior]:
            raise LabelError(f"{where} has no behavior, start and stop; complete or remove it.")
        if not _is_wanted(where, cells, columns, wanted):
            continue
        start, stop = _parse_span(where, cells, columns, table.delimiter)
        for frame, column, is_stop in zip((start, stop), columns.seconds, (False, True), strict=True):
            if column is not None and column < len(cells):
                twins.add(line, frame, parse_seconds(cells[column], table.delimiter), is_stop=is_stop)
        rows.add(line, cells[columns.behavior], start, stop)
    names_animals = "subject" in wanted
    return BoutLabels(rows, columns.in_seconds, notes=(*notes, *twins.check()), is_foreign=False, names_animals=names_animals)


def _choose_rows(source: LabelSource, columns: _Columns, recording: str | None, request: LabelRequest) -> dict[str, Sequence[str]]:
    """Return what the cells of the rows that count have to hold, by the field of `_Columns`.

    Raises
    ------
    LabelError
        If the recording has bouts of several animals or by several raters, and the request does not say whose count.
    """
    wanted: dict[str, Sequence[str]] = {} if recording is None else {"recording": (recording,)}
    for name, column in (("subject", columns.subject), ("rater", columns.rater)):
        if column is None:
            continue
        rows = (cells for _, cells in source.table.rows if len(cells) > columns.last)
        rows = (cells for cells in rows if recording is None or cells[columns.recording or 0] == recording)
        values = tuple(value for value in dict.fromkeys(cells[column] for cells in rows) if value)
        is_asked = request.subject is not None or request.individual is not None
        if name == "subject" and (is_asked or len(values) > 1) and values:
            wanted[name] = choose_subjects(source.path, values, request)
        elif name == "rater" and len(values) > 1:
            wanted[name] = (choose_rater(source.path, values, request, recording=recording or "") or "",)
    return wanted


def _is_wanted(where: str, cells: Sequence[str], columns: _Columns, wanted: Mapping[str, Sequence[str]]) -> bool:
    """Tell whether the row that is at `where` counts; LabelError if it does not say what other rows say.

    Rows named ``observed`` may be of all animals and raters.
    """
    for name, values in wanted.items():
        cell = cells[getattr(columns, name)]
        if not cell and (name == "recording" or cells[columns.behavior] != OBSERVED):
            raise LabelError(f"{where} names no {name}, as other rows do; complete or remove it.")
        if cell and cell not in values:
            return False
    return True


def _parse_span(where: str, cells: Sequence[str], columns: _Columns, delimiter: str) -> tuple[float, float]:
    """Return start and stop of the row that is at `where`; LabelError if they are not numbers, or not whole frames."""
    parse = parse_seconds if columns.in_seconds else parse_number
    start, stop = (parse(cells[column], delimiter) for column in (columns.start, columns.stop))
    if start is None or stop is None or not math.isfinite(start) or not math.isfinite(stop):
        raise LabelError(f"{where} has {cells[columns.start]!r} to {cells[columns.stop]!r}, expected two numbers; correct it.")
    if not columns.in_seconds and not (start.is_integer() and stop.is_integer()):
        raise LabelError(f"{where} has {start:g} to {stop:g}, expected whole frames; use columns start_s and stop_s for seconds.")
    return start, stop


class _TwinTimes:
    """Compares the seconds of a table with its frames, if it has both: tables may come from another version of a video."""

    def __init__(self, source: LabelSource, time_s: npt.NDArray[np.float64] | None) -> None:
        self._source = source
        self._edges = np.zeros(0) if time_s is None or len(time_s) < 2 else frame_edges(time_s)
        self._interval = float(np.median(np.diff(self._edges))) if len(self._edges) else 0.0
        self._lines: list[int] = []
        self._frames: list[int] = []
        self._seconds: list[float] = []
        self._in_video: list[float] = []

    def add(self, line: int, frame: float, seconds: float | None, *, is_stop: bool) -> None:
        """Take a start or a stop in both units."""
        if seconds is None or not 0 <= frame < len(self._edges):
            return
        times = [float(self._edges[int(frame)])]
        if is_stop and frame > 0:
            # What stops where the recording paused may be said to last until then, or until the next frame.
            times.append(float(self._edges[int(frame) - 1]) + self._interval)
        self._lines.append(line)
        self._frames.append(int(frame))
        self._seconds.append(seconds)
        self._in_video.append(min(times, key=lambda time: abs(time - seconds)))

    def check(self) -> list[str]:
        """Return a note if the seconds are of another clock, or of nearly the same rate, else [].

        Raises
        ------
        LabelError
            If frames and seconds mean other moments of the video.
        """
        frames, seconds = np.array(self._frames, dtype=np.int64), np.array(self._seconds)
        difference, tolerance = seconds - np.array(self._in_video), self._interval + _WRITTEN_S
        wrong = np.flatnonzero(np.abs(difference) > tolerance)
        if not len(wrong):
            return []
        first = int(wrong[0])
        said = (
            f"{self._source.path}: {self._source.row_word} {self._lines[first]}: frame {frames[first]} and {seconds[first]:g} s, but that "
            f"frame of the video is at {self._in_video[first]:g} s"
        )
        is_steady = bool((np.abs(difference - difference[0]) <= tolerance).all())
        if (is_steady and abs(difference[0]) > self._edges[-1] - self._edges[0]) or self._is_nominal(frames, seconds, tolerance):
            return [f"{said}; the frames count."]
        raise LabelError(f"{said}; correct one of them, or remove the columns start_s and stop_s, or those of the frames.")

    def _is_nominal(self, frames: npt.NDArray[np.int64], seconds: npt.NDArray[np.float64], tolerance: float) -> bool:
        """Tell whether frames were counted at a rate that is that of the video but for rounding, such as 30 instead of 29.97."""
        last, duration = int(np.argmax(frames)), float(self._edges[-1] - self._edges[0])
        if seconds[last] <= 0 or not have_same_rate(frames[last] / seconds[last], (len(self._edges) - 1) / duration):
            return False
        evenly = seconds[last] / frames[last] * frames
        return bool((np.abs(seconds - evenly) <= tolerance).all())


BOUT_TABLE = LabelFormat(name="bout table", recognises=_recognises, list_names=_list_names, read=_read, list_observations=_list_recordings)
