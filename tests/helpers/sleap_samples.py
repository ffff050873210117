"""Projects as SLEAP writes them, with what a test needs in them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np

USER, PREDICTED = 0, 1
NODES = ("nose", "tail")
INSTANCE = np.dtype(
    [
        *(("instance_id", "i8"), ("instance_type", "u1"), ("frame_id", "u8"), ("skeleton", "u4"), ("track", "i4")),
        *(("from_predicted", "i8"), ("score", "f4"), ("point_id_start", "u8"), ("point_id_end", "u8")),
    ]
)
FRAME = np.dtype([("frame_id", "u8"), ("video", "u4"), ("frame_idx", "u8"), ("instance_id_start", "u8"), ("instance_id_end", "u8")])
POINT = np.dtype([("x", "f8"), ("y", "f8"), ("visible", "?"), ("complete", "?")])
PREDICTED_POINT = np.dtype([*POINT.descr, ("score", "f8")])

# Frame, track, kind, the prediction that was corrected (-1), and x of the two nodes; y is ten more.
Instance = tuple[int, int, int, int, tuple[float, float]]


def write_project(path: Path, placed: list[Instance], *, tracks: tuple[str, ...] = ("a", "b"), **more: Any) -> Path:
    """Write a project of one video; `more` replaces arrays, or sets `format_id` and `videos` of the frames."""
    points: dict[int, list[tuple[Any, ...]]] = {USER: [], PREDICTED: []}
    rows, frames = [], []
    for number, (frame, track, kind, source, xs) in enumerate(placed):
        start = len(points[kind])
        for x in xs:
            points[kind].append((x, x + 10, np.isfinite(x), True, *([0.25] if kind == PREDICTED else [])))
        rows.append((number, kind, frame, 0, track, source, 0.5, start, len(points[kind])))
    for number, frame in enumerate(sorted({row[2] for row in rows})):
        own = [row[0] for row in rows if row[2] == frame]
        frames.append((number, more.get("videos", {}).get(frame, 0), frame, own[0], own[-1] + 1))
    arrays: dict[str, Any] = {
        "frames": np.array(frames, dtype=FRAME),
        "instances": np.array(rows, dtype=INSTANCE),
        "points": np.array(points[USER], dtype=POINT),
        "pred_points": np.array(points[PREDICTED], dtype=PREDICTED_POINT),
        "tracks_json": np.array([json.dumps([0, name]).encode() for name in tracks] or np.zeros(0)),
        "videos_json": np.array([b"{}"]),
        **{name: values for name, values in more.items() if name not in ("format_id", "videos", "json")},
    }
    # Skeletons have an order of their own among all nodes.
    metadata = {"skeletons": [{"nodes": [{"id": 1}, {"id": 0}]}], "nodes": [{"name": NODES[1]}, {"name": NODES[0]}]}
    with h5py.File(path, "w") as file:
        for name, values in arrays.items():
            file[name] = values
        group = file.create_group("metadata")
        group.attrs["format_id"] = more.get("format_id", 1.2)
        group.attrs["json"] = more.get("json", json.dumps(metadata).encode())
    return path
