"""The feature cache: one HDF5 file per recording and signature, there under its name only when it is complete."""

from __future__ import annotations

import errno
import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from behavior.errors import CacheError, OutputError
from behavior.files.atomic import make_folder, replacing
from behavior.files.feature_sources import Signature, Source, hash_source
from behavior.recording import estimate_fps

__all__ = [
    "PART_ROWS",
    "DamagedCacheError",
    "FeatureSet",
    "FeatureWriter",
    "MissingCacheError",
    "OtherFeaturesError",
    "OtherSchemaError",
    "StaleCacheError",
    "cache_path",
    "check_features",
    "find_imported",
    "parts_folder",
    "read_features",
    "write_features",
]

SCHEMA_VERSION = 1
# What a killed run has to do again at most. A multiple of every usual batch size, so that batches fall alike after a resumption.
PART_ROWS = 960
PART_ARRAYS = ("features", "centers", "measured", "decoded", "time_s")


class MissingCacheError(CacheError):
    """The recording has no features with this signature."""


class DamagedCacheError(CacheError):
    """The file is no complete feature cache."""


class OtherSchemaError(CacheError):
    """The file was written by another version of the format."""


class StaleCacheError(CacheError):
    """The video, the pose or the crop settings have changed since."""


class OtherFeaturesError(CacheError):
    """The numbers in the file mean something else."""


@dataclass(frozen=True)
class FeatureSet:
    """The features of one recording.

    Attributes
    ----------
    features
        Float16 or float32 of shape (T, D).
    centers
        Pixels, float32 of shape (T, 2); NaN where there is no centre.
    measured
        Bool of shape (T,): False where the centre was filled in or the frame could not be decoded.
    time_s
        Seconds, float64 of shape (T,).
    fps
        Frames per second.
    signature
        What the numbers mean.
    notes
        What the reader of a result should know: sentences on frames that were cut, filled in or not decoded.
    attributes
        Precision, versions and whatever else was kept with the features.
    """

    features: npt.NDArray[np.floating]
    centers: npt.NDArray[np.float32]
    measured: npt.NDArray[np.bool_]
    time_s: npt.NDArray[np.float64]
    fps: float
    signature: Signature
    notes: tuple[str, ...] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        n_frames = len(self.features)
        if self.features.ndim != 2:
            raise ValueError(f"features have shape {self.features.shape}, expected (T, D)")
        for name, array, shape in (
            ("centers", self.centers, (n_frames, 2)),
            ("measured", self.measured, (n_frames,)),
            ("time_s", self.time_s, (n_frames,)),
        ):
            if array.shape != shape:
                raise ValueError(f"{name} have shape {array.shape}, expected {shape}")

    def __len__(self) -> int:
        return len(self.features)


def cache_path(folder: Path, recording: str, signature: Signature) -> Path:
    """Return where the cache in `folder` keeps the features of `recording` with `signature`."""
    return folder / f"{recording}.{signature.key}.h5"


def find_imported(folder: Path, recording: str, name: str) -> Path:
    """Return the file of the features imported for `recording` under `name`.

    Raises
    ------
    MissingCacheError
        If there is none.
    CacheError
        If there are several, of different widths.
    """
    found = [
        path
        for path in sorted(folder.glob(f"{recording}.{name}-*.h5"))
        if (signature := _read_signature(path)).stream == name and "backbone" not in signature.settings
    ]
    if not found:
        raise MissingCacheError(
            f"recording {recording!r} has no features imported as {name!r} in {folder}; bring them in with `behavior import-features STUDY "
            f"FILES --name {name}`."
        )
    if len(found) > 1:
        listed = ", ".join(path.name for path in found)
        raise CacheError(f"recording {recording!r} has several features imported as {name!r} in {folder} ({listed}); delete all but one.")
    return found[0]


def _read_signature(path: Path) -> Signature:
    with _open_cache(path) as file:
        return Signature.from_text(file.attrs["feature_signature"])


@contextmanager
def _open_cache(path: Path) -> Iterator[h5py.File]:
    """Open a finished cache file and check what every reader relies on."""
    if not path.is_file():
        raise MissingCacheError(f"{path}: no features there; run `behavior embed STUDY` first.")
    try:
        # Network drives without locks would otherwise refuse; a finished file is never written again.
        file = h5py.File(path, "r", locking=False)
    except OSError as error:
        raise DamagedCacheError(
            f"{path}: this is no complete HDF5 file ({error}); delete it, and `behavior embed STUDY` makes it again."
        ) from None
    with file:
        found = file.attrs.get("schema_version")
        if found is None:
            raise DamagedCacheError(f"{path}: found an HDF5 file that is no feature cache; delete it or choose another cache folder.")
        if int(found) != SCHEMA_VERSION:
            raise OtherSchemaError(
                f"{path}: found schema version {found}, this version of behavior reads {SCHEMA_VERSION}; delete the file and embed again."
            )
        yield file


def read_features(path: Path, *, signature: Signature | None = None, source: Source | None = None) -> FeatureSet:
    """Return the features in the cache file at `path`, after checking that they are what is asked for.

    Parameters
    ----------
    signature
        What the numbers have to mean; None takes any.
    source
        What they have to be made from; None takes any. Files that are not there any more are not compared.

    Raises
    ------
    MissingCacheError
        If there is no such file.
    DamagedCacheError
        If it is no complete feature cache.
    OtherSchemaError
        If it was written by another version of the format.
    OtherFeaturesError
        If the numbers mean something else.
    StaleCacheError
        If the video, the pose or the crop settings have changed since.
    """
    with _open_cache(path) as file:
        try:
            _require(path, file, signature, source)
            return FeatureSet(
                features=file["features"][:],
                centers=file["centers"][:],
                measured=file["measured"][:],
                time_s=file["time_s"][:],
                fps=float(file.attrs["fps"]),
                signature=Signature.from_text(file.attrs["feature_signature"]),
                notes=tuple(json.loads(file.attrs["notes"])),
                attributes=json.loads(file.attrs["attributes"]),
            )
        except (KeyError, ValueError, OSError) as error:
            raise DamagedCacheError(f"{path}: parts of this feature cache are missing ({error}); delete it and embed again.") from None


def check_features(path: Path, *, signature: Signature, source: Source) -> None:
    """Raise what `read_features` would, without reading the features."""
    with _open_cache(path) as file:
        try:
            _require(path, file, signature, source)
            if len({len(file[name]) for name in ("features", "centers", "measured", "time_s")}) != 1:
                raise ValueError("lengths differ")
        except (KeyError, ValueError, OSError) as error:
            raise DamagedCacheError(f"{path}: parts of this feature cache are missing ({error}); delete it and embed again.") from None


def _require(path: Path, file: h5py.File, signature: Signature | None, source: Source | None) -> None:
    found = Signature.from_text(file.attrs["feature_signature"])
    if signature is not None and (difference := found.describe_difference(signature)):
        raise OtherFeaturesError(f"{path}: holds other features than expected ({difference}); embed the recording again.")
    known, settings = json.loads(file.attrs["source_files"]), json.loads(file.attrs["source_settings"])
    if source is not None and not source.agrees(known, settings):
        names = ", ".join(path.name for path in source.files if path is not None)
        raise StaleCacheError(f"{path}: {names} or the crop settings have changed since; run `behavior embed STUDY` to make it again.")


def write_features(path: Path, features: FeatureSet) -> None:
    """Write imported `features` to `path`, whole or not at all, as float16 unless their range forbids it."""
    arrays = {"features": features.features, "centers": features.centers, "measured": features.measured, "time_s": features.time_s}
    is_wide = _exceeds_float16(features.features)
    _write_cache(path, [arrays], is_wide=is_wide, attributes={**_describe_set(features), "source_files": [], "source_settings": {}})


def _describe_set(features: FeatureSet) -> dict[str, Any]:
    return {
        "fps": features.fps,
        "feature_signature": features.signature.text,
        "notes": list(features.notes),
        "attributes": dict(features.attributes),
    }


def _exceeds_float16(values: npt.NDArray[np.floating]) -> bool:
    return bool(values.size and np.abs(values).max() > np.finfo(np.float16).max)


def _write_cache(path: Path, parts: Iterable[Mapping[str, npt.NDArray]], *, is_wide: bool, attributes: Mapping[str, Any]) -> None:
    """Write the rows of `parts`, one after the other, and `attributes` (text and numbers as they are, the rest as JSON) to `path`."""
    kinds = {"features": np.float32 if is_wide else np.float16, "centers": np.float32, "measured": np.bool_, "time_s": np.float64}
    with replacing(path) as temporary:
        try:
            with h5py.File(temporary, "w", locking=False) as file:
                for part in parts:
                    for name, kind in kinds.items():
                        rows = np.asarray(part[name], dtype=kind)
                        if name not in file:
                            chunks = (PART_ROWS, *rows.shape[1:])
                            file.create_dataset(name, data=rows, dtype=kind, chunks=chunks, maxshape=(None, *rows.shape[1:]))
                        else:
                            file[name].resize(len(file[name]) + len(rows), axis=0)
                            file[name][-len(rows) :] = rows
                described = attributes["source_files"]
                file.attrs["schema_version"] = SCHEMA_VERSION
                file.attrs["source_hash"] = hash_source(described, attributes["source_settings"])
                for name, value in attributes.items():
                    file.attrs[name] = value if isinstance(value, str | float | int) else json.dumps(value, sort_keys=True)
        except RuntimeError as error:
            # What HDF5 makes of a disk that is full.
            raise OutputError(f"{path}: cannot be written ({str(error).partition(chr(10))[0]}); free some space on that disk.") from error


def _require_space(path: Path, n_bytes: int) -> None:
    """Raise OutputError if there is no room for this number of bytes at `path`: HDF5 can crash the whole process on a full disk."""
    folder = path.parent
    # Called as every half-written file is, so that one that a killed process leaves is removed with them.
    handle, name = tempfile.mkstemp(prefix=f".{path.stem[:60]}.", suffix=f".tmp{path.suffix}", dir=folder)
    try:
        _reserve(handle, folder, n_bytes)
    except OSError as error:
        message = f"{folder}: has no room for {n_bytes / 1e6:,.1f} MB of features ({error.strerror}); free some space, nothing is lost."
        raise OutputError(message) from error
    finally:
        os.close(handle)
        Path(name).unlink()


def _reserve(handle: int, folder: Path, n_bytes: int) -> None:
    if hasattr(os, "posix_fallocate"):
        try:
            os.posix_fallocate(handle, 0, n_bytes)
        except OSError as error:
            # Some drives cannot reserve anything, and answer in one of these ways.
            if error.errno not in (errno.EINVAL, errno.ENOTSUP):
                raise
        else:
            return
    if shutil.disk_usage(folder).free < n_bytes:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _is_whole_part(path: Path) -> bool:
    """Tell whether a part is there as it was written, which a power cut may prevent on a drive that does not flush when asked to."""
    try:
        with zipfile.ZipFile(path) as part:
            return part.testzip() is None
    except (FileNotFoundError, EOFError, zipfile.BadZipFile):
        return False


def _hold_rows(
    values: npt.NDArray[np.float32], decoded: npt.NDArray[np.bool_], *, before: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """Return `values` (T, D) with rows that were not decoded replaced by the last one that was, or by `before` (D,)."""
    if decoded.all():
        return values
    last = np.maximum.accumulate(np.where(decoded, np.arange(len(values)), -1))
    return np.where(last[:, None] < 0, before, values[last])


def parts_folder(path: Path) -> Path:
    """Return where the parts of the cache file at `path` are kept until it is complete."""
    return path.with_name(f".{path.name}.parts")


class FeatureWriter:
    """Keeps the rows of an unfinished feature set in parts that a killed run leaves whole, then makes the cache file of them.

    Parts are kept in a hidden folder next to the cache file. Those of another source are deleted.

    Parameters
    ----------
    path
        The cache file to be.
    signature, source
        What is being embedded.
    """

    def __init__(self, path: Path, *, signature: Signature, source: Source) -> None:
        self._path = path
        self._signature = signature
        self._source = source
        self._folder = parts_folder(path)
        make_folder(path.parent)
        for leftover in path.parent.glob(f".{path.stem[:60]}.*.tmp{path.suffix}"):
            leftover.unlink()
        # What is embedded from here on is from the files as they are now.
        self._described = source.describe()
        stamp = json.dumps({"signature": signature.text, "source": hash_source(self._described, source.settings), "rows": PART_ROWS})
        stamp_path = self._folder / "source.json"
        if self._folder.is_dir() and (not stamp_path.is_file() or stamp_path.read_text(encoding="utf-8") != stamp):
            shutil.rmtree(self._folder)
        make_folder(self._folder)
        if not stamp_path.is_file():
            with replacing(stamp_path) as temporary:
                temporary.write_text(stamp, encoding="utf-8")
        for leftover in self._folder.glob(".*.tmp.npz"):
            leftover.unlink()
        self.n_parts = 0
        while _is_whole_part(self._part_path(self.n_parts)):
            self.n_parts += 1

    @property
    def n_rows(self) -> int:
        """Number of frames that need not be embedded again."""
        return self.n_parts * PART_ROWS

    def add_part(
        self,
        *,
        features: npt.NDArray[np.float32],
        centers: npt.NDArray[np.float64],
        measured: npt.NDArray[np.bool_],
        decoded: npt.NDArray[np.bool_],
        time_s: npt.NDArray[np.float64],
    ) -> None:
        """Keep the next rows, `PART_ROWS` of them unless they are the last; the features of a frame that is not `decoded` do not count."""
        with replacing(self._part_path(self.n_parts)) as temporary, temporary.open("wb") as file:
            np.savez(file, features=features, centers=centers, measured=measured, decoded=decoded, time_s=time_s)
        self.n_parts += 1

    def finish(self, *, nominal_fps: float, notes: Sequence[str], attributes: Mapping[str, Any]) -> int:
        """Make the cache file of all parts, drop them, and return the number of frames.

        A frame that could not be decoded gets the features of the last one before it that could. `nominal_fps` counts where a single
        frame has no interval to the next.

        Raises
        ------
        StaleCacheError
            If a file of the source was replaced in the meantime.
        OutputError
            If there is no room for the file; the parts stay.
        """
        if not self._source.agrees(self._described, self._source.settings):
            shutil.rmtree(self._folder)
            names = ", ".join(path.name for path in self._source.files if path is not None)
            raise StaleCacheError(f"{self._path}: {names} was changed while it was embedded; embed it again.")
        time_s = np.concatenate([part["time_s"] for part in self._load_parts()])
        is_wide = any(_exceeds_float16(part["features"]) for part in self._load_parts())
        n_bytes = sum(array.nbytes for part in self._load_parts() for array in part.values())
        _require_space(self._path, n_bytes if is_wide else n_bytes * 2 // 3)
        try:
            fps = estimate_fps(time_s) if len(time_s) > 1 else nominal_fps
        except ValueError as error:
            raise DamagedCacheError(f"{self._path}: the video's frames carry no usable times ({error}); convert it to .mp4.") from None
        described = {
            "fps": fps,
            "feature_signature": self._signature.text,
            "notes": list(notes),
            "attributes": dict(attributes),
            "source_files": self._described,
            "source_settings": dict(self._source.settings),
        }
        _write_cache(self._path, self._hold_rows(), is_wide=is_wide, attributes=described)
        shutil.rmtree(self._folder)
        return len(time_s)

    def _load_parts(self) -> Iterator[dict[str, npt.NDArray]]:
        for number in range(self.n_parts):
            with np.load(self._part_path(number), allow_pickle=False) as part:
                yield {name: part[name] for name in PART_ARRAYS}

    def _hold_rows(self) -> Iterator[dict[str, npt.NDArray]]:
        """Yield the parts with the features of frames that were not decoded filled in."""
        first = next((part["features"][np.argmax(part["decoded"])] for part in self._load_parts() if part["decoded"].any()), None)
        for part in self._load_parts():
            if first is not None:
                part["features"] = _hold_rows(part["features"], part["decoded"], before=first)
                first = part["features"][-1]
            yield part

    def _part_path(self, number: int) -> Path:
        return self._folder / f"{number:06d}.npz"
