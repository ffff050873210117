"""Somebody else's HDF5 file: it stands for itself, and types and sizes of its arrays are checked before anything is read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from behavior.errors import InputError

__all__ = ["name_kind", "open_hdf5", "read_array", "read_names", "read_number", "read_numbers", "require_own_content"]

# More values than in a hundred hours of many animals: a file that claims more is damaged, or meant to fill the memory.
_MOST_VALUES = 1 << 30
# No more bytes than this come out of one that is packed with gzip, and arrays of fewer bytes in all are harmless.
_LARGEST_RATIO = 1100
_HARMLESS_BYTES = 1 << 26
_MOST_NAMES = 100_000


@contextmanager
def open_hdf5(path: Path) -> Iterator[h5py.File]:
    """Open the HDF5 file at `path` for reading; raises as h5py does, and as `require_own_content`."""
    # Network drives without locks would otherwise refuse.
    with h5py.File(path, "r", locking=False) as file:
        require_own_content(file)
        yield file


def require_own_content(file: h5py.File) -> None:
    """Raise InputError where a link or an array of `file` is content of another file, without opening that one.

    A hash of the file would not tell when such content changes, and what is opened may be a pipe that never ends. The message is the
    end of a sentence.
    """

    # What these return ends the visit; what they would raise does not pass through HDF5. h5py's own visits are ten times slower.
    def is_elsewhere(name: bytes, link: h5py.h5l.LinkInfo) -> bytes | None:
        # Besides links to other files, there are those that programs define for themselves.
        return name if link.type not in (h5py.h5l.TYPE_HARD, h5py.h5l.TYPE_SOFT) else None

    def is_stored_elsewhere(name: bytes, node: h5py.h5o.ObjInfo) -> bytes | None:
        if node.type != h5py.h5o.TYPE_DATASET:
            return None
        creation = h5py.h5o.open(file.id, name).get_create_plist()
        return name if creation.get_layout() == h5py.h5d.VIRTUAL or creation.get_external_count() else None

    name = file.id.links.visit(is_elsewhere, info=True)
    if name is not None:
        raise InputError(f"has a link {name.decode(errors='replace')[:80]!r} to another file, which is not followed")
    name = h5py.h5o.visit(file.id, is_stored_elsewhere, info=True)
    if name is not None:
        raise InputError(f"has {name.decode(errors='replace')[:80]!r} whose values are in other files, which are not read")


def read_array(dataset: h5py.Dataset) -> npt.NDArray:
    """Return an array as it is stored, numbers or text of fixed length.

    Raises
    ------
    InputError
        If it is not an array, too large for what is stored of it, compressed in a way that cannot be read, or holds stored objects; the
        message is the end of a sentence.
    """
    if not isinstance(dataset, h5py.Dataset) or dataset.shape is None:
        raise InputError("holds something else where an array is expected")
    if dataset.size > _MOST_VALUES:
        raise InputError(f"claims {dataset.size:,} values, more than {_MOST_VALUES:,}")
    compression = _find_unknown_compression(dataset)
    if compression is not None:
        raise InputError(f"is compressed with {compression}, which is not readable here, expected gzip or no compression")
    if dataset.dtype.hasobject:
        raise InputError(f"holds {name_kind(dataset.dtype)}")
    stored = dataset.id.get_storage_size()
    if dataset.nbytes > max(_HARMLESS_BYTES, _LARGEST_RATIO * stored):
        raise InputError(f"claims {dataset.size:,} values of which only {stored:,} bytes are stored")
    return dataset[()]


def read_numbers(dataset: h5py.Dataset) -> npt.NDArray[np.float64]:
    """Return an array of numbers as float64; raises as `read_array`, and where it holds anything else."""
    if isinstance(dataset, h5py.Dataset) and dataset.dtype.kind not in "fiub":
        raise InputError(f"has {str(dataset.name)[:80]} that is not made of numbers, but of {name_kind(dataset.dtype)}")
    # A damaged file may hold what no number is.
    with np.errstate(invalid="ignore"):
        return np.asarray(read_array(dataset), dtype=np.float64)


def read_number(dataset: h5py.Dataset) -> float:
    """Return the only number of an array; raises as `read_numbers`, and where there are several or none."""
    numbers = read_numbers(dataset)
    if numbers.size != 1:
        raise InputError(f"has {numbers.size:,} values in {str(dataset.name)[:80]}, expected one")
    return float(numbers.ravel()[0])


def read_names(dataset: h5py.Dataset) -> list[str]:
    """Return a list of texts, of fixed or of varying length; raises as `read_array`, and where it holds anything else.

    An empty list, which writers store as numbers, is one.
    """
    if not isinstance(dataset, h5py.Dataset) or dataset.shape is None or dataset.size > _MOST_NAMES:
        raise InputError("holds something else where a list of names is expected")
    if not dataset.size:
        return []
    if dataset.dtype.kind == "O" and h5py.check_string_dtype(dataset.dtype) is None:
        raise InputError(f"has {str(dataset.name)[:80]} that is not made of text, but of {name_kind(dataset.dtype)}")
    if dataset.dtype.kind not in "OS":
        raise InputError(f"has {str(dataset.name)[:80]} that is not made of text, but of {name_kind(dataset.dtype)}")
    names = np.ravel(read_array(dataset)).tolist() if dataset.dtype.kind == "S" else _read_texts(dataset)
    return [value.decode("utf-8") if isinstance(value, bytes) else str(value) for value in names]


def name_kind(kind: np.dtype) -> str:
    """Return what values of a type are called in a sentence.

    >>> name_kind(np.dtype("S5"))
    'text'
    """
    if kind.kind == "O":
        return "stored Python objects, which are not read because they can run programs"
    return {"S": "text", "U": "text", "b": "truth values"}.get(kind.kind, f"values of type {kind}")


def _read_texts(dataset: h5py.Dataset) -> list[Any]:
    """Return texts of varying length, one after the other: many of them may be one long text in the file."""
    texts: list[Any] = []
    n_bytes = 0
    for index in np.ndindex(dataset.shape):
        texts.append(dataset[index])
        n_bytes += len(texts[-1])
        if n_bytes > _HARMLESS_BYTES:
            raise InputError(f"has names of more than {_HARMLESS_BYTES:,} bytes in {str(dataset.name)[:80]}")
    return texts


def _find_unknown_compression(dataset: h5py.Dataset) -> str | None:
    creation = dataset.id.get_create_plist()
    filters = [creation.get_filter(number) for number in range(creation.get_nfilters())]
    unknown = [
        name.decode("ascii", errors="replace") or f"filter {code}" for code, _, _, name in filters if not h5py.h5z.filter_avail(code)
    ]
    return unknown[0] if unknown else None
