"""Markdown, which people read as it is and programs show as a page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from behavior.errors import show_plainly
from behavior.files.atomic import write_text

__all__ = ["format_markdown_table", "write_markdown"]

# What a program would show as a page's own markup. Nothing that this package writes has any, so it is part of a name.
_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_LINK = re.compile(r"\](?=[(\[:])")


def write_markdown(path: Path, text: str) -> None:
    """Write `text` to `path`, whole or not at all, with markup of pages, links, pictures and control characters in it as plain text.

    Raises
    ------
    OutputError
        If the folder cannot be written to, or the disk is full.
    """
    plain = "\n".join(map(show_plainly, text.split("\n")))
    write_text(path, _LINK.sub(r"\]", _TAG.sub("&lt;", plain)))


def format_markdown_table(heading: Sequence[str], rows: Sequence[Sequence[str]], *, is_aligned: bool = False) -> str:
    r"""Return a table in Markdown, without a line break at its end.

    Parameters
    ----------
    heading
        Names of the columns.
    rows
        Cells, as many in each row as there are columns. A bar in a cell is escaped; it would start another cell.
    is_aligned
        Make columns as wide as they have to be, the first aligned to the left, the others to the right, for a text that is read as it is.

    Raises
    ------
    ValueError
        If a row has another number of cells than the heading.

    Examples
    --------
    >>> print(format_markdown_table(["name", "n"], [["a|b", "1"]]))
    | name | n |
    |---|---|
    | a\|b | 1 |
    >>> print(format_markdown_table(["name", "n"], [["a", "12345"]], is_aligned=True))
    | name |     n |
    |------|------:|
    | a    | 12345 |
    """
    wrong = [row for row in rows if len(row) != len(heading)]
    if wrong:
        raise ValueError(f"a row has {len(wrong[0])} cells, expected {len(heading)}, as the heading has")
    # A line break in a cell would end its row.
    cells = [[show_plainly(cell).replace("|", r"\|") for cell in row] for row in (heading, *rows)]
    if is_aligned:
        widths = [max(3, *(len(row[column]) for row in cells)) for column in range(len(heading))]
        cells = [[_align(cell, width, column) for column, (cell, width) in enumerate(zip(row, widths, strict=True))] for row in cells]
        rule = [f"{'-' * (width + 1)}{'-' if column == 0 else ':'}" for column, width in enumerate(widths)]
    else:
        rule = ["---"] * len(heading)
    lines = [f"| {' | '.join(row)} |" for row in cells]
    return "\n".join([lines[0], f"|{'|'.join(rule)}|", *lines[1:]])


def _align(cell: str, width: int, column: int) -> str:
    return cell.ljust(width) if column == 0 else cell.rjust(width)
