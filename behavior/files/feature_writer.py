"""Features on their way into the cache: rows are kept in parts that a killed run leaves whole, and become one file at the end."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from behavior.errors import CacheError
from behavior.files.atomic import make_folder, replacing
from behavior.files.feature_cache import PART_ROWS, DamagedCacheError, StaleCacheError, exceeds_float16, write_cache
from behavior.files.feature_measures import MEASURES
from behavior.files.feature_sources import Signature, Source, hash_source
from behavior.files.opening import explain_damage
from behavior.frame_times import estimate_fps

__all__ = ["FeatureWriter", "parts_folder", "write_imported"]


# Times of one frame, read twice, differ by less.
_SAME_TIME_S = 1e-3
_PART_ARRAYS = ("features", "centers", "measured", "decoded", "time_s", "measures")


def _is_whole_part(path: Path) -> bool:
    """Tell whether a part is there as it was written, which a power cut may prevent on a drive that does not flush when asked to."""
    if not path.is_file():
        return False
    try:
        with (
            explain_damage(path, error=CacheError, expected="a part of a feature cache", advice="it is computed again"),
            zipfile.ZipFile(path) as part,
        ):
            return part.namelist() == [f"{name}.npy" for name in _PART_ARRAYS] and part.testzip() is None
    except CacheError:
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
    """Keeps the rows of an unfinished feature set in parts that a killed run leaves whole, then writes the cache file from them.

    Parts are in a hidden folder next to the cache file. Those that were computed from another source are deleted.

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
        known = {"signature": signature.text, "source": hash_source(self._described, source.settings), "rows": PART_ROWS}
        stamp = json.dumps({**known, "measures": MEASURES})
        stamp_path = self._folder / "source.json"
        if self._folder.is_dir() and (not stamp_path.is_file() or stamp_path.read_bytes() != stamp.encode()):
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
        """Number of rows that need not be embedded again."""
        return self.n_parts * PART_ROWS

    def add_part(
        self,
        *,
        features: npt.NDArray[np.float32],
        centers: npt.NDArray[np.float64],
        measured: npt.NDArray[np.bool_],
        decoded: npt.NDArray[np.bool_],
        time_s: npt.NDArray[np.float64],
        measures: npt.NDArray[np.float32] | None = None,
    ) -> None:
        """Keep the next rows, `PART_ROWS` of them unless they are the last; the features of a frame that is not `decoded` do not count.

        `measures` are not known where None.
        """
        if measures is None:
            measures = np.full((len(features), len(MEASURES)), np.nan, dtype=np.float32)
        with replacing(self._part_path(self.n_parts)) as temporary, temporary.open("wb") as file:
            arrays: tuple[npt.NDArray[Any], ...] = (features, centers, measured, decoded, time_s, measures)
            np.savez(file, allow_pickle=False, **dict(zip(_PART_ARRAYS, arrays, strict=True)))
        self.n_parts += 1

    def finish(
        self,
        *,
        nominal_fps: float,
        notes: Sequence[str],
        attributes: Mapping[str, Any],
        sampled: tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]] | None = None,
    ) -> int:
        """Write the cache file from all parts, delete them, and return the number of frames of the video.

        A frame that could not be decoded gets the features of the last one before it that could.

        Parameters
        ----------
        nominal_fps
            Counts where a single frame has no interval to the next.
        sampled
            As for `write_cache`.

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
        row_time_s = np.concatenate([part["time_s"] for part in self._load_parts()])
        time_s = row_time_s if sampled is None else sampled[1]
        if sampled is not None and (len(row_time_s) != len(sampled[0]) or np.abs(row_time_s - time_s[sampled[0]]).max() > _SAME_TIME_S):
            shutil.rmtree(self._folder)
            raise DamagedCacheError(f"{self._path}: its parts are not of the frames that were sampled; embed the recording again.")
        is_wide = any(exceeds_float16(part["features"]) for part in self._load_parts())
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
        write_cache(self._path, self._hold_rows(), n_rows=len(row_time_s), is_wide=is_wide, attributes=described, sampled=sampled)
        shutil.rmtree(self._folder)
        return len(time_s)

    def _load_parts(self) -> Iterator[dict[str, npt.NDArray]]:
        for number in range(self.n_parts):
            with np.load(self._part_path(number), allow_pickle=False) as part:
                yield {name: part[name] for name in _PART_ARRAYS}

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


def write_imported(
    path: Path,
    parts: Iterable[npt.NDArray[np.float32]],
    *,
    n_frames: int,
    fps: float,
    is_wide: bool,
    signature: Signature,
    attributes: Mapping[str, Any],
) -> None:
    """Write features that another program computed, frame after frame in equal steps of time, to `path`, whole or not at all.

    Parameters
    ----------
    parts
        Rows (N, D), one part after the other.
    n_frames
        Of all parts together.
    is_wide
        As for `write_cache`.
    fps, signature, attributes
        As in `FeatureSet`.

    Raises
    ------
    OutputError
        If there is no room for the file, or it cannot be written.
    """
    described = {
        "fps": fps,
        "feature_signature": signature.text,
        "notes": [],
        "attributes": dict(attributes),
        "source_files": [],
        "source_settings": {},
    }
    write_cache(path, _time_rows(parts, fps), n_rows=n_frames, is_wide=is_wide, attributes=described)


def _time_rows(parts: Iterable[npt.NDArray[np.float32]], fps: float) -> Iterator[dict[str, npt.NDArray]]:
    first = 0
    for features in parts:
        n_rows = len(features)
        yield {
            "features": features,
            "centers": np.full((n_rows, 2), np.nan, dtype=np.float32),
            "measured": np.ones(n_rows, dtype=bool),
            "time_s": np.arange(first, first + n_rows) / fps,
        }
        first += n_rows
