"""Tracklets on disk: what `behavior track` knows of each animal, and what it was made with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from behavior.errors import PoseError, advise_on_missing
from behavior.files.array_archives import open_archive, write_archive
from behavior.files.opening import explain_damage
from behavior.recording import Tracklet

__all__ = ["TRACKLETS_SUFFIX", "StoredTracklets", "read_tracklets", "write_tracklets"]

TRACKLETS_SUFFIX = "_tracklets.npz"

_VERSION = 1
# x, y, angle, length, width.
_N_VALUES = 5
# Nobody has a video with more detections.
_MOST_ROWS = 1 << 31


@dataclass(frozen=True)
class StoredTracklets:
    """The tracklets of a video.

    Attributes
    ----------
    tracklets
        In the order of their numbers.
    animals
        The column of the track in which each tracklet was put, int64 of shape (len(tracklets),).
    origin
        What they were made with, as JSON has it.
    """

    tracklets: tuple[Tracklet, ...]
    animals: npt.NDArray[np.int64]
    origin: Mapping[str, Any]


def write_tracklets(path: Path, stored: StoredTracklets) -> None:
    """Write the tracklets of a video, whole or not at all.

    Raises
    ------
    OutputError
        If the folder cannot be written to, or the disk is full.
    """
    lengths = np.array([len(tracklet) for tracklet in stored.tracklets], dtype=np.int64)
    rows = [np.column_stack((each.positions, each.angles, each.sizes)) for each in stored.tracklets]
    header = {"version": _VERSION, "n_tracklets": len(lengths), "n_rows": int(lengths.sum()), "origin": dict(stored.origin)}
    arrays = {
        "lengths": lengths,
        "animals": stored.animals,
        "frames": np.concatenate([each.frames for each in stored.tracklets] or [np.zeros(0, dtype=np.int64)]),
        "values": np.concatenate(rows or [np.zeros((0, _N_VALUES))]),
        "touching": np.concatenate([each.touching for each in stored.tracklets] or [np.zeros(0, dtype=np.bool_)]),
    }
    write_archive(path, header, arrays)


def read_tracklets(path: Path) -> StoredTracklets:
    """Read what `write_tracklets` wrote.

    Raises
    ------
    PoseError
        If there is no such file, or it is damaged or of another kind.
    """
    if not path.is_file():
        raise PoseError(f"{path}: there are no such tracklets; {advise_on_missing(path, 'run `behavior track` on the video first')}.")
    with explain_damage(path, error=PoseError, expected="tracklets", advice="run `behavior track` on the video again"):
        with open_archive(path) as archive:
            header = json.loads(archive.read_header())
            if not isinstance(header, dict) or header.get("version") != _VERSION or not isinstance(header.get("origin"), dict):
                raise ValueError("the header is not that of tracklets")
            n_tracklets, n_rows = (_check_count(header.get(name)) for name in ("n_tracklets", "n_rows"))
            archive.require_names(["lengths", "animals", "frames", "values", "touching"])
            lengths = archive.read_array("lengths", dtype=np.int64, shape=(n_tracklets,))
            animals = archive.read_array("animals", dtype=np.int64, shape=(n_tracklets,))
            frames = archive.read_array("frames", dtype=np.int64, shape=(n_rows,))
            values = archive.read_array("values", dtype=np.float64, shape=(n_rows, _N_VALUES))
            touching = archive.read_array("touching", dtype=np.bool_, shape=(n_rows,))
        if (lengths < 1).any() or lengths.sum() != n_rows:
            raise ValueError("the lengths of the tracklets do not add up")
        ends = np.cumsum(lengths)
        parts = [slice(end - length, end) for end, length in zip(ends.tolist(), lengths.tolist(), strict=True)]
        tracklets = tuple(Tracklet(frames[p], values[p, :2], values[p, 2], values[p, 3:], touching[p]) for p in parts)
        return StoredTracklets(tracklets, animals, header["origin"])


def _check_count(value: object) -> int:
    if not isinstance(value, int) or not 0 <= value < _MOST_ROWS:
        raise ValueError(f"a number of rows is {value!r}")
    return value
