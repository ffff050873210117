"""Spreadsheets in which people put an x into each frame's row under each behavior that it shows; .xlsx, or CSV saved from one.

Built from the code that reads the reference thesis's sheets (notebooks/1.1.PrepareDataset of its repository), for want of a sample: names
in the first row, two more rows of headings, then a row per frame; some columns that are no behaviors; x or X where a behavior is shown,
nothing where it is not.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from itertools import islice

import numpy as np
import numpy.typing as npt

from behavior.errors import LabelError, suggest_nearest
from behavior.files.frame_tables import FRAME_NAMES, TIME_NAMES
from behavior.files.label_formats.request import FrameLabels, LabelFormat, LabelRequest
from behavior.files.label_formats.source import LabelSource
from behavior.files.text_tables import Row, TextTable, parse_number

__all__ = ["MARKED_SHEET"]

_MARKS = ("x", "\N{MULTIPLICATION SIGN}", "\N{CHECK MARK}")
_NOTHING = ("", "0", "o", "-")

# Rows below the names that may still be headings.
_MOST_HEADINGS = 3
_USUAL_HEADINGS = 2

# A sheet of fewer rows is no recording.
_FEWEST_ROWS = 5

# The first mark may be far down.
_LOOKED_THROUGH = 50_000


def _is_mark(cell: str) -> bool:
    return cell.casefold() in _MARKS


def _list_columns(table: TextTable) -> tuple[list[int], list[int]]:
    """Return the columns that hold marks or nothing, headings apart, and those of them that hold marks; none where there is no mark."""
    named = [place for place, name in enumerate(table.header) if name and name.casefold() not in (*FRAME_NAMES, *TIME_NAMES)]
    possible = set(named)
    marked: set[int] = set()
    number = -1
    for number, (_, cells) in enumerate(islice(table.rows, _LOOKED_THROUGH)):
        for place in list(possible):
            cell = cells[place] if place < len(cells) else ""
            if _is_mark(cell):
                marked.add(place)
            elif number >= _MOST_HEADINGS and cell.casefold() not in _NOTHING:
                possible.discard(place)
        if not possible:
            break
    marked &= possible
    if not marked or number + 1 < _FEWEST_ROWS:
        return [], []
    return sorted(possible), sorted(marked)


def _recognises(source: LabelSource) -> bool:
    return bool(_list_columns(source.table)[1])


def _list_names(source: LabelSource) -> tuple[str, ...]:
    return tuple(source.table.header[place] for place in _list_columns(source.table)[1])


def _find_counter(table: TextTable, rows: Sequence[Row], names: Sequence[str]) -> int | None:
    """Return the column of one of `names` that holds numbers in most of `rows`, None where there is none."""
    for place, name in enumerate(table.header):
        if name.casefold() in names:
            cells = [row[place] if place < len(row) else "" for _, row in rows]
            if 2 * sum(parse_number(cell, table.delimiter) is not None for cell in cells) > len(cells):
                return place
    return None


def _count_headings(rows: Sequence[Row], table: TextTable, counter: int | None, columns: Sequence[int], surplus: int) -> int:
    """Return how many of the first rows are headings and no frames.

    A row is, where a column counts frames or time, if that has no number; else if words stand under a behavior. Where neither tells, two
    rows without a mark are, if there are two more rows than frames: so it is in the thesis's sheets.
    """
    n_headings = 0
    for number, (_, cells) in enumerate(rows[:_MOST_HEADINGS]):
        if counter is not None:
            is_heading = counter >= len(cells) or parse_number(cells[counter], table.delimiter) is None
        else:
            is_heading = any(
                place < len(cells) and not _is_mark(cells[place]) and cells[place].casefold() not in _NOTHING for place in columns
            )
        if is_heading:
            n_headings = number + 1
    if counter is None and not n_headings and surplus == _USUAL_HEADINGS:
        return 0 if any(_is_mark(cell) for _, cells in rows[:surplus] for cell in cells) else surplus
    return n_headings


def _read(source: LabelSource, request: LabelRequest) -> FrameLabels:
    table = source.table
    columns, marked = _list_columns(table)
    naming = request.naming
    # What is asked for by name is read whatever it holds, and checked cell by cell.
    chosen = [place for place, name in enumerate(table.header) if name and naming.find(name) is not None]
    found = {naming.find(table.header[place]) for place in chosen}
    for number, behavior in enumerate(naming.behaviors):
        if number not in found:
            names = [table.header[place] for place in marked]
            raise LabelError(
                f"{source.path}: has no column {behavior!r}, only {', '.join(names)} with marks{suggest_nearest(behavior, names)}; "
                "rename or map it (labels: map), or leave the behavior out of the study."
            )
    head = list(islice(table.rows, _MOST_HEADINGS + 100))
    n_rows = sum(1 for _ in table.rows)
    index = _find_counter(table, head, FRAME_NAMES)
    counter = index if index is not None else _find_counter(table, head, TIME_NAMES)
    n_headings = _count_headings(head, table, counter, columns, n_rows - request.frames.n_frames)
    notes = []
    if n_headings:
        which = "1 row" if n_headings == 1 else f"{n_headings} rows"
        notes.append(f"{source.path}: {which} below the names of the columns, from {source.place} {head[0][0]}, are taken for headings.")
    values, frames = _read_marks(source, table, chosen, index, n_headings)
    if len(frames) and frames.max() >= 10 * (len(frames) + 1000):
        raise LabelError(f"{source.path}: has a row for frame {frames.max()} among {len(frames)} rows, expected frame numbers; correct it.")
    in_order = values
    if index is not None:
        first = 1 if len(frames) and frames.min() == 1 and frames.max() == request.frames.n_frames else 0
        if first:
            notes.append(f"{source.path}: counts frames from 1; its row 1 is read as frame 0.")
        in_order = np.full((int(frames.max()) + 1 - first if len(frames) else 0, len(chosen)), -1, dtype=np.int8)
        in_order[frames - first] = values
    if counter is None and head:
        notes.append(f"{source.path}: no column counts frames; {source.place} {head[n_headings][0]} is taken for frame 0.")
    left_out = tuple(table.header[place] for place in marked if place not in chosen)
    return FrameLabels(tuple(table.header[place] for place in chosen), in_order, left_out, tuple(notes), is_open_ended=index is None)


def _read_marks(
    source: LabelSource, table: TextTable, chosen: Sequence[int], index: int | None, n_headings: int
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.int64]]:
    """Return the labels of the chosen columns (T, N), and the frame of each row."""
    values, frames = array("b"), array("q")
    width = len(table.header)
    for line, cells in islice(table.rows, n_headings, None):
        # A spreadsheet says nothing of cells that are empty.
        if cells and (len(cells) > width or (len(cells) < width and not source.is_spreadsheet)):
            raise LabelError(f"{source.path}: {source.place} {line} has {len(cells)} cells, expected {width} as in the header; correct it.")
        if index is not None:
            if not any(cells):
                continue
            number = parse_number(cells[index], table.delimiter) if index < len(cells) else None
            if number is None or not number.is_integer() or not 0 <= number < 1 << 53:
                held = cells[index] if index < len(cells) else ""
                raise LabelError(f"{source.path}: {source.place} {line} holds {held!r} as frame, expected a number from 0; correct it.")
            frames.append(int(number))
        else:
            frames.append(len(frames))
        for place in chosen:
            cell = cells[place] if place < len(cells) else ""
            if not _is_mark(cell) and cell.casefold() not in _NOTHING:
                raise LabelError(
                    f"{source.path}: {source.place} {line}, column {table.header[place]!r} holds {cell!r}, expected x or nothing; "
                    "correct it."
                )
            values.append(_is_mark(cell))
    order = np.array(frames, dtype=np.int64)
    if len(np.unique(order)) < len(order):
        raise LabelError(
            f"{source.path}: counts a frame twice in its column {table.header[index or 0]!r}, expected one row per frame; correct it."
        )
    return np.array(values, dtype=np.int8).reshape(len(order), len(chosen)), order


MARKED_SHEET = LabelFormat(name="sheet of x marks", recognises=_recognises, list_names=_list_names, read=_read, has_columns=True)
