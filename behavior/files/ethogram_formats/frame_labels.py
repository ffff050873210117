"""Tables with a row per frame and a column per behavior, as DeepEthogram and SimBA keep labels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from behavior.errors import EthogramError
from behavior.files.atomic import write_text
from behavior.files.ethogram_formats.cells import escape_cell, format_table
from behavior.files.ethogram_formats.entry import Entry

__all__ = ["write_deepethogram", "write_simba"]

_BACKGROUND = "background"


def write_deepethogram(path: Path, entries: Sequence[Entry]) -> None:
    """Write DeepEthogram's labels of the one recording to `path`: 1 in the column `background` where no behavior is.

    Raises
    ------
    EthogramError
        If a behavior is named `background`.
    """
    (entry,) = entries
    values = entry.annotation.ethogram.values
    _write_columns(path, entry, (_BACKGROUND, *entry.annotation.behaviors), np.column_stack((~values.any(axis=1), values)))


def write_simba(path: Path, entries: Sequence[Entry]) -> None:
    """Write the target columns of SimBA's `targets_inserted` tables of the one recording to `path`, to be put next to its features."""
    (entry,) = entries
    _write_columns(path, entry, entry.annotation.behaviors, entry.annotation.ethogram.values)


def _write_columns(path: Path, entry: Entry, names: Sequence[str], values: np.ndarray) -> None:
    escaped = [escape_cell(name) for name in names]
    repeated = [name for name in escaped if escaped.count(name) > 1]
    if repeated:
        raise EthogramError(
            f"{path}: two columns of {entry.annotation.recording} would be called {repeated[0]!r}; rename the behavior of that name in "
            "the study file, or choose another format."
        )
    rows = ((frame, *row) for frame, row in enumerate(values.astype(np.int8).tolist()))
    write_text(path, format_table(("", *names), rows))
