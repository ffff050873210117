"""Features that another program computed: arrays of a row per frame, read a part at a time whatever size they unpack to."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from behavior.errors import BehaviorError, UsageError
from behavior.files.feature_cache import PART_ROWS, exceeds_float16
from behavior.files.opening import explain_damage, require_regular_file

__all__ = ["FEATURE_SUFFIXES", "ImportedFeatures", "read_imported_features"]

FEATURE_SUFFIXES = (".npy", ".npz", ".csv", ".parquet")
# A month at 38 frames per second.
MOST_FRAMES = 100_000_000
MOST_FEATURES = 65_536
# What is held of a file at one time.
_PART_BYTES = 2**23
# An array that is stored by columns is read whole.
_MOST_BYTES_BY_COLUMN = 2**28
_EXPECTED, _ADVICE = "features", "write it again"


@dataclass(frozen=True)
class ImportedFeatures:
    """Features in a file that was read once and found to be whole.

    Attributes
    ----------
    path
        The file.
    shape
        Frames and features, (T, D).
    fps
        Frames per second; None where the file does not say.
    is_wide
        Whether a value is beyond the range of float16.
    """

    path: Path
    shape: tuple[int, int]
    fps: float | None
    is_wide: bool

    def read_parts(self) -> Iterator[npt.NDArray[np.float32]]:
        """Yield the rows (N, D), finite, part by part; BehaviorError if the file is not what it was."""
        n_rows = 0
        for part in _read_parts(self.path):
            if part.shape[1] != self.shape[1]:
                break
            n_rows += len(part)
            yield part
        if n_rows != self.shape[0]:
            raise BehaviorError(f"{self.path}: was changed while it was read; import it again.")


def read_imported_features(path: Path) -> ImportedFeatures:
    """Return what is in the file at `path`, after reading all of it.

    An .npz file holds the array under `features` and optionally the rate under `fps`; .csv and .parquet have a column per feature, and
    optionally a column `frame` or one without a name that counts the rows.

    Raises
    ------
    BehaviorError
        If the file is missing, of another kind, or does not hold numbers of shape (T, D).
    """
    suffix = path.suffix.lower()
    if suffix not in FEATURE_SUFFIXES:
        raise BehaviorError(f"{path}: found a {suffix or 'nameless'} file, expected one of {', '.join(FEATURE_SUFFIXES)}; convert it.")
    require_regular_file(path, error=BehaviorError, expected="the features of one recording", advice="check the path")
    n_frames, n_features, is_wide = 0, 0, False
    for part in _read_parts(path):
        n_frames, n_features = n_frames + len(part), part.shape[1]
        is_wide = is_wide or exceeds_float16(part)
    _require_shape(path, (n_frames, n_features))
    return ImportedFeatures(path, (n_frames, n_features), _read_fps(path), is_wide)


def _read_parts(path: Path) -> Iterator[npt.NDArray[np.float32]]:
    """Yield the file's rows, float32 of shape (N, D), N a multiple of `PART_ROWS` but at the end; BehaviorError if one is unusable."""
    first = 0
    with explain_damage(path, error=BehaviorError, expected=_EXPECTED, advice=_ADVICE):
        suffix = path.suffix.lower()
        for values in _read_arrays(path) if suffix in (".npy", ".npz") else _read_tables(path):
            _require_shape(path, (first + len(values), *values.shape[1:]))
            if values.dtype.kind not in "fiub":
                raise BehaviorError(f"{path}: found values of type {values.dtype}, expected numbers.")
            with np.errstate(over="ignore"):
                converted = values.astype(np.float32)
            if not np.isfinite(converted).all():
                row, column = np.argwhere(~np.isfinite(converted))[0]
                raise BehaviorError(
                    f"{path}: frame {first + row}, feature {column} is {values[row, column]}, expected a number; fill such gaps first."
                )
            first += len(values)
            yield converted


def _require_shape(path: Path, shape: tuple[int, ...]) -> None:
    if len(shape) != 2 or not math.prod(shape):
        raise BehaviorError(f"{path}: found an array of shape {shape}, expected frames by features with at least one of each.")
    for n, most, what in zip(shape, (MOST_FRAMES, MOST_FEATURES), ("frames", "features"), strict=True):
        if n > most:
            raise BehaviorError(f"{path}: found {n:,} {what}, expected at most {most:,}; write the features of one recording to it.")


@contextmanager
def _open_array(path: Path, name: str) -> Iterator[IO[bytes] | None]:
    """Yield the bytes of the array in an .npy file, or of that called `name` in an .npz file; None where there is no such array."""
    with path.open("rb") as file:
        if path.suffix.lower() == ".npy":
            yield file
            return
        with zipfile.ZipFile(file) as archive:
            if f"{name}.npy" not in archive.namelist():
                yield None
                return
            with archive.open(f"{name}.npy") as member:
                yield member


def _read_fps(path: Path) -> float | None:
    if path.suffix.lower() != ".npz":
        return None
    with explain_damage(path, error=BehaviorError, expected=_EXPECTED, advice=_ADVICE), _open_array(path, "fps") as file:
        if file is None:
            return None
        shape, _, dtype = _read_header(file)
        if math.prod(shape) != 1 or dtype.kind not in "fiu":
            raise ValueError(f"fps is an array of {dtype} of shape {shape}, expected one number")
        return float(np.frombuffer(_read_exactly(file, dtype.itemsize), dtype=dtype)[0])


def _read_arrays(path: Path) -> Iterator[npt.NDArray[Any]]:
    with _open_array(path, "features") as file:
        if file is None:
            with zipfile.ZipFile(path) as archive:
                names = ", ".join(sorted(name.removesuffix(".npy") for name in archive.namelist())[:5])
            raise ValueError(f"no array 'features', only {names}")
        shape, is_by_column, dtype = _read_header(file)
        _require_shape(path, shape)
        n_frames, n_features = shape
        n_bytes = n_frames * n_features * dtype.itemsize
        if is_by_column:
            if n_bytes > _MOST_BYTES_BY_COLUMN:
                raise ValueError(f"the array is stored by columns and has {n_bytes / 2**20:,.0f} MiB; store it by rows, in C order")
            whole = np.frombuffer(_read_exactly(file, n_bytes), dtype=dtype).reshape(shape, order="F")
        step = _count_rows(n_features)
        for start in range(0, n_frames, step):
            n_rows = min(step, n_frames - start)
            if is_by_column:
                yield whole[start : start + n_rows]
            else:
                content = _read_exactly(file, n_rows * n_features * dtype.itemsize)
                yield np.frombuffer(content, dtype=dtype).reshape(n_rows, n_features)
        # At the end, the checksum of an archive's member is compared.
        if file.read(1):
            raise ValueError(f"it goes on after the {n_frames:,} frames that it says it has")


def _read_header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Return shape, whether columns follow each other, and type of the array in an .npy file; ValueError for one of Python objects."""
    version = np.lib.format.read_magic(file)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"the array has version {version}, expected (1, 0) or (2, 0)")
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, is_by_column, dtype = read(file)
    if dtype.hasobject or not dtype.itemsize:
        raise ValueError(f"the array holds {dtype}, expected numbers")
    return shape, is_by_column and len(shape) > 1, dtype


def _read_exactly(file: IO[bytes], n_bytes: int) -> bytes:
    content = file.read(n_bytes)
    if len(content) < n_bytes:
        raise ValueError("it was cut off")
    return content


def _read_tables(path: Path) -> Iterator[npt.NDArray[Any]]:
    tables = _read_csv(path) if path.suffix.lower() == ".csv" else _read_parquet(path)
    for table in tables:
        counting = [name for name in table.columns if str(name).strip().lower() == "frame" or str(name).startswith("Unnamed: 0")]
        yield table.drop(columns=counting).to_numpy()


def _read_csv(path: Path) -> Iterator[pd.DataFrame]:
    n_columns = len(pd.read_csv(path, nrows=0).columns)
    _require_shape(path, (1, max(n_columns - 1, 1)))
    with pd.read_csv(path, chunksize=_count_rows(n_columns)) as tables:
        yield from tables


def _read_parquet(path: Path) -> Iterator[pd.DataFrame]:
    try:
        from pyarrow import parquet
    except ImportError:
        raise UsageError(f"{path}: reading parquet needs pyarrow; install it with `pip install behavior[parquet]`.") from None
    with parquet.ParquetFile(path, pre_buffer=False) as file:
        _require_shape(path, (max(file.metadata.num_rows, 1), max(file.metadata.num_columns - 1, 1)))
        for batch in file.iter_batches(batch_size=_count_rows(file.metadata.num_columns)):
            yield batch.to_pandas()


def _count_rows(n_features: int) -> int:
    """Return how many rows are read at one time."""
    return max(_PART_BYTES // (8 * n_features) // PART_ROWS, 1) * PART_ROWS
