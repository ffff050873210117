"""SLEAP's projects: tracks, what people placed and corrected, and what cannot be used."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np
import pytest
from sleap_samples import FRAME, INSTANCE, NODES, PREDICTED, PREDICTED_POINT, USER, Instance, write_project

from behavior.errors import PoseError
from behavior.files.pose import is_pose, match_pose_to_frames, read_pose
from behavior.files.pose_formats.sleap_project import read_sleap_instances
from behavior.recording import Frames


def test_tracks_nodes_and_frames(tmp_path: Path) -> None:
    path = write_project(
        tmp_path / "a.slp",
        [(2, 0, PREDICTED, -1, (1.0, 2.0)), (2, 1, PREDICTED, -1, (5.0, np.nan)), (4, 1, PREDICTED, -1, (7.0, 8.0))],
    )
    assert is_pose(path)
    with pytest.raises(PoseError, match=r"2 individuals \(a, b\)"):
        read_pose(path)
    track = read_pose(path, individual="B")
    assert track.body_parts == NODES
    np.testing.assert_array_equal(track.positions[:, 0, 0], [np.nan, np.nan, 5, np.nan, 7])
    np.testing.assert_array_equal(track.positions[:, 1], [[np.nan] * 2] * 4 + [[8, 18]])
    assert track.likelihoods[:, 0].tolist() == [0, 0, 0.25, 0, 0.25]
    matched, warning = match_pose_to_frames(track, Frames(20), path=path)
    assert len(matched) == 20
    assert "15 of 20 frames, the last ones" in str(warning)


def test_people_come_before_predictions(tmp_path: Path) -> None:
    corrected = [(0, 0, PREDICTED, -1, (1.0, 2.0)), (0, -1, USER, 0, (3.0, np.nan)), (1, 0, PREDICTED, -1, (4.0, 5.0))]
    track = read_pose(write_project(tmp_path / "a.slp", corrected, tracks=("a",)))
    np.testing.assert_array_equal(track.positions[:, :, 0], [[3, np.nan], [4, 5]])
    np.testing.assert_array_equal(track.likelihoods, [[1, 0], [0.25, 0.25]])
    beside = [(0, 0, PREDICTED, -1, (1.0, 2.0)), (0, 0, USER, -1, (3.0, 4.0))]
    track = read_pose(write_project(tmp_path / "b.slp", beside, tracks=("a",)))
    np.testing.assert_array_equal(track.positions[:, :, 0], [[3, 4]])


def test_an_animal_without_a_track(tmp_path: Path) -> None:
    alone = [(frame, -1, PREDICTED, -1, (frame, frame + 1.0)) for frame in range(3)]
    assert read_pose(write_project(tmp_path / "a.slp", alone, tracks=())).positions[:, 0, 0].tolist() == [0, 1, 2]
    # Where others have tracks, it is none of them.
    some = [*alone, (3, 0, PREDICTED, -1, (9.0, 9.0))]
    np.testing.assert_array_equal(read_pose(write_project(tmp_path / "b.slp", some, tracks=("a",))).positions[:, 0, 0], [np.nan] * 3 + [9])


def test_pixels_are_counted_from_the_middle_of_the_first(tmp_path: Path) -> None:
    old = write_project(tmp_path / "a.slp", [(0, 0, PREDICTED, -1, (1.0, 2.0))], tracks=("a",), format_id=1.0)
    np.testing.assert_array_equal(read_pose(old).positions[0], [[0.5, 10.5], [1.5, 11.5]])


def test_projects_that_cannot_be_used(tmp_path: Path) -> None:
    one = [(0, 0, PREDICTED, -1, (1.0, 2.0))]
    both = [*one, (1, 0, PREDICTED, -1, (1.0, 2.0))]
    twice = [*one, *one]
    bad_points = np.array([(0, PREDICTED, 0, 0, 0, -1, 0.5, 0, 9)], dtype=INSTANCE)
    bad_track = np.array([(0, PREDICTED, 0, 0, 7, -1, 0.5, 0, 2)], dtype=INSTANCE)
    bad_skeleton = np.array([(0, PREDICTED, 0, 3, 0, -1, 0.5, 0, 2)], dtype=INSTANCE)
    bad_frames = np.array([(0, 0, 0, 0, 1 << 40)], dtype=FRAME)
    text = np.array([(b"x", b"y", True)], dtype=[("x", "S1"), ("y", "S1"), ("visible", "?")])
    write_project(tmp_path / "videos.slp", both, videos={1: 1})
    write_project(tmp_path / "untracked.slp", [(0, -1, PREDICTED, -1, (1.0, 2.0))] * 2, tracks=())
    write_project(tmp_path / "twice.slp", twice)
    write_project(tmp_path / "none.slp", [])
    write_project(tmp_path / "unplaced.slp", [(0, 0, USER, -1, (np.nan, np.nan))])
    write_project(tmp_path / "new.slp", one, format_id=3.0)
    write_project(tmp_path / "points.slp", one, instances=bad_points)
    write_project(tmp_path / "track.slp", one, instances=bad_track)
    write_project(tmp_path / "skeleton.slp", one, instances=bad_skeleton)
    write_project(tmp_path / "frames.slp", one, frames=bad_frames)
    write_project(tmp_path / "text.slp", one, pred_points=text)
    write_project(tmp_path / "objects.slp", one, instances=np.full(1, "x", dtype=h5py.string_dtype()))
    write_project(tmp_path / "json.slp", one, json=b"[" * 100_000)
    write_project(tmp_path / "nodes.slp", one, json=json.dumps({"nodes": [{"name": "a"}], "skeletons": [{"nodes": [{"id": 4}]}]}).encode())
    write_project(tmp_path / "crops.slp", one, video_crops=np.zeros(1))
    with h5py.File(write_project(tmp_path / "hollow.slp", one), "a") as file:
        del file["pred_points"]
        file.create_dataset("pred_points", shape=(1 << 29,), dtype=PREDICTED_POINT, chunks=(1 << 10,), compression="gzip")
    for name, sentence in {
        "videos.slp": "of 2 videos",
        "untracked.slp": "run SLEAP's tracking",
        "twice.slp": "frame 0 has several instances of 'a'",
        "none.slp": "without instances",
        "unplaced.slp": "without a point that was placed",
        "new.slp": "of format 3, expected one below 3",
        "points.slp": "an instance of 9 points, expected 2",
        "track.slp": "a track that is not there",
        "skeleton.slp": "instances of skeleton 3, and 1 skeletons",
        "frames.slp": "frames whose instances are not there",
        "text.slp": "pred_points without x as a number",
        "objects.slp": "instances without instance_type as a number",
        "json.slp": "cannot be read as a SLEAP project",
        "nodes.slp": "cannot be read as a SLEAP project",
        "crops.slp": "pixels of a part of the picture",
        "hollow.slp": "claims 536,870,912 values",
    }.items():
        with pytest.raises(PoseError, match=sentence) as caught:
            read_pose(tmp_path / name)
        assert str(tmp_path / name) in str(caught.value)
        assert is_pose(tmp_path / name)


def test_real_projects(shared_data: Path) -> None:
    analysis = read_pose(shared_data / "formats" / "sleap" / "testDLC_sleap.analysis.h5")
    project = read_pose(shared_data / "formats" / "others" / "slp" / "testDLC_sleap.slp")
    assert project.body_parts == analysis.body_parts
    np.testing.assert_array_equal(project.positions, analysis.positions)
    assert project.positions.shape == (101, 14, 2)
    flies = shared_data / "tracking" / "two_flies_courting"
    for individual in ("male", "female"):
        track = read_pose(flies / "clip.slp", individual=individual)
        assert track.positions.shape == (1500, 13, 2)
        assert np.isfinite(track.positions).any(axis=(1, 2)).all()


def test_a_project_has_the_rows_of_its_analysis_file(shared_faults: Path) -> None:
    folder = shared_faults / "nwb-rows-per-node"
    for individual in ("male", "female"):
        project, analysis = (read_pose(folder / f"clip.predictions.{suffix}", individual=individual) for suffix in ("slp", "analysis.h5"))
        np.testing.assert_array_equal(project.positions, analysis.positions)
        np.testing.assert_allclose(project.likelihoods, analysis.likelihoods, atol=1e-7)


@pytest.mark.parametrize(
    ("shape", "stated"), [([100, 64, 96, 1], 100), (None, None), ([0, 64, 96, 1], None), ("long", None), ([True], None)]
)
def test_a_project_of_a_video_of_another_length_is_refused(tmp_path: Path, shape: object, stated: int | None) -> None:
    video = json.dumps({"filename": "a.mp4", "backend": {"shape": shape}}).encode()
    path = write_project(tmp_path / "a.slp", [(4, 0, PREDICTED, -1, (7.0, 8.0))], tracks=("a",), videos_json=np.array([video]))
    track = read_pose(path)
    assert track.stated_frames == stated
    # A container's number of frames may be off by one or two.
    for n_frames in (98, 100, 102):
        assert len(match_pose_to_frames(track, Frames(n_frames), path=path)[0]) == n_frames
    if stated is not None:
        with pytest.raises(PoseError, match="says that its video has 100 frames, but the video has 1500; is it the pose of another video"):
            match_pose_to_frames(track, Frames(1500), path=path)
    else:
        assert len(match_pose_to_frames(track, Frames(1500), path=path)[0]) == 1500
    assert len(match_pose_to_frames(track, Frames(60, broke_off=True), path=path)[0]) == 60


def test_instances_without_tracks_are_read_one_by_one(tmp_path: Path) -> None:
    placed: list[Instance] = [
        (4, -1, PREDICTED, -1, (1.0, 5.0)),
        (4, -1, PREDICTED, -1, (20.0, 25.0)),
        (2, 1, USER, -1, (7.0, float("nan"))),
        (2, -1, PREDICTED, -1, (float("nan"), float("nan"))),
    ]
    instances = read_sleap_instances(write_project(tmp_path / "a.slp", placed))
    assert instances.frames.tolist() == [2, 4, 4] and instances.owners.tolist() == [1, -1, -1]
    assert instances.names == ("a", "b") and instances.body_parts == NODES
    np.testing.assert_allclose(instances.values[:, 0], [[7, 17, 1], [1, 11, 0.25], [20, 30, 0.25]])
    np.testing.assert_allclose(instances.values[0, 1], [np.nan, np.nan, 0])


def test_a_track_that_is_in_a_frame_twice_is_refused_also_among_instances(tmp_path: Path) -> None:
    placed: list[Instance] = [(4, 0, PREDICTED, -1, (1.0, 5.0)), (4, 0, PREDICTED, -1, (2.0, 6.0))]
    with pytest.raises(PoseError, match="frame 4 has several instances of 'a'"):
        read_sleap_instances(write_project(tmp_path / "a.slp", placed))
