"""Tables with a row per frame and a column per behavior, as DeepEthogram and SimBA keep labels."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from behavior.errors import EthogramError
from behavior.files.atomic import replacing, write_text
from behavior.files.cells import escape_cell, format_table
from behavior.files.ethogram_formats.entry import Entry
from behavior.files.opening import explain_damage, require_regular_file

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
    """Write SimBA's `targets_inserted` table of the one recording to `path`: its features and the targets, or the targets alone.

    Raises
    ------
    EthogramError
        If the table of features cannot be used, has other rows than the recording has frames, or has a column named after a behavior.
    """
    (entry,) = entries
    if entry.features is None:
        _write_columns(path, entry, entry.annotation.behaviors, entry.annotation.ethogram.values)
    else:
        _append_targets(path, entry, entry.features)


def _write_columns(path: Path, entry: Entry, names: Sequence[str], values: np.ndarray) -> None:
    _escape_names(path, entry, names)
    rows = ((frame, *row) for frame, row in enumerate(values.astype(np.int8).tolist()))
    write_text(path, format_table(("", *names), rows))


def _escape_names(path: Path, entry: Entry, names: Sequence[str], others: Sequence[str] = ()) -> list[str]:
    escaped = [escape_cell(name) for name in names]
    repeated = [name for name in escaped if escaped.count(name) > 1 or name in others]
    if repeated:
        raise EthogramError(
            f"{path}: two columns of {entry.annotation.recording} would be called {repeated[0]!r}; rename the behavior of that name in "
            "the study file, or choose another format."
        )
    return escaped


def _append_targets(path: Path, entry: Entry, features: Path) -> None:
    """Copy the rows of a table of features, whose cells stay as they are, each followed by the targets of its frame."""
    targets = entry.annotation.ethogram.values.astype(np.int8).tolist()
    advice = "give the folder csv/features_extracted of the SimBA project"
    require_regular_file(features, error=EthogramError, expected="a table that SimBA extracted features to", advice=advice)
    with (
        explain_damage(features, error=EthogramError, expected="a table that SimBA extracted features to", advice=advice),
        features.open(encoding="utf-8-sig", newline="") as source,
        replacing(path) as temporary,
        temporary.open("w", encoding="utf-8", newline="") as target,
    ):
        rows = csv.reader(source)
        header = next(rows, [])
        writer = csv.writer(target, lineterminator="\n")
        writer.writerow([*header, *_escape_names(features, entry, entry.annotation.behaviors, header)])
        n_rows = 0
        for cells in filter(None, rows):
            if len(cells) != len(header):
                raise EthogramError(f"{features}: line {rows.line_num} has {len(cells)} cells, expected {len(header)}; {advice}.")
            if n_rows < len(targets):
                writer.writerow([*cells, *targets[n_rows]])
            n_rows += 1
        if n_rows != len(targets):
            raise EthogramError(
                f"{features}: has {n_rows} rows of features, but the ethogram of {entry.annotation.recording} has {len(targets)} frames; "
                "they are of different videos, so give the features of this one."
            )
