"""Archives of arrays (`.npz`) whose content is known beforehand: every array is read only if it is the one that is expected."""

from __future__ import annotations

import io
import json
import math
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from behavior.files.atomic import replacing

__all__ = ["ArrayArchive", "open_archive", "write_archive"]

HEADER = "header.json"
# A longer header is refused unread.
MOST_HEADER_BYTES = 64 * 2**20


def write_archive(path: Path, header: Any, arrays: Mapping[str, npt.NDArray]) -> None:
    """Write `header`, as JSON, and `arrays` by name to `path`, whole or not at all.

    Raises
    ------
    OutputError
        If the folder cannot be written to, or the disk is full.
    """
    with replacing(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive:
        # With no time of writing, the same content makes the same file.
        archive.writestr(zipfile.ZipInfo(HEADER), json.dumps(header))
        for name, values in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                np.lib.format.write_array(file, np.asarray(values, order="C"), version=(1, 0), allow_pickle=False)


class ArrayArchive:
    """An open archive; every method raises ValueError, or what `zipfile` raises, on content that is not as expected.

    Nothing is unpickled, and no more is read than what is expected has room for.
    """

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._names = [entry.filename for entry in archive.infolist()]

    def require_names(self, expected: Sequence[str]) -> None:
        """Raise ValueError unless the archive holds the arrays `expected` and no others."""
        names = sorted(name.removesuffix(".npy") for name in self._names if name != HEADER)
        if names != sorted(expected):
            different = sorted(set(names) ^ set(expected)) or names
            raise ValueError(f"found {len(names)} arrays, expected {len(expected)}, and they differ in {', '.join(different[:3])}")

    def read_header(self) -> bytes:
        """Return the JSON text that the archive was written with."""
        return self._read(HEADER, most_bytes=MOST_HEADER_BYTES)

    def read_array(self, name: str, *, dtype: npt.DTypeLike, shape: tuple[int, ...]) -> npt.NDArray:
        """Return the array `name`, which has to have this dtype and shape."""
        description = _describe(np.dtype(dtype), shape)
        n_bytes = len(description) + math.prod(shape) * np.dtype(dtype).itemsize
        content = self._read(f"{name}.npy", most_bytes=n_bytes)
        if len(content) != n_bytes or not content.startswith(description):
            raise ValueError(f"the array {name} is not {np.dtype(dtype)} of shape {shape}")
        return np.frombuffer(content, dtype=dtype, offset=len(description)).reshape(shape).copy()

    def _read(self, name: str, *, most_bytes: int) -> bytes:
        if self._names.count(name) != 1:
            raise ValueError(f"found {self._names.count(name)} entries {name}, expected one")
        entry = self._archive.getinfo(name)
        if entry.compress_type != zipfile.ZIP_STORED or entry.file_size != entry.compress_size:
            raise ValueError(f"the entry {name} is compressed, which none should be")
        if entry.file_size > most_bytes:
            raise ValueError(f"the entry {name} has {entry.file_size:,} bytes, expected at most {most_bytes:,}")
        # Check sums are compared when all of an entry has been read.
        return self._archive.read(entry)


def _describe(dtype: np.dtype, shape: tuple[int, ...]) -> bytes:
    """Return the bytes that stand before the numbers of an array in an `.npy` file."""
    file = io.BytesIO()
    header = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)
    return file.getvalue()


@contextmanager
def open_archive(path: Path) -> Iterator[ArrayArchive]:
    """Open the archive at `path` that `write_archive` wrote.

    Raises
    ------
    OSError, ValueError, zipfile.BadZipFile
        If it cannot be read, is damaged, or is not an archive. `files.opening.explain_damage` makes one sentence of them all.
    """
    with zipfile.ZipFile(path) as archive:
        yield ArrayArchive(archive)
