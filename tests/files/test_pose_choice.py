"""Of several pose files of a video, the best is taken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from paired_folder import NETWORK, TRACK, fill, show

from behavior.files.pairing import pair_files
from behavior.files.pose import write_deeplabcut
from behavior.files.pose_choice import find_pose_for


def test_pose_beside_a_video(tmp_path: Path) -> None:
    fill(tmp_path, "m3v1mp4.mp4", f"m3v1mp4{NETWORK}.h5", "m3v1.mp4", "m3v1.csv", "away/m3v1DLC.csv")
    assert find_pose_for(tmp_path / "m3v1mp4.mp4") == tmp_path / f"m3v1mp4{NETWORK}.h5"
    assert find_pose_for(tmp_path / "m3v1.mp4") is None
    assert find_pose_for(tmp_path / "missing" / "m.mp4") is None


def test_filtered_pose_and_h5_are_preferred(tmp_path: Path) -> None:
    fill(tmp_path, "a.mp4", "a.csv", f"a{NETWORK}.csv", f"a{NETWORK}.h5", f"a{NETWORK}_filtered.csv", f"a{NETWORK}_filtered.h5")
    fill(tmp_path, "b.mp4", "b.csv", f"b{NETWORK}.csv", f"b{NETWORK}.h5")
    pairs, sentences = show(tmp_path)
    assert pairs["a"][1] == f"a{NETWORK}_filtered.h5"
    assert pairs["b"][1] == f"b{NETWORK}.h5"
    assert sentences == []
    assert find_pose_for(tmp_path / "a.mp4") == tmp_path / f"a{NETWORK}_filtered.h5"


def test_init_finds_the_pose_of_every_tracker_beside_its_video(
    tmp_path: Path, write_sleap: Callable[..., Any], write_nwb: Callable[..., Any], draw_positions: Callable[..., Any]
) -> None:
    for name in ("A.mp4", "B.mp4", "C.mp4"):
        (tmp_path / name).touch()
    poses = [
        write_sleap(tmp_path / "A.mp4.predictions.000_A.analysis.h5", draw_positions()),
        write_nwb(tmp_path / "B_pose.nwb", {"mouse": {"nose": {"data": np.zeros((4, 2))}}}),
        tmp_path / "C.csv",
    ]
    poses[2].write_text("scorer,N,N,N\nbodyparts,a,a,a\ncoords,x,y,likelihood\n0,1,2,0.5\n")
    write_nwb(tmp_path / "B_spikes.nwb", {})
    assert [pairing.pose for pairing in pair_files(tmp_path)[0]] == poses


def test_sleap_s_project_and_older_versions_of_jabs_stand_back(
    tmp_path: Path, write_sleap: Callable[..., Any], draw_positions: Callable[..., Any]
) -> None:
    (tmp_path / "a.mp4").touch()
    (tmp_path / "b.mp4").touch()
    analysis = write_sleap(tmp_path / "a.predictions.analysis.h5", draw_positions())
    for name, members in (
        ("a.predictions.slp", ("frames", "instances", "points", "pred_points", "metadata")),
        *((f"b_pose_est_v{version}.h5", ("poseest/points", "poseest/confidence")) for version in (2, 6, 5)),
    ):
        with h5py.File(tmp_path / name, "w") as file:
            for member in members:
                file.create_group(member)
    pairings, _ = pair_files(tmp_path)
    assert [pairing.pose for pairing in pairings] == [analysis, tmp_path / "b_pose_est_v6.h5"]


def test_pose_of_which_none_is_chosen_is_kept_in_mind(tmp_path: Path) -> None:
    fill(tmp_path, "a.mp4", "aDLC_1.csv", "aDLC_2.csv")
    ((pairing,), _) = pair_files(tmp_path)
    assert pairing.pose is None
    assert pairing.undecided_poses == (tmp_path / "aDLC_1.csv", tmp_path / "aDLC_2.csv")


def test_a_networks_pose_goes_before_a_track_which_is_said(tmp_path: Path) -> None:
    fill(tmp_path, "m1.mp4", f"m1{NETWORK}.csv", "m2.mp4")
    for name in ("m1", "m2"):
        write_deeplabcut(tmp_path / f"{name}_track.csv", replace(TRACK, body_parts=("centroid",)), scorer="behavior_track")
    pairings, sentences = pair_files(tmp_path)
    assert [one.pose.name if one.pose else None for one in pairings] == [f"m1{NETWORK}.csv", "m2_track.csv"]
    assert any(
        sentence.startswith(f"m1.mp4: m1{NETWORK}.csv is taken, and the track m1_track.csv of `behavior track` is not")
        for sentence in sentences
    )
    assert find_pose_for(tmp_path / "m1.mp4") == tmp_path / f"m1{NETWORK}.csv"
    # A model that was trained on tracks needs their points.
    assert find_pose_for(tmp_path / "m1.mp4", ["Centroid"]) == tmp_path / "m1_track.csv"
    assert find_pose_for(tmp_path / "m1.mp4", ["unknown"]) == tmp_path / f"m1{NETWORK}.csv"
