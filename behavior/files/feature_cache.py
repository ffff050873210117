"""The feature cache: one HDF5 file per recording and signature, which has its name only when it is complete."""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import h5py
import numpy as np
import numpy.typing as npt

from behavior.errors import CacheError, OutputError
from behavior.files.atomic import replacing
from behavior.files.disk_space import require_space
from behavior.files.feature_measures import MEASURES, place_measures
from behavior.files.feature_sources import Signature, Source, hash_source
from behavior.files.hdf5_arrays import require_own_content
from behavior.files.opening import explain_damage
from behavior.row_blocks import RowBlocks, count_block_rows

__all__ = [
    "PART_ROWS",
    "DamagedCacheError",
    "FeatureOutline",
    "FeatureSet",
    "MissingCacheError",
    "OtherFeaturesError",
    "OtherSchemaError",
    "StaleCacheError",
    "cache_path",
    "check_features",
    "exceeds_float16",
    "find_imported",
    "list_signatures",
    "read_features",
    "read_outline",
    "write_cache",
]

SCHEMA_VERSION = 1
# Of files with fewer rows than frames, which earlier versions would take for others.
_SAMPLED_VERSION = 2
# The first whose file structures have checksums of their own.
_HDF5_VERSION = "v110"
_DATASETS = ("features", "centers", "measured", "time_s")
_ATTRIBUTES_HASH = "attributes_hash"
_ADVICE = "delete it, and run `behavior embed STUDY` again (`behavior import-features` for imported features)"
# Of a file without any features.
_MOST_OVERHEAD_BYTES = 2**17
# What a killed run has to do again at most. A multiple of every usual batch size, so that batches fall alike after a resumption.
PART_ROWS = 960
# With the hash at the end of a signature's key.
_KEY_END, _ANY_END = re.compile(r"[0-9a-f]{10}\.h5"), re.compile(r".*\.h5")


class MissingCacheError(CacheError):
    """The recording has no features with this signature."""


class DamagedCacheError(CacheError):
    """The file is not a complete feature cache."""


class OtherSchemaError(CacheError):
    """The file was written by another version of the format."""


class StaleCacheError(CacheError):
    """The video, the pose or the crop settings have changed since."""


class OtherFeaturesError(CacheError):
    """The numbers in the file mean something else."""


@dataclass(frozen=True)
class FeatureSet:
    """The features of one recording: of every frame, or of S of its T frames.

    Attributes
    ----------
    features
        Float16 or float32 of shape (S, D); `RowBlocks`, which stand for such an array, where they were to be read in blocks.
    centers
        Pixels, float32 of shape (S, 2); NaN where there is no centre.
    measured
        Bool of shape (S,): False where the centre was filled in or the frame could not be decoded.
    time_s
        Seconds of every frame, float64 of shape (T,).
    fps
        Frames per second of the video.
    signature
        What the numbers mean.
    notes
        What the reader of a result should know: sentences on frames that were cut, filled in or not decoded.
    attributes
        Precision, versions and whatever else was kept with the features.
    frames
        Which frames the rows are of, int64 of shape (S,), increasing; None where each frame has its row.
    measures
        `MEASURES` of each row, float32 of shape (S, 6), NaN where they are not known; None where there are none.
    """

    features: npt.NDArray[np.floating]
    centers: npt.NDArray[np.float32]
    measured: npt.NDArray[np.bool_]
    time_s: npt.NDArray[np.float64]
    fps: float
    signature: Signature
    notes: tuple[str, ...] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)
    frames: npt.NDArray[np.int64] | None = None
    measures: npt.NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        n_rows = len(self.features)
        if self.features.ndim != 2:
            raise ValueError(f"features have shape {self.features.shape}, expected (S, D)")
        for name, array, shape in (
            ("centers", self.centers, (n_rows, 2)),
            ("measured", self.measured, (n_rows,)),
            *([("time_s", self.time_s, (n_rows,))] if self.frames is None else [("frames", self.frames, (n_rows,))]),
            *([] if self.measures is None else [("measures", self.measures, (n_rows, len(MEASURES)))]),
        ):
            if array.shape != shape:
                raise ValueError(f"{name} have shape {array.shape}, expected {shape}")
        _require_order(self.frames, len(self.time_s))

    @property
    def n_frames(self) -> int:
        """Number of frames of the video, T."""
        return len(self.time_s)


@dataclass(frozen=True)
class FeatureOutline:
    """What a cache file says of its features, which are not read.

    Attributes
    ----------
    n_features
        Their number, D.
    time_s
        Seconds of every frame, float64 of shape (T,).
    fps, signature, frames, attributes
        As in `FeatureSet`.
    """

    n_features: int
    time_s: npt.NDArray[np.float64]
    fps: float
    signature: Signature
    frames: npt.NDArray[np.int64] | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def n_frames(self) -> int:
        """Number of frames of the video, T."""
        return len(self.time_s)


def _require_order(frames: npt.NDArray[np.int64] | None, n_frames: int) -> None:
    """Raise ValueError unless the rows' `frames` are some of `n_frames`, in order."""
    if frames is not None and len(frames) and ((np.diff(frames) <= 0).any() or not 0 <= frames[0] <= frames[-1] < n_frames):
        raise ValueError(f"the rows are not of frames in order among {n_frames}")


def cache_path(folder: Path, recording: str, signature: Signature) -> Path:
    """Return where the cache in `folder` keeps the features of `recording` with `signature`."""
    return folder / f"{recording}.{signature.key}.h5"


def list_signatures(folder: Path, recording: str, stream: str) -> list[Signature]:
    """Return what the features mean that the cache in `folder` keeps for `recording` under the name of a stream, in the files' order.

    Raises
    ------
    CacheError
        If there are files, but none of them can be read: what is wrong with the first.
    """
    signatures: list[Signature] = []
    failures: list[CacheError] = []
    for path in _list_files(folder, f"{recording}.{stream}-", end=_KEY_END):
        try:
            signatures.append(_read_signature(path))
        except CacheError as error:
            failures.append(error)
    if failures and not signatures:
        raise failures[0]
    return signatures


def find_imported(folder: Path, recording: str, name: str) -> Path:
    """Return the file of the features imported for `recording` under `name`.

    Raises
    ------
    MissingCacheError
        If there is none.
    CacheError
        If there are several, of different widths.
    """
    paths = [
        path
        for path in _list_files(folder, f"{recording}.{name}-", end=_ANY_END)
        if (signature := _read_signature(path)).stream == name and "backbone" not in signature.settings
    ]
    if not paths:
        raise MissingCacheError(
            f"recording {recording!r} has no features imported as {name!r} in {folder}; bring them in with `behavior import-features STUDY "
            f"FILES --name {name}`."
        )
    if len(paths) > 1:
        listed = ", ".join(path.name for path in paths)
        raise CacheError(f"recording {recording!r} has several features imported as {name!r} in {folder} ({listed}); delete all but one.")
    return paths[0]


def _list_files(folder: Path, start: str, *, end: re.Pattern[str]) -> list[Path]:
    """Return the files of a cache whose names are `start` and such an end, in order; the cache may have those of very many recordings."""
    try:
        with os.scandir(folder) as entries:
            return sorted(
                folder / entry.name for entry in entries if entry.name.startswith(start) and end.fullmatch(entry.name, len(start))
            )
    except FileNotFoundError:
        return []


def _read_signature(path: Path) -> Signature:
    with _open_cache(path) as file:
        return Signature.from_text(file.attrs["feature_signature"])


@contextmanager
def _open_cache(path: Path) -> Iterator[h5py.File]:
    """Open a finished cache file and check what every reader relies on; whatever is wrong with what is read in the block is damage."""
    if not path.is_file():
        raise MissingCacheError(f"{path}: no features there; run `behavior embed STUDY` first.")
    with (
        explain_damage(path, error=DamagedCacheError, expected="a complete feature cache", advice=_ADVICE),
        # Network drives without locks would otherwise refuse; a finished file is never written again.
        h5py.File(path, "r", locking=False) as file,
    ):
        require_own_content(file)
        version = file.attrs.get("schema_version")
        if version is None:
            raise DamagedCacheError(f"{path}: found an HDF5 file that is not a feature cache; delete it or choose another cache folder.")
        expected = _SAMPLED_VERSION if "frames" in file else SCHEMA_VERSION
        if int(version) != expected:
            raise OtherSchemaError(
                f"{path}: found schema version {version}, this version of behavior reads {expected}; delete the file and embed again."
            )
        attributes = dict(file.attrs)
        # Files of earlier versions have no checksums.
        if attributes.pop(_ATTRIBUTES_HASH, None) not in (None, _hash_attributes(attributes)):
            raise ValueError("its description is not as it was written")
        yield file


def read_features(path: Path, *, signature: Signature | None = None, source: Source | None = None, in_blocks: bool = False) -> FeatureSet:
    """Return the features in the cache file at `path`, after checking that they are what is asked for.

    Parameters
    ----------
    signature
        What the numbers have to mean; None takes any.
    source
        What they have to be made from; None takes any. Files that are not there any more are not compared.
    in_blocks
        Leave the features of a long recording in the file, from which they are read when they are asked for.

    Raises
    ------
    MissingCacheError
        If there is no such file.
    DamagedCacheError
        If it is not a complete feature cache.
    OtherSchemaError
        If it was written by another version of the format.
    OtherFeaturesError
        If the numbers mean something else.
    StaleCacheError
        If the video, the pose or the crop settings have changed since.
    """
    with _open_cache(path) as file:
        _require(path, file, signature, source)
        return FeatureSet(
            features=_open_rows(path, file["features"]) if in_blocks else file["features"][:],
            centers=file["centers"][:],
            measured=file["measured"][:],
            time_s=file["time_s"][:],
            fps=float(file.attrs["fps"]),
            signature=Signature.from_text(file.attrs["feature_signature"]),
            notes=tuple(json.loads(file.attrs["notes"])),
            attributes=json.loads(file.attrs["attributes"]),
            frames=file["frames"][:] if "frames" in file else None,
            measures=place_measures(file["measures"][:]) if "measures" in file else None,
        )


def _open_rows(path: Path, dataset: h5py.Dataset) -> npt.NDArray[np.floating]:
    def read(start: int, stop: int) -> npt.NDArray[np.floating]:
        with _open_cache(path) as file:
            return file["features"][start:stop]

    n_together = count_block_rows(dataset.dtype.itemsize * dataset.shape[1], multiple=PART_ROWS)
    return cast("npt.NDArray[np.floating]", RowBlocks(dataset.shape, dataset.dtype, read, n_together=n_together))


def read_outline(path: Path, *, signature: Signature | None = None, source: Source | None = None) -> FeatureOutline:
    """Return what the cache file at `path` says of its features, without reading them; arguments and errors as of `read_features`."""
    with _open_cache(path) as file:
        _require(path, file, signature, source)
        return FeatureOutline(
            n_features=int(file["features"].shape[1]),
            time_s=file["time_s"][:],
            fps=float(file.attrs["fps"]),
            signature=Signature.from_text(file.attrs["feature_signature"]),
            frames=file["frames"][:] if "frames" in file else None,
            attributes=json.loads(file.attrs["attributes"]),
        )


def check_features(path: Path, *, signature: Signature, source: Source, with_content: bool = False) -> None:
    """Raise what `read_features` would, without keeping the features.

    Parameters
    ----------
    with_content
        Whether the features are read, so that their checksums are compared.
    """
    with _open_cache(path) as file:
        _require(path, file, signature, source)
        is_sampled = "frames" in file
        datasets = [file[name] for name in (*_DATASETS, *(name for name in ("frames", "measures") if name in file))]
        if len({len(dataset) for dataset in datasets if not (is_sampled and dataset.name == "/time_s")}) != 1:
            raise ValueError("lengths differ")
        for dataset in datasets if with_content else []:
            for start in range(0, len(dataset), PART_ROWS):
                dataset[start : start + PART_ROWS]


def _require(path: Path, file: h5py.File, signature: Signature | None, source: Source | None) -> None:
    stored = Signature.from_text(file.attrs["feature_signature"])
    if signature is not None and (difference := stored.describe_difference(signature)):
        raise OtherFeaturesError(f"{path}: holds other features than expected ({difference}); embed the recording again.")
    known, settings = json.loads(file.attrs["source_files"]), json.loads(file.attrs["source_settings"])
    if source is not None and not source.agrees(known, settings):
        names = ", ".join(path.name for path in source.files if path is not None)
        raise StaleCacheError(f"{path}: {names} or the crop settings have changed since; run `behavior embed STUDY` again.")


def exceeds_float16(values: npt.NDArray[np.floating]) -> bool:
    """Tell whether a value is beyond the range of float16."""
    return bool(values.size and np.abs(values).max() > np.finfo(np.float16).max)


def write_cache(
    path: Path,
    parts: Iterable[Mapping[str, npt.NDArray]],
    *,
    n_rows: int,
    is_wide: bool,
    attributes: Mapping[str, Any],
    sampled: tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]] | None = None,
) -> None:
    """Write a cache file with checksums, whole or not at all, after reserving the room for it.

    Parameters
    ----------
    parts
        Rows, one part after the other: `features` (S, D), `centers` (S, 2), `measured` (S,), `time_s` (S,), and perhaps
        `measures` (S, 6).
    n_rows
        S, of all parts together.
    is_wide
        Keep the features in float32, because float16 does not reach that far.
    attributes
        Text and numbers are kept as they are, the rest as JSON.
    sampled
        Where rows are of some frames only: which frames, shape (S,), and the times of all, shape (T,), in place of those of the rows.

    Raises
    ------
    OutputError
        If there is no room for the file, or it cannot be written.
    """
    kinds: dict[str, type[np.generic]] = {"features": np.float32 if is_wide else np.float16, "centers": np.float32, "measured": np.bool_}
    kinds |= {"time_s": np.float64, "measures": np.float32}
    described = {
        "schema_version": SCHEMA_VERSION if sampled is None else _SAMPLED_VERSION,
        "source_hash": hash_source(attributes["source_files"], attributes["source_settings"]),
        **{
            name: value if isinstance(value, str | float | int) else json.dumps(value, sort_keys=True) for name, value in attributes.items()
        },
    }
    described[_ATTRIBUTES_HASH] = _hash_attributes(described)
    rows = iter(parts)
    first = next(rows)
    # Chunks are written whole.
    n_chunks = -(-n_rows // PART_ROWS)
    more = {} if sampled is None else {"frames": np.asarray(sampled[0], dtype=np.int64), "time_s": np.asarray(sampled[1], dtype=np.float64)}
    kinds = {name: kind for name, kind in kinds.items() if name not in more and name in first}
    n_bytes = (
        sum(len(values) * 8 + 8 * PART_ROWS for values in more.values())
        + sum(np.dtype(kind).itemsize * math.prod(first[name].shape[1:]) for name, kind in kinds.items()) * PART_ROWS * n_chunks
    )
    require_space(path, n_bytes + sum(len(str(value)) for value in described.values()) + _MOST_OVERHEAD_BYTES)
    with replacing(path) as temporary:
        try:
            with h5py.File(temporary, "w", locking=False, libver=(_HDF5_VERSION, _HDF5_VERSION)) as file:
                for part in itertools.chain([first], rows):
                    for name, kind in kinds.items():
                        _append_rows(file, name, np.asarray(part[name], dtype=kind))
                for name, values in more.items():
                    _append_rows(file, name, values)
                for name, value in described.items():
                    file.attrs[name] = value
        except RuntimeError as error:
            # What HDF5 makes of a disk that is full.
            raise OutputError(f"{path}: cannot be written ({str(error).partition(chr(10))[0]}); free some space on that disk.") from error


def _append_rows(file: h5py.File, name: str, rows: npt.NDArray) -> None:
    if name not in file:
        shape = rows.shape[1:]
        file.create_dataset(name, data=rows, chunks=(PART_ROWS, *shape), maxshape=(None, *shape), fletcher32=True)
    else:
        file[name].resize(len(file[name]) + len(rows), axis=0)
        file[name][-len(rows) :] = rows


def _hash_attributes(attributes: Mapping[str, Any]) -> str:
    plain = {name: value.item() if isinstance(value, np.generic) else value for name, value in attributes.items()}
    return hashlib.blake2b(json.dumps(plain, sort_keys=True).encode(), digest_size=16).hexdigest()
