"""Tables in Markdown, which people read as they are and programs show as tables."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["format_markdown_table"]


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
    cells = [[cell.replace("|", r"\|") for cell in row] for row in (heading, *rows)]
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
