"""Tables for spreadsheets, whose cells are text and numbers and nothing that runs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

__all__ = ["escape_cell", "format_table"]

# What spreadsheets take for the beginning of a formula, in the wide forms of East Asian keyboards, too, and what they skip before it.
_FORMULA_MARKS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")

# Whoever finds out what separates cells should not take these for it.
_TO_BE_QUOTED = re.compile(r'[,;"\t\r\n]|^\s|\s$')


def escape_cell(text: str) -> str:
    """Return `text` with an apostrophe in front where a spreadsheet would run it as a formula.

    >>> escape_cell("=HYPERLINK(A1)"), escape_cell("grooming")
    ("'=HYPERLINK(A1)", 'grooming')
    """
    return f"'{text}" if text.startswith(_FORMULA_MARKS) else text


def format_table(header: Sequence[str], rows: Iterable[Sequence[object]], *, line_end: str = "\n") -> str:
    """Return a table as CSV, every text in it escaped."""
    lines = [",".join(_format_cell(cell) for cell in row) for row in (header, *rows)]
    return line_end.join([*lines, ""])


def _format_cell(cell: object) -> str:
    if not isinstance(cell, str):
        return str(cell)
    text = escape_cell(cell)
    return '"' + text.replace('"', '""') + '"' if _TO_BE_QUOTED.search(text) else text
