"""Tables that pandas wrote to HDF5, in both of its layouts, read without pandas and PyTables: these run what a file may hold.

Only those with several levels of column names are read, which is what trackers write. Layout "fixed" has an array for each kind of
value, and the names as arrays; layout "table" has an array of records, and the names as a stored object.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from behavior.errors import InputError
from behavior.files.hdf5_arrays import name_kind, read_array
from behavior.files.stored_objects import StoredObjectError, parse_stored_object

__all__ = ["StoredTable", "find_tables", "read_rows"]

_FIXED, _RECORDS = "frame", "frame_table"
_ENCODINGS = ("utf-8", "ascii", "latin-1")
_BLOCK_PREFIX = "values_block_"
_ROW_KINDS = ("integer", "float", "string", "bool")


@dataclass(frozen=True)
class StoredTable:
    """A table in a file, its rows not read yet.

    Attributes
    ----------
    path
        Its group in the file.
    level_names
        What each of L levels of column names is called; "" where it has no name.
    columns
        The L names of each of C columns.
    """

    path: str
    level_names: tuple[str, ...]
    columns: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class _Block:
    """Columns of one type: where each is in the table, and the array of shape (T, number of columns) that has them."""

    places: tuple[int, ...]
    values: h5py.Dataset
    field: str | None = None
    is_turned: bool = False


def find_tables(file: h5py.File) -> list[StoredTable]:
    """Return the tables with several levels of column names in `file`, in the order of their paths.

    Raises
    ------
    InputError
        If the names are a stored object that is more than plain data; the message is the end of a sentence.
    ValueError, KeyError, TypeError, OSError
        If the file is damaged, as h5py has it.
    """
    groups: list[h5py.Group] = []

    def look(_: str, node: h5py.Group | h5py.Dataset) -> None:
        if isinstance(node, h5py.Group) and _read_text(node, "pandas_type") in (_FIXED, _RECORDS):
            groups.append(node)

    file.visititems(look)
    described = [_describe_fixed(group) if _read_text(group, "pandas_type") == _FIXED else _describe_records(group) for group in groups]
    return [table for table in described if table is not None]


def read_rows(file: h5py.File, table: StoredTable, kept: Sequence[int]) -> tuple[npt.NDArray, npt.NDArray[np.float64]]:
    """Return the row index of a table, shape (T,), and its columns `kept`, float64 of shape (T, number of them).

    Raises
    ------
    InputError
        If a column that is kept, or the index, holds stored objects or anything else than numbers; the message is the end of a sentence.
    ValueError, KeyError, TypeError, OSError
        If the file is damaged, as h5py has it.
    """
    group = file[table.path]
    is_fixed = _read_text(group, "pandas_type") == _FIXED
    index = _read_fixed_index(group) if is_fixed else _read_record_index(group)
    values = np.full((len(index), len(kept)), np.nan)
    target_of = {column: position for position, column in enumerate(kept)}
    for block in _list_fixed_blocks(group, table) if is_fixed else _list_record_blocks(group, table):
        wanted = [position for position, column in enumerate(block.places) if column in target_of]
        if not wanted:
            # A column that is not kept, such as a text, may be stored in any way.
            continue
        cells = _read_block(block, n_rows=len(index))
        values[:, [target_of[block.places[position]] for position in wanted]] = cells[:, wanted]
    return index, values


def _read_block(block: _Block, *, n_rows: int) -> npt.NDArray:
    dataset = block.values
    if "value_type" in dataset.attrs and not n_rows:
        return np.empty((0, len(block.places)))
    kind = dataset.dtype if block.field is None else dataset.dtype[block.field].base
    if kind.kind not in "fiu":
        raise InputError(f"holds cells that are not numbers, but {name_kind(kind)}")
    if (_read_text(dataset, "value_type") or "").startswith(("datetime", "timedelta", "period")):
        raise InputError("holds cells that are not numbers, but times")
    cells = read_array(dataset) if block.field is None else read_array(dataset)[block.field].reshape(n_rows, -1)
    cells = cells.T if block.is_turned else cells
    if cells.shape != (n_rows, len(block.places)):
        raise InputError(f"has values of shape {cells.shape} for {n_rows} rows and {len(block.places)} columns")
    return cells


def _describe_fixed(group: h5py.Group) -> StoredTable | None:
    if _read_text(group, "axis0_variety") != "multi":
        return None
    names, columns = _read_levels(group, "axis0")
    return StoredTable(group.name, names, columns)


def _list_fixed_blocks(group: h5py.Group, table: StoredTable) -> Iterator[_Block]:
    for number in range(_read_number(group, "nblocks")):
        _, items = _read_levels(group, f"block{number}_items")
        values = group[f"block{number}_values"]
        # Rows by columns where it was transposed, which is how numbers are written, else columns by rows.
        yield _Block(_find_places(table, items), values, is_turned=not _read_flag(values, "transposed"))


def _read_fixed_index(group: h5py.Group) -> npt.NDArray:
    if _read_text(group, "axis1_variety") == "multi":
        return _as_objects(_read_levels(group, "axis1")[1])
    dataset = group["axis1"]
    if "value_type" in dataset.attrs:
        # Written so where there is no row.
        return np.empty(0)
    return _decode_index(read_array(dataset), _read_text(dataset, "kind"), _read_encoding(group))


def _read_levels(group: h5py.Group, axis: str) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """Return the names of the levels of an axis, and the name that each of its entries has on each level."""
    names, levels = [], []
    for number in range(_read_number(group, f"{axis}_nlevels")):
        dataset = group[f"{axis}_level{number}"]
        names.append(_read_name(dataset))
        codes = read_array(group[f"{axis}_label{number}"])
        if "value_type" in dataset.attrs:
            levels.append(["nan"] * len(codes))
            continue
        known = _decode_index(read_array(dataset), _read_text(dataset, "kind"), _read_encoding(group))
        # pandas has the code -1 for a name that is missing.
        spelled = [*(str(value) for value in known.tolist()), "nan"]
        if codes.dtype.kind not in "iu" or (len(codes) and not -1 <= codes.min() <= codes.max() < len(known)):
            raise InputError(f"has numbers of column names that do not fit the {len(known)} names")
        levels.append([spelled[code] for code in codes.tolist()])
    return tuple(names), tuple(zip(*levels, strict=True))


def _describe_records(group: h5py.Group) -> StoredTable | None:
    axes = _read_object(group, "non_index_axes")
    if not (isinstance(axes, list) and len(axes) == 1 and isinstance(axes[0], tuple) and len(axes[0]) == 2):
        raise InputError("has no list of column names")
    axis, columns = axes[0]
    if not (isinstance(columns, list) and columns and all(isinstance(column, tuple) for column in columns)):
        return None
    n_levels = len(columns[0])
    info = _read_object(group, "info") if "info" in group.attrs else {}
    about = info.get(axis) if isinstance(info, dict) else None
    names = about.get("names") if isinstance(about, dict) else None
    if not isinstance(names, list) or len(names) != n_levels:
        names = [None] * n_levels
    return StoredTable(group.name, tuple("" if name is None else str(name) for name in names), _spell_columns(columns, n_levels))


def _list_record_blocks(group: h5py.Group, table: StoredTable) -> Iterator[_Block]:
    dataset = group["table"]
    for field in dataset.dtype.names or ():
        if field.startswith(_BLOCK_PREFIX):
            items = _spell_columns(_read_object(dataset, f"{field}_kind"), len(table.level_names))
            yield _Block(_find_places(table, items), dataset, field=field)


def _read_record_index(group: h5py.Group) -> npt.NDArray:
    dataset = group["table"]
    return _decode_index(read_array(dataset)["index"], _read_text(dataset, "index_kind"), _read_encoding(group))


def _spell_columns(columns: Any, n_levels: int) -> tuple[tuple[str, ...], ...]:
    if not isinstance(columns, list):
        raise InputError("has no list of column names")
    for column in columns:
        if not isinstance(column, tuple) or len(column) != n_levels or any(isinstance(name, list | tuple | dict) for name in column):
            raise InputError(f"has a column whose name is not made of {n_levels} parts")
    return tuple(tuple(str(name) for name in column) for column in columns)


def _find_places(table: StoredTable, items: Sequence[tuple[str, ...]]) -> tuple[int, ...]:
    number_of = {column: number for number, column in enumerate(table.columns)}
    missing = [item for item in items if item not in number_of]
    if missing:
        raise InputError(f"has values of a column {' '.join(missing[0])!r} that is not among its columns")
    return tuple(number_of[item] for item in items)


def _decode_index(values: npt.NDArray, kind: str | None, encoding: str) -> npt.NDArray:
    """Return names of rows or columns, shape (N,), numbers as they are and text decoded."""
    if values.ndim != 1 or kind not in _ROW_KINDS or values.dtype.kind not in "iufbS":
        raise InputError(f"has names of rows or columns of kind {str(kind)[:20]!r} and type {values.dtype}, expected numbers or text")
    if values.dtype.kind != "S":
        return values
    return np.array([value.decode(encoding, errors="replace") for value in values.tolist()], dtype=object)


def _as_objects(rows: Sequence[tuple[str, ...]]) -> npt.NDArray:
    index = np.empty(len(rows), dtype=object)
    index[:] = rows
    return index


def _read_encoding(group: h5py.Group) -> str:
    encoding = (_read_text(group, "encoding") or "utf-8").casefold()
    if encoding not in _ENCODINGS:
        raise InputError(f"has text in {encoding[:20]!r}, expected one of {', '.join(_ENCODINGS)}")
    return encoding


def _read_name(node: h5py.Dataset) -> str:
    """Return the name of a level, "" where it has none, which PyTables stores as an object."""
    name = _read_text(node, "name") or ""
    if "\n" in name:
        raise InputError("has a name that is a stored Python object, which is not read because it can run programs")
    return "" if name == "N." else name


def _read_text(node: h5py.Group | h5py.Dataset, name: str) -> str | None:
    value = node.attrs.get(name)
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")
    return value if isinstance(value, str) else None


def _read_number(node: h5py.Group, name: str) -> int:
    value = node.attrs[name]
    if not isinstance(value, int | np.integer) or not 0 <= value <= len(node):
        raise InputError(f"has {name} {str(value)[:20]!r}, expected the number of arrays that are there")
    return int(value)


def _read_flag(node: h5py.Dataset, name: str) -> bool:
    value = node.attrs.get(name, 0)
    if not isinstance(value, int | np.integer | np.bool_):
        raise InputError(f"has {name} of another kind than pandas writes, expected 0 or 1")
    return bool(value)


def _read_object(node: h5py.Group | h5py.Dataset, name: str) -> Any:
    content = node.attrs[name]
    if not isinstance(content, bytes):
        raise InputError(f"has {name} of another kind than pandas writes, expected a list")
    try:
        return parse_stored_object(content)
    except StoredObjectError as error:
        raise InputError(f"has {name} as a stored Python object that is more than plain data ({error}), and is not read") from error
