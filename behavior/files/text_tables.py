"""Text tables of any encoding and delimiter, read row by row."""

from __future__ import annotations

import codecs
import csv
import io
import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from behavior.errors import LabelError

__all__ = [
    "Row",
    "TextTable",
    "find_delimiter",
    "find_encoding",
    "format_row",
    "make_table",
    "parse_number",
    "parse_seconds",
    "split_lines",
]

# A row's line in the file, counted from 1 as editors do, and its cells without spaces around them; a blank line has none.
Row = tuple[int, tuple[str, ...]]

_UNITS = frozenset(
    ("s", "sec", "ms", "min", "h", "hh:mm:ss", "frame", "frames", "px", "pixel", "pixels", "mm", "cm", "m", "mm/s", "cm/s", "m/s", "px/s")
    + ("cm/s²", "cm²", "mm²", "deg", "degrees", "°", "deg/s", "rad", "%", "hz", "n", "bool")
)

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True)
class TextTable:
    """A label file whose columns have names; its rows are read from disk on every use.

    Attributes
    ----------
    path
        The file.
    header
        Names of the columns.
    delimiter
        What separates the cells; a comma for spreadsheets.
    open_rows
        Returns the rows below the header.
    """

    path: Path
    header: tuple[str, ...]
    delimiter: str
    open_rows: Callable[[], Iterable[Row]] = field(repr=False)

    @property
    def rows(self) -> Iterator[Row]:
        """The rows below the header, without blank lines at the end and empty cells after the header's last name."""
        width = len(self.header)
        blank: list[Row] = []
        for line, cells in self.open_rows():
            if width > 1 and not cells:
                blank.append((line, cells))
                continue
            yield from blank
            blank.clear()
            yield line, cells[:width] if len(cells) > width and not any(cells[width:]) else cells

    def find_column(self, *names: str) -> int | None:
        """Return the index of the first of `names`, compared without case, that is a column; None if none is."""
        lower = [name.casefold() for name in self.header]
        return next((lower.index(name) for name in names if name in lower), None)


def make_table(path: Path, open_rows: Callable[[], Iterable[Row]], delimiter: str, *, header_line: int | None = None) -> TextTable | None:
    """Return the table whose header is in `header_line`, or in the first row with anything in it; None if there is no such row.

    Raises
    ------
    LabelError
        If two columns have one name, or names are missing.
    """
    for line, header in open_rows():
        if line == header_line or (header_line is None and any(header)):
            break
    else:
        return None
    while len(header) > 1 and not header[-1]:
        header = header[:-1]
    repeated = sorted({name for name in header if name and header.count(name) > 1})
    if repeated and all(parse_number(name, delimiter) is not None for name in header if name):
        raise LabelError(f"{path}: line {line} holds only numbers, expected the names of the columns; put a header above it.")
    if repeated:
        raise LabelError(f"{path}: line {line} has two columns named {repeated[0]!r}, expected one; rename or remove one.")

    def open_below() -> Iterator[Row]:
        below = (row for row in open_rows() if row[0] > line)
        for row in below:
            if len(header) > 1 and is_units_row(row[1]):
                continue
            yield row
            if row[1]:
                break
        yield from below

    return TextTable(path, header, delimiter, open_below)


def is_units_row(cells: Sequence[str]) -> bool:
    """Tell whether cells hold nothing but units, as programs write them below a header.

    >>> is_units_row(("s", "cm", "")), is_units_row(("s", "grooming")), is_units_row(("", ""))
    (True, False, False)
    """
    filled = [cell.strip("()[]").casefold() for cell in cells if cell]
    return bool(filled) and all(cell in _UNITS for cell in filled)


def find_encoding(content: bytes) -> str | None:
    r"""Return the codec of a text that starts with `content`, None if it is not text.

    Byte order marks decide; without one it is UTF-8, or Latin-1 if it cannot be UTF-8. A zero byte is never text.

    >>> find_encoding("Säubern".encode("latin-1")), find_encoding(b"\x00")
    ('latin-1', None)
    """
    for mark, encoding in _BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return encoding
    if b"\0" in content:
        return None
    try:
        # The last character may be cut.
        codecs.getincrementaldecoder("utf-8")().decode(content)
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8"


def split_lines(text: str) -> list[str]:
    r"""Return the lines of `text` as editors number them: other characters that Unicode calls line ends are part of a cell.

    >>> split_lines("drug\u2028A\r\nB\x0cC\n")
    ['drug\u2028A', 'B\x0cC']
    """
    return [line.rstrip("\r\n") for line in io.StringIO(text, newline="")]


def find_delimiter(line: str) -> str:
    """Return what separates the cells of a header line: comma, semicolon or tab, whichever it has most of.

    >>> find_delimiter("behavior;start_s;stop_s")
    ';'
    """
    # Quoted delimiters are part of a column's name.
    return max((",", ";", "\t"), key=re.sub(r'"[^"]*"', "", line).count)


def parse_number(cell: str, delimiter: str) -> float | None:
    """Return the number in a cell, None if there is none; a decimal comma is read if commas do not separate cells.

    >>> parse_number("1,5", ";"), parse_number("x", ",")
    (1.5, None)
    """
    try:
        # Python reads 1_000 as a number; people do not write it.
        return None if "_" in cell else float(cell if delimiter == "," else cell.replace(",", "."))
    except ValueError:
        return None


def parse_seconds(cell: str, delimiter: str) -> float | None:
    """Return seconds, also written as hours:minutes:seconds; None for anything else.

    >>> parse_seconds("0:01:02,5", ","), parse_seconds("2.5", ","), parse_seconds("1 May", ",")
    (62.5, 2.5, None)
    """
    # A comma between digits of a time of the clock can only be a decimal one.
    delimiter = ";" if ":" in cell else delimiter
    parts = [parse_number(part, delimiter) for part in cell.split(":")]
    if not 1 <= len(parts) <= 3 or any(part is None or not math.isfinite(part) or abs(part) > 1e12 for part in parts):
        return None
    seconds = 0.0
    for part in parts:
        seconds = 60 * seconds + abs(part or 0.0)
    return -seconds if cell.strip().startswith("-") else seconds


def format_row(cells: Sequence[str]) -> str:
    """Return `cells` as a line of CSV, quoted if necessary.

    >>> format_row(["a", "b, c"])
    'a,"b, c"'
    """
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(cells)
    return text.getvalue()
