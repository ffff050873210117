"""SLEAP's Analysis CSV: a row for each animal in each frame in which it was found."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from behavior.errors import PoseError
from behavior.files.number_tables import TextLayout, read_number_table
from behavior.files.pose_table import COORDINATES, PoseTable
from behavior.files.text_tables import find_delimiter, find_encoding

__all__ = ["is_sleap_csv", "read_sleap_csv"]

_HEADER_BYTES = 1 << 20
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
    names = np.array(["" if value != value else str(value).strip() for value in table.read_cells(header.track).tolist()], dtype=object)
    tracks = list(dict.fromkeys(names.tolist())) or [""]
    if "" in tracks and len(tracks) > 1:
        # Instances of no track, where others have one.
        tracks.remove("")
    index = np.unique(frames)
    columns = tuple((track, node, coordinate) for track in tracks for node in header.nodes for coordinate in COORDINATES)
    if len(index) * len(columns) > _MOST_VALUES:
        raise PoseError(f"{path}: holds {len(tracks):,} tracks in {len(index):,} frames, too many to be animals; track again in SLEAP.")
    values = np.full((len(index), len(columns)), np.nan)
    read = {
        (node, name): table.read_numbers(column, name=f"{node}.{name}") for node, of in header.nodes.items() for name, column in of.items()
    }
    for number, track in enumerate(tracks):
        rows = np.flatnonzero(names == track)
        own, counts = np.unique(frames[rows], return_counts=True)
        if (counts > 1).any():
            frame = own[counts > 1][0]
            lines = ", ".join(map(str, table.lines[rows][frames[rows] == frame][:3]))
            owner = f"track {track!r}" if track else "no track"
            advice = "correct the tracks in SLEAP" if track else "run SLEAP's tracking, which tells animals apart"
            raise PoseError(f"{path}: frame {frame:g} has several rows of {owner} (lines {lines}), expected one; {advice}.")
        targets = np.searchsorted(index, frames[rows])
        for place, node in enumerate(header.nodes):
            x, y = read[node, "x"][rows], read[node, "y"][rows]
            score = read[node, _SCORE][rows] if (node, _SCORE) in read else np.full(len(rows), np.nan)
            first = (number * len(header.nodes) + place) * 3
            is_placed = np.isfinite(x) & np.isfinite(y)
            values[targets, first : first + 3] = np.stack([x, y, np.where(np.isnan(score), is_placed, score)], axis=1)
    result = PoseTable(columns, index, values, may_end_early=True)
    result.require_distinct(path)
    return result


def _read_header(path: Path) -> _Header | None:
    with path.open("rb") as file:
        start = file.read(_HEADER_BYTES)
    encoding = find_encoding(start)
    lines = start.decode(encoding, errors="replace").splitlines()[:12] if encoding else []
    if not lines:
        return None
    delimiter = find_delimiter(lines[0])
    cells = [cell.strip() for cell in next(csv.reader(lines[:1], delimiter=delimiter), [])]
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
    has_commas = delimiter != "," and any("," in line for line in lines[1:])
    layout = TextLayout(1, len(cells), encoding or "utf-8", delimiter, "," if has_commas else ".")
    return _Header(cells.index("track"), cells.index("frame_idx"), nodes, layout)
