"""Text tables of numbers, as trackers write them and spreadsheets save them: many rows, read at once."""

from __future__ import annotations

import csv
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from behavior.errors import PoseError
from behavior.files.text_tables import find_delimiter, find_encoding

if TYPE_CHECKING:
    import pandas as pd
    from pandas.io.parsers import TextFileReader

__all__ = ["NumberTable", "TextLayout", "read_first_row", "read_number_table"]


# Separators that a spreadsheet may add to the end of each row.
_SPARE_CELLS = 16

# A table of more bytes is read in parts of so many rows.
_LONG_BYTES, _ROWS_AT_ONCE = 1 << 25, 1 << 17

# The first line of a table is no longer than this; the lines after it tell the decimal separator.
_START_BYTES = 1 << 20
_N_LINES = 12


@dataclass(frozen=True)
class TextLayout:
    """How a text table is written, and where its rows begin.

    Attributes
    ----------
    n_lines
        Number of lines before the first row.
    n_columns
        Cells of a row; what is after them is not read.
    encoding, delimiter, decimal
        Of the text, between cells, and in numbers.
    missing
        What stands for a number that is missing, besides an empty cell and nan.
    """

    n_lines: int
    n_columns: int
    encoding: str
    delimiter: str
    decimal: str
    missing: tuple[str, ...] = ()


def read_first_row(path: Path) -> tuple[list[str], TextLayout] | None:
    """Return the names in the first line of a table, and how the rows below it are written; None if `path` does not begin with text.

    Raises
    ------
    OSError, csv.Error
        If the file cannot be read, or its first line is no row.
    """
    with path.open("rb") as file:
        start = file.read(_START_BYTES)
    encoding = find_encoding(start)
    lines = start.decode(encoding, errors="replace").splitlines()[:_N_LINES] if encoding else []
    if not lines or encoding is None:
        return None
    delimiter = find_delimiter(lines[0])
    cells = [cell.strip() for cell in next(csv.reader(lines[:1], delimiter=delimiter), [])]
    has_commas = delimiter != "," and any("," in line for line in lines[1:])
    return cells, TextLayout(1, len(cells), encoding, delimiter, "," if has_commas else ".")


class NumberTable:
    """The rows of a table, without those that a spreadsheet left blank.

    Attributes
    ----------
    lines
        In which line of the file each row is, int64 of shape (T,), counted from 1 as editors do.
    """

    def __init__(self, path: Path, parts: Sequence[pd.DataFrame], lines: npt.NDArray[np.int64]) -> None:
        self._path, self._parts, self.lines = path, parts, lines

    def __len__(self) -> int:
        return len(self.lines)

    def read_cells(self, column: int) -> npt.NDArray:
        """Return the cells of a column as they are, numbers or text, shape (T,)."""
        return np.concatenate([part[column].to_numpy() for part in self._parts])

    def read_numbers(self, column: int, *, name: str) -> npt.NDArray[np.float64]:
        """Return the numbers in a column called `name`, float64 of shape (T,), NaN where a cell is empty.

        Raises
        ------
        PoseError
            If a cell holds something else.
        """
        import pandas as pd

        cells = pd.concat([part[column] for part in self._parts])
        numbers = pd.to_numeric(cells, errors="coerce")
        wrong = np.flatnonzero(numbers.isna() & cells.notna())
        if len(wrong):
            cell = str(cells.iloc[wrong[0]])[:80]
            raise PoseError(f"{self._path}: line {self.lines[wrong[0]]}, {name}: {cell!r} is not a number; correct it.")
        return numbers.to_numpy(dtype=np.float64)


def read_number_table(path: Path, layout: TextLayout) -> NumberTable:
    """Read the rows of the table at `path`.

    Raises
    ------
    PoseError
        If rows have other numbers of cells, or the text cannot be decoded.
    """
    import pandas as pd

    try:
        parts = _read(path, layout)
    except (pd.errors.ParserError, pd.errors.ParserWarning, pd.errors.EmptyDataError, UnicodeError) as error:
        raise PoseError(f"{path}: cannot be read ({' '.join(str(error).split())[:200]}); export it again.") from error
    # Spreadsheets leave rows of nothing but separators.
    are_rows = [part.notna().any(axis=1) for part in parts]
    parts = [part if is_row.all() else part[is_row] for part, is_row in zip(parts, are_rows, strict=True)]
    lines = layout.n_lines + 1 + np.concatenate([part.index.to_numpy(dtype=np.int64) for part in parts])
    too_long = np.flatnonzero(np.concatenate([part.iloc[:, layout.n_columns :].notna().any(axis=1) for part in parts]))
    if len(too_long):
        raise PoseError(
            f"{path}: line {lines[too_long[0]]} has more than the {layout.n_columns} cells of the header, perhaps a decimal comma; "
            "correct it."
        )
    return NumberTable(path, parts, lines)


def _read(path: Path, layout: TextLayout) -> list[pd.DataFrame]:
    """Return all cells; those of a long table in parts, without the spare columns if these are empty: all at once fill memory twice."""
    import pandas as pd

    with warnings.catch_warnings():
        # What it warns of is that cells are thrown away.
        warnings.simplefilter("error", pd.errors.ParserWarning)
        if path.stat().st_size > _LONG_BYTES and (parts := _read_parts(path, layout)):
            return parts
        with _open(path, layout, rows_at_once=None) as reader:
            return [reader.read()]


def _read_parts(path: Path, layout: TextLayout) -> list[pd.DataFrame]:
    """Return the named columns of a table in parts; [] where one is not of numbers alone, or there is something in the spare columns."""
    parts: list[pd.DataFrame] = []
    with _open(path, layout, rows_at_once=_ROWS_AT_ONCE) as reader:
        for part in reader:
            named, spare = part.iloc[:, : layout.n_columns], part.iloc[:, layout.n_columns :]
            # Where a cell is text, what the others of its column are read as depends on all of them.
            if spare.notna().any(axis=None) or any(kind.kind not in "if" for kind in named.dtypes):
                return []
            parts.append(named.copy())
    return parts


def _open(path: Path, layout: TextLayout, *, rows_at_once: int | None) -> TextFileReader:
    import pandas as pd

    return pd.read_csv(
        path,
        header=None,
        skiprows=layout.n_lines,
        sep=layout.delimiter,
        decimal=layout.decimal,
        encoding=layout.encoding,
        # They are counted, so that lines are those that an editor shows.
        skip_blank_lines=False,
        skipinitialspace=True,
        names=range(layout.n_columns + _SPARE_CELLS),
        index_col=False,
        na_values=list(layout.missing),
        low_memory=False,
        iterator=True,
        chunksize=rows_at_once,
    )
