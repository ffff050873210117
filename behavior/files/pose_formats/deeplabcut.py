"""DeepLabCut's tables, CSV and H5, and those that follow it (Lightning Pose, EKS): what each column means, and the numbers in it."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from behavior.errors import InputError, PoseError
from behavior.files.hdf5_arrays import open_hdf5
from behavior.files.number_tables import TextLayout, read_number_table
from behavior.files.opening import explain_damage
from behavior.files.pose_formats.pandas_hdf5 import StoredTable, find_tables, read_rows
from behavior.files.pose_table import COORDINATES, PoseTable, is_hdf5, require_pose_file
from behavior.files.text_tables import find_delimiter, find_encoding

__all__ = ["is_pose_table", "list_animals", "read_pose_table"]

# Header rows of hundreds of columns fit in this many bytes.
_HEADER_BYTES = 1 << 20

# Four of names, those that a spreadsheet left blank, and some of numbers.
_HEADER_LINES = 12

_ROLES = {
    "scorer": "scorer",
    "individuals": "individuals",
    "individual": "individuals",
    "bodyparts": "bodyparts",
    "bodypart": "bodyparts",
    "coords": "coords",
    "coord": "coords",
}

# What an ensemble's Kalman smoother adds to x, y and likelihood of a body part: medians and variances.
_ADDED_COORDINATE = re.compile(r"(x|y|likelihood)_\w+|zscore")

_ADVICE = "export the pose again"

_Column = tuple[str, str, str]


@dataclass(frozen=True)
class _Header:
    """The first lines of a text table: what its columns mean (None for those that are not pose), and how it is written."""

    columns: tuple[_Column | None, ...]
    layout: TextLayout


def read_pose_table(path: Path) -> PoseTable:
    """Read the table at `path`; its content tells CSV from HDF5.

    Raises
    ------
    PoseError
        If the file is missing, is not such a table, holds something else than numbers, or has a column twice.
    """
    table = _read_hdf5(path) if require_pose_file(path) else _read_csv(path)
    table.require_distinct(path)
    return table


def is_pose_table(path: Path) -> bool:
    """Tell by content whether `path` is a table that `read_pose_table` knows, or knows and refuses; never raises."""
    try:
        if is_hdf5(path):
            with open_hdf5(path) as file:
                try:
                    return any(_name_hdf5_columns(table) for table in find_tables(file))
                except InputError:
                    # A table of pandas whose names of columns are not readable, which `read_pose_table` explains.
                    return True
        return _read_csv_header(path) is not None
    # Any content may be in a file, and h5py raises whatever it leads it to; "no pose" is the answer then.
    except Exception:  # noqa: BLE001
        return False


def list_animals(path: Path) -> tuple[str, ...]:
    """Return the animals that the header of a text table names, one without a name as ""; () for any other file, and one that is not there.

    Nothing below the header is read: it may be damaged.
    """
    if not is_pose_table(path) or is_hdf5(path):
        return ()
    header = _read_csv_header(path)
    return () if header is None else tuple(dict.fromkeys(column[0] for column in header.columns if column is not None))


def _read_hdf5(path: Path) -> PoseTable:
    with explain_damage(path, error=PoseError, expected="HDF5", advice=_ADVICE):
        try:
            with open_hdf5(path) as file:
                tables = {table: columns for table in find_tables(file) if (columns := _name_hdf5_columns(table))}
                if len(tables) != 1:
                    listed = ", ".join(table.path for table in tables)
                    found = f"{len(tables)} pose tables ({listed})" if tables else "no table of DeepLabCut, nor pose of SLEAP or NWB"
                    raise PoseError(f"{path}: holds {found}, expected one, with x, y and likelihood of body parts; {_ADVICE}.")
                ((table, columns),) = tables.items()
                kept = [number for number, name in enumerate(columns) if name is not None]
                index, values = read_rows(file, table, kept)
        except InputError as error:
            raise PoseError(f"{path}: {error}; {_ADVICE}.") from error
    return PoseTable(tuple(name for name in columns if name is not None), index, values)


def _name_hdf5_columns(table: StoredTable) -> tuple[_Column | None, ...] | None:
    return _name_columns(table.level_names, list(zip(*table.columns, strict=True)))


def _read_csv(path: Path) -> PoseTable:
    header = _read_csv_header(path)
    if header is None:
        raise PoseError(
            f"{path}: is not a DeepLabCut table, expected header rows, one of them x, y, likelihood; choose the file that DeepLabCut wrote."
        )
    table = read_number_table(path, header.layout)
    kept = {number: name for number, name in enumerate(header.columns) if name is not None}
    values = np.empty((len(table), len(kept)))
    for column, (number, name) in enumerate(kept.items()):
        values[:, column] = table.read_numbers(number + 1, name=" ".join(filter(None, name)))
    return PoseTable(tuple(kept.values()), table.read_cells(0), values, lines=table.lines)


def _read_csv_header(path: Path) -> _Header | None:
    """Return what the first lines say, or None where they are not those of a pose table."""
    with path.open("rb") as file:
        start = file.read(_HEADER_BYTES)
    encoding = find_encoding(start)
    if encoding is None:
        return None
    lines = start.decode(encoding, errors="replace").splitlines()[:_HEADER_LINES]
    if not lines:
        return None
    delimiter = find_delimiter(next((line for line in lines if line.strip()), ""))
    rows = [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter=delimiter)]
    n_lines = next((number for number, row in enumerate(rows) if any(row) and not _is_header_row(row)), len(rows))
    header = [row for row in rows[:n_lines] if any(row)]
    if not header or len({len(row) for row in header}) != 1:
        return None
    columns = _name_columns([row[0] for row in header], [_unmangle(header[0][1:]), *(row[1:] for row in header[1:])])
    if columns is None:
        return None
    if n_lines < len(rows) and _is_index_name(rows[n_lines]):
        n_lines += 1
    has_commas = any("," in cell for row in rows[n_lines:] for cell in row)
    decimal = "," if delimiter != "," and has_commas else "."
    return _Header(columns, TextLayout(n_lines, len(columns) + 1, encoding, delimiter, decimal))


def _is_header_row(row: list[str]) -> bool:
    """Tell whether a row names columns: by its first cell, or, where that is empty, by cells that are not numbers."""
    if not row or len(row) < 2:
        return False
    if row[0].casefold() in _ROLES:
        return True
    return not row[0] and any(cell and not _is_number(cell) for cell in row[1:])


def _is_index_name(row: list[str]) -> bool:
    """Tell whether a row is the one in which pandas writes the index's name: one word, and nothing else."""
    return bool(row) and not any(row[1:]) and not _is_number(row[0]) and not {"/", "\\", "."} & set(row[0])


def _is_number(cell: str) -> bool:
    try:
        float(cell.replace(",", "."))
    except ValueError:
        return False
    return True


def _unmangle(names: list[str]) -> list[str]:
    """Undo pandas's numbering of equal names in a first line (``scorer``, ``scorer.1``, ``scorer.2``)."""
    if len(set(names)) != len(names):
        return names
    bases = [re.sub(r"\.\d+$", "", name) for name in names]
    return [base if base in names else name for base, name in zip(bases, names, strict=True)]


def _name_columns(names: Sequence[str], levels: Sequence[Sequence[str]]) -> tuple[_Column | None, ...] | None:
    """Return (individual, body part, coordinate) of each column, or None where the levels are not those of a pose table.

    Of a column next to the pose, such as a smoother's variances or Lightning Pose's ``set``, it is None.

    A level's name tells its role; where it has none, its content and place do: coordinates are x, y and likelihood, a scorer
    is the same in all columns, and individuals stand before body parts.
    """
    level_of = {_ROLES[name.casefold()]: level for level, name in enumerate(names) if name.casefold() in _ROLES}
    unnamed = [level for level in range(len(levels)) if level not in level_of.values()]
    if "coords" not in level_of:
        level_of["coords"] = next((level for level in reversed(unnamed) if _are_coordinates(levels[level])), -1)
    if level_of["coords"] < 0 or not _are_coordinates(levels[level_of["coords"]]):
        return None
    unnamed = [level for level in unnamed if level != level_of["coords"]]
    if "scorer" not in level_of and len(unnamed) + ("bodyparts" in level_of) > 1:
        level_of["scorer"] = next((level for level in unnamed if len(set(levels[level])) == 1), unnamed[0])
        unnamed.remove(level_of["scorer"])
    for role in ("bodyparts", "individuals"):
        if role not in level_of and unnamed:
            level_of[role] = unnamed.pop()
    if "bodyparts" not in level_of or unnamed:
        return None
    individuals = levels[level_of["individuals"]] if "individuals" in level_of else [""] * len(levels[0])
    coordinates = [name.casefold() for name in levels[level_of["coords"]]]
    columns = zip(individuals, levels[level_of["bodyparts"]], coordinates, strict=True)
    return tuple(column if column[2] in COORDINATES else None for column in columns)


def _are_coordinates(names: Sequence[str]) -> bool:
    folded = {name.casefold() for name in names}
    return {"x", "y"} <= folded and all(name in COORDINATES or _is_beside_pose(name) for name in folded)


def _is_beside_pose(name: str) -> bool:
    """Tell whether a coordinate's name (in lower case) is known to come with x and y; pandas calls empty ones "unnamed: 3_level_2"."""
    return not name or name.startswith("unnamed:") or _ADDED_COORDINATE.fullmatch(name) is not None
