"""Pose files of trackers, written with what their readers look at."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest


@pytest.fixture(name="write_sleap")
def provide_write_sleap() -> Callable[..., Any]:
    return write_sleap


def write_sleap(path: Path, positions: np.ndarray, *, tracks: tuple[str, ...] = ("mouse",), **more: Any) -> Path:
    """Write `positions` (frames, tracks, nodes, 2) in the axes of SLEAP's own export; `more` are datasets to add, None to leave out."""
    content: dict[str, Any] = {
        "tracks": positions.transpose(1, 3, 2, 0),
        "track_names": np.array([name.encode() for name in tracks]),
        "node_names": np.array([f"node{place}".encode() for place in range(positions.shape[2])]),
        "track_occupancy": np.isfinite(positions).any(axis=(2, 3)).astype(np.uint8),
        "point_scores": np.full(positions.shape[:3], 0.5).transpose(1, 2, 0),
        **more,
    }
    with h5py.File(path, "w") as file:
        for name, values in content.items():
            if values is not None:
                file[name] = values
    return path


@pytest.fixture(name="draw_positions")
def provide_draw_positions() -> Callable[..., Any]:
    return draw_positions


def draw_positions(n_frames: int = 5, n_tracks: int = 1, n_nodes: int = 3) -> np.ndarray:
    positions = np.random.default_rng(n_frames).uniform(0, 500, (n_frames, n_tracks, n_nodes, 2))
    positions[1, 0, 0] = np.nan
    return positions


@pytest.fixture(name="write_nwb")
def provide_write_nwb() -> Callable[..., Any]:
    return write_nwb


def write_nwb(path: Path, poses: dict[str, dict[str, dict[str, Any]]], nodes: tuple[str, ...] = ()) -> Path:
    """Write containers of series with what h5py needs to tell them: as ndx-pose lays them out, without the rest of the file."""
    with h5py.File(path, "w") as file:
        file.attrs["nwb_version"] = "2.7.0"
        for container, parts in poses.items():
            group = file.create_group(f"processing/{container}")
            group.attrs["neurodata_type"] = "PoseEstimation"
            if nodes:
                group["nodes"] = np.array([name.encode() for name in nodes])
            for name, content in parts.items():
                series = group.create_group(name)
                series.attrs["neurodata_type"] = "PoseEstimationSeries"
                for key, values in content.items():
                    if key not in ("attributes", "rate"):
                        series[key] = values
                if "rate" in content:
                    series["starting_time"].attrs["rate"] = content["rate"]
                series["data"].attrs.update(content.get("attributes", {}))
    return path
