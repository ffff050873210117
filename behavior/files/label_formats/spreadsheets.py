"""Spreadsheets (.xlsx): the cells of a sheet as text, formulas as the values that are stored with them."""

from __future__ import annotations

import re
import warnings
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, time, timedelta
from itertools import zip_longest
from pathlib import Path
from typing import Any

import openpyxl

from behavior.errors import LabelError
from behavior.files.text_tables import Row

__all__ = ["has_merged_cells", "list_sheets", "name_archive", "read_sheet"]

# What Excel itself can hold; a damaged file may claim rows without end.
_MOST_ROWS = 1 << 20
_MOST_COLUMNS = 1 << 14

# A sheet is text that packs well, but no table of labels unpacks to this many bytes: a million rows of three cells do not. All texts
# that cells share are read before the first cell is, and what is packed by more than sheets are is made to be unpacked.
_MOST_BYTES = 192 << 20
_MOST_TEXT_BYTES = 32 << 20
_MOST_EXPANSION = 100
_CHUNK_BYTES = 1 << 20

_MERGED = re.compile(rb'<(?:\w+:)?mergeCell [^>]*?ref="([A-Z]{1,3})(\d{1,7}):[A-Z]{1,3}(\d{1,7})"')
_LONGEST_MERGED = 200


def name_archive(path: Path) -> str:
    """Return what a ZIP archive is if not a spreadsheet, such as "is a NumPy archive (.npz)"; "" for a spreadsheet, or if unknown."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError):
        # Reading it as a spreadsheet says what is wrong.
        return ""
    if "[Content_Types].xml" in names:
        return ""
    return "is a NumPy archive (.npz)" if names and all(name.endswith(".npy") for name in names) else "is a ZIP archive"


def list_sheets(path: Path) -> list[str]:
    """Return the names of the sheets that hold cells, in their order.

    Raises
    ------
    LabelError
        If the file is not a spreadsheet, or damaged.
    """
    with _Workbook(path) as book:
        return [sheet.title for sheet in book.worksheets if any(any(cell is not None for cell in row) for _, row in book.read(sheet))]


def read_sheet(path: Path, name: str) -> Iterator[Row]:
    """Yield the rows of a sheet with their numbers, cells as text; a blank row has none.

    A formula counts as the value that the spreadsheet program stored with it; it is never computed here. The content of merged cells
    is in each of their rows, in the first of their columns.

    Raises
    ------
    LabelError
        If the file is not a spreadsheet, or damaged, or a formula has no stored value.
    """
    with _Workbook(path) as book:
        sheet = next(sheet for sheet in book.worksheets if sheet.title == name)
        yield from _fill_merged(_read_cells(path, book, sheet), book.list_merged(sheet))


def has_merged_cells(path: Path, name: str) -> bool:
    """Tell whether a sheet has cells that are merged over several rows; raises as `read_sheet`."""
    with _Workbook(path) as book:
        return bool(book.list_merged(next(sheet for sheet in book.worksheets if sheet.title == name)))


def _read_cells(path: Path, book: _Workbook, sheet: Any) -> Iterator[Row]:
    if not book.has_formulas:
        for number, values in book.read(sheet):
            yield number, _as_text(values)
        return
    with _Workbook(path, data_only=False) as written:
        twin = next(other for other in written.worksheets if other.title == sheet.title)
        for (number, stored), (_, formulas) in zip_longest(book.read(sheet, whole=True), written.read(twin), fillvalue=(0, ())):
            for column, (cell, formula) in enumerate(zip(stored, formulas, strict=False)):
                # A formula may have an empty text as its value.
                if cell.value is None and formula is not None and cell.data_type not in ("s", "str"):
                    raise LabelError(
                        f"{path}: row {number}, column {_name_column(column)} holds a formula without a stored value; open the file in "
                        "a spreadsheet program and save it, or paste the values in place of the formulas."
                    )
            yield number, _as_text(tuple(cell.value for cell in stored))


def _fill_merged(rows: Iterator[Row], merged: Mapping[int, Sequence[tuple[int, int]]]) -> Iterator[Row]:
    """Yield `rows` with the content of merged cells in each of their rows; `merged` has columns and last rows by first rows."""
    # Last row and content of the merged cells that reach the current row, by column.
    reaching: dict[int, tuple[int, str]] = {}
    for number, cells in rows:
        reaching = {column: cell for column, cell in reaching.items() if cell[0] >= number}
        if reaching:
            width = max(len(cells), 1 + max(reaching))
            filled = [*cells, *[""] * (width - len(cells))]
            for column, (_, text) in reaching.items():
                filled[column] = text
            cells = tuple(filled) if any(filled) else ()
        for column, last in merged.get(number, ()):
            reaching[column] = last, cells[column] if column < len(cells) else ""
        yield number, cells


class _Workbook:
    """An open spreadsheet; whatever its library raises on a damaged file becomes a LabelError."""

    def __init__(self, path: Path, *, data_only: bool = True) -> None:
        self._path = path
        self._data_only = data_only

    def __enter__(self) -> _Workbook:
        self._file = self._path.open("rb")
        try:
            self.has_formulas = self._look_for_formulas()
            with warnings.catch_warnings():
                # They are about styles and the like, which are not read.
                warnings.simplefilter("ignore")
                self._book = openpyxl.load_workbook(self._file, read_only=True, data_only=self._data_only)
            self.worksheets = self._book.worksheets
        # Damaged archives and XML lead the library to errors of any kind.
        except Exception as error:
            self._file.close()
            raise self._explain(error) from error
        return self

    def __exit__(self, *_: object) -> None:
        self._book.close()
        self._file.close()

    def read(self, sheet: Any, *, whole: bool = False) -> Iterator[tuple[int, tuple[Any, ...]]]:
        """Yield the rows of `sheet` as they are stored, whatever size it claims to have: values, or cells if `whole`."""
        try:
            sheet.reset_dimensions()
            for number, values in enumerate(sheet.iter_rows(values_only=not whole), start=1):
                if number > _MOST_ROWS or len(values) > _MOST_COLUMNS:
                    raise LabelError(f"{self._path}: has more rows or columns than a spreadsheet can; save it again.")
                yield number, values
        except Exception as error:
            raise self._explain(error) from error

    def list_merged(self, sheet: Any) -> dict[int, list[tuple[int, int]]]:
        """Return column (from 0) and last row of cells that are merged over rows, by first row; the library does not tell."""
        merged: dict[int, list[tuple[int, int]]] = defaultdict(list)
        try:
            with zipfile.ZipFile(self._file) as archive, archive.open(sheet._worksheet_path) as file:
                end = b""
                while chunk := file.read(_CHUNK_BYTES):
                    text = end + chunk
                    matches = list(_MERGED.finditer(text))
                    for match in matches:
                        column, first, last = match[1], int(match[2]), int(match[3])
                        if last > first:
                            merged[first].append((openpyxl.utils.column_index_from_string(column.decode()) - 1, last))
                    # The part that is kept for the next chunk must not hold a match again.
                    end = text[max(matches[-1].end() if matches else 0, len(text) - _LONGEST_MERGED) :]
        except Exception as error:
            raise self._explain(error) from error
        return merged

    def _explain(self, error: Exception) -> LabelError:
        if isinstance(error, LabelError):
            return error
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        return LabelError(f"{self._path}: cannot be read as a spreadsheet ({reason}); save it again, as .xlsx or as CSV.")

    def _look_for_formulas(self) -> bool:
        with zipfile.ZipFile(self._file) as archive:
            n_bytes = sum(member.file_size for member in archive.infolist())
            if n_bytes > _MOST_BYTES:
                raise LabelError(f"{self._path}: unpacks to more than {_MOST_BYTES >> 20} MiB; save the labels as CSV.")
            shared = sum(member.file_size for member in archive.infolist() if not member.filename.startswith("xl/worksheets/"))
            if shared > _MOST_TEXT_BYTES:
                raise LabelError(f"{self._path}: has more than {_MOST_TEXT_BYTES >> 20} MiB beside its sheets; save the labels as CSV.")
            if n_bytes > _MOST_EXPANSION * self._path.stat().st_size + _CHUNK_BYTES:
                raise LabelError(f"{self._path}: is packed more tightly than a spreadsheet is; save it again, or the labels as CSV.")
            for name in archive.namelist():
                if not name.startswith("xl/worksheets/"):
                    continue
                with archive.open(name) as file:
                    end = b""
                    while chunk := file.read(_CHUNK_BYTES):
                        if re.search(rb"<(\w+:)?f[\s>/]", end + chunk):
                            return True
                        end = chunk[-16:]
        return False


def _as_text(values: tuple[Any, ...]) -> tuple[str, ...]:
    cells = tuple(map(_format, values))
    return cells if any(cells) else ()


def _format(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, datetime | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return repr(value.total_seconds())
    return str(value).strip()


def _name_column(index: int) -> str:
    """Return the name of a column in spreadsheets: A to Z, then AA.

    >>> _name_column(0), _name_column(27)
    ('A', 'AB')
    """
    name = ""
    number = index + 1
    while number:
        number, letter = divmod(number - 1, 26)
        name = chr(ord("A") + letter) + name
    return name
