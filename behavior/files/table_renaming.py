"""Another name for a behavior in a table that this package wrote; all other cells stay as they are."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

from behavior.files.cells import escape_cell, unescape_cell

__all__ = ["rename_header", "rename_table"]

_BEHAVIOR_COLUMN, _SENTENCE_COLUMN = "behavior", "reason"


def rename_table(text: str, *, rename: Callable[[str], str], rename_words: Callable[[str], str]) -> str:
    r"""Return a CSV table with other names in its column `behavior`, and in the sentences of its column `reason`.

    Parameters
    ----------
    rename
        Returns what a behavior is called from now on.
    rename_words
        Returns a sentence with the names in it replaced.

    Examples
    --------
    >>> rename_table("fold,behavior\na,a\n", rename=str.upper, rename_words=str.upper)
    'fold,behavior\na,A\n'
    """
    header, *rows = csv.reader(io.StringIO(text))
    for column, change in ((_BEHAVIOR_COLUMN, rename), (_SENTENCE_COLUMN, rename_words)):
        if column in header:
            index = header.index(column)
            rows = [[*row[:index], escape_cell(change(unescape_cell(row[index]))), *row[index + 1 :]] for row in rows]
    return _format([header, *rows])


def rename_header(text: str, *, rename: Callable[[str], str]) -> str:
    """Return a CSV table with other names of columns."""
    header, *rows = csv.reader(io.StringIO(text))
    return _format([[escape_cell(rename(unescape_cell(name))) for name in header], *rows])


def _format(rows: list[list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
