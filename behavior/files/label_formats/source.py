"""A label file that is looked at: text or spreadsheet, in lines or in rows of cells, without holding all of it in memory."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from functools import cached_property
from itertools import islice
from pathlib import Path

from behavior.errors import LabelError
from behavior.files.label_formats.spreadsheets import list_sheets, read_sheet
from behavior.files.text_tables import Row, TextTable, find_delimiter, find_encoding, make_table

__all__ = ["HEAD_ROWS", "LabelSource"]

# What a look at a file reads of it.
_HEAD_BYTES = 1 << 16
HEAD_ROWS = 1000

_CHUNK_BYTES = 1 << 20

_ZIP_MAGIC = b"PK\x03\x04"
_OLD_OFFICE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


class LabelSource:
    """A file from which formats are told and labels are read.

    Attributes
    ----------
    path
        The file.
    is_spreadsheet
        Whether it has rows only; a text has lines, too.
    place
        What a row is called in messages: line or row.

    Raises
    ------
    LabelError
        If the file is missing, empty, or neither text nor spreadsheet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.exists():
            raise LabelError(f"{path}: there is no such label file; check the path.")
        if path.is_dir():
            raise LabelError(f"{path}: is a folder, expected a label file.")
        try:
            with path.open("rb") as file:
                self._start = file.read(_HEAD_BYTES)
        except OSError as error:
            raise self._explain(error) from error
        self.is_spreadsheet = self._start.startswith(_ZIP_MAGIC)
        self.place = "row" if self.is_spreadsheet else "line"
        if self._start.startswith(_OLD_OFFICE_MAGIC):
            raise LabelError(f"{path}: is a spreadsheet in the format before .xlsx; save it as .xlsx or as CSV.")
        if not self.is_spreadsheet:
            if find_encoding(self._start) is None:
                raise LabelError(f"{path}: is no text, expected a table of labels (.csv); export the labels as text.")
            if not self.head.strip():
                raise LabelError(f"{path}: is empty, expected a table of labels; export the labels again.")

    @cached_property
    def head(self) -> str:
        """The first 64 KiB of a text, decoded; nothing of a spreadsheet."""
        encoding = None if self.is_spreadsheet else find_encoding(self._start)
        return self._start.decode(encoding, errors="replace") if encoding else ""

    @cached_property
    def head_rows(self) -> tuple[Row, ...]:
        """The first rows."""
        return tuple(islice(self.read_rows(), HEAD_ROWS))

    @cached_property
    def encoding(self) -> str:
        """The codec of a text, found by all of it."""
        found = find_encoding(self._start)
        if found != "utf-8":
            return found or "latin-1"
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            with self.path.open("rb") as file:
                while chunk := file.read(_CHUNK_BYTES):
                    if b"\0" in chunk:
                        raise LabelError(f"{self.path}: is no text, expected a table of labels (.csv); export the labels as text.")
                    decoder.decode(chunk)
                decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "latin-1"
        except OSError as error:
            raise self._explain(error) from error
        return "utf-8"

    @cached_property
    def delimiter(self) -> str:
        """What separates the cells: what the first line that is not blank has most of; a comma in spreadsheets."""
        lines = [line for line in self.head.splitlines() if line.strip()]
        if not lines:
            return ","
        # Above a table, there may be lines of one cell.
        return find_delimiter(next((line for line in lines if any(mark in line for mark in ",;\t")), lines[0]))

    @cached_property
    def notes(self) -> list[str]:
        """What is odd about the file as such."""
        if not self.is_spreadsheet or len(self._sheets) < 2:
            return []
        others = ", ".join(map(repr, self._sheets[1:]))
        return [f"{self.path}: sheet {self._sheets[0]!r} is read; there is more in {others}."]

    def read_text(self) -> str:
        """Return all of a text."""
        try:
            return self.path.read_bytes().decode(self.encoding, errors="replace")
        except OSError as error:
            raise self._explain(error) from error

    def read_lines(self) -> Iterator[tuple[int, str]]:
        """Yield the lines of a text with their numbers, without line ends."""
        if self.is_spreadsheet:
            return
        try:
            with self._open_text() as file:
                for number, line in enumerate(file, start=1):
                    yield number, line.rstrip("\r\n")
        except OSError as error:
            raise self._explain(error) from error

    def read_rows(self) -> Iterator[Row]:
        """Yield the rows with their numbers, cells without spaces around them; a blank row has no cells.

        Raises
        ------
        LabelError
            If the file cannot be taken apart into cells.
        """
        if self.is_spreadsheet:
            if self._sheets:
                yield from read_sheet(self.path, self._sheets[0])
            return
        try:
            with self._open_text() as file:
                reader = csv.reader(file, delimiter=self.delimiter)
                try:
                    for row in reader:
                        cells = tuple(cell.strip() for cell in row)
                        # Excel may say in a first line what separates cells.
                        yield reader.line_num, () if cells == ("",) or cells[0:1] == ("sep=",) else cells
                except csv.Error as error:
                    raise LabelError(f"{self.path}: line {reader.line_num} cannot be read ({error}); export the labels again.") from error
        except OSError as error:
            raise self._explain(error) from error

    @cached_property
    def table(self) -> TextTable:
        """The rows, taken for a table whose header is the first one with anything in it; LabelError where that cannot be."""
        table = self.find_table()
        if table is None:
            raise LabelError(f"{self.path}: is empty, expected a table of labels; export the labels again.")
        return table

    def find_table(self, header_line: int | None = None) -> TextTable | None:
        """Return the table below the header in `header_line`, or in the first row; None where there is none."""
        return make_table(self.path, self.read_rows, self.delimiter, header_line=header_line)

    @cached_property
    def _sheets(self) -> list[str]:
        return list_sheets(self.path)

    def _open_text(self) -> io.TextIOWrapper:
        return self.path.open(encoding=self.encoding, errors="replace", newline="")

    def _explain(self, error: OSError) -> LabelError:
        return LabelError(f"{self.path}: cannot be read ({error.strerror or error}); check that you may read it.")
