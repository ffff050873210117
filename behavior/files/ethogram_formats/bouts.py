"""One table of all bouts of all recordings: what statistics programs and spreadsheets take as it is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from behavior.files.atomic import write_text
from behavior.files.cells import format_table
from behavior.files.ethogram_formats.entry import Entry
from behavior.files.ethograms import BoutRow, list_bouts

__all__ = ["collect_bouts", "write_bouts"]


def collect_bouts(entry: Entry, path: Path) -> list[BoutRow]:
    """Return the bouts of a recording."""
    return list_bouts(entry.annotation)


def write_bouts(path: Path, bouts: Sequence[list[BoutRow]]) -> None:
    """Write the bouts of all recordings to `path`, with the columns of `RECORDING_bouts.csv`."""
    write_text(path, format_table(BoutRow._fields, (row for rows in bouts for row in rows)))
