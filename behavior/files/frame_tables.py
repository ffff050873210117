"""Frame tables: a row per frame, a column per behavior."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt

from behavior.errors import LabelError
from behavior.files.atomic import write_text
from behavior.files.counter_columns import find_first_number, find_time_unit, is_counter, is_frame_column
from behavior.files.label_formats.label_format import FrameLabels, LabelFormat, RowTimes
from behavior.files.label_formats.missing_behaviors import check_missing
from behavior.files.label_formats.request import LabelRequest
from behavior.files.label_formats.source import HEAD_ROWS, LabelSource
from behavior.files.text_tables import Row, TextTable, find_delimiter, format_row, parse_number, parse_seconds
from behavior.recording import Frames, Labels

__all__ = [
    "FRAME_TABLE",
    "advise_on_unread",
    "find_frame_column",
    "find_time_column",
    "format_frame_table",
    "holds_labels_only",
    "list_frame_behaviors",
    "parse_label",
    "parse_row_time",
    "read_frame_columns",
    "write_frame_table",
]

# Columns of EthoVision's raw data, which behaviors that were scored are in, too.
_TRACK = ("recording time", "x center")

_VALUES = {"": -1, "true": 1, "false": 0, "1": 1, "0": 0, "-1": -1}

# An index that leaves out more than nine of ten frames does not hold frame numbers.
_SPARSEST_INDEX = 10


def list_frame_behaviors(table: TextTable) -> tuple[str, ...]:
    """Return the columns that may be behaviors, in the table's order."""
    return tuple(name for name in table.header if not is_counter(name))


def holds_labels_only(table: TextTable, names: Sequence[str]) -> bool:
    """Tell by the first rows whether the columns `names` hold labels only, and at least one."""
    columns = [table.header.index(name) for name in names]
    has_labels = False
    for _, cells in islice(table.rows, HEAD_ROWS):
        for column in columns if len(cells) == len(table.header) else ():
            if parse_label(cells[column], table.delimiter) is None:
                return False
            has_labels = has_labels or bool(cells[column])
    return has_labels


def advise_on_unread(table: TextTable, row_word: str) -> str:
    """Return the beginning of advice on a table that is not recognised: its first cell that is no label, or that a row is one cell."""
    if len(table.header) == 1 and (delimiter := find_delimiter(table.header[0])) in table.header[0]:
        return f"each row is one cell with {delimiter!r} in it: take away the quotation marks around it, or split it; else "
    if find_frame_column(table) is None:
        return ""
    for line, cells in islice(table.rows, HEAD_ROWS):
        for name, cell in zip(table.header, cells, strict=False):
            if not is_counter(name) and parse_label(cell, table.delimiter) is None:
                return (
                    f"if it has a row per frame and a column per behavior, cells have to be 1, 0, -1 or empty, and {row_word} {line} has "
                    f"{cell[:40]!r} in the column {name!r}: write numbers there; else "
                )
    return ""


def parse_label(cell: str, delimiter: str) -> int | None:
    """Return the label in a cell: 1, 0 or -1, also if written as 1.0 or True; -1 if it is empty, None for anything else.

    >>> [parse_label(cell, ",") for cell in ("1.0", "FALSE", "", "2")]
    [1, 0, -1, None]
    """
    known = _VALUES.get(cell.casefold())
    if known is not None:
        return known
    number = parse_number(cell, delimiter)
    return int(number) if number in (1.0, 0.0, -1.0) else None


def read_frame_columns(
    table: TextTable,
    request: LabelRequest,
    *,
    names: Sequence[str],
    row_word: str = "line",
    time_column: int | None = None,
) -> FrameLabels:
    """Return the labels in those of the columns `names` that stand for a requested behavior.

    Rows are ordered by the frame column, or taken one after the other if there is none.

    Parameters
    ----------
    row_word
        What messages call a row: ``line`` or ``row``.
    time_column
        The column with the time of each row (`find_time_column`); None if there is none.

    Raises
    ------
    LabelError
        If a behavior's column is missing, or a cell is invalid, or the frame column is not one number per row.
    """
    naming = request.naming
    naming.require_not_renamed(table.path, names)
    chosen = [name for name in names if naming.find_behavior(name) is not None]
    is_track = all(table.find_column(name) is not None for name in _TRACK)
    notes = check_missing(table.path, names, request, kind="EthoVision column" if is_track else "column")
    frames, values, times = _read_cells(table, chosen, row_word=row_word, time_column=time_column)
    first = find_first_number(frames, request.frames.n_frames)
    frames = frames - first
    if first == 1:
        notes.append(f"{table.path}: counts frames from 1 to {len(frames)}; its frame 1 is read as frame 0.")
    elif first:
        notes.append(f"{table.path}: counts frames from {first}, as cameras do, a row for each of the video; the first is frame 0.")
    elif len(frames) and frames.min() == 1:
        notes.append(f"{table.path}: the frame column starts at 1, so frame 0 has no label; frames are counted from 0.")
    _require_frames(table.path, frames, times.lines, row_word)
    step = int(np.diff(np.sort(frames)).min()) if len(frames) > 1 else 1
    if step > 1:
        notes.append(f"{table.path}: has rows for one in {step} frames; the frames between them count as not labelled.")
    in_order = np.full((int(frames.max()) + 1 if len(frames) else 0, len(chosen)), -1, dtype=np.int8)
    in_order[frames] = values
    return FrameLabels(
        tuple(chosen),
        in_order,
        tuple(name for name in names if name not in chosen),
        tuple(notes),
        is_numbered=find_frame_column(table) is not None,
        times=None if time_column is None else times.take(frames, len(in_order)),
    )


def find_time_column(table: TextTable) -> int | None:
    """Return the index of the column that holds the times of the rows in its first rows, None if there is none."""
    for column in _list_time_columns(table):
        cells = [cells[column] for _, cells in islice(table.rows, HEAD_ROWS) if column < len(cells) and cells[column]]
        if any(parse_seconds(cell, table.delimiter) is not None for cell in cells):
            return column
    return None


def _list_time_columns(table: TextTable) -> list[int]:
    """Return the columns that are named after time."""
    return [column for column, name in enumerate(table.header) if name and find_time_unit(name) is not None]


def write_frame_table(path: Path, labels: Labels) -> None:
    """Write `labels` with a row per frame: `frame`, then 1, 0 or -1 in a column per behavior.

    Raises
    ------
    LabelError
        As `format_frame_table`.
    OutputError
        If the file cannot be written.
    """
    write_text(path, format_frame_table(path, labels))


def format_frame_table(path: Path, labels: Labels) -> str:
    """Return the text of a frame table, for the file at `path`.

    Raises
    ------
    LabelError
        If a behavior's name means something else in such a table (``frame``, ``time``).
    """
    for name in labels.behaviors:
        if name != name.strip() or is_counter(name):
            raise LabelError(f"{path}: a behavior cannot be named {name!r} in a frame table, where that means something else; rename it.")
    rows = np.column_stack((np.arange(len(labels)), labels.values))
    lines = [format_row(["frame", *labels.behaviors]), *(",".join(map(str, row)) for row in rows.tolist())]
    return "\n".join(lines) + "\n"


def _read_cells(
    table: TextTable, names: Sequence[str], *, row_word: str, time_column: int | None
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int8], RowTimes]:
    """Return the frame, the labels (T, N), and line and time of each row."""
    columns = [table.header.index(name) for name in names]
    index = find_frame_column(table)
    frames, values, lines, seconds = array("q"), array("b"), array("I"), array("d")
    for line, cells in _list_rows(table, has_index=index is not None or time_column is not None, row_word=row_word):
        lines.append(line)
        if time_column is not None:
            seconds.append(parse_row_time(table, line, cells[time_column], row_word, column=time_column, is_needed=index is None))
        frames.append(len(frames) if index is None else _parse_frame(table, line, cells[index], row_word))
        for name, column in zip(names, columns, strict=True):
            value = parse_label(cells[column], table.delimiter)
            if value is None:
                raise LabelError(
                    f"{table.path}: {row_word} {line}, column {name!r} holds {cells[column]!r}, expected 1, 0, -1 or nothing; correct it."
                )
            values.append(value)
    name = "" if time_column is None else table.header[time_column]
    return (
        np.asarray(frames),
        np.asarray(values).reshape(len(lines), len(names)),
        RowTimes(name, np.asarray(seconds, dtype=np.float64), np.asarray(lines), row_word),
    )


def parse_row_time(table: TextTable, line: int, cell: str, row_word: str, *, column: int, is_needed: bool) -> float:
    """Return the seconds in a row's `cell`, which is in a `column` of times; NaN if it is empty and not `is_needed`.

    Raises
    ------
    LabelError
        If it holds anything else.
    """
    seconds = parse_seconds(cell, table.delimiter)
    if seconds is None and (cell or is_needed):
        raise LabelError(f"{table.path}: {row_word} {line} holds {cell!r} as time, expected seconds; correct it.")
    if seconds is None:
        return math.nan
    # What has colons is in hours, minutes and seconds, whatever the name says.
    return seconds if ":" in cell else seconds * (find_time_unit(table.header[column]) or 1.0)


def _list_rows(table: TextTable, *, has_index: bool, row_word: str) -> Iterator[Row]:
    """Yield the rows with as many cells as the header, without the empty ones that spreadsheets leave at the end of a frame column."""
    width = len(table.header)
    is_spreadsheet = row_word == "row"
    for line, cells in table.rows:
        # In a table of one column, a blank line is an empty cell; a spreadsheet does not store empty cells.
        cells = cells or ("",) * (width if is_spreadsheet else width == 1)
        if is_spreadsheet and len(cells) < width:
            cells += ("",) * (width - len(cells))
        if has_index and not any(cells):
            continue
        if len(cells) != width:
            raise LabelError(f"{table.path}: {row_word} {line} has {len(cells)} cells, expected {width} as in the header; correct it.")
        yield line, cells


def find_frame_column(table: TextTable) -> int | None:
    """Return the index of the column with frame numbers, None if there is none."""
    columns = [column for column, name in enumerate(table.header) if is_frame_column(name)]
    # One that says so comes before an index, and a nameless column is pandas's index only in front, where pandas writes it.
    named = [column for column in columns if "frame" in table.header[column].casefold()]
    indexes = [column for column in columns if table.header[column] or column == 0]
    return next(iter((*named, *indexes)), None)


def _parse_frame(table: TextTable, line: int, cell: str, row_word: str) -> int:
    number = parse_number(cell, table.delimiter)
    if number is None or not number.is_integer() or not 0 <= number < 1 << 53:
        raise LabelError(f"{table.path}: {row_word} {line} holds {cell!r} as frame, expected a number from 0; correct it.")
    return int(number)


def _require_frames(path: Path, frames: npt.NDArray[np.int64], lines: npt.NDArray[np.integer], row_word: str) -> None:
    """Raise LabelError unless there is one row per frame, and frame numbers are no larger than the number of rows explains."""
    is_in_order = bool((frames[1:] > frames[:-1]).all())
    order = np.arange(0) if is_in_order else np.argsort(frames, kind="stable")
    repeated = np.flatnonzero(np.diff(frames[order]) == 0)
    if len(repeated):
        first, second = order[repeated[0]], order[repeated[0] + 1]
        raise LabelError(
            f"{path}: {row_word} {lines[second]} repeats frame {frames[second]} of {row_word} {lines[first]}, expected one row per frame; "
            "remove one."
        )
    if len(frames) and frames.max() >= _SPARSEST_INDEX * (len(frames) + 1000):
        last = int(np.argmax(frames))
        raise LabelError(
            f"{path}: {row_word} {lines[last]} is about frame {frames[last]} in a table of {len(frames)} rows, expected frame numbers; "
            "correct it."
        )


def _recognises(source: LabelSource) -> bool:
    """Tell whether all columns other than frame and time hold labels.

    An ethogram of our own (``NAME_prob``, ``NAME_raw``, ``NAME``) holds none.
    """
    names = list_frame_behaviors(source.table)
    if not names or any({f"{name}_prob", f"{name}_raw"} <= set(names) for name in names):
        return False
    return holds_labels_only(source.table, names)


def _read(source: LabelSource, request: LabelRequest) -> FrameLabels:
    column, table = find_time_column(source.table), source.table
    contents = read_frame_columns(table, request, names=list_frame_behaviors(table), row_word=source.row_word, time_column=column)
    unread = next(iter(_list_time_columns(table)), None) if column is None else None
    if unread is None or not len(contents.values):
        return contents
    note = f"{table.path}: its column {table.header[unread]!r} is not in seconds and not looked at; rows are taken for frames."
    return replace(contents, notes=(*contents.notes, note), unread_times=table.header[unread])


def _find_frames(source: LabelSource, request: LabelRequest) -> Frames | None:
    """Return frames at the times of the rows, None if they have none or are numbered."""
    column = find_time_column(source.table)
    if column is None or find_frame_column(source.table) is not None:
        return None
    times = read_frame_columns(source.table, request, names=list_frame_behaviors(source.table), time_column=column).times
    is_increasing = times is not None and len(times.seconds) > 1 and bool((np.diff(times.seconds) > 0).all())
    return Frames.from_times(times.seconds - (request.offset_s or 0.0)) if times is not None and is_increasing else None


FRAME_TABLE = LabelFormat(
    name="frame table",
    recognises=_recognises,
    list_names=lambda source: list_frame_behaviors(source.table),
    read=_read,
    find_frames=_find_frames,
    has_columns=True,
)
