"""Pose in NWB files, as the extension ndx-pose lays it out.

The HDF5 is read directly, so that neither pynwb nor the extension has to be installed, in whatever version wrote the file.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import numpy.typing as npt

from behavior.errors import PoseError
from behavior.files.pose_table import COORDINATES, PoseTable

__all__ = ["is_nwb", "is_nwb_pose", "read_nwb_pose"]

# A step between time stamps is a whole number of frames if it is within this share of one.
_STEP_TOLERANCE = 0.1

# Some converters call series PoseEstimationSeriesSnout.
_SERIES_PREFIX = "PoseEstimationSeries"


@dataclass(frozen=True)
class _Series:
    """Positions of one body part of one individual, and the times of its rows where the file gives them one by one."""

    individual: str
    body_part: str
    positions: npt.NDArray[np.float64]
    confidence: npt.NDArray[np.float64] | None
    timestamps: npt.NDArray[np.float64] | None


def is_nwb(path: Path) -> bool:
    """Tell by content whether `path` is an NWB file; never raises."""
    try:
        with h5py.File(path, "r") as file:
            return "nwb_version" in file.attrs
    # Any content may stand in a file, and h5py raises whatever it leads it to; "no" is the answer then.
    except Exception:  # noqa: BLE001
        return False


def is_nwb_pose(path: Path) -> bool:
    """Tell by content whether `path` is an NWB file with a pose of ndx-pose in it; never raises."""
    try:
        with h5py.File(path, "r") as file:
            return "nwb_version" in file.attrs and bool(_find_typed(file, "PoseEstimation"))
    # As above.
    except Exception:  # noqa: BLE001
        return False


def read_nwb_pose(path: Path) -> PoseTable:
    """Read the poses in the NWB file at `path`: a column per individual, body part and coordinate.

    Every PoseEstimation is an individual, called as it is in the file. Rows are frames from frame 0 on; where the time stamps of the
    rows leave out whole frames, so do the rows.

    Raises
    ------
    PoseError
        If the file holds no pose, is damaged, its positions are not pixels in a plane, or body parts differ in their rows.
    """
    try:
        with h5py.File(path, "r") as file:
            series = _read_series(path, file)
    # A damaged file makes h5py raise what it pleases.
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RuntimeError) as error:
        raise PoseError(f"{path}: cannot be read as NWB ({' '.join(str(error).split())[:120]}); export it again.") from error
    if not series:
        raise PoseError(f"{path}: is an NWB file without a pose, expected a PoseEstimation of ndx-pose; choose the file that has it.")
    rows = {}
    for one in series:
        rows[one.individual, one.body_part] = _find_frames(one)
    frames = np.unique(np.concatenate(list(rows.values())))
    columns: list[tuple[str, str, str]] = []
    values: list[npt.NDArray[np.float64]] = []
    for one in series:
        targets = np.searchsorted(frames, rows[one.individual, one.body_part])
        parts = [one.positions[:, 0], one.positions[:, 1], *([] if one.confidence is None else [one.confidence])]
        for coordinate, numbers in zip(COORDINATES, parts, strict=False):
            column = np.full(len(frames), np.nan)
            column[targets] = numbers
            columns.append((one.individual, one.body_part, coordinate))
            values.append(column)
    table = PoseTable(tuple(columns), frames, np.column_stack(values))
    table.require_distinct(path)
    return table


def _read_series(path: Path, file: h5py.File) -> list[_Series]:
    groups = _find_typed(file, "PoseEstimation")
    counts = Counter(_own_name(group) for group in groups)
    series = []
    for group in groups:
        name = _own_name(group)
        # Processing modules, one for each camera or video, may hold containers of one name.
        individual = name if counts[name] == 1 else "/".join(group.name.split("/")[-2:])
        members = [child for child in group.values() if _get_type(child) == "PoseEstimationSeries"]
        parts = _name_body_parts([_own_name(member) for member in members], _read_nodes(group))
        own_series = [_read_one(path, member, individual, part) for member, part in zip(members, parts, strict=True)]
        lengths = {len(one.positions) for one in own_series}
        if len(lengths) > 1:
            raise PoseError(
                f"{path}: body parts of {individual!r} have {min(lengths)} to {max(lengths)} rows, expected as many; export it again."
            )
        series += own_series
    return series


def _read_one(path: Path, group: h5py.Group, individual: str, body_part: str) -> _Series:
    data = group["data"]
    if data.ndim != 2 or data.shape[1] != 2:
        raise PoseError(
            f"{path}: {body_part!r} has positions of shape {tuple(data.shape)}, expected x and y for every frame; choose the pose of one "
            "camera."
        )
    unit = _to_text(data.attrs.get("unit", "pixels"))
    if unit.casefold() not in ("pixels", "pixel", "px"):
        raise PoseError(f"{path}: {body_part!r} is given in {unit}, expected pixels of the video; export the pose in pixels.")
    positions = np.asarray(data, dtype=np.float64) * float(data.attrs.get("conversion", 1.0))
    confidence = np.asarray(group["confidence"], dtype=np.float64) if "confidence" in group else None
    timestamps = np.asarray(group["timestamps"], dtype=np.float64) if "timestamps" in group else None
    for name, array in (("confidences", confidence), ("time stamps", timestamps)):
        if array is not None and array.shape != positions.shape[:1]:
            raise PoseError(f"{path}: {body_part!r} has {array.size} {name} for {len(positions)} positions; export the pose again.")
    return _Series(individual, body_part, positions, confidence, timestamps)


def _find_frames(series: _Series) -> npt.NDArray[np.int64]:
    """Return the frame of each row: one after the other, but where time stamps skip a whole number of frames."""
    n_rows = len(series.positions)
    steps = np.ones(max(n_rows - 1, 0))
    if series.timestamps is not None and n_rows > 2:
        intervals = np.diff(series.timestamps)
        interval = float(np.median(intervals))
        if interval > 0:
            ratios = intervals / interval
            whole = np.round(ratios)
            # Frames of varying length are not frames that are missing.
            if np.all(np.isfinite(ratios)) and np.all(np.abs(ratios - whole) <= _STEP_TOLERANCE) and whole.min() >= 1:
                steps = whole
    return np.concatenate(([0], np.cumsum(steps))).astype(np.int64)[:n_rows]


def _read_nodes(group: h5py.Group) -> list[str]:
    """Return the names of the body parts: those of the skeleton linked to, or the container's own in files of ndx-pose before 0.2."""
    skeletons = [child for child in group.values() if _get_type(child) == "Skeleton"]
    for owner in (*skeletons, group):
        if "nodes" in owner:
            return [_to_text(name) for name in np.asarray(owner["nodes"]).tolist()]
    return []


def _name_body_parts(names: Sequence[str], nodes: Sequence[str]) -> list[str]:
    """Return the series' names as the skeleton spells them, where it has them, without what converters put in front."""
    if names and all(name.startswith(_SERIES_PREFIX) and name != _SERIES_PREFIX for name in names):
        names = [name.removeprefix(_SERIES_PREFIX) for name in names]
    spelled = {_fold(node): node for node in nodes}
    return [spelled.get(_fold(name), name) for name in names]


def _fold(name: str) -> str:
    return re.sub(r"[\W_]", "", name).casefold()


def _find_typed(file: h5py.File, kind: str) -> list[h5py.Group]:
    """Return the groups of one neurodata type, in the order of their paths."""
    groups: list[h5py.Group] = []

    def look(_: str, node: h5py.Group | h5py.Dataset) -> None:
        if isinstance(node, h5py.Group) and _get_type(node) == kind:
            groups.append(node)

    file.visititems(look)
    return groups


def _get_type(node: h5py.Group | h5py.Dataset) -> str:
    return _to_text(node.attrs.get("neurodata_type", ""))


def _own_name(group: h5py.Group) -> str:
    return str(group.name).rsplit("/", 1)[-1]


def _to_text(value: object) -> str:
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)
