"""Arrays in somebody else's HDF5 file: their type and size are checked before anything is read."""

from __future__ import annotations

import h5py
import numpy as np
import numpy.typing as npt

from behavior.errors import InputError

__all__ = ["name_kind", "read_array", "read_names", "read_numbers"]

# More values than in a hundred hours of many animals: a file that claims more is damaged, or meant to fill the memory.
_MOST_VALUES = 1 << 30
# No more bytes than this come out of one that is packed with gzip, and arrays of fewer bytes in all are harmless.
_LARGEST_RATIO = 1100
_HARMLESS_BYTES = 1 << 26
_MOST_NAMES = 100_000


def read_array(dataset: h5py.Dataset) -> npt.NDArray:
    """Return an array as it is stored, numbers or text of fixed length.

    Raises
    ------
    InputError
        If it is no array, too large for what is stored of it, compressed in a way that cannot be read, or holds stored objects; the
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
    return [value.decode("utf-8") if isinstance(value, bytes) else str(value) for value in np.ravel(dataset[()]).tolist()]


def name_kind(kind: np.dtype) -> str:
    """Return what values of a type are called in a sentence.

    >>> name_kind(np.dtype("S5"))
    'text'
    """
    if kind.kind == "O":
        return "stored Python objects, which are not read because they can run programs"
    return {"S": "text", "U": "text", "b": "truth values"}.get(kind.kind, f"values of type {kind}")


def _find_unknown_compression(dataset: h5py.Dataset) -> str | None:
    creation = dataset.id.get_create_plist()
    filters = [creation.get_filter(number) for number in range(creation.get_nfilters())]
    unknown = [
        name.decode("ascii", errors="replace") or f"filter {code}" for code, _, _, name in filters if not h5py.h5z.filter_avail(code)
    ]
    return unknown[0] if unknown else None
