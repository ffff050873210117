"""SLEAP's analysis files: axes, tracks, scores, and what cannot be used."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from behavior.errors import PoseError
from behavior.files.pose import match_pose_to_frames, read_pose
from behavior.recording import Frames, Track


def assert_same(first: Track, second: Track) -> None:
    assert first.body_parts == second.body_parts
    np.testing.assert_array_equal(first.positions, second.positions)
    np.testing.assert_array_equal(first.likelihoods, second.likelihoods)


def test_real_sleap_analysis(shared_data: Path) -> None:
    path = shared_data / "formats" / "sleap" / "testDLC_sleap.analysis.h5"
    track = read_pose(path)
    assert track.positions.shape == (101, 14, 2)
    assert track.body_parts[:2] == ("Nose", "Left_ear")
    np.testing.assert_allclose(track.positions[0, 0], [319.1416626, 277.00744629])
    assert_same(track, read_pose(path, individual="track_0"))
    with h5py.File(path) as file:
        scores = file["point_scores"][0].T
    placed = np.isfinite(track.positions).all(axis=2)
    np.testing.assert_array_equal(track.likelihoods[placed & np.isfinite(scores)], np.clip(scores, 0, 1)[placed & np.isfinite(scores)])


def test_sleap_points_that_are_missing_or_placed_by_hand(
    tmp_path: Path, write_sleap: Callable[..., Any], draw_positions: Callable[..., Any]
) -> None:
    positions = draw_positions()
    scores = np.full((5, 1, 3), 0.5)
    scores[1, 0, 0] = scores[2, 0, 1] = np.nan
    scores[3, 0, 2] = 1.01
    track = read_pose(write_sleap(tmp_path / "a.analysis.h5", positions, point_scores=scores.transpose(1, 2, 0)))
    np.testing.assert_array_equal(track.positions, positions[:, 0])
    assert track.likelihoods[2].tolist() == [0.5, 1.0, 0.5]
    assert track.likelihoods[3, 2] == 1
    assert np.isnan(track.positions[1, 0]).all()
    assert track.likelihoods[1].tolist() == [0.0, 0.5, 0.5]
    without = read_pose(write_sleap(tmp_path / "b.h5", positions, point_scores=None))
    assert without.likelihoods[1].tolist() == [0.0, 1.0, 1.0]


def test_sleap_tracks_are_individuals(
    tmp_path: Path,
    write_sleap: Callable[..., Any],
    draw_positions: Callable[..., Any],
) -> None:
    positions = draw_positions(n_tracks=3)
    positions[:, 2] = np.nan
    path = write_sleap(tmp_path / "a.h5", positions, tracks=("black", "white", "lost"))
    with pytest.raises(PoseError, match=r"2 individuals \(black, white\)"):
        read_pose(path)
    np.testing.assert_array_equal(read_pose(path, individual="White").positions, positions[:, 1])
    unnamed = write_sleap(tmp_path / "b.h5", positions[:, :1], track_names=np.array([]))
    np.testing.assert_array_equal(read_pose(unnamed).positions, positions[:, 0])
    untracked = write_sleap(tmp_path / "c.h5", positions[:, :2], track_names=np.array([]))
    np.testing.assert_array_equal(read_pose(untracked, individual="track_1").positions, positions[:, 1])


def test_sleap_axes_as_the_file_says_or_by_their_shape(
    tmp_path: Path, write_sleap: Callable[..., Any], draw_positions: Callable[..., Any]
) -> None:
    positions = draw_positions(n_nodes=4)
    path = write_sleap(tmp_path / "named.h5", positions, tracks=("mouse",), point_scores=np.full((5, 1, 4), 0.25))
    with h5py.File(path, "a") as file:
        del file["tracks"]
        file["tracks"] = positions
        file["tracks"].attrs["dims"] = json.dumps(["frame", "track", "node", "xy"])
    np.testing.assert_array_equal(read_pose(path).positions, positions[:, 0])
    old = write_sleap(tmp_path / "old.h5", positions, tracks=("mouse",), point_scores=None)
    with h5py.File(old, "a") as file:
        del file["tracks"]
        file["tracks"] = positions.transpose(0, 2, 3, 1)
    np.testing.assert_array_equal(read_pose(old).positions, positions[:, 0])


def test_sleap_files_that_cannot_be_used(
    tmp_path: Path,
    write_sleap: Callable[..., Any],
    draw_positions: Callable[..., Any],
) -> None:
    positions = draw_positions()
    write_sleap(tmp_path / "shape.h5", positions, tracks=("mouse",), node_names=np.array([b"a", b"b"]))
    write_sleap(tmp_path / "scores.h5", positions, tracks=("mouse",), point_scores=np.zeros((1, 3, 4)))
    write_sleap(tmp_path / "twice.h5", positions, tracks=("mouse",), node_names=np.array([b"a", b"a", b"b"]))
    write_sleap(tmp_path / "empty.h5", positions[:0])
    write_sleap(tmp_path / "text.h5", positions, tracks=("mouse",), point_scores=np.full((1, 3, 5), b"x"))
    write_sleap(tmp_path / "names.h5", positions, tracks=("mouse",), node_names=np.arange(3))
    with h5py.File(write_sleap(tmp_path / "hollow.h5", positions, tracks=()), "a") as file:
        del file["tracks"]
        file.create_dataset("tracks", shape=(1, 2, 3, 1 << 26), dtype="f8", chunks=(1, 2, 3, 1 << 10), compression="gzip")
    content = write_sleap(tmp_path / "whole.h5", positions).read_bytes()
    (tmp_path / "cut.h5").write_bytes(content[: len(content) // 2])
    for name, sentence in {
        "shape.h5": r"tracks have the shape \(1, 2, 3, 5\) for 2 nodes",
        "scores.h5": "expected one for every point",
        "twice.h5": "body part 'a' of 'mouse' is there twice",
        "empty.h5": "has a header but no rows",
        "text.h5": "point_scores that is not made of numbers, but of text",
        "names.h5": "node_names that is not made of text",
        "hollow.h5": "of which only 0 bytes are stored",
        "cut.h5": "cannot be read as HDF5",
    }.items():
        with pytest.raises(PoseError, match=sentence) as caught:
            read_pose(tmp_path / name)
        assert str(tmp_path / name) in str(caught.value)


def test_sleap_s_analysis_that_ends_early_is_padded(shared_faults: Path) -> None:
    path = shared_faults / "sleap-ends-early" / "s1.analysis.h5"
    track, warning = match_pose_to_frames(read_pose(path), Frames(100), path=path)
    assert len(track) == 100
    assert not track.likelihoods[70:].any()
    assert "30 of 100 frames, the last ones" in str(warning)
