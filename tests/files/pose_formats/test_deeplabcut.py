"""DeepLabCut's tables and those that follow it, as text and HDF5."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from behavior.errors import PoseError
from behavior.files.pose import find_body_parts, is_pose, read_pose, write_deeplabcut
from behavior.files.pose_formats.deeplabcut import list_animals
from behavior.recording import Track

OPEN_FIELD = "raw_clip1DLC_resnet50_OpenFieldHighResApr8shuffle1_1030000"


BODY = "0,1,2,0.5,3,4,0.25\n1,5,6,0.5,7,8,0.25\n"


LIGHTNING = (
    "scorer,heatmap_tracker,heatmap_tracker,heatmap_tracker,heatmap_tracker,heatmap_tracker,heatmap_tracker\n"
    "bodyparts,a,a,a,b,b,b\ncoords,x,y,likelihood,x,y,likelihood\n"
)


SMOOTHED_NAMES = ("x", "y", "likelihood", "x_ens_median", "y_ens_median", "x_ens_var", "y_ens_var", "x_posterior_var", "y_posterior_var")


def assert_same(first: Track, second: Track) -> None:
    assert first.body_parts == second.body_parts
    np.testing.assert_array_equal(first.positions, second.positions)
    np.testing.assert_array_equal(first.likelihoods, second.likelihoods)


def test_csv_is_deeplabcuts_own_layout(tmp_path: Path) -> None:
    track = Track(np.array([[[1.5, 2.0]], [[np.nan, np.nan]]]), np.array([[0.9], [0.1]]), ("snout",))
    write_deeplabcut(tmp_path / "a.csv", track, scorer="DLC_net")
    assert (tmp_path / "a.csv").read_text() == (
        "scorer,DLC_net,DLC_net,DLC_net\nbodyparts,snout,snout,snout\ncoords,x,y,likelihood\n0,1.5,2.0,0.9\n1,,,0.1\n"
    )
    with pytest.raises(PoseError, match=r"found '\.txt'"):
        write_deeplabcut(tmp_path / "a.txt", track, scorer="DLC_net")


def test_the_header_of_a_text_table_names_its_animals(tmp_path: Path) -> None:
    track = Track(np.zeros((2, 1, 2)), np.ones((2, 1)), ("snout",))
    write_deeplabcut(tmp_path / "one.csv", track, scorer="net")
    write_deeplabcut(tmp_path / "two.csv", {"a": track, "b": track}, scorer="net")
    write_deeplabcut(tmp_path / "one.h5", track, scorer="net")
    (tmp_path / "other.csv").write_text("frame,grooming\n0,1\n")
    found = [list_animals(tmp_path / name) for name in ("one.csv", "two.csv", "one.h5", "other.csv", "missing.csv")]
    assert found == [("",), ("a", "b"), (), (), ()]
    # What is below the header is not looked at.
    (tmp_path / "one.csv").write_text((tmp_path / "one.csv").read_text() + "damage")
    assert list_animals(tmp_path / "one.csv") == ("",)


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
