"""Variables of MATLAB files (.mat) as plain values: numbers, text, structs and cells; nothing else is built, and sizes are bounded.

Files of version 5 to 7 are parsed here, by the published layout (MathWorks, "MAT-File Format"): `scipy.io.loadmat` makes room for as many
objects as a file claims, and unpacks without a bound. Those of version 7.3 are HDF5 (`matlab_hdf5`).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from behavior.errors import LabelError
from behavior.files.label_formats.matlab_hdf5 import read_matlab_hdf5

__all__ = ["MOST_MATLAB_BYTES", "read_matlab"]

MOST_MATLAB_BYTES = 64 << 20
# All that is packed in a file, unpacked.
_MOST_UNPACKED = 256 << 20
_MOST_DEPTH = 20
# Structs and cells in all.
_MOST_PARTS = 200_000

_HEADER_BYTES = 128
_MATRIX, _COMPRESSED = 14, 15
_NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_TEXTS = {2: "latin-1", 4: "utf-16", 16: "utf-8", 17: "utf-16", 18: "utf-32"}
_CELL, _STRUCT, _CHARACTERS, _SPARSE = 1, 2, 4, 5
_FIRST_NUMBER, _LAST_NUMBER = 6, 15


class _MatlabError(ValueError):
    """What is wrong with a file, the end of a sentence."""


def read_matlab(path: Path, content: bytes) -> dict[str, Any]:
    """Return the variables of a MATLAB file by their names.

    Returns
    -------
    Arrays of numbers as numpy arrays of their shape, text as str, a struct as a dictionary, several structs as a list of dictionaries, and
    cells as a list, in MATLAB's order.

    Raises
    ------
    LabelError
        If the file is damaged, too large, or holds anything else.
    """
    try:
        if content[:_HEADER_BYTES].startswith(b"MATLAB 7.3"):
            return read_matlab_hdf5(path)
        return _File(content).read()
    except (_MatlabError, ValueError, KeyError, struct.error, zlib.error, UnicodeDecodeError, OverflowError) as error:
        raise LabelError(f"{path}: cannot be read as a MATLAB file ({str(error)[:160]}); save it again in MATLAB.") from error


@dataclass(frozen=True)
class _Element:
    kind: int
    data: memoryview


class _File:
    """The elements of a file, and how much of it may still be built."""

    def __init__(self, content: bytes) -> None:
        if len(content) < _HEADER_BYTES:
            raise _MatlabError("is cut off in its header")
        mark = content[126:128]
        if mark not in (b"IM", b"MI"):
            raise _MatlabError("has no mark of its byte order")
        self._order = "<" if mark == b"IM" else ">"
        self._content = content
        self._unpacked = 0
        self._parts = 0

    def read(self) -> dict[str, Any]:
        variables: dict[str, Any] = {}
        for element in self._list_elements(memoryview(self._content)[_HEADER_BYTES:]):
            if element.kind == _COMPRESSED:
                (element,) = self._list_elements(memoryview(self._unpack(element.data)))
            if element.kind == _MATRIX:
                name, value = self._read_matrix(element.data, 0)
                if name in variables:
                    raise _MatlabError(f"has two variables {name[:60]!r}")
                variables[name] = value
        return variables

    def _unpack(self, data: memoryview) -> bytes:
        unpacker = zlib.decompressobj()
        room = _MOST_UNPACKED - self._unpacked
        unpacked = unpacker.decompress(data, room + 1)
        if len(unpacked) > room:
            raise _MatlabError(f"unpacks to more than {_MOST_UNPACKED >> 20} MiB")
        if not unpacker.eof:
            raise _MatlabError("is cut off in a packed variable")
        self._unpacked += len(unpacked)
        return unpacked

    def _list_elements(self, data: memoryview) -> Iterator[_Element]:
        at = 0
        while at < len(data):
            if len(data) - at < 8:
                raise _MatlabError("is cut off in the head of an element")
            first, second = struct.unpack_from(f"{self._order}II", data, at)
            if first >> 16:
                kind, size, start, step = first & 0xFFFF, first >> 16, at + 4, 8
                if size > 4:
                    raise _MatlabError("has a small element that is too large")
            else:
                # Packed variables are not padded.
                kind, size, start = first, second, at + 8
                step = 8 + (size if kind == _COMPRESSED else -(-size // 8) * 8)
            if start + size > len(data):
                raise _MatlabError(f"is cut off: an element claims {size:,} bytes")
            yield _Element(kind, data[start : start + size])
            at += step

    def _read_matrix(self, data: memoryview, depth: int) -> tuple[str, Any]:
        """Return the name and the value of an array; an empty one may have no parts at all."""
        if depth > _MOST_DEPTH:
            raise _MatlabError(f"has structs in {_MOST_DEPTH} structs")
        self._parts += 1
        if self._parts > _MOST_PARTS:
            raise _MatlabError(f"has more than {_MOST_PARTS:,} arrays")
        if not len(data):
            return "", np.zeros((0, 0))
        parts = self._list_elements(data)
        try:
            flags, sizes, label = next(parts), next(parts), next(parts)
        except StopIteration:
            raise _MatlabError("has an array without its size or name") from None
        kind = struct.unpack_from(f"{self._order}I", flags.data)[0] & 0xFF
        shape = tuple(int(size) for size in self._read_numbers(sizes))
        n_values = 1
        for size in shape:
            n_values *= size
            if size < 0 or n_values > _MOST_UNPACKED:
                raise _MatlabError(f"claims an array of shape {shape[:5]}")
        name = bytes(label.data).decode("utf-8", errors="replace")
        if kind == _CELL:
            cells = [self._read_part(part, depth) for part in parts]
            if len(cells) != n_values:
                raise _MatlabError(f"has {len(cells)} cells for {n_values}")
            return name, cells
        if kind == _STRUCT:
            return name, self._read_structs(parts, n_values, depth)
        values = list(parts)
        if kind == _CHARACTERS:
            return name, self._read_text(values[0], shape) if values else ""
        if not _FIRST_NUMBER <= kind <= _LAST_NUMBER:
            raise _MatlabError("holds a sparse array" if kind == _SPARSE else f"holds an array of kind {kind}, which is not a plain value")
        if not values:
            raise _MatlabError("has an array without values")
        numbers = self._read_numbers(values[0])
        if len(numbers) != n_values:
            raise _MatlabError(f"has {len(numbers)} numbers for {n_values}")
        return name, numbers.reshape(shape, order="F")

    def _read_part(self, part: _Element, depth: int) -> Any:
        if part.kind != _MATRIX:
            raise _MatlabError("has something else where an array is expected")
        return self._read_matrix(part.data, depth + 1)[1]

    def _read_structs(self, parts: Iterator[_Element], n_structs: int, depth: int) -> Any:
        try:
            length, labels = next(parts), next(parts)
        except StopIteration:
            raise _MatlabError("has a struct without names") from None
        width = int(self._read_numbers(length)[0]) if len(length.data) >= 4 else 0
        if width <= 0 or len(labels.data) % width:
            raise _MatlabError("has a struct whose names are damaged")
        text = bytes(labels.data)
        names = [text[at : at + width].split(b"\0")[0].decode("utf-8", errors="replace") for at in range(0, len(text), width)]
        if len(set(names)) < len(names):
            raise _MatlabError("has a struct with two fields of one name")
        values = [self._read_part(part, depth) for part in parts]
        if len(values) != n_structs * len(names):
            raise _MatlabError(f"has {len(values)} values for {n_structs} structs of {len(names)} fields")
        structs = [dict(zip(names, values[at : at + len(names)], strict=True)) for at in range(0, len(values), len(names))] if names else []
        return structs[0] if len(structs) == 1 else structs

    def _read_numbers(self, element: _Element) -> np.ndarray:
        if element.kind not in _NUMBERS:
            raise _MatlabError(f"has values of kind {element.kind} where numbers are expected")
        dtype = np.dtype(f"{self._order}{_NUMBERS[element.kind]}")
        return np.frombuffer(element.data, dtype=dtype)

    def _read_text(self, element: _Element, shape: tuple[int, ...]) -> str:
        if element.kind not in _TEXTS:
            raise _MatlabError(f"has values of kind {element.kind} where text is expected")
        codec = _TEXTS[element.kind]
        if codec in ("utf-16", "utf-32"):
            codec += "-le" if self._order == "<" else "-be"
        text = bytes(element.data).decode(codec, errors="replace")
        # Rows of text are stored column by column.
        if len(shape) == 2 and shape[0] > 1 and len(text) == shape[0] * shape[1]:
            return "\n".join(text[row :: shape[0]].rstrip() for row in range(shape[0]))
        return text
