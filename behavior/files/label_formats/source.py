"""A label file as lines or rows of cells, of a text or a spreadsheet, without holding all of it in memory."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

from behavior.errors import LabelError, advise_on_missing
from behavior.files.cells import unescape_cell
from behavior.files.label_formats.containers import describe_unread, find_container
from behavior.files.label_formats.json_documents import MOST_JSON_BYTES, parse_json
from behavior.files.label_formats.matlab_files import MOST_MATLAB_BYTES, read_matlab
from behavior.files.label_formats.spreadsheets import has_merged_cells, list_sheets, read_sheet
from behavior.files.label_formats.xml_documents import MOST_XML_BYTES, parse_xml
from behavior.files.opening import require_regular_file
from behavior.files.text_tables import Row, TextTable, find_delimiter, find_encoding, make_table, parse_number, split_lines

__all__ = ["HEAD_ROWS", "LabelSource"]

# The part of a file that is read to recognise its format.
_HEAD_BYTES = 1 << 16
HEAD_ROWS = 1000

_CHUNK_BYTES = 1 << 20

# At most this many rows with titles and remarks are expected above a header.
_MOST_TITLES = 10

_ZIP_MAGIC = b"PK\x03\x04"


class LabelSource:
    """A file whose format is recognised and whose labels are read.

    Attributes
    ----------
    path
        The file.
    is_spreadsheet
        Whether it has rows only; a text has lines too.
    row_word
        What messages call a row: ``line`` or ``row``.
    container
        What kind of file it is; only a table has rows, and a header.

    Parameters
    ----------
    sheet
        The sheet of a spreadsheet to read; None for the first with anything in it.
    header_line
        The line of its table's header; None for the first row with anything in it.

    Raises
    ------
    LabelError
        If the file is missing, empty, or neither a text nor a spreadsheet.
    """

    def __init__(self, path: Path, *, sheet: str | None = None, header_line: int | None = None) -> None:
        self.path = path
        self._sheet, self._header_line = sheet, header_line
        if not path.exists():
            raise LabelError(f"{path}: there is no such label file; {advise_on_missing(path)}.")
        require_regular_file(path, error=LabelError, expected="a label file", advice="check the path")
        try:
            with path.open("rb") as file:
                self._start = file.read(_HEAD_BYTES)
        except OSError as error:
            raise self._explain(error) from error
        self.is_spreadsheet = self._start.startswith(_ZIP_MAGIC)
        self.row_word = "row" if self.is_spreadsheet else "line"
        reason = describe_unread(path, self._start)
        if reason is not None:
            raise LabelError(f"{path}: {reason}.")
        self.container = find_container(self._start, self.head)
        if self.container in ("table", "json", "xml") and not self.is_spreadsheet:
            if find_encoding(self._start) is None:
                raise LabelError(f"{path}: is not a text file, expected a table of labels (.csv); export the labels as text.")
            if not self.head.strip():
                raise LabelError(f"{path}: is empty, expected a table of labels; export the labels again.")

    @cached_property
    def head(self) -> str:
        """The first 64 KiB of a text, decoded; "" for a spreadsheet."""
        encoding = None if self.is_spreadsheet else find_encoding(self._start)
        return self._start.decode(encoding, errors="replace") if encoding else ""

    @cached_property
    def head_rows(self) -> tuple[Row, ...]:
        """The first rows."""
        return tuple(islice(self.read_rows(), HEAD_ROWS))

    @cached_property
    def encoding(self) -> str:
        """The codec of a text, by its whole content."""
        by_start = find_encoding(self._start)
        if by_start != "utf-8":
            return by_start or "latin-1"
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            with self.path.open("rb") as file:
                while chunk := file.read(_CHUNK_BYTES):
                    if b"\0" in chunk:
                        raise LabelError(f"{self.path}: is not a text file, expected a table of labels (.csv); export the labels as text.")
                    decoder.decode(chunk)
                decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "latin-1"
        except OSError as error:
            raise self._explain(error) from error
        return "utf-8"

    @cached_property
    def delimiter(self) -> str:
        """What separates the cells: the delimiter that the first line with any has most of; a comma in spreadsheets."""
        lines = [line for line in split_lines(self.head) if line.strip()]
        if not lines:
            return ","
        # There may be lines of one cell above a table.
        return find_delimiter(next((line for line in lines if any(mark in line for mark in ",;\t")), lines[0]))

    @cached_property
    def notes(self) -> list[str]:
        """Sentences on what is odd about the file as such."""
        notes = []
        if len(self.sheets) > 1:
            others = ", ".join(repr(name) for name in self.sheets if name != self._read_sheet)
            notes.append(f"{self.path}: sheet {self._read_sheet!r} is read; there is more in {others}.")
        if self._header_line is not None:
            notes.append(f"{self.path}: {self.row_word} {self._header_line} is taken for the header; the rows above it are left out.")
        if self.sheets and has_merged_cells(self.path, self._read_sheet):
            notes.append(f"{self.path}: has merged cells; their content counts for each of their rows.")
        return notes

    @cached_property
    def sheets(self) -> tuple[str, ...]:
        """The sheets of a spreadsheet that hold anything; () for a text."""
        return tuple(list_sheets(self.path)) if self.is_spreadsheet else ()

    @property
    def _read_sheet(self) -> str:
        return self._sheet if self._sheet is not None else self.sheets[0]

    @cached_property
    def document(self) -> Any:
        """The value of JSON, the root element of XML, the variables of a MATLAB file by name.

        Raises
        ------
        LabelError
            If it is damaged, too large, or more than plain values.
        """
        if self.container == "json":
            return parse_json(self.path, self.read_bytes(MOST_JSON_BYTES), self.encoding)
        if self.container == "xml":
            return parse_xml(self.path, self.read_bytes(MOST_XML_BYTES), self.encoding)
        return read_matlab(self.path, self.read_bytes(MOST_MATLAB_BYTES))

    def list_views(self) -> Iterator[LabelSource]:
        """Yield this file as it is, then with another row as header, then the same for its other sheets."""
        if self.container != "table":
            yield self
            return
        for name in self.sheets if self._sheet is None and self.sheets else (self._sheet,):
            source = self if name == self._sheet or name == self.sheets[0] else self.of_sheet(name)
            yield source
            filled = [(line, [cell for cell in cells if cell]) for line, cells in source.head_rows if any(cells)]
            for line, names in filled[1:_MOST_TITLES]:
                # Rows with a name twice, such as one of units, are not a header.
                if len(set(names)) == len(names) > 1 and all(parse_number(name, self.delimiter) is None for name in names):
                    yield LabelSource(self.path, sheet=source._sheet, header_line=line)

    def of_sheet(self, name: str | None) -> LabelSource:
        """Return another sheet of this file."""
        return LabelSource(self.path, sheet=name)

    def read_text(self) -> str:
        """Return all of a text."""
        try:
            return self.path.read_bytes().decode(self.encoding, errors="replace")
        except OSError as error:
            raise self._explain(error) from error

    def read_bytes(self, most: int) -> bytes:
        """Return the content of a file of at most `most` bytes; LabelError if it is larger."""
        try:
            with self.path.open("rb") as file:
                content = file.read(most + 1)
        except OSError as error:
            raise self._explain(error) from error
        if len(content) > most:
            raise LabelError(
                f"{self.path}: is larger than {most >> 20} MiB, more than labels take; export the labels alone, or of fewer recordings."
            )
        return content

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
            If the file cannot be split into cells.
        """
        if self.is_spreadsheet:
            if self.sheets:
                yield from read_sheet(self.path, self._read_sheet)
            return
        try:
            with self._open_text() as file:
                reader = csv.reader(file, delimiter=self.delimiter)
                try:
                    last = 0
                    for row in reader:
                        # A quoted cell may go on over several lines; a row is where it begins.
                        line, last = last + 1, reader.line_num
                        # What an export of this package has in front of a name that a spreadsheet would take for a formula is not its.
                        cells = tuple(unescape_cell(cell.strip()) for cell in row)
                        # Excel may say in a first line what separates cells.
                        yield line, () if cells == ("",) or cells[0:1] == ("sep=",) else cells
                except csv.Error as error:
                    raise LabelError(f"{self.path}: line {reader.line_num} cannot be read ({error}); export the labels again.") from error
        except OSError as error:
            raise self._explain(error) from error

    @cached_property
    def table(self) -> TextTable:
        """The rows as a table; LabelError if the file is empty or two columns have one name."""
        table = self.find_table(self._header_line)
        if table is None:
            raise LabelError(f"{self.path}: is empty, expected a table of labels; export the labels again.")
        return table

    def find_table(self, header_line: int | None = None) -> TextTable | None:
        """Return the table below the header in `header_line`, or in the first row; None if there is none."""
        return make_table(self.path, self.read_rows, self.delimiter, header_line=header_line)

    def _open_text(self) -> io.TextIOWrapper:
        return self.path.open(encoding=self.encoding, errors="replace", newline="")

    def _explain(self, error: OSError) -> LabelError:
        return LabelError(f"{self.path}: cannot be read ({error.strerror or error}); check that you may read it.")
