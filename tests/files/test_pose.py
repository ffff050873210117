from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from behavior.errors import PoseError
from behavior.files.pairing import pair_files
from behavior.files.pose import find_body_parts, is_pose, match_pose_to_frames, read_pose, write_deeplabcut
from behavior.recording import Frames, Track

OPEN_FIELD = "raw_clip1DLC_resnet50_OpenFieldHighResApr8shuffle1_1030000"


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


def test_csv_is_deeplabcuts_own_layout(tmp_path: Path) -> None:
    track = Track(np.array([[[1.5, 2.0]], [[np.nan, np.nan]]]), np.array([[0.9], [0.1]]), ("snout",))
    write_deeplabcut(tmp_path / "a.csv", track, scorer="DLC_net")
    assert (tmp_path / "a.csv").read_text() == (
        "scorer,DLC_net,DLC_net,DLC_net\nbodyparts,snout,snout,snout\ncoords,x,y,likelihood\n0,1.5,2.0,0.9\n1,,,0.1\n"
    )
    with pytest.raises(PoseError, match=r"found '\.txt'"):
        write_deeplabcut(tmp_path / "a.txt", track, scorer="DLC_net")


def test_real_csv_and_h5_of_one_recording_are_the_same(shared_data: Path) -> None:
    from_csv, from_h5 = (read_pose(shared_data / "formats" / "dlc" / f"{OPEN_FIELD}{suffix}") for suffix in (".csv", ".h5"))
    assert from_csv.positions.shape == (7200, 6, 2)
    assert from_csv.body_parts[:2] == ("Snout", "Front Paw R")
    assert from_csv.positions[0, 0].tolist() == [315.59552001953125, 63.943092346191406]
    assert_same(from_csv, from_h5)


def test_real_h5_of_the_open_field_video(shared_data: Path) -> None:
    path = shared_data / "openfield_video" / "m3v1mp4DLC_resnet50_openfieldAug20shuffle1_30000.h5"
    track = read_pose(path)
    assert track.positions.shape == (2330, 4, 2)
    expected = pd.read_hdf(path)["DLC_resnet50_openfieldAug20shuffle1_30000"]["tailbase"]
    np.testing.assert_array_equal(track.positions[:, find_body_parts(track, ["TailBase"], path=path)[0]], expected[["x", "y"]].to_numpy())


@pytest.mark.parametrize(("name", "rows"), [("testDLC_csv_table_madlc.csv", 97), ("testDLC_h5_table_madlc.h5", 100)])
def test_real_multi_animal_files_need_a_name(shared_data: Path, name: str, rows: int) -> None:
    path = shared_data / "formats" / "dlc" / name
    with pytest.raises(PoseError, match=r"2 individuals \(mouse_black_tail, mouse_white_tail\)"):
        read_pose(path)
    with pytest.raises(PoseError, match=r"no individual 'mouse_blak_tail', .* did you mean 'mouse_black_tail'"):
        read_pose(path, individual="mouse_blak_tail")
    track = read_pose(path, individual="Mouse_Black_Tail")
    assert track.positions.shape == (rows, 14, 2)
    assert track.positions[0, 0].tolist() == [188.547, 379.996]
    # Points that were not found are written as 0, 0 with likelihood 0, and stay so.
    assert track.positions[0, 1].tolist() == [0.0, 0.0]
    assert track.likelihoods[0, 1] == 0


def test_real_training_labels_are_refused(shared_data: Path) -> None:
    with pytest.raises(PoseError, match="training labels of single pictures"):
        read_pose(shared_data / "formats" / "dlc" / "sleaptest_dlc_testdata.csv")


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


BODY = "0,1,2,0.5,3,4,0.25\n1,5,6,0.5,7,8,0.25\n"


@pytest.mark.parametrize(
    "header",
    [
        "scorer,N,N,N,N,N,N\nbodyparts,a,a,a,b,b,b\ncoords,x,y,likelihood,x,y,likelihood\n",
        "scorer,N,N.1,N.2,N.3,N.4,N.5\nbodyparts,a,a,a,b,b,b\ncoords,x,y,likelihood,x,y,likelihood\n",
        "bodyparts,a,a,a,b,b,b\ncoords,x,y,likelihood,x,y,likelihood\n",
        "coords,x,y,likelihood,x,y,likelihood\nscorer,N,N,N,N,N,N\nbodyparts,a,a,a,b,b,b\n",
        ",N,N,N,N,N,N\n,a,a,a,b,b,b\n,x,y,likelihood,x,y,likelihood\n",
        ",N,N,N,N,N,N\n,mouse,mouse,mouse,mouse,mouse,mouse\n,a,a,a,b,b,b\n,x,y,likelihood,x,y,likelihood\n",
        "scorer,N,N,N,N,N,N\nindividuals,m,m,m,m,m,m\nbodyparts,a,a,a,b,b,b\ncoords,x,y,likelihood,x,y,likelihood\n",
        "\ufeffScorer,N,N,N,N,N,N\nBodyparts,a,a,a,b,b,b\nCoords,X,Y,Likelihood,X,Y,Likelihood\nframe,,,,,,\n",
    ],
)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_header_rows_are_recognised_by_content(tmp_path: Path, header: str, line_end: str) -> None:
    (tmp_path / "a.csv").write_bytes((header + BODY).replace("\n", line_end).encode())
    track = read_pose(tmp_path / "a.csv")
    assert track.body_parts == ("a", "b")
    assert track.positions.tolist() == [[[1, 2], [3, 4]], [[5, 6], [7, 8]]]
    assert track.likelihoods.tolist() == [[0.5, 0.25], [0.5, 0.25]]


def test_a_spreadsheets_semicolons_and_decimal_commas(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("scorer;N;N;N\nbodyparts;a;a;a\ncoords;x;y;likelihood\n0;1,5;2;0,75\n")
    track = read_pose(tmp_path / "a.csv")
    assert track.positions.tolist() == [[[1.5, 2.0]]]
    assert track.likelihoods.tolist() == [[0.75]]


@pytest.mark.parametrize("names", [None, ["scorer", "bodyparts", "coords"]])
def test_h5_whatever_the_key_and_the_level_names(tmp_path: Path, names: list[str] | None) -> None:
    columns = pd.MultiIndex.from_product((["net"], ["a", "b"], ["x", "y", "likelihood"]), names=names)
    pd.DataFrame(np.arange(12.0).reshape(2, 6) / 12, columns=columns).to_hdf(tmp_path / "a.h5", key="whatever", format="table")
    assert read_pose(tmp_path / "a.h5").positions.tolist() == [[[0, 1 / 12], [0.25, 4 / 12]], [[0.5, 7 / 12], [0.75, 10 / 12]]]


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
        ("0.5,1,2,1\n", "row 0 has the index 0.5"),
        ("-1,1,2,1\n", "row 0 has the index -1"),
        ("labeled-data/v/img1.png,1,2,1\n", "training labels"),
        ("0,1,2,1\n1,1,oops,1\n", "line 5, a y: 'oops' is no number"),
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
        "labels.csv": "is no DeepLabCut table",
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


def draw_positions(n_frames: int = 5, n_tracks: int = 1, n_nodes: int = 3) -> np.ndarray:
    positions = np.random.default_rng(n_frames).uniform(0, 500, (n_frames, n_tracks, n_nodes, 2))
    positions[1, 0, 0] = np.nan
    return positions


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


def test_sleap_points_that_are_missing_or_placed_by_hand(tmp_path: Path) -> None:
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


def test_sleap_tracks_are_individuals(tmp_path: Path) -> None:
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


def test_sleap_axes_as_the_file_says_or_by_their_shape(tmp_path: Path) -> None:
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


def test_sleap_files_that_cannot_be_used(tmp_path: Path) -> None:
    positions = draw_positions()
    write_sleap(tmp_path / "shape.h5", positions, tracks=("mouse",), node_names=np.array([b"a", b"b"]))
    write_sleap(tmp_path / "scores.h5", positions, tracks=("mouse",), point_scores=np.zeros((1, 3, 4)))
    write_sleap(tmp_path / "twice.h5", positions, tracks=("mouse",), node_names=np.array([b"a", b"a", b"b"]))
    write_sleap(tmp_path / "empty.h5", positions[:0])
    with h5py.File(tmp_path / "project.slp", "w") as file:
        file["frames"], file["instances"] = np.zeros(2), np.zeros(2)
        file.create_group("metadata")
    content = write_sleap(tmp_path / "whole.h5", positions).read_bytes()
    (tmp_path / "cut.h5").write_bytes(content[: len(content) // 2])
    for name, sentence in {
        "shape.h5": r"tracks have the shape \(1, 2, 3, 5\) for 2 nodes",
        "scores.h5": "expected one for every point",
        "twice.h5": "body part 'a' of 'mouse' is there twice",
        "empty.h5": "has a header but no rows",
        "project.slp": "is a SLEAP project",
        "cut.h5": "cannot be read as HDF5",
    }.items():
        with pytest.raises(PoseError, match=sentence) as caught:
            read_pose(tmp_path / name)
        assert str(tmp_path / name) in str(caught.value)


LIGHTNING = (
    "scorer,heatmap_tracker,heatmap_tracker,heatmap_tracker,heatmap_tracker,heatmap_tracker,heatmap_tracker\n"
    "bodyparts,a,a,a,b,b,b\ncoords,x,y,likelihood,x,y,likelihood\n"
)
SMOOTHED_NAMES = ("x", "y", "likelihood", "x_ens_median", "y_ens_median", "x_ens_var", "y_ens_var", "x_posterior_var", "y_posterior_var")


def test_lightning_pose_and_its_smoother(tmp_path: Path) -> None:
    (tmp_path / "plain.csv").write_text(LIGHTNING + BODY)
    columns = pd.MultiIndex.from_product((["ensemble-kalman_tracker"], ["a", "b"], SMOOTHED_NAMES), names=["scorer", "bodyparts", "coords"])
    table = pd.DataFrame(0.125, index=range(2), columns=columns)
    for name, expected in {"a": ([1.0, 5.0], [2.0, 6.0], 0.5), "b": ([3.0, 7.0], [4.0, 8.0], 0.25)}.items():
        for coordinate, values in zip(("x", "y", "likelihood"), expected, strict=True):
            table["ensemble-kalman_tracker", name, coordinate] = values
    table.to_csv(tmp_path / "smoothed.csv")
    table.to_hdf(tmp_path / "smoothed.h5", key="df")
    table["set", "", ""] = "train"
    table.to_csv(tmp_path / "with_set.csv")
    for name in ("plain.csv", "smoothed.csv", "smoothed.h5", "with_set.csv"):
        assert is_pose(tmp_path / name)
        track = read_pose(tmp_path / name)
        assert track.body_parts == ("a", "b")
        assert track.positions.tolist() == [[[1, 2], [3, 4]], [[5, 6], [7, 8]]]
        assert track.likelihoods.tolist() == [[0.5, 0.25], [0.5, 0.25]]


def test_lightning_poses_labels_and_what_is_not_in_a_plane_are_no_pose_of_a_video(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text(LIGHTNING + "labeled-data/v/img001.png,1,2,0.5,3,4,0.25\n")
    with pytest.raises(PoseError, match="training labels of single pictures"):
        read_pose(tmp_path / "labels.csv")
    (tmp_path / "space.csv").write_text("scorer,N,N,N\nbodyparts,a,a,a\ncoords,x,y,z\n0,1,2,3\n")
    assert not is_pose(tmp_path / "space.csv")


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
                    if key != "attributes":
                        series[key] = values
                series["data"].attrs.update(content.get("attributes", {}))
    return path


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


def test_nwb_individuals_and_rows_that_are_left_out(tmp_path: Path) -> None:
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


def test_nwb_files_that_cannot_be_used(tmp_path: Path) -> None:
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


def test_init_finds_the_pose_of_every_tracker_beside_its_video(tmp_path: Path) -> None:
    for name in ("A.mp4", "B.mp4", "C.mp4"):
        (tmp_path / name).touch()
    poses = [
        write_sleap(tmp_path / "A.mp4.predictions.000_A.analysis.h5", draw_positions()),
        write_nwb(tmp_path / "B_pose.nwb", {"mouse": {"nose": {"data": np.zeros((4, 2))}}}),
        tmp_path / "C.csv",
    ]
    poses[2].write_text(LIGHTNING + BODY)
    write_nwb(tmp_path / "B_spikes.nwb", {})
    assert [pairing.pose for pairing in pair_files(tmp_path)[0]] == poses
