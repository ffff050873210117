"""NWB files with ndx-pose: as the extension writes them, and as converters do."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from behavior.errors import PoseError
from behavior.files.pose import is_pose, read_pose


def test_nwb_written_by_ndx_pose(tmp_path: Path) -> None:
    pynwb, ndx_pose = pytest.importorskip("pynwb"), pytest.importorskip("ndx_pose")
    rng = np.random.default_rng(0)
    positions = {"Snout": rng.random((6, 2)).astype(np.float32), "TailBase": rng.random((6, 2)).astype(np.float32)}
    positions["Snout"][2] = np.nan
    confidence = rng.random(6).astype(np.float32)
    file = pynwb.NWBFile("session", "id", datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC))
    skeleton = ndx_pose.Skeleton(name="mouse", nodes=["snout", "tail_base"])
    series = [
        ndx_pose.PoseEstimationSeries(
            name=f"PoseEstimationSeries{name}", data=values, unit="pixels", reference_frame="corner", rate=30.0, confidence=confidence
        )
        for name, values in positions.items()
    ]
    pose = ndx_pose.PoseEstimation(name="mouse_1", pose_estimation_series=series, skeleton=skeleton)
    module = file.create_processing_module("behavior", "pose")
    module.add(ndx_pose.Skeletons(skeletons=[skeleton]))
    module.add(pose)
    with pynwb.NWBHDF5IO(tmp_path / "a.nwb", "w") as io:
        io.write(file)
    assert is_pose(tmp_path / "a.nwb")
    track = read_pose(tmp_path / "a.nwb")
    assert track.body_parts == ("snout", "tail_base")
    np.testing.assert_array_equal(track.positions, np.stack(list(positions.values()), axis=1))
    np.testing.assert_array_equal(track.likelihoods, np.stack([confidence, confidence], axis=1))


def test_nwb_individuals_and_rows_that_are_left_out(tmp_path: Path, write_nwb: Callable[..., Any]) -> None:
    rows = np.arange(8.0).reshape(4, 2)
    both = {
        "cage/black": {"nose": {"data": rows, "timestamps": np.array([10, 10.1, 10.3, 10.4])}},
        "cage/white": {"nose": {"data": rows + 1, "confidence": np.array([0.5, np.nan, 1, 1])}},
    }
    path = write_nwb(tmp_path / "a.nwb", both)
    with pytest.raises(PoseError, match=r"2 individuals \(black, white\)"):
        read_pose(path)
    black = read_pose(path, individual="black")
    np.testing.assert_array_equal(black.positions[:, 0, 0], [0, 2, np.nan, 4, 6])
    assert black.likelihoods[:, 0].tolist() == [1, 1, 0, 1, 1]
    assert read_pose(path, individual="white").likelihoods[:4, 0].tolist() == [0.5, 0, 1, 1]
    # Frames of varying length are all there.
    uneven = {"pose": {"nose": {"data": rows, "timestamps": np.array([0, 0.1, 0.25, 0.35])}}}
    assert len(read_pose(write_nwb(tmp_path / "b.nwb", uneven))) == 4
    cameras = {f"{camera}/pose": {"nose": {"data": rows}} for camera in ("top", "side")}
    with pytest.raises(PoseError, match=r"2 individuals \(side/pose, top/pose\)"):
        read_pose(write_nwb(tmp_path / "c.nwb", cameras))


def test_nwb_files_that_cannot_be_used(tmp_path: Path, write_nwb: Callable[..., Any]) -> None:
    rows = np.zeros((4, 2))
    write_nwb(tmp_path / "none.nwb", {})
    write_nwb(tmp_path / "space.nwb", {"pose": {"nose": {"data": np.zeros((4, 3))}}})
    write_nwb(tmp_path / "metres.nwb", {"pose": {"nose": {"data": rows, "attributes": {"unit": "meters"}}}})
    write_nwb(tmp_path / "uneven.nwb", {"pose": {"nose": {"data": rows}, "tail": {"data": rows[:2]}}})
    write_nwb(tmp_path / "stamps.nwb", {"pose": {"nose": {"data": rows, "timestamps": np.arange(3.0)}}})
    write_nwb(tmp_path / "empty.nwb", {"pose": {"nose": {"data": rows[:0]}}})
    for name, sentence in {
        "none.nwb": "an NWB file without a pose",
        "space.nwb": r"positions of shape \(4, 3\)",
        "metres.nwb": "given in meters, expected pixels",
        "uneven.nwb": "have 2 to 4 rows",
        "stamps.nwb": "3 time stamps for 4 positions",
        "empty.nwb": "has a header but no rows",
    }.items():
        with pytest.raises(PoseError, match=sentence) as caught:
            read_pose(tmp_path / name)
        assert str(tmp_path / name) in str(caught.value)
    assert not is_pose(tmp_path / "none.nwb")
