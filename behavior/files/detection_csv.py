"""Tables of detections, as any program can write them: a row for each animal in each frame, with a position or a box."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from behavior.errors import PoseError
from behavior.files.detection_table import DetectionTable
from behavior.files.number_tables import NumberTable, TextLayout, read_first_row, read_number_table

__all__ = ["COLUMNS", "is_detection_csv", "read_detection_csv"]

Floats = npt.NDArray[np.float64]

# The names of each column, the one that is documented first.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "frame": ("frame", "frame_idx", "frame_index", "frame_number", "frame_id"),
    "x": ("x", "center_x", "x_center", "centroid_x", "cx"),
    "y": ("y", "center_y", "y_center", "centroid_y", "cy"),
    "width": ("width", "w", "bb_width", "bbox_width"),
    "height": ("height", "h", "bb_height", "bbox_height"),
    "x1": ("x1", "xmin", "x_min", "left", "bb_left", "bbox_left"),
    "y1": ("y1", "ymin", "y_min", "top", "bb_top", "bbox_top"),
    "x2": ("x2", "xmax", "x_max", "right"),
    "y2": ("y2", "ymax", "y_max", "bottom"),
    "angle": ("angle", "angle_rad", "theta"),
    "angle_deg": ("angle_deg", "angle_degrees"),
    "score": ("score", "confidence", "conf", "probability", "likelihood"),
    "animal": ("animal", "individual", "track", "track_id", "identity", "id"),
}
_LAST_FRAME = 1 << 32
_EXPECTED = "expected the columns frame, x, y, and perhaps width, height, angle, score, animal, or frame, x1, y1, x2, y2"


@dataclass(frozen=True)
class _Header:
    columns: dict[str, int]
    layout: TextLayout


def is_detection_csv(path: Path) -> bool:
    """Tell by its first line whether `path` is a table of detections; never raises."""
    try:
        return _read_header(path) is not None
    except (OSError, csv.Error):
        return False


def read_detection_csv(path: Path) -> DetectionTable:
    """Read the table at `path`: `frame` counts from 0, positions and sides are in pixels, `score` is at most 1.

    A box has its centre at x, y, or its corners at x1, y1 and x2, y2, or its upper left corner at x1, y1 and sides width, height. With an
    `angle`, in radians from x towards y (or `angle_deg`), width is the side in its direction. Rows without a position are left out.

    Raises
    ------
    PoseError
        If it is no such table, holds something else than numbers, or a number that cannot be.
    """
    header = _read_header(path)
    if header is None:
        raise PoseError(f"{path}: is not a table of detections, {_EXPECTED}; rename its columns.")
    table = read_number_table(path, header.layout)
    read = {name: table.read_numbers(column, name=name) for name, column in header.columns.items() if name != "animal"}
    frames = read["frame"]
    wrong = ~(frames >= 0) | (frames != np.floor(frames)) | (frames > _LAST_FRAME)
    _refuse(path, table, wrong, frames, "frame", "a frame number, from 0")
    n = len(table)
    unknown = np.full(n, np.nan)
    sides = np.stack([read.get("width", unknown), read.get("height", unknown)], axis=1)
    if "x" in read:
        positions = np.stack([read["x"], read["y"]], axis=1)
    else:
        corner = np.stack([read["x1"], read["y1"]], axis=1)
        if "x2" in read:
            sides = np.stack([read["x2"], read["y2"]], axis=1) - corner
        positions = corner + sides / 2
    for number, name in enumerate(("width", "height")):
        _refuse(path, table, sides[:, number] <= 0, sides[:, number], name, "more than 0 pixels")
    angles = np.radians(read["angle_deg"]) if "angle_deg" in read else read.get("angle", unknown)
    too_large = np.abs(angles) > 2 * np.pi + 1e-6
    if "angle_deg" in read:
        _refuse(path, table, np.isinf(angles), angles, "angle_deg", "degrees")
    else:
        _refuse(path, table, too_large, angles, "angle", "radians; call the column angle_deg if they are degrees")
    scores = read.get("score", np.ones(n))
    _refuse(path, table, ~((scores >= 0) & (scores <= 1)) & ~np.isnan(scores), scores, "score", "a number from 0 to 1")
    kept = np.isfinite(positions).all(axis=1)
    built = DetectionTable.from_boxes(
        frames[kept].astype(np.int64), positions[kept], sides[kept], angles=angles[kept], scores=np.nan_to_num(scores[kept], nan=1.0)
    )
    if "animal" not in header.columns:
        return built
    cells = table.read_cells(header.columns["animal"])[kept].tolist()
    texts = ["" if cell != cell else str(cell).strip() for cell in cells]
    names = {name: number for number, name in enumerate(name for name in dict.fromkeys(texts) if name)}
    owners = np.array([names.get(text, -1) for text in texts], dtype=np.int64)
    return replace(built, owners=owners[np.argsort(frames[kept], kind="stable")], names=tuple(names))


def _read_header(path: Path) -> _Header | None:
    first = read_first_row(path)
    if first is None:
        return None
    cells, layout = [cell.casefold() for cell in first[0]], first[1]
    columns = {name: cells.index(spelling) for name, known in COLUMNS.items() if (spelling := _find(known, cells)) is not None}
    if "frame" not in columns or not ({"x", "y"} <= set(columns) or _has_corner(columns)):
        return None
    return _Header(columns, layout)


def _find(known: Sequence[str], cells: Sequence[str]) -> str | None:
    return next((spelling for spelling in known if spelling in cells), None)


def _has_corner(columns: Mapping[str, int]) -> bool:
    return {"x1", "y1"} <= set(columns) and ({"x2", "y2"} <= set(columns) or {"width", "height"} <= set(columns))


def _refuse(path: Path, table: NumberTable, wrong: npt.NDArray[np.bool_], values: Floats, name: str, expected: str) -> None:
    rows = np.flatnonzero(wrong)
    if len(rows):
        raise PoseError(f"{path}: line {table.lines[rows[0]]} has the {name} {values[rows[0]]:g}, expected {expected}; correct it.")
