"""Tables as CSV that people open in spreadsheets: cells are text and numbers, and nothing that runs.

A text that a spreadsheet would run as a formula has an apostrophe in front in the file; who reads the file takes it off again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from behavior.errors import BehaviorError
from behavior.files.atomic import replacing
from behavior.files.opening import explain_damage, require_regular_file

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["escape_cell", "format_table", "read_table", "unescape_cell", "write_table"]

# What spreadsheets take for the beginning of a formula, in the wide forms of East Asian keyboards, too, and what they skip before it.
_FORMULA_MARKS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?")

# Whoever finds out what separates cells should not take these for it.
_TO_BE_QUOTED = re.compile(r'[,;"\t\r\n]|^\s|\s$')


def escape_cell(text: str) -> str:
    """Return `text` with an apostrophe in front where a spreadsheet would run it as a formula.

    >>> escape_cell("=HYPERLINK(A1)"), escape_cell("grooming"), escape_cell("-0.5")
    ("'=HYPERLINK(A1)", 'grooming', '-0.5')
    """
    return f"'{text}" if _is_formula(text) else text


def unescape_cell(text: str) -> str:
    """Return the text that `escape_cell` returned `text` for.

    >>> unescape_cell("'=HYPERLINK(A1)"), unescape_cell("'grooming'")
    ('=HYPERLINK(A1)', "'grooming'")
    """
    return text[1:] if text.startswith("'") and _is_formula(text) else text


def _is_formula(text: str) -> bool:
    # With apostrophes in front, too, so that what was there before is told from what was put there.
    start = text.lstrip("'")
    return start.startswith(_FORMULA_MARKS) and not _NUMBER.fullmatch(start)


def format_table(header: Sequence[str], rows: Iterable[Sequence[object]], *, line_end: str = "\n") -> str:
    """Return a table as CSV, every text in it escaped."""
    lines = [",".join(_format_cell(cell) for cell in row) for row in (header, *rows)]
    return line_end.join([*lines, ""])


def write_table(path: Path, table: pd.DataFrame, *, digits: int | None = None) -> None:
    """Write `table` without its index as CSV to `path`, whole or not at all, every text in it escaped.

    Parameters
    ----------
    digits
        So many of each number that is not whole; None for as many as it takes to read the same number back.

    Raises
    ------
    OutputError
        If the folder cannot be written to, or the disk is full.
    """
    escaped = table.apply(lambda column: column.map(_escape_value) if _holds_text(column) else column)
    escaped.columns = [_escape_value(name) for name in table.columns]
    with replacing(path) as temporary:
        float_format = None if digits is None else f"%.{digits}g"
        escaped.to_csv(temporary, index=False, lineterminator="\n", float_format=float_format, encoding="utf-8")


def read_table(path: Path, *, text: Sequence[str], error: type[BehaviorError], expected: str, advice: str) -> pd.DataFrame:
    """Return the table that `write_table` wrote to `path`.

    Parameters
    ----------
    text
        Columns that it has to have, and that are text, even an id such as "007" or "NA"; what is empty is NaN.
    expected, advice
        As for `opening.require_regular_file`.

    Raises
    ------
    BehaviorError
        Of the type `error`, if there is no such file, or it is not such a table.
    """
    import pandas as pd

    require_regular_file(path, error=error, expected=expected, advice=advice)
    with explain_damage(path, error=error, expected=expected, advice=advice):
        table = pd.read_csv(path, dtype=dict.fromkeys(text, str), keep_default_na=False, na_values=[""])
        table.columns = [unescape_cell(name) for name in table.columns]
        missing = [name for name in text if name not in table]
        if missing:
            raise ValueError(f"it has no column {missing[0]!r}")
        return table.apply(lambda column: column.map(unescape_cell, na_action="ignore") if _holds_text(column) else column)


def _holds_text(column: pd.Series) -> bool:
    import pandas as pd

    return not (pd.api.types.is_numeric_dtype(column.dtype) or pd.api.types.is_datetime64_any_dtype(column.dtype))


def _escape_value(value: object) -> object:
    return escape_cell(value) if isinstance(value, str) else value


def _format_cell(cell: object) -> str:
    if not isinstance(cell, str):
        return str(cell)
    text = escape_cell(cell)
    return '"' + text.replace('"', '""') + '"' if _TO_BE_QUOTED.search(text) else text
