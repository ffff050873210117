"""Frame tables: a row per frame, a column per behavior."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from behavior.errors import LabelError, suggest_nearest
from behavior.files.atomic import write_text
from behavior.files.text_tables import TextTable, format_row, parse_number
from behavior.recording import Labels

__all__ = [
    "FRAME_NAMES",
    "TIME_NAMES",
    "holds_frame_labels",
    "list_frame_behaviors",
    "parse_label",
    "read_frame_table",
    "write_frame_table",
]

# Column names without a behavior behind them, in lower case; pandas writes an index without a name.
FRAME_NAMES = ("frame", "frames", "index", "", "unnamed: 0")
TIME_NAMES = ("time_s", "time", "timestamp", "seconds")

_VALUES = {"": -1, "true": 1, "false": 0, "1": 1, "0": 0, "-1": -1}

# An index that leaves out more than nine of ten frames holds something else than frame numbers.
_SPARSEST_INDEX = 10


def list_frame_behaviors(table: TextTable) -> tuple[str, ...]:
    """Return the columns that may be behaviors, in order."""
    return tuple(name for name in table.header if name.casefold() not in (*FRAME_NAMES, *TIME_NAMES))


def holds_frame_labels(table: TextTable) -> bool:
    """Tell whether all columns other than frame and time hold labels only, and any at all.

    An ethogram of our own (``NAME_prob``, ``NAME_raw``, ``NAME``) holds none.
    """
    names = list_frame_behaviors(table)
    if not names or any({f"{name}_prob", f"{name}_raw"} <= set(names) for name in names):
        return False
    places = [table.header.index(name) for name in names]
    cells = [row[place] for _, row in table.rows if len(row) == len(table.header) for place in places]
    return any(cells) and all(parse_label(cell, table.delimiter) is not None for cell in cells)


def parse_label(cell: str, delimiter: str) -> int | None:
    """Return 1, 0 or -1 (an empty cell, too), also where they are written as 1.0 or True; None for anything else."""
    known = _VALUES.get(cell.casefold())
    if known is not None:
        return known
    number = parse_number(cell, delimiter)
    return int(number) if number in (1.0, 0.0, -1.0) else None


def read_frame_table(table: TextTable, behaviors: Sequence[str]) -> tuple[npt.NDArray[np.int8], list[str]]:
    """Return the labels of `behaviors`, and sentences about what is odd.

    Returns
    -------
    Int8 of shape (T, B), T being the table's last frame plus 1; -1 where the table has no row.

    Raises
    ------
    LabelError
        If a column is missing, or a cell is neither 1, 0, -1 nor empty, or the frame column is not one number per row.
    """
    names = list_frame_behaviors(table)
    for name in behaviors:
        if name not in names:
            nearest = suggest_nearest(name, names) or "; rename a column, or leave the behavior out of the study."
            raise LabelError(f"{table.path}: has no column {name!r}, only {', '.join(names) or 'none'}{nearest}")
    warnings = []
    extra = [name for name in names if name not in behaviors]
    if extra:
        warnings.append(f"{table.path}: columns that the study does not name are left out: {', '.join(extra)}.")
    rows = _drop_empty_end(table)
    frames = _read_frames(table, rows)
    values = np.full((int(frames.max()) + 1 if len(frames) else 0, len(behaviors)), -1, dtype=np.int8)
    if len(frames) and frames.min() == 1:
        warnings.append(f"{table.path}: the frame column starts at 1, so frame 0 has no label; frames are counted from 0.")
    places = [table.header.index(name) for name in behaviors]
    for frame, (line, cells) in zip(frames.tolist(), rows, strict=True):
        for column, place in enumerate(places):
            value = parse_label(cells[place], table.delimiter)
            if value is None:
                raise LabelError(
                    f"{table.path}: line {line}, column {behaviors[column]!r} holds {cells[place]!r},"
                    " expected 1, 0, -1 or nothing; correct it."
                )
            values[frame, column] = value
    return values, warnings


def write_frame_table(path: Path, labels: Labels) -> None:
    """Write `labels` with a row per frame: `frame`, then 1, 0 or -1 in a column per behavior.

    Raises
    ------
    LabelError
        If a behavior's name means something else in such a table (``frame``, ``time``).
    OutputError
        If the file cannot be written.
    """
    for name in labels.behaviors:
        if name != name.strip() or name.casefold() in (*FRAME_NAMES, *TIME_NAMES):
            raise LabelError(f"{path}: a behavior cannot be named {name!r} in a frame table, where that means something else; rename it.")
    rows = np.column_stack((np.arange(len(labels)), labels.values))
    lines = [format_row(["frame", *labels.behaviors]), *(",".join(map(str, row)) for row in rows.tolist())]
    write_text(path, "\n".join(lines) + "\n")


def _drop_empty_end(table: TextTable) -> list[tuple[int, tuple[str, ...]]]:
    """Return the rows with as many cells as the header, without the empty ones that spreadsheets leave at the end of a frame column."""
    width = len(table.header)
    # In a table of one column, a blank line is an empty cell.
    rows = [(line, cells or ("",) * (width == 1)) for line, cells in table.rows]
    if _find_frame_column(table) is not None:
        rows = [(line, cells) for line, cells in rows if any(cells)]
    for line, cells in rows:
        if len(cells) != width:
            raise LabelError(f"{table.path}: line {line} has {len(cells)} cells, expected {width} as in the header; correct it.")
    return rows


def _find_frame_column(table: TextTable) -> int | None:
    lower = [name.casefold() for name in table.header]
    for name in FRAME_NAMES:
        # A nameless column is pandas's index only where that is written: in front.
        if name in lower and (name or lower[0] == ""):
            return lower.index(name)
    return None


def _read_frames(table: TextTable, rows: list[tuple[int, tuple[str, ...]]]) -> npt.NDArray[np.int64]:
    place = _find_frame_column(table)
    if place is None:
        return np.arange(len(rows))
    frames: dict[int, int] = {}
    for line, cells in rows:
        number = parse_number(cells[place], table.delimiter)
        if number is None or not number.is_integer() or number < 0:
            raise LabelError(f"{table.path}: line {line} holds {cells[place]!r} as frame, expected a number from 0; correct it.")
        frame = int(number)
        if frame in frames:
            raise LabelError(
                f"{table.path}: line {line} repeats frame {frame} of line {frames[frame]}, expected one row per frame; remove one."
            )
        if frame >= _SPARSEST_INDEX * (len(rows) + 1000):
            raise LabelError(
                f"{table.path}: line {line} is about frame {frame} in a table of {len(rows)} rows, expected frame numbers; correct it."
            )
        frames[frame] = line
    return np.array(list(frames), dtype=np.int64)
