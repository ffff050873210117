"""Pose of whatever tracker: one animal's track, its rows where the frame index says, compared with the frames of a video."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from behavior.errors import PoseError
from behavior.files.pose import find_body_parts, is_pose, list_individuals, match_pose_to_frames, read_pose, write_deeplabcut
from behavior.recording import Frames, Track


def make_track(n_frames: int, parts: tuple[str, ...] = ("snout", "leftear", "tailbase")) -> Track:
    rng = np.random.default_rng(n_frames)
    positions = rng.uniform(0, 500, (n_frames, len(parts), 2))
    likelihoods = rng.uniform(0, 1, (n_frames, len(parts)))
    if n_frames > 2:
        positions[1, 0] = np.nan
        positions[2, -1] = 0
    return Track(positions, likelihoods, parts)


def assert_same(first: Track, second: Track) -> None:
    assert first.body_parts == second.body_parts
    np.testing.assert_array_equal(first.positions, second.positions)
    np.testing.assert_array_equal(first.likelihoods, second.likelihoods)


@pytest.mark.parametrize("suffix", [".csv", ".h5"])
@settings(max_examples=30)
@given(
    positions=hnp.arrays(np.float64, st.tuples(st.integers(1, 6), st.just(2), st.just(2)), elements=st.floats(-1e6, 1e6) | st.just(np.nan)),
    likelihood=st.floats(0, 1),
)
def test_what_is_written_comes_back(
    tmp_path_factory: pytest.TempPathFactory, suffix: str, positions: np.ndarray, likelihood: float
) -> None:
    track = Track(positions, np.full(positions.shape[:2], likelihood), ("nose", "tail base"))
    path = tmp_path_factory.getbasetemp() / f"roundtrip{suffix}"
    write_deeplabcut(path, track, scorer="DLC_resnet50_test")
    assert is_pose(path)
    assert_same(read_pose(path), track)


def test_pose_is_told_by_content(shared_data: Path, tmp_path: Path) -> None:
    formats = shared_data / "formats"
    # What stands in `others` is pose, labels and more of programs that are not all read yet.
    known = [path for path in formats.rglob("*") if path.is_file() and "others" not in path.parts]
    found = {path.name for path in known if is_pose(path)}
    assert found == {path.name for folder in ("dlc", "sleap") for path in (formats / folder).iterdir()}
    for name, content in {
        "a.csv": b"",
        "b.csv": b"\x00\xff" * 90,
        "c.h5": b"\x89HDF\r\n\x1a\n" + b"x" * 900,
        "d.csv": b'a,"b\n' * 9,
    }.items():
        (tmp_path / name).write_bytes(content)
        assert not is_pose(tmp_path / name)
    assert not is_pose(tmp_path)
    assert not is_pose(tmp_path / "missing.csv")


def write_single(path: Path, rows: str, coords: str = "x,y,likelihood") -> Path:
    width = coords.count(",") + 1
    path.write_text(f"scorer{',N' * width}\nbodyparts{',a' * width}\ncoords,{coords}\n{rows}")
    return path


def test_rows_missing_from_the_index_shift_nothing(tmp_path: Path) -> None:
    track = read_pose(write_single(tmp_path / "a.csv", "4,9,9,1\n0,1,2,0.5\n2,3,4,\n"))
    np.testing.assert_array_equal(track.positions[:, 0, 0], [1, np.nan, 3, np.nan, 9])
    assert track.likelihoods[:, 0].tolist() == [0.5, 0, 0, 0, 1]


def test_without_likelihoods_a_position_is_certain(tmp_path: Path) -> None:
    track = read_pose(write_single(tmp_path / "a.csv", "0,1,2\n1,,\n3,5,6\n", coords="x,y"))
    assert track.likelihoods[:, 0].tolist() == [1, 0, 0, 1]


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ("0,1,2,1\n1,1,2,1\n1,1,2,1\n", "frame 1 has 2 rows"),
        ("0.5,1,2,1\n", "line 4 has the index '0.5'"),
        ("-1,1,2,1\n", "line 4 has the index '-1'"),
        ("labeled-data/v/img1.png,1,2,1\n", "training labels"),
        ("0,1,2,1\n1,1,oops,1\n", "line 5, a y: 'oops' is not a number"),
        ("", "has a header but no rows"),
        ("0,1,2,1\n99999999,1,2,1\n", "the index goes to 99999999"),
    ],
)
def test_rows_that_make_no_sense(tmp_path: Path, rows: str, sentence: str) -> None:
    path = write_single(tmp_path / "a.csv", rows)
    with pytest.raises(PoseError, match=sentence) as caught:
        read_pose(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_files_that_are_no_pose(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("frame,grooming\n0,1\n")
    (tmp_path / "broken.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + b"x" * 900)
    pd.DataFrame({"a": [1.0]}).to_hdf(tmp_path / "other.h5", key="a")
    (tmp_path / "twice.csv").write_text("bodyparts,a,a,a,a\ncoords,x,y,x,y\n0,1,2,3,4\n")
    (tmp_path / "half.csv").write_text("bodyparts,a,b,b\ncoords,x,x,y\n0,1,2,3\n")
    expected = {
        "missing.csv": "there is no such pose file",
        "labels.csv": "is not a DeepLabCut table",
        "broken.h5": "cannot be read as HDF5",
        "other.h5": "no table of DeepLabCut, nor pose of SLEAP or NWB",
        "twice.csv": "is there twice",
        "half.csv": "body part 'a' has no column 'y'",
    }
    for name, sentence in expected.items():
        with pytest.raises(PoseError, match=sentence):
            read_pose(tmp_path / name)


def test_the_only_animal_of_a_multi_animal_file_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("individuals,m1,m1,single,single\nbodyparts,a,a,corner,corner\ncoords,x,y,x,y\n0,1,2,3,4\n")
    assert read_pose(path).body_parts == ("a",)
    assert read_pose(path, individual="single").body_parts == ("corner",)


def test_animals_of_a_file_and_their_parts(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("individuals,m1,m1,m2,m2,single,single\nbodyparts,a,a,b,b,corner,corner\ncoords,x,y,x,y,x,y\n0,1,2,3,4,5,6\n")
    assert list_individuals(path) == {"m1": ("a",), "m2": ("b",)}
    assert list_individuals(write_single(tmp_path / "b.csv", "0,1,2,1\n")) == {"": ("a",)}
    with pytest.raises(PoseError, match="has a header but no rows"):
        list_individuals(write_single(tmp_path / "c.csv", ""))


def test_formats_that_end_with_the_last_detection_are_not_another_video_s() -> None:
    track = make_track(70)
    early = Track(track.positions, track.likelihoods, track.body_parts, may_end_early=True)
    matched, warning = match_pose_to_frames(early, Frames(100), path=Path("p.h5"))
    np.testing.assert_array_equal(matched.positions[:70], track.positions)
    assert not matched.likelihoods[70:].any()
    assert warning == "p.h5: 30 of 100 frames, the last ones, have no pose row and count as unmeasured."
    with pytest.raises(PoseError, match=r"70 pose rows for 60 frames"):
        match_pose_to_frames(early, Frames(60), path=Path("p.h5"))


@pytest.mark.parametrize("blank", [";;;", " ; ;;", ""])
def test_blank_rows_of_spreadsheets_are_skipped_and_counted(tmp_path: Path, blank: str) -> None:
    lines = ["bodyparts;a;a;a", "coords;x;y;likelihood", "0;1,5;2;1", blank, "1;3,5;4;0,5", blank, blank]
    path = tmp_path / "a.csv"
    path.write_text("\n".join([*lines, ""]))
    assert is_pose(path)
    track = read_pose(path)
    np.testing.assert_array_equal(track.positions[:, 0, 0], [1.5, 3.5])
    assert track.likelihoods[:, 0].tolist() == [1, 0.5]
    for wrong, sentence in (
        ("2;1,0;oops;1", "line 8, a y: 'oops'"),
        ("two;1;1;1", "line 8 has the index 'two'"),
        ("1;1;1;1", "lines 5, 8"),
    ):
        path.write_text("\n".join([*lines, wrong, ""]))
        with pytest.raises(PoseError, match=sentence):
            read_pose(path)
    path.write_text("\n".join([lines[0], blank, lines[1], *lines[2:], ""]))
    np.testing.assert_array_equal(read_pose(path).positions, track.positions)


def test_body_parts_are_found_without_case() -> None:
    track = make_track(3, ("Snout", "leftEar", "tailbase"))
    assert find_body_parts(track, ["TAILBASE", "leftear"], path=Path("p.h5")) == [2, 1]
    with pytest.raises(PoseError) as caught:
        find_body_parts(track, ["tailbse"], path=Path("p.h5"))
    assert str(caught.value) == "p.h5: has no body part 'tailbse', only Snout, leftEar, tailbase; did you mean 'tailbase'?"
    with pytest.raises(PoseError, match="could be 'Aa', 'aA'"):
        find_body_parts(make_track(3, ("Aa", "aA")), ["aa"], path=Path("p.h5"))
    assert find_body_parts(make_track(3, ("Aa", "aA")), ["aA"], path=Path("p.h5")) == [1]


@given(rows=st.integers(1, 12), frames=st.integers(1, 12), broke_off=st.booleans())
def test_matching_rows_to_frames(rows: int, frames: int, broke_off: bool) -> None:
    track = make_track(rows)
    if abs(rows - frames) > 2 and not (broke_off and rows > frames):
        with pytest.raises(PoseError, match=f"{rows} pose rows for {frames} frames.*another video"):
            match_pose_to_frames(track, Frames(frames, broke_off=broke_off), path=Path("p.csv"))
        return
    matched, warning = match_pose_to_frames(track, Frames(frames, broke_off=broke_off), path=Path("p.csv"))
    assert len(matched) == frames
    common = min(rows, frames)
    np.testing.assert_array_equal(matched.positions[:common], track.positions[:common])
    assert np.isnan(matched.positions[common:]).all()
    assert not matched.likelihoods[common:].any()
    assert (warning is None) == (rows == frames)
    if warning is not None:
        assert str(abs(rows - frames)) in warning
        assert ("breaks off" in warning) == (broke_off and rows > frames)
        assert ("lost frames in its middle" in warning) == (not broke_off and rows > frames)


def test_nobody_has_to_choose_an_animal_of_training_labels(tmp_path: Path) -> None:
    lines = ["scorer,,,A,A,A,A", "individuals,,,one,one,two,two", "bodyparts,,,nose,nose,nose,nose", "coords,,,x,y,x,y"]
    path = tmp_path / "a.csv"
    path.write_text("\n".join([*lines, "labeled-data,video,img000.png,1,2,3,4", "labeled-data,video,img001.png,1,2,3,4", ""]))
    with pytest.raises(PoseError, match="holds training labels of single pictures"):
        read_pose(path)


@pytest.mark.parametrize("suffix", [".csv", ".h5"])
def test_tracks_of_several_animals_come_back_by_name(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    rng = np.random.default_rng(0)
    tracks = {
        name: Track(rng.normal(size=(6, n, 2)), rng.random((6, n)), ("centroid", "nose_end")[:n]) for name, n in (("animal1", 2), ("b", 1))
    }
    tracks["b"].positions[3] = np.nan
    write_deeplabcut(path, tracks, scorer="s")
    assert list_individuals(path) == {"animal1": ("centroid", "nose_end"), "b": ("centroid",)}
    for name, track in tracks.items():
        read = read_pose(path, individual=name)
        np.testing.assert_allclose(read.positions, track.positions)
        np.testing.assert_allclose(read.likelihoods, track.likelihoods)


def test_a_long_track_is_written_in_parts_that_are_one_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    tracks = {name: Track(rng.normal(size=(25, 2, 2)), rng.random((25, 2)), ("nose", "tail")) for name in ("a", "b")}
    write_deeplabcut(tmp_path / "whole.csv", tracks, scorer="net")
    monkeypatch.setattr("behavior.files.pose._ROWS_AT_ONCE", 10)
    write_deeplabcut(tmp_path / "parts.csv", tracks, scorer="net")
    assert (tmp_path / "parts.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()


def test_tracks_of_different_lengths_are_refused(tmp_path):
    tracks = {name: Track(np.zeros((n, 1, 2)), np.ones((n, 1)), ("centroid",)) for name, n in (("a", 5), ("b", 6))}
    with pytest.raises(PoseError, match="2 animals have"):
        write_deeplabcut(tmp_path / "a.csv", tracks, scorer="s")
