"""Spreadsheets in which people put an x into each frame's row under each behavior that it shows; .xlsx, or CSV saved from one.

By the code that reads the reference thesis's sheets (notebooks/1.1.PrepareDataset of its repository), for lack of a sample: names in the
first row, two more rows of headings, then a row per frame; some columns are not behaviors; x or X where a behavior is shown, nothing where
it is not.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import numpy.typing as npt

from behavior.errors import LabelError
from behavior.files.counter_columns import counts_from_1, find_time_unit, is_counter, is_frame_column
from behavior.files.frame_tables import parse_row_time
from behavior.files.label_formats.label_format import FrameLabels, LabelFormat, RowTimes
from behavior.files.label_formats.missing_behaviors import check_missing
from behavior.files.label_formats.request import LabelRequest
from behavior.files.label_formats.source import LabelSource
from behavior.files.text_tables import Row, TextTable, parse_number, parse_seconds

__all__ = ["MARKED_SHEET"]

_MARKS = ("x", "\N{MULTIPLICATION SIGN}", "\N{CHECK MARK}")
_NOTHING = ("", "0", "o", "-")

# Rows below the names that may still be headings.
_MOST_HEADINGS = 3
_USUAL_HEADINGS = 2

# A sheet of fewer rows is not a recording.
_FEWEST_ROWS = 5

# The first mark may be far down.
_LOOKED_THROUGH = 50_000


def _is_mark(cell: str) -> bool:
    return cell.casefold() in _MARKS


def _is_mark_or_empty(cell: str) -> bool:
    return _is_mark(cell) or cell.casefold() in _NOTHING


def _get_cell(cells: Sequence[str], column: int) -> str:
    """Return a cell, "" if the row is shorter."""
    return cells[column] if column < len(cells) else ""


def _list_columns(table: TextTable) -> tuple[list[int], list[int]]:
    """Return the columns that hold marks or nothing, apart from headings, and those of them that hold marks; [] if there is no mark."""
    named = [column for column, name in enumerate(table.header) if not is_counter(name)]
    possible = set(named)
    marked: set[int] = set()
    number = -1
    for number, (_, cells) in enumerate(islice(table.rows, _LOOKED_THROUGH)):
        for column in list(possible):
            cell = _get_cell(cells, column)
            if _is_mark(cell):
                marked.add(column)
            elif number >= _MOST_HEADINGS and cell.casefold() not in _NOTHING:
                possible.discard(column)
        if not possible:
            break
    marked &= possible
    if not marked or number + 1 < _FEWEST_ROWS:
        return [], []
    return sorted(possible), sorted(marked)


def _recognises(source: LabelSource) -> bool:
    return bool(_list_columns(source.table)[1])


def _list_names(source: LabelSource) -> tuple[str, ...]:
    return tuple(source.table.header[column] for column in _list_columns(source.table)[1])


@dataclass(frozen=True)
class _Layout:
    """Where a sheet has its frames.

    Attributes
    ----------
    n_headings
        Rows below the names that are not frames.
    first_rows
        Those rows and some frames.
    index
        The column with frame numbers; None if there is none.
    time
        The column with times; None if there is none.
    """

    n_headings: int
    first_rows: Sequence[Row]
    index: int | None
    time: int | None

    @property
    def counter(self) -> int | None:
        """The column with frame numbers, else with times; None if there is neither."""
        return self.time if self.index is None else self.index


def _find_layout(table: TextTable, columns: Sequence[int], n_frames: int) -> _Layout:
    """Return the layout of a sheet whose `columns` hold marks or nothing, for a video of `n_frames`."""
    first_rows = list(islice(table.rows, _MOST_HEADINGS + 100))
    n_rows = sum(1 for _ in table.rows)
    index, time = (_find_counter(table, first_rows, counts) for counts in (is_frame_column, lambda name: find_time_unit(name) is not None))
    n_headings = _count_headings(first_rows, table, time if index is None else index, columns, n_rows - n_frames)
    return _Layout(n_headings, first_rows, index, time)


def _find_counter(table: TextTable, rows: Sequence[Row], counts: Callable[[str], bool]) -> int | None:
    """Return the column that counts by its name and holds numbers in most of `rows`, None if there is none."""
    for column, name in enumerate(table.header):
        if counts(name):
            cells = [_get_cell(row, column) for _, row in rows]
            if 2 * sum(parse_seconds(cell, table.delimiter) is not None for cell in cells) > len(cells):
                return column
    return None


def _count_headings(rows: Sequence[Row], table: TextTable, counter: int | None, columns: Sequence[int], surplus: int) -> int:
    """Return how many of the first rows are headings and not frames.

    If a column counts frames or time, a row without a number there is one; else a row with words under a behavior. If neither tells, two
    rows without a mark are headings if there are two more rows than frames, as in the thesis's sheets.
    """
    n_headings = 0
    for number, (_, cells) in enumerate(rows[:_MOST_HEADINGS]):
        if counter is not None:
            is_heading = counter >= len(cells) or parse_seconds(cells[counter], table.delimiter) is None
        else:
            is_heading = any(not _is_mark_or_empty(_get_cell(cells, column)) for column in columns)
        if is_heading:
            n_headings = number + 1
    if counter is None and not n_headings and surplus == _USUAL_HEADINGS:
        return 0 if any(_is_mark(cell) for _, cells in rows[:surplus] for cell in cells) else surplus
    return n_headings


def _read(source: LabelSource, request: LabelRequest) -> FrameLabels:
    table = source.table
    columns, marked = _list_columns(table)
    chosen, missing_notes = _choose_columns(source, marked, request)
    layout = _find_layout(table, columns, request.frames.n_frames)
    values, frames, times = _read_marks(source, chosen, layout)
    if len(frames) and frames.max() >= 10 * (len(frames) + 1000):
        raise LabelError(f"{source.path}: has a row for frame {frames.max()} among {len(frames)} rows, expected frame numbers; correct it.")
    first = 1 if layout.index is not None and counts_from_1(frames, request.frames.n_frames) else 0
    in_order = values
    if layout.index is not None:
        in_order = np.full((int(frames.max()) + 1 - first if len(frames) else 0, len(chosen)), -1, dtype=np.int8)
        in_order[frames - first] = values
    return FrameLabels(
        tuple(table.header[column] for column in chosen),
        in_order,
        left_out=tuple(table.header[column] for column in marked if column not in chosen),
        notes=(*missing_notes, *_note_layout(source, layout, first)),
        is_open_ended=layout.index is None,
        is_extent_stated=False,
        is_numbered=layout.index is not None,
        times=None if layout.time is None else times.take(frames - first, len(in_order)),
    )


def _choose_columns(source: LabelSource, marked: Sequence[int], request: LabelRequest) -> tuple[list[int], list[str]]:
    """Return the columns that stand for a requested behavior, whatever they hold, and notes on behaviors that have none."""
    header, naming = source.table.header, request.naming
    naming.require_not_renamed(source.path, header)
    meanings = {column: naming.find_behavior(name) for column, name in enumerate(header) if name}
    marks = [header[column] for column in marked]
    notes = check_missing(source.path, [name for name in header if name], request, kind="column", shown=marks)
    return [column for column, meaning in meanings.items() if meaning is not None], notes


def _note_layout(source: LabelSource, layout: _Layout, first: int) -> list[str]:
    """Return sentences on how the rows of a sheet were read; `first` is the number of its first frame."""
    notes = []
    rows = layout.first_rows
    if layout.n_headings:
        number = "1 row" if layout.n_headings == 1 else f"{layout.n_headings} rows"
        notes.append(
            f"{source.path}: {number} below the names of the columns, from {source.row_word} {rows[0][0]}, are taken for headings."
        )
    if first:
        notes.append(f"{source.path}: counts frames from 1; its row 1 is read as frame 0.")
    if layout.counter is None and rows:
        notes.append(f"{source.path}: no column counts frames; {source.row_word} {rows[layout.n_headings][0]} is taken for frame 0.")
    return notes


def _read_marks(
    source: LabelSource, chosen: Sequence[int], layout: _Layout
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.int64], RowTimes]:
    """Return the labels of the chosen columns (T, N), the frame of each row, and its line and time."""
    table, index = source.table, layout.index
    values, frames, lines, seconds = array("b"), array("q"), array("I"), array("d")
    width = len(table.header)
    for line, cells in islice(table.rows, layout.n_headings, None):
        # A spreadsheet does not store empty cells.
        if cells and (len(cells) > width or (len(cells) < width and not source.is_spreadsheet)):
            raise LabelError(
                f"{source.path}: {source.row_word} {line} has {len(cells)} cells, expected {width} as in the header; correct it."
            )
        if layout.counter is not None and not any(cells):
            continue
        lines.append(line)
        if layout.time is not None:
            cell = _get_cell(cells, layout.time)
            seconds.append(parse_row_time(table, line, cell, source.row_word, column=layout.time, is_needed=index is None))
        frames.append(len(frames) if index is None else _parse_frame(source, line, _get_cell(cells, index)))
        for column in chosen:
            cell = _get_cell(cells, column)
            if not _is_mark_or_empty(cell):
                raise LabelError(
                    f"{source.path}: {source.row_word} {line}, column {table.header[column]!r} holds {cell!r}, expected x or nothing; "
                    "correct it."
                )
            values.append(_is_mark(cell))
    order = np.array(frames, dtype=np.int64)
    if len(np.unique(order)) < len(order):
        raise LabelError(
            f"{source.path}: counts a frame twice in its column {table.header[index or 0]!r}, expected one row per frame; correct it."
        )
    name = "" if layout.time is None else table.header[layout.time]
    times = RowTimes(name, np.array(seconds, dtype=np.float64), np.array(lines), source.row_word)
    return np.array(values, dtype=np.int8).reshape(len(order), len(chosen)), order, times


def _parse_frame(source: LabelSource, line: int, cell: str) -> int:
    number = parse_number(cell, source.table.delimiter)
    if number is None or not number.is_integer() or not 0 <= number < 1 << 53:
        raise LabelError(f"{source.path}: {source.row_word} {line} holds {cell!r} as frame, expected a number from 0; correct it.")
    return int(number)


MARKED_SHEET = LabelFormat(name="sheet of x marks", recognises=_recognises, list_names=_list_names, read=_read, has_columns=True)
