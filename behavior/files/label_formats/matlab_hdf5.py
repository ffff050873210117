"""Variables of MATLAB files of version 7.3, which are HDF5, as plain values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np

from behavior.errors import InputError, LabelError
from behavior.files.hdf5_arrays import open_hdf5, read_array
from behavior.files.opening import explain_damage

__all__ = ["read_matlab_hdf5"]

_MOST_DEPTH = 20
# Structs and cells in all.
_MOST_PARTS = 20_000
_CLASS, _EMPTY = "MATLAB_class", "MATLAB_empty"


def read_matlab_hdf5(path: Path) -> dict[str, Any]:
    """Return the variables of a MATLAB file of version 7.3 by their names, as `matlab_files.read_matlab` has them.

    Raises
    ------
    LabelError
        If the file is damaged, too large, or holds anything else.
    """
    expected, advice = "a MATLAB file", "save it again in MATLAB"
    with explain_damage(path, error=LabelError, expected=expected, advice=advice):
        try:
            with open_hdf5(path) as file:
                return _Variables(file).read()
        except InputError as error:
            raise LabelError(f"{path}: cannot be read as {expected} ({error}); {advice}.") from error


class _Variables:
    """The variables of an open file, and how many parts of them were built."""

    def __init__(self, file: h5py.File) -> None:
        self._file = file
        self._parts = 0

    def read(self) -> dict[str, Any]:
        # Names with a hash are MATLAB's own, for the contents of cells.
        return {name: self._read_node(self._file, name, 0) for name in self._file if not name.startswith("#")}

    def _read_node(self, group: h5py.Group, name: str, depth: int) -> Any:
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise InputError(f"has a link to {name[:60]!r} elsewhere, which is not followed")
        return self._read_value(group[name], depth)

    def _read_value(self, node: h5py.Group | h5py.Dataset, depth: int) -> Any:
        self._parts += 1
        if self._parts > _MOST_PARTS or depth > _MOST_DEPTH:
            raise InputError("has more structs and cells than label files have")
        if isinstance(node, h5py.Group):
            return {name: self._read_node(node, name, depth + 1) for name in node}
        kind = _to_text(node.attrs.get(_CLASS, b""))
        if node.attrs.get(_EMPTY, 0):
            return "" if kind == "char" else [] if kind == "cell" else np.zeros((0, 0))
        if h5py.check_ref_dtype(node.dtype) is not None:
            if node.size > _MOST_PARTS:
                raise InputError(f"claims {node.size:,} cells")
            return [self._read_value(self._file[reference], depth + 1) for reference in np.ravel(node[()]).tolist() if reference]
        values = read_array(node)
        if values.dtype.kind not in "fiub":
            raise InputError("holds what is neither a number nor a text")
        # MATLAB's order of dimensions is the other way round.
        values = values.T
        if kind == "char":
            # A damaged file may hold what no number is; `chr` refuses what comes of it.
            with np.errstate(invalid="ignore"):
                return "".join(map(chr, np.ravel(values, order="F").astype(np.int64).tolist()))
        return values


def _to_text(value: object) -> str:
    return value.decode("utf-8", errors="replace") if isinstance(value, bytes) else str(value)
