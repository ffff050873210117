"""Tracklets on disk: what `behavior track` knows of each animal, and what it was made with."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from behavior.errors import PoseError, advise_on_missing
from behavior.files.array_archives import open_archive, write_archive
from behavior.files.opening import explain_damage
from behavior.recording import Tracklet

__all__ = ["TRACKLETS_SUFFIX", "TRACK_SCORER", "TRACK_SUFFIX", "GapFilling", "StoredTracklets", "read_tracklets", "write_tracklets"]

TRACK_SUFFIX, TRACKLETS_SUFFIX = "_track.csv", "_tracklets.npz"
# What the track names as its scorer, where DeepLabCut names its network.
TRACK_SCORER = "behavior_track"

_VERSION = 3
# x, y, angle, length, width, quality.
_N_VALUES = 6
# Nobody has a video with more detections.
_MOST_ROWS = 1 << 31
_MOST_ANIMALS = 100_000


@dataclass(frozen=True)
class GapFilling:
    """How gaps between the tracklets of an animal are filled: `MotionModel`'s three values, and for how many frames at most."""

    motion: Literal["still", "velocity", "acceleration"]
    process_noise: float
    measurement_noise: float
    memory: int


@dataclass(frozen=True)
class StoredTracklets:
    """The N tracklets of a video as they were found, whatever people corrected afterwards: all that its track follows from.

    Attributes
    ----------
    tracklets
        In the order of their numbers.
    animals
        The column of the track in which each tracklet was put, int64 of shape (N,).
    origin
        What they were made with, as JSON has it.
    qualities
        Of the detections of each tracklet.
    probabilities
        That each tracklet is of its animal, float64 of shape (N,); None if not computed.
    n_frames, n_animals
        Of the video.
    gaps
        How gaps are filled.
    body_parts, points
        P body parts of another program, and x, y and likelihood of each in all M detections, tracklet after tracklet, float64 of shape
        (M, P, 3); None without any.

    Raises
    ------
    ValueError
        If these do not fit together.
    """

    tracklets: tuple[Tracklet, ...]
    animals: npt.NDArray[np.int64]
    origin: Mapping[str, Any]
    qualities: tuple[npt.NDArray[np.float64], ...]
    probabilities: npt.NDArray[np.float64] | None
    n_frames: int
    n_animals: int
    gaps: GapFilling
    body_parts: tuple[str, ...] = ()
    points: npt.NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        if self.body_parts and (self.points is None or self.points.shape != (sum(map(len, self.tracklets)), len(self.body_parts), 3)):
            raise ValueError("body parts are not those of the tracklets")
        if [len(one) for one in self.tracklets] != [len(one) for one in self.qualities] or len(self.animals) != len(self.tracklets):
            raise ValueError("qualities and animals are not those of the tracklets")
        if any(one.stop_frame > self.n_frames for one in self.tracklets) or not 0 <= self.n_frames < _MOST_ROWS:
            raise ValueError(f"a tracklet ends after the last of {self.n_frames} frames")
        if not 0 <= self.n_animals < _MOST_ANIMALS or (self.animals < 0).any() or (self.animals >= self.n_animals).any():
            raise ValueError(f"a tracklet is of none of {self.n_animals} animals")
        places = [one.frames * self.n_animals + animal for one, animal in zip(self.tracklets, self.animals.tolist(), strict=True)]
        if places and len(np.unique(np.concatenate(places))) < sum(map(len, places)):
            raise ValueError("two tracklets of one animal share a frame")


def write_tracklets(path: Path, stored: StoredTracklets) -> None:
    """Write the tracklets of a video, whole or not at all.

    Raises
    ------
    OutputError
        If the folder cannot be written to, or the disk is full.
    """
    lengths = np.array([len(tracklet) for tracklet in stored.tracklets], dtype=np.int64)
    values = np.empty((int(lengths.sum()), _N_VALUES))
    starts = (np.cumsum(lengths) - lengths).tolist()
    for start, each, qualities in zip(starts, stored.tracklets, stored.qualities, strict=True):
        values[start : start + len(each)] = np.column_stack((each.positions, each.angles, each.sizes, qualities))
    header = {
        **{"version": _VERSION, "n_tracklets": len(lengths), "n_rows": int(lengths.sum()), "origin": dict(stored.origin)},
        **{"n_frames": stored.n_frames, "n_animals": stored.n_animals, "gaps": asdict(stored.gaps)},
        **{"has_probabilities": stored.probabilities is not None, "body_parts": list(stored.body_parts)},
    }
    arrays = {
        "probabilities": np.full(len(lengths), np.nan) if stored.probabilities is None else stored.probabilities,
        "lengths": lengths,
        "animals": stored.animals,
        "frames": np.concatenate([each.frames for each in stored.tracklets] or [np.zeros(0, dtype=np.int64)]),
        "values": values,
        "points": np.zeros((int(lengths.sum()), 0, 3)) if stored.points is None else stored.points,
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
            if not isinstance(header, dict) or not isinstance(header.get("origin"), dict):
                raise ValueError("the header is not that of tracklets")
            if header.get("version") != _VERSION:
                raise ValueError(f"it was written by another version, format {header.get('version')!r}, expected {_VERSION}")
            n_tracklets, n_rows = (_check_count(header.get(name)) for name in ("n_tracklets", "n_rows"))
            archive.require_names(["lengths", "animals", "frames", "values", "touching", "probabilities", "points"])
            body_parts = _check_names(header.get("body_parts"))
            points = archive.read_array("points", dtype=np.float64, shape=(n_rows, len(body_parts), 3))
            probabilities = archive.read_array("probabilities", dtype=np.float64, shape=(n_tracklets,))
            lengths = archive.read_array("lengths", dtype=np.int64, shape=(n_tracklets,))
            animals = archive.read_array("animals", dtype=np.int64, shape=(n_tracklets,))
            frames = archive.read_array("frames", dtype=np.int64, shape=(n_rows,))
            values = archive.read_array("values", dtype=np.float64, shape=(n_rows, _N_VALUES))
            touching = archive.read_array("touching", dtype=np.bool_, shape=(n_rows,))
        if (lengths < 1).any() or lengths.sum() != n_rows:
            raise ValueError("the lengths of the tracklets do not add up")
        if not np.isfinite(values[:, :2]).all():
            raise ValueError("positions are not all numbers")
        ends = np.cumsum(lengths)
        parts = [slice(end - length, end) for end, length in zip(ends.tolist(), lengths.tolist(), strict=True)]
        tracklets = tuple(Tracklet(frames[p], values[p, :2], values[p, 2], values[p, 3:5], touching[p]) for p in parts)
        return StoredTracklets(
            tracklets,
            animals,
            header["origin"],
            tuple(values[p, 5] for p in parts),
            probabilities if header["has_probabilities"] is True else None,
            _check_count(header.get("n_frames")),
            _check_count(header.get("n_animals")),
            _check_gaps(header["gaps"]),
            body_parts,
            points if body_parts else None,
        )


def _check_names(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value) or len(set(value)) < len(value):
        raise ValueError("body parts are not a list of names")
    return tuple(value)


def _check_gaps(value: Mapping[str, Any]) -> GapFilling:
    gaps = GapFilling(**value)
    noises = (gaps.process_noise, gaps.measurement_noise)
    if not all(isinstance(noise, float) and 0 <= noise < math.inf for noise in noises):
        raise ValueError("how gaps are filled is not said in numbers")
    if gaps.motion not in get_args(Literal["still", "velocity", "acceleration"]) or _check_count(gaps.memory) < 0:
        raise ValueError(f"gaps are filled by {gaps.motion!r}")
    return gaps


def _check_count(value: object) -> int:
    if not isinstance(value, int) or not 0 <= value < _MOST_ROWS:
        raise ValueError(f"a number of rows is {value!r}")
    return value
