"""SLEAP's Analysis CSV: a row for each animal in each frame in which it was found."""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from behavior.errors import PoseError
from behavior.files.number_tables import TextLayout, read_first_row, read_number_table
from behavior.files.pose_table import COORDINATES, PoseInstances, PoseTable

__all__ = ["is_sleap_csv", "read_sleap_csv", "read_sleap_csv_instances"]

_SCORE = "score"
_MOST_VALUES = 1 << 28


@dataclass(frozen=True)
class _Header:
    """The columns of the track and of the frame, and those of x, y and score of each node."""

    track: int
    frame: int
    nodes: dict[str, dict[str, int]]
    layout: TextLayout


def is_sleap_csv(path: Path) -> bool:
    """Tell by its first line whether `path` is an Analysis CSV of SLEAP; never raises."""
    try:
        return _read_header(path) is not None
    except (OSError, csv.Error):
        return False


def read_sleap_csv(path: Path) -> PoseTable:
    """Read the Analysis CSV at `path`: a column per track, node and coordinate, a row per frame that has any.

    A point without a score, which is one that somebody placed, has likelihood 1.

    Raises
    ------
    PoseError
        If it is no such table, holds something else than numbers, or a track is in a frame twice.
    """
    read, lines = _read_rows(path)
    frames, tracks = read.frames, read.names
    index = np.unique(frames)
    columns = tuple((track, node, coordinate) for track in tracks or ("",) for node in read.body_parts for coordinate in COORDINATES)
    if len(index) * len(columns) > _MOST_VALUES:
        raise PoseError(f"{path}: holds {len(tracks):,} tracks in {len(index):,} frames, too many to be animals; track again in SLEAP.")
    values = np.full((len(index), len(columns)), np.nan)
    width = 3 * len(read.body_parts)
    # Where others have a track, instances of none are left out.
    for number, (owner, track) in enumerate(enumerate(tracks) if tracks else [(-1, "")]):
        rows = np.flatnonzero(read.owners == owner)
        own, counts = np.unique(frames[rows], return_counts=True)
        if (counts > 1).any():
            frame = own[counts > 1][0]
            listed = ", ".join(map(str, lines[rows][frames[rows] == frame][:3]))
            whose = f"track {track!r}" if track else "no track"
            advice = "correct the tracks in SLEAP" if track else "run SLEAP's tracking, which tells animals apart"
            raise PoseError(f"{path}: frame {frame:g} has several rows of {whose} (lines {listed}), expected one; {advice}.")
        values[np.searchsorted(index, frames[rows]), number * width : (number + 1) * width] = read.values[rows].reshape(len(rows), width)
    result = PoseTable(columns, index, values, may_end_early=True, has_peaks=True)
    result.require_distinct(path)
    return result


def read_sleap_csv_instances(path: Path) -> PoseInstances:
    """Read every animal in every frame of the Analysis CSV at `path`, in tracks or not; raises as `read_sleap_csv`, but for those."""
    read, _ = _read_rows(path)
    order = np.argsort(read.frames, kind="stable")
    order = order[np.isfinite(read.values[order, :, 0]).any(axis=1)]
    return replace(read, frames=read.frames[order], owners=read.owners[order], values=read.values[order])


def _read_rows(path: Path) -> tuple[PoseInstances, npt.NDArray[np.int64]]:
    """Return the rows in the order of the file, and the line of each."""
    header = _read_header(path)
    if header is None:
        raise PoseError(f"{path}: is not an Analysis CSV of SLEAP, expected columns track, frame_idx and NODE.x, NODE.y; export it again.")
    table = read_number_table(path, header.layout)
    frames = table.read_numbers(header.frame, name="frame_idx")
    wrong = np.flatnonzero(~(frames >= 0) | (frames != np.floor(frames)) | (frames > 1 << 32))
    if len(wrong):
        raise PoseError(
            f"{path}: line {table.lines[wrong[0]]} has the frame_idx {frames[wrong[0]]:g}, expected a frame number; correct it."
        )
    names = ["" if value != value else str(value).strip() for value in table.read_cells(header.track).tolist()]
    tracks = {name: number for number, name in enumerate(name for name in dict.fromkeys(names) if name)}
    values = np.full((len(frames), len(header.nodes), 3), np.nan)
    for place, (node, columns) in enumerate(header.nodes.items()):
        for number, name in enumerate(("x", "y", _SCORE)):
            if name in columns:
                values[:, place, number] = table.read_numbers(columns[name], name=f"{node}.{name}")
        is_placed = np.isfinite(values[:, place, :2]).all(axis=1)
        values[:, place, 2] = np.where(np.isnan(values[:, place, 2]), is_placed, values[:, place, 2])
    owners = np.array([tracks.get(name, -1) for name in names], dtype=np.int64)
    return PoseInstances(frames.astype(np.int64), owners, tuple(tracks), tuple(header.nodes), values), table.lines


def _read_header(path: Path) -> _Header | None:
    first = read_first_row(path)
    if first is None:
        return None
    cells, layout = first
    if "track" not in cells or "frame_idx" not in cells or len(set(cells)) != len(cells):
        return None
    nodes: dict[str, dict[str, int]] = {}
    for number, cell in enumerate(cells):
        node, dot, coordinate = cell.rpartition(".")
        if dot and node != "instance" and coordinate in ("x", "y", _SCORE):
            nodes.setdefault(node, {})[coordinate] = number
    nodes = {node: columns for node, columns in nodes.items() if {"x", "y"} <= set(columns)}
    if not nodes:
        return None
    return _Header(cells.index("track"), cells.index("frame_idx"), nodes, layout)
