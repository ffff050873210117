"""Text tables as they come from other people's computers: which encoding, which delimiter, which cells."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from behavior.errors import LabelError

__all__ = ["TextTable", "find_delimiter", "find_encoding", "format_row", "parse_number", "read_text_table"]

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True)
class TextTable:
    """A label file, taken apart into cells without spaces around them.

    Attributes
    ----------
    path
        The file.
    header
        Names of the columns.
    rows
        For each row its line in the file, counted from 1 as editors do, and its cells; a blank line has none.
    delimiter
        What separated the cells.
    """

    path: Path
    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    delimiter: str


def read_text_table(path: Path, *, n_bytes: int | None = None) -> TextTable:
    """Read a table whose first line names its columns.

    Parameters
    ----------
    n_bytes
        Read no more than the first lines that fit in so many bytes.

    Raises
    ------
    LabelError
        If the file is missing, empty, no text, or names a column twice.
    """
    if not path.exists():
        raise LabelError(f"{path}: there is no such label file; check the path.")
    if path.is_dir():
        raise LabelError(f"{path}: is a folder, expected a label file.")
    try:
        with path.open("rb") as file:
            content = file.read() if n_bytes is None else file.read(n_bytes)
    except OSError as error:
        raise LabelError(f"{path}: cannot be read ({error.strerror or error}); check that you may read it.") from error
    encoding = find_encoding(content)
    if encoding is None:
        raise LabelError(f"{path}: is no text, expected a table of labels (.csv); export the labels as text.")
    text = content.decode(encoding, errors="replace")
    if n_bytes is not None and len(content) == n_bytes:
        text = text[: text.rfind("\n") + 1]
    lines = text.splitlines()
    first = next((line for line in lines if line.strip()), None)
    if first is None:
        raise LabelError(f"{path}: is empty, expected a table of labels; export the labels again.")
    delimiter = find_delimiter(first)
    reader = csv.reader(lines, delimiter=delimiter)
    try:
        rows = [(reader.line_num, tuple(cell.strip() for cell in row)) for row in reader]
    except csv.Error as error:
        raise LabelError(f"{path}: line {reader.line_num} cannot be read ({error}); export the labels again.") from error
    start = next(place for place, (_, cells) in enumerate(rows) if any(cells))
    # In a table of one column, a blank line is an empty cell.
    while len(rows[start][1]) > 1 and not rows[-1][1]:
        rows.pop()
    header = _drop_trailing_empty(rows, start)
    repeated = sorted({name for name in header if name and header.count(name) > 1})
    if repeated:
        raise LabelError(f"{path}: has two columns named {repeated[0]!r}, expected one; rename or remove one.")
    return TextTable(path, header, tuple(rows[start + 1 :]), delimiter)


def find_encoding(content: bytes) -> str | None:
    """Return the codec of a text that starts with `content`, or None where that is no text.

    Byte order marks decide; without one it is UTF-8, or Latin-1 where it cannot be UTF-8. A zero byte is never text.
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


def find_delimiter(line: str) -> str:
    """Return what separates the cells of a header line: comma, semicolon or tab, whichever is there most often.

    >>> find_delimiter("behavior;start_s;stop_s")
    ';'
    """
    # What is quoted is the name of a column.
    return max((",", ";", "\t"), key=re.sub(r'"[^"]*"', "", line).count)


def parse_number(cell: str, delimiter: str) -> float | None:
    """Return the number in a cell, None where there is none; a decimal comma counts where commas do not separate cells."""
    try:
        return float(cell if delimiter == "," else cell.replace(",", "."))
    except ValueError:
        return None


def format_row(cells: Sequence[str]) -> str:
    """Return `cells` as a line of CSV, quoted where they have to be."""
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(cells)
    return text.getvalue()


def _drop_trailing_empty(rows: list[tuple[int, tuple[str, ...]]], start: int) -> tuple[str, ...]:
    """Return the header without the empty columns that a delimiter at the line's end makes, and cut them from `rows`."""
    header = rows[start][1]
    width = len(header)
    while width > 1 and not header[width - 1] and not any(any(cells[width - 1 :]) for _, cells in rows):
        width -= 1
    if width < len(header):
        rows[:] = [(line, cells[:width]) for line, cells in rows]
    return header[:width]
