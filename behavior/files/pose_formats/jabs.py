"""Pose files of JABS, versions 2 to 8: HDF5 with the key points of a mouse, or of several at a time."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import numpy.typing as npt

from behavior.errors import InputError, PoseError
from behavior.files.hdf5_arrays import open_hdf5, read_array, read_names, read_numbers
from behavior.files.opening import explain_damage
from behavior.files.pose_table import COORDINATES, PoseTable

__all__ = ["is_jabs_pose", "read_jabs_pose"]

# In the order of the arrays; the files do not name them.
KEY_POINTS = (
    *("nose", "left_ear", "right_ear", "base_neck", "left_front_paw", "right_front_paw", "center_spine"),
    *("left_rear_paw", "right_rear_paw", "base_tail", "mid_tail", "tip_tail"),
)

# Thousands of pieces of tracks in a long video would fill the memory.
_MOST_VALUES = 1 << 28

_ADVICE = "export the pose again"


def is_jabs_pose(path: Path) -> bool:
    """Tell by content whether `path` is a pose file of JABS; never raises."""
    try:
        with open_hdf5(path) as file:
            return isinstance(file.get("poseest"), h5py.Group) and {"points", "confidence"} <= set(file["poseest"])
    # Any content may be in a file, and h5py raises whatever it leads it to; "no" is the answer then.
    except Exception:  # noqa: BLE001
        return False


def read_jabs_pose(path: Path) -> PoseTable:
    """Read the JABS pose at `path`: a column per animal, key point and coordinate, a row per frame from frame 0.

    Where the file has identities (version 4 and later, told by its arrays), these are the individuals, called as the file maps them to
    names outside, else 0, 1 and so on as JABS counts them; poses that are masked belong to none. In version 3, individuals are pieces of
    tracks, called by their numbers. A point of confidence 0 was not found.

    Raises
    ------
    PoseError
        If the file is damaged, its arrays do not fit together, or an individual is in a frame twice.
    """
    with explain_damage(path, error=PoseError, expected="pose of JABS", advice=_ADVICE):
        try:
            with open_hdf5(path) as file:
                return _read_group(path, file["poseest"])
        except InputError as error:
            raise PoseError(f"{path}: {error}; {_ADVICE}.") from error


def _read_group(path: Path, group: h5py.Group) -> PoseTable:
    points, confidence = read_numbers(group["points"]), read_numbers(group["confidence"])
    if points.ndim not in (3, 4) or points.shape[-2:] != (len(KEY_POINTS), 2) or confidence.shape != points.shape[:-1]:
        raise PoseError(
            f"{path}: has points of shape {points.shape} and confidences of shape {confidence.shape}, expected frames, animals if several, "
            f"{len(KEY_POINTS)} key points, and y and x; {_ADVICE}."
        )
    # Stored as y, x.
    values = np.concatenate((points[..., ::-1], confidence[..., np.newaxis]), axis=-1)
    values[confidence <= 0] = (np.nan, np.nan, 0.0)
    names = [""]
    if points.ndim == 4:
        owners, names = _find_owners(path, group, points.shape[:2])
        if len(values) * len(names) * len(KEY_POINTS) * 3 > _MOST_VALUES:
            raise PoseError(
                f"{path}: holds {len(names):,} pieces of tracks in {len(values):,} frames, too many to be animals; make the pose with "
                "identities (JABS pose version 4 or later)."
            )
        values = _sort_by_owner(path, values, owners, names)
    columns = tuple((name, part, coordinate) for name in names for part in KEY_POINTS for coordinate in COORDINATES)
    table = PoseTable(columns, np.arange(len(values)), values.reshape(len(values), len(columns)), has_peaks=True)
    table.require_distinct(path)
    return table


def _find_owners(path: Path, group: h5py.Group, shape: tuple[int, ...]) -> tuple[npt.NDArray[np.int64], list[str]]:
    """Return which animal each pose is of, shape (frames, poses), -1 for none, and the animals' names."""
    has_identities = "instance_embed_id" in group
    key = "instance_embed_id" if has_identities else "instance_track_id"
    if key not in group:
        raise PoseError(f"{path}: holds several poses a frame and neither identities nor tracks, expected either; {_ADVICE}.")
    numbers = read_array(group[key])
    if numbers.shape != shape or numbers.dtype.kind not in "iu":
        raise PoseError(f"{path}: has {key} of shape {numbers.shape} for {shape} poses, expected a whole number for each; {_ADVICE}.")
    numbers = numbers.astype(np.int64)
    if has_identities:
        # From 1 on, 0 for none.
        mask = read_array(group["id_mask"]).astype(bool) if "id_mask" in group else np.zeros(shape, dtype=bool)
        if mask.shape != shape:
            raise PoseError(f"{path}: has an id_mask of shape {mask.shape} for {shape} poses, expected one value for each; {_ADVICE}.")
        numbers = np.where(mask | (numbers <= 0), -1, numbers - 1)
    else:
        counts = read_numbers(group["instance_count"])
        if counts.shape != shape[:1]:
            raise PoseError(f"{path}: has {counts.size} counts of poses for {shape[0]} frames, expected as many; {_ADVICE}.")
        numbers = np.where(np.arange(shape[1]) < counts[:, np.newaxis], numbers, -1)
    present = np.unique(numbers[numbers >= 0])
    if not len(present):
        raise PoseError(f"{path}: holds no pose that belongs to an animal, expected at least one; make the pose again.")
    names = [str(number) for number in present]
    if has_identities and "external_identity_mapping" in group:
        names = _name_outside(path, group["external_identity_mapping"], present)
    return np.where(numbers >= 0, np.searchsorted(present, numbers), -1), names


def _name_outside(path: Path, mapping: h5py.Dataset, present: npt.NDArray[np.int64]) -> list[str]:
    """Return what animals are called outside of JABS; the file has a name, or a number, for each."""
    outside = [str(value) for value in read_array(mapping).ravel().tolist()] if mapping.dtype.kind in "iu" else read_names(mapping)
    if present[-1] >= len(outside):
        raise PoseError(f"{path}: has names of {len(outside)} animals, and an animal of number {present[-1]}; {_ADVICE}.")
    return [outside[number] for number in present]


def _sort_by_owner(path: Path, values: npt.NDArray[np.float64], owners: npt.NDArray[np.int64], names: list[str]) -> npt.NDArray[np.float64]:
    """Return `values` (frames, poses, points, 3) with an animal in place of each pose, NaN where it has none."""
    frames, poses = np.nonzero(owners >= 0)
    animals = owners[frames, poses]
    taken, counts = np.unique(frames * len(names) + animals, return_counts=True)
    if (counts > 1).any():
        frame, animal = divmod(int(taken[counts > 1][0]), len(names))
        raise PoseError(f"{path}: frame {frame} has several poses of {names[animal]!r}, expected one; {_ADVICE}.")
    by_animal = np.full((len(values), len(names), *values.shape[2:]), np.nan)
    by_animal[..., 2] = 0.0
    by_animal[frames, animals] = values[frames, poses]
    return by_animal
