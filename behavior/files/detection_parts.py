"""Detections of an unfinished video, kept in parts that a killed run leaves whole."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from behavior.errors import OutputError
from behavior.files.array_archives import open_archive, write_archive
from behavior.files.atomic import make_folder, remove_files, write_text
from behavior.files.feature_writer import parts_folder
from behavior.files.opening import explain_damage

__all__ = ["PART_FRAMES", "DetectionPart", "DetectionParts", "remove_parts"]

# Frames of a part: a few seconds of work.
PART_FRAMES = 1000

_VERSION = 2
_STAMP = "origin.json"
# No detector remembers more, and no part has more rows.
_MOST_VALUES = 1 << 31

Arrays = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class DetectionPart:
    """What was found in consecutive frames.

    Attributes
    ----------
    counts
        Number of detections in each of T frames, int64 of shape (T,).
    values
        Numbers of each detection, float64 of shape (M, C).
    time_s
        Of each frame, float64 of shape (T,).
    """

    counts: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64]
    time_s: npt.NDArray[np.float64]


class DetectionParts:
    """The parts of one video's detections, in a hidden folder beside the file that is to be made of them.

    Parts of another origin are deleted. Only one process at a time may use them; it holds a claim on the file.

    Parameters
    ----------
    path
        The file to be.
    origin
        What detections follow from, as JSON has it.

    Attributes
    ----------
    is_begun
        Whether a run before, with the same origin, stopped before its end.

    Raises
    ------
    OutputError
        If the folder cannot be written to.
    """

    def __init__(self, path: Path, origin: Mapping[str, Any]) -> None:
        self._folder = parts_folder(path)
        stamp = hashlib.sha256(json.dumps({"version": _VERSION, "frames": PART_FRAMES, **origin}, sort_keys=True).encode()).hexdigest()
        stamp_path = self._folder / _STAMP
        if self._folder.is_dir() and (not stamp_path.is_file() or stamp_path.read_bytes() != stamp.encode()):
            remove_parts(path)
        make_folder(self._folder)
        self.is_begun = stamp_path.is_file()
        if not self.is_begun:
            write_text(stamp_path, stamp)
        remove_files(self._folder.glob(".*.tmp.npz"))
        self._n = 0
        while _is_whole(self._name_part(self._n)):
            self._n += 1
        # Without what the detector remembered nothing can be gone on from; the state of earlier parts is gone.
        if self._n and not _is_whole(self._name_state(self._n - 1)):
            self._n = 0

    @property
    def n_frames(self) -> int:
        """Number of frames that need not be looked at again."""
        return self._n * PART_FRAMES

    def add(self, part: DetectionPart, state: Arrays) -> None:
        """Keep the next `PART_FRAMES` frames, and what the detector remembers at their end; raises OutputError where there is no room."""
        # The state before belongs to the part before until this one is whole.
        _write(self._name_state(self._n), state)
        _write(self._name_part(self._n), {"counts": part.counts, "values": part.values, "time_s": part.time_s})
        self._n += 1
        if self._n > 1:
            remove_files([self._name_state(self._n - 2)])

    def read(self) -> Iterator[DetectionPart]:
        """Yield the parts that are there, in order."""
        for number in range(self._n):
            yield DetectionPart(**_read(self._name_part(number)))

    def read_state(self) -> dict[str, npt.NDArray[Any]] | None:
        """Return what the detector remembered at the end of the last part; None where there is no part."""
        return _read(self._name_state(self._n - 1)) if self._n else None

    def _name_part(self, number: int) -> Path:
        return self._folder / f"{number:06d}.npz"

    def _name_state(self, number: int) -> Path:
        return self._folder / f"{number:06d}_state.npz"


def remove_parts(path: Path) -> None:
    """Delete the parts that are kept for the file at `path`, if there are any; raises OutputError where that is not possible."""
    folder = parts_folder(path)
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        return
    except OSError as error:
        raise OutputError(f"{folder}: cannot be removed ({error.strerror or error}); remove it by hand.") from error


def _is_whole(path: Path) -> bool:
    """Tell whether a file is there as it was written, which a power cut may prevent on a drive that does not flush when asked to."""
    try:
        with explain_damage(path, error=OutputError, expected="detections", advice="they are made again"):
            _read(path)
    except OutputError:
        return False
    return True


def _write(path: Path, arrays: Arrays) -> None:
    write_archive(path, {name: [values.dtype.str, list(values.shape)] for name, values in arrays.items()}, arrays)


def _read(path: Path) -> dict[str, npt.NDArray[Any]]:
    with open_archive(path) as archive:
        described = json.loads(archive.read_header())
        archive.require_names(list(described))
        return {name: archive.read_array(name, dtype=_check(*each), shape=tuple(each[1])) for name, each in described.items()}


def _check(dtype: str, shape: list[int]) -> np.dtype[Any]:
    found = np.dtype(dtype)
    if found.kind not in "fiu" or not all(isinstance(side, int) and side >= 0 for side in shape) or np.prod(shape) > _MOST_VALUES:
        raise ValueError(f"found an array of {dtype} and shape {shape}")
    return found
