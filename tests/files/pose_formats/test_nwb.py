"""NWB files with ndx-pose: as the extension writes them, and as converters do."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from behavior.errors import PoseError
from behavior.files.pose import is_pose, match_pose_to_frames, read_pose
from behavior.recording import Frames


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
        "cage/black": {"nose": {"data": rows, "timestamps": np.array([0, 0.1, 0.3, 0.4])}},
        "cage/white": {"nose": {"data": rows + 1, "confidence": np.array([0.5, np.nan, 1, 1]), "starting_time": 0.2, "rate": 10.0}},
    }
    path = write_nwb(tmp_path / "a.nwb", both)
    frames = Frames.from_times(np.arange(6) / 10)
    with pytest.raises(PoseError, match=r"2 individuals \(black, white\)"):
        read_pose(path)
    black, _ = match_pose_to_frames(read_pose(path, individual="black"), frames, path=path)
    np.testing.assert_array_equal(black.positions[:, 0, 0], [0, 2, np.nan, 4, 6, np.nan])
    assert black.likelihoods[:, 0].tolist() == [1, 1, 0, 1, 1, 0]
    white, _ = match_pose_to_frames(read_pose(path, individual="white"), frames, path=path)
    np.testing.assert_array_equal(white.positions[:, 0, 0], [np.nan, np.nan, 1, 3, 5, 7])
    assert white.likelihoods[:, 0].tolist() == [0, 0, 0.5, 0, 1, 1]
    # Without any times, rows are frames.
    bare = write_nwb(tmp_path / "b.nwb", {"pose": {"nose": {"data": rows}}})
    assert read_pose(bare).time_s is None
    cameras = {f"{camera}/pose": {"nose": {"data": rows}} for camera in ("top", "side")}
    with pytest.raises(PoseError, match=r"2 individuals \(side/pose, top/pose\)"):
        read_pose(write_nwb(tmp_path / "c.nwb", cameras))


def test_nwb_parts_with_times_of_their_own(tmp_path: Path, write_nwb: Callable[..., Any]) -> None:
    parts = {
        "nose": {"data": np.arange(10.0).reshape(5, 2), "starting_time": 0.1, "rate": 10.0},
        "tail": {"data": np.full((3, 2), 7.0), "timestamps": np.array([0.2, 0.30000000000000004, 0.6])},
    }
    path = write_nwb(tmp_path / "a.nwb", {"pose": parts})
    track, note = match_pose_to_frames(read_pose(path), Frames.from_times(np.arange(8) / 10), path=path)
    np.testing.assert_array_equal(track.positions[:, 0, 0], [np.nan, 0, 2, 4, 6, 8, np.nan, np.nan])
    assert np.flatnonzero(np.isfinite(track.positions[:, 1, 0])).tolist() == [2, 3, 6]
    assert "begin at 0.1 s, frame 1" in str(note)
    assert "1 of 8 frames, the last ones" in str(note)


def test_nwb_pose_of_a_video_that_starts_later_in_the_session(tmp_path: Path, write_nwb: Callable[..., Any]) -> None:
    parts = {"nose": {"data": np.arange(10.0).reshape(5, 2), "starting_time": 100.2, "rate": 10.0}}
    path = write_nwb(tmp_path / "a.nwb", {"pose": parts})
    with h5py.File(path, "a") as file:
        video = file.create_group("acquisition/video")
        video.attrs["neurodata_type"] = "ImageSeries"
        video["external_file"] = np.array(["C:\\lab\\m1.mp4"], dtype=h5py.string_dtype())
        video["starting_time"] = 100.0
    track, _ = match_pose_to_frames(read_pose(path), Frames.from_times(np.arange(9) / 10), path=path)
    assert np.flatnonzero(track.likelihoods[:, 0]).tolist() == [2, 3, 4, 5, 6]


def test_nwb_files_by_sleap_have_the_rows_of_its_analysis_files(shared_faults: Path) -> None:
    for folder, name, individual in (("nwb-starting-time", "late", None), ("nwb-rows-per-node", "clip.predictions", "male")):
        analysis = shared_faults / folder / f"{name}.analysis.h5"
        expected = read_pose(analysis, individual=individual)
        path = analysis.with_name(f"{name}.nwb")
        fps = 25.0
        track = read_pose(path, individual=individual and f"track={individual}")
        track, _ = match_pose_to_frames(track, Frames.from_times(np.arange(len(expected)) / fps), path=path)
        order = [track.body_parts.index(part) for part in expected.body_parts]
        np.testing.assert_array_equal(track.positions[:, order], expected.positions)


def test_nwb_files_that_cannot_be_used(tmp_path: Path, write_nwb: Callable[..., Any]) -> None:
    rows = np.zeros((4, 2))
    write_nwb(tmp_path / "none.nwb", {})
    write_nwb(tmp_path / "space.nwb", {"pose": {"nose": {"data": np.zeros((4, 3))}}})
    write_nwb(tmp_path / "metres.nwb", {"pose": {"nose": {"data": rows, "attributes": {"unit": "meters"}}}})
    write_nwb(tmp_path / "mixed.nwb", {"pose": {"nose": {"data": rows}, "tail": {"data": rows, "starting_time": 0.0, "rate": 1.0}}})
    write_nwb(tmp_path / "rate.nwb", {"pose": {"nose": {"data": rows, "starting_time": 0.0, "rate": 0.0}}})
    write_nwb(tmp_path / "back.nwb", {"pose": {"nose": {"data": rows, "timestamps": np.array([0, 1, 1, 2.0])}}})
    write_nwb(tmp_path / "text.nwb", {"pose": {"nose": {"data": np.full((4, 2), b"x")}}})
    write_nwb(tmp_path / "objects.nwb", {"pose": {"nose": {"data": np.full((4, 2), "x", dtype=h5py.string_dtype())}}})
    write_nwb(tmp_path / "stamps.nwb", {"pose": {"nose": {"data": rows, "timestamps": np.arange(3.0)}}})
    write_nwb(tmp_path / "empty.nwb", {"pose": {"nose": {"data": rows[:0]}}})
    for name, sentence in {
        "none.nwb": "an NWB file without a pose",
        "space.nwb": r"positions of shape \(4, 3\)",
        "metres.nwb": "given in meters, expected pixels",
        "mixed.nwb": "'nose' of 'pose' has neither time stamps nor",
        "rate.nwb": "0 rows per second",
        "back.nwb": "1 s as the time of its row 2",
        "text.nwb": "not made of numbers, but of text",
        "objects.nwb": "stored Python objects",
        "stamps.nwb": "3 time stamps for 4 positions",
        "empty.nwb": "has a header but no rows",
    }.items():
        with pytest.raises(PoseError, match=sentence) as caught:
            read_pose(tmp_path / name)
        assert str(tmp_path / name) in str(caught.value)
    assert not is_pose(tmp_path / "none.nwb")


def test_names_that_are_no_utf_8_are_a_sentence(tmp_path):
    """h5py raises a SystemError there."""
    path = tmp_path / "pose.nwb"
    with h5py.File(path, "w") as file:
        file.attrs["nwb_version"] = "2.0"
        h5py.h5g.create(file.id, b"\xff\xfe")
    with pytest.raises(PoseError, match=r"pose\.nwb: .*; "):
        read_pose(path)
