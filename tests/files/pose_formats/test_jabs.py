"""JABS's pose: one mouse, pieces of tracks, identities and their names, and what cannot be used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from behavior.errors import PoseError
from behavior.files.pose import find_body_parts, is_pose, read_pose
from behavior.files.pose_formats.jabs import KEY_POINTS


def write_jabs(path: Path, points: np.ndarray, **more: Any) -> Path:
    """Write `points` (frames, 12, 2) or (frames, animals, 12, 2) as x, y; `more` are datasets, None to leave out."""
    content = {"points": points[..., ::-1].astype(np.uint16), "confidence": np.full(points.shape[:-1], 0.75, dtype=np.float32), **more}
    with h5py.File(path, "w") as file:
        group = file.create_group("poseest")
        for name, values in content.items():
            if values is not None:
                group[name] = values
    return path


def draw(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(1, 600, (*shape, 12, 2))


def test_one_mouse(tmp_path: Path) -> None:
    points = draw(5)
    confidence = np.full((5, 12), 0.5, dtype=np.float32)
    confidence[2, 3] = 0
    path = write_jabs(tmp_path / "m_pose_est_v2.h5", points, confidence=confidence)
    assert is_pose(path)
    track = read_pose(path)
    assert track.body_parts == KEY_POINTS
    expected = points.astype(float)
    expected[2, 3] = np.nan
    np.testing.assert_array_equal(track.positions, expected)
    np.testing.assert_array_equal(track.likelihoods, confidence)
    assert find_body_parts(track, ["BASE_TAIL"], path=path) == [9]


def test_pieces_of_tracks(tmp_path: Path) -> None:
    points = draw(3, 2)
    tracks = np.array([[7, 9], [9, 7], [7, 0]], dtype=np.uint32)
    path = write_jabs(tmp_path / "m.h5", points, instance_track_id=tracks, instance_count=np.array([2, 2, 1], dtype=np.uint8))
    with pytest.raises(PoseError, match=r"2 individuals \(7, 9\)"):
        read_pose(path)
    np.testing.assert_array_equal(read_pose(path, individual="7").positions, [points[0, 0], points[1, 1], points[2, 0]])
    nine = read_pose(path, individual="9")
    np.testing.assert_array_equal(nine.positions[:2], [points[0, 1], points[1, 0]])
    assert not nine.likelihoods[2].any()


def test_identities_and_their_names(tmp_path: Path) -> None:
    points = draw(3, 2)
    more = {
        "instance_embed_id": np.array([[1, 2], [2, 1], [2, 1]], dtype=np.uint32),
        "id_mask": np.array([[0, 0], [0, 0], [1, 0]], dtype=bool),
        "instance_track_id": np.arange(6).reshape(3, 2),
    }
    path = write_jabs(tmp_path / "a.h5", points, **more)
    np.testing.assert_array_equal(read_pose(path, individual="0").positions, [points[0, 0], points[1, 1], points[2, 1]])
    assert not read_pose(path, individual="1").likelihoods[2].any()
    for mapping in (np.array([1201, 1305]), np.array([b"1201", b"1305"])):
        named = write_jabs(tmp_path / "b.h5", points, external_identity_mapping=mapping, **more)
        np.testing.assert_array_equal(read_pose(named, individual="1305").positions[:2], [points[0, 1], points[1, 0]])


def test_files_that_cannot_be_used(tmp_path: Path) -> None:
    points = draw(3, 2)
    ids = np.array([[1, 2]] * 3)
    many = np.arange(1, 6 * 10**4 + 1, dtype=np.uint32).reshape(3 * 10**4, 2)
    write_jabs(tmp_path / "eleven.h5", draw(4)[:, :11])
    write_jabs(tmp_path / "confidence.h5", draw(4), confidence=np.ones((4, 11)))
    write_jabs(tmp_path / "owners.h5", points)
    write_jabs(tmp_path / "shape.h5", points, instance_embed_id=ids[:2])
    write_jabs(tmp_path / "floats.h5", points, instance_embed_id=ids.astype(float))
    write_jabs(tmp_path / "mask.h5", points, instance_embed_id=ids, id_mask=np.zeros(3))
    write_jabs(tmp_path / "nobody.h5", points, instance_embed_id=0 * ids)
    write_jabs(tmp_path / "twice.h5", points, instance_embed_id=0 * ids + 1)
    write_jabs(tmp_path / "counts.h5", points, instance_track_id=ids, instance_count=np.zeros(2))
    write_jabs(tmp_path / "names.h5", points, instance_embed_id=ids, external_identity_mapping=np.array([b"m"]))
    write_jabs(tmp_path / "many.h5", np.ones((3 * 10**4, 2, 12, 2)), instance_embed_id=many)
    write_jabs(tmp_path / "text.h5", draw(4), confidence=np.full((4, 12), b"x"))
    write_jabs(tmp_path / "objects.h5", draw(4), confidence=np.full((4, 12), "x", dtype=h5py.string_dtype()))
    with h5py.File(write_jabs(tmp_path / "hollow.h5", draw(4)), "a") as file:
        del file["poseest/points"]
        file.create_dataset("poseest/points", shape=(1 << 24, 12, 2), dtype="u2", chunks=(1 << 10, 12, 2), compression="gzip")
    for name, sentence in {
        "eleven.h5": r"points of shape \(4, 11, 2\)",
        "confidence.h5": r"confidences of shape \(4, 11\)",
        "owners.h5": "neither identities nor tracks",
        "shape.h5": r"instance_embed_id of shape \(2, 2\) for \(3, 2\) poses",
        "floats.h5": "expected a whole number for each",
        "mask.h5": r"an id_mask of shape \(3,\)",
        "nobody.h5": "no pose that belongs to an animal",
        "twice.h5": "frame 0 has several poses of '0'",
        "counts.h5": "2 counts of poses for 3 frames",
        "names.h5": "names of 1 animals, and an animal of number 1",
        "many.h5": "60,000 pieces of tracks",
        "text.h5": "not made of numbers, but of text",
        "objects.h5": "stored Python objects",
        "hollow.h5": "of which only 0 bytes are stored",
    }.items():
        with pytest.raises(PoseError, match=sentence) as caught:
            read_pose(tmp_path / name)
        assert str(tmp_path / name) in str(caught.value)
        assert is_pose(tmp_path / name)


def test_real_files(shared_data: Path) -> None:
    folder = shared_data / "formats" / "others" / "jabs_pose"
    track = read_pose(folder / "sample_pose_est_v2.h5")
    with h5py.File(folder / "sample_pose_est_v2.h5") as file:
        points, confidence = file["poseest/points"][:], file["poseest/confidence"][:]
    assert track.positions.shape == (1800, 12, 2)
    is_placed = confidence > 0
    np.testing.assert_array_equal(track.positions[is_placed], points[is_placed][:, ::-1])
    assert np.isnan(track.positions[~is_placed]).all()
    with pytest.raises(PoseError, match=r"232 individuals \(1, 2, .* and 220 more\)"):
        read_pose(folder / "sample_pose_est_v3.h5")
    with pytest.raises(PoseError, match=r"3 individuals \(0, 1, 2\)"):
        read_pose(folder / "sample_pose_est_v5.h5")
    with h5py.File(folder / "sample_pose_est_v5.h5") as file:
        group = {name: file["poseest"][name][:] for name in ("points", "confidence", "instance_embed_id", "id_mask")}
    track = read_pose(folder / "sample_pose_est_v5.h5", individual="1")
    for frame in range(0, 1800, 50):
        slots = np.flatnonzero((group["instance_embed_id"][frame] == 2) & ~group["id_mask"][frame])
        expected = np.full((12, 2), np.nan)
        for slot in slots:
            is_placed = group["confidence"][frame, slot] > 0
            expected[is_placed] = group["points"][frame, slot, is_placed][:, ::-1]
        np.testing.assert_array_equal(track.positions[frame], expected)
