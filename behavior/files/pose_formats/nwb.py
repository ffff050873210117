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

from behavior.errors import InputError, PoseError
from behavior.files.hdf5_arrays import open_hdf5, read_names, read_number, read_numbers
from behavior.files.nwb_groups import decode_text, find_typed, list_video_starts, name_group, read_type
from behavior.files.opening import explain_damage
from behavior.files.pose_table import COORDINATES, PoseTable
from behavior.files.pose_times import align_times, find_wrong_time

__all__ = ["is_nwb", "is_nwb_pose", "read_nwb_pose"]

# Some converters call series PoseEstimationSeriesSnout.
_SERIES_PREFIX = "PoseEstimationSeries"


@dataclass(frozen=True)
class _Series:
    """Positions of one body part of one individual, and the times of its rows in seconds of the session; None where the file has none."""

    individual: str
    body_part: str
    positions: npt.NDArray[np.float64]
    confidence: npt.NDArray[np.float64] | None
    time_s: npt.NDArray[np.float64] | None


def is_nwb(path: Path) -> bool:
    """Tell by content whether `path` is an NWB file; never raises."""
    try:
        with open_hdf5(path) as file:
            return "nwb_version" in file.attrs
    # Any content may stand in a file, and h5py raises whatever it leads it to; "no" is the answer then.
    except Exception:  # noqa: BLE001
        return False


def is_nwb_pose(path: Path) -> bool:
    """Tell by content whether `path` is an NWB file with a pose of ndx-pose in it; never raises."""
    try:
        with open_hdf5(path) as file:
            return "nwb_version" in file.attrs and bool(find_typed(file, "PoseEstimation"))
    # As above.
    except Exception:  # noqa: BLE001
        return False


def read_nwb_pose(path: Path) -> PoseTable:
    """Read the poses in the NWB file at `path`: a column per individual, body part and coordinate.

    Every PoseEstimation is an individual, called as it is in the file. Each series has times of its own, by its time stamps or by its
    start and rate, from the start of the video where the file knows when that was; rows are all times that any series has, and a point
    that was not found at one is NaN there. Where no series has times, rows are frames from frame 0 on.

    Raises
    ------
    PoseError
        If the file holds no pose, is damaged, its positions are not pixels in a plane, or its times do not grow.
    """
    with explain_damage(path, error=PoseError, expected="NWB", advice="export it again"):
        try:
            with open_hdf5(path) as file:
                series = _read_series(path, file)
        except InputError as error:
            raise PoseError(f"{path}: {error}; export it again.") from error
    if not series:
        raise PoseError(f"{path}: is an NWB file without a pose, expected a PoseEstimation of ndx-pose; choose the file that has it.")
    time_s, targets_of = _align(path, series)
    n_rows = max((int(targets.max()) + 1 for targets in targets_of if len(targets)), default=0)
    columns: list[tuple[str, str, str]] = []
    values: list[npt.NDArray[np.float64]] = []
    for one, targets in zip(series, targets_of, strict=True):
        parts = [one.positions[:, 0], one.positions[:, 1], *([] if one.confidence is None else [one.confidence])]
        for coordinate, numbers in zip(COORDINATES, parts, strict=False):
            column = np.full(n_rows, np.nan)
            column[targets] = numbers
            columns.append((one.individual, one.body_part, coordinate))
            values.append(column)
    table = PoseTable(tuple(columns), np.arange(n_rows), np.column_stack(values), time_s=time_s, may_end_early=True)
    table.require_distinct(path)
    return table


def _read_series(path: Path, file: h5py.File) -> list[_Series]:
    groups = find_typed(file, "PoseEstimation")
    counts = Counter(name_group(group) for group in groups)
    series = []
    for group in groups:
        name = name_group(group)
        # Processing modules, one for each camera or video, may hold containers of one name.
        individual = name if counts[name] == 1 else "/".join(group.name.split("/")[-2:])
        members = [child for child in group.values() if read_type(child) == "PoseEstimationSeries"]
        parts = _name_body_parts([name_group(member) for member in members], _read_nodes(group))
        start = _find_video_start(file, group)
        series += [_read_one(path, member, individual, part, start=start) for member, part in zip(members, parts, strict=True)]
    return series


def _read_one(path: Path, group: h5py.Group, individual: str, body_part: str, *, start: float) -> _Series:
    """Return a series, its times counted from `start` seconds of the session."""
    data = group["data"]
    if data.ndim != 2 or data.shape[1] != 2:
        raise PoseError(
            f"{path}: {body_part!r} has positions of shape {tuple(data.shape)}, expected x and y for every frame; choose the pose of one "
            "camera."
        )
    unit = decode_text(data.attrs.get("unit", "pixels"))
    if unit.casefold() not in ("pixels", "pixel", "px"):
        raise PoseError(f"{path}: {body_part!r} is given in {unit[:40]}, expected pixels of the video; export the pose in pixels.")
    positions = read_numbers(data) * float(data.attrs.get("conversion", 1.0))
    confidence = read_numbers(group["confidence"]) if "confidence" in group else None
    time_s = read_numbers(group["timestamps"]) if "timestamps" in group else _count_times(path, group, body_part, len(positions))
    for name, array in (("confidences", confidence), ("time stamps", time_s)):
        if array is not None and array.shape != positions.shape[:1]:
            raise PoseError(f"{path}: {body_part!r} has {array.size} {name} for {len(positions)} positions; export the pose again.")
    wrong = None if time_s is None else find_wrong_time(time_s)
    if time_s is not None and wrong is not None:
        raise PoseError(
            f"{path}: {body_part!r} has {time_s[wrong]:.6g} s as the time of its row {wrong}, expected times that grow; export it again."
        )
    return _Series(individual, body_part, positions, confidence, None if time_s is None else time_s - start)


def _count_times(path: Path, group: h5py.Group, body_part: str, n_rows: int) -> npt.NDArray[np.float64] | None:
    """Return the times of a series that has a start and a rate; None where it has neither."""
    if "starting_time" not in group:
        return None
    start, rate = read_number(group["starting_time"]), float(group["starting_time"].attrs.get("rate", np.nan))
    if not (np.isfinite(start) and rate > 0):
        raise PoseError(
            f"{path}: {body_part!r} starts at {start:g} s with {rate:g} rows per second, expected a rate above 0; export it again."
        )
    return start + np.arange(n_rows) / rate


def _find_video_start(file: h5py.File, group: h5py.Group) -> float:
    """Return when the video of a pose starts, in seconds of the session: 0 where the file does not say."""
    starts = list_video_starts(file)
    named = [re.split(r"[/\\]", name)[-1] for name in read_names(group["original_videos"])] if "original_videos" in group else []
    candidates = {starts[name] for name in named if name in starts} or set(starts.values())
    return candidates.pop() if len(candidates) == 1 else 0.0


def _align(path: Path, series: Sequence[_Series]) -> tuple[npt.NDArray[np.float64] | None, list[npt.NDArray[np.int64]]]:
    """Return all times of any series, None where none has times, and the row of each series' rows among them."""
    untimed = [one for one in series if one.time_s is None]
    if len(untimed) == len(series):
        return None, [np.arange(len(one.positions)) for one in series]
    if untimed:
        raise PoseError(
            f"{path}: {untimed[0].body_part!r} of {untimed[0].individual!r} has neither time stamps nor a start and a rate, as others "
            "have; export the pose again."
        )
    return align_times([one.time_s for one in series if one.time_s is not None])


def _read_nodes(group: h5py.Group) -> list[str]:
    """Return the names of the body parts: those of the skeleton linked to, or the container's own in files of ndx-pose before 0.2."""
    skeletons = [child for child in group.values() if read_type(child) == "Skeleton"]
    for owner in (*skeletons, group):
        if "nodes" in owner:
            return read_names(owner["nodes"])
    return []


def _name_body_parts(names: Sequence[str], nodes: Sequence[str]) -> list[str]:
    """Return the series' names as the skeleton spells them, where it has them, without what converters put in front."""
    if names and all(name.startswith(_SERIES_PREFIX) and name != _SERIES_PREFIX for name in names):
        names = [name.removeprefix(_SERIES_PREFIX) for name in names]
    spelled = {_fold(node): node for node in nodes}
    return [spelled.get(_fold(name), name) for name in names]


def _fold(name: str) -> str:
    return re.sub(r"[\W_]", "", name).casefold()
