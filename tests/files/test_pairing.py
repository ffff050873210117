from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from label_samples import make_bento, make_marks, make_project, write, write_sheet
from paired_folder import NETWORK, TRACK, fill, show

from behavior.errors import PoseError, UsageError
from behavior.files.paired_files import Pairing
from behavior.files.pairing import pair_files, pair_poses
from behavior.files.pose import write_deeplabcut
from behavior.files.pose_choice import find_pose_for


@pytest.mark.parametrize("video", ["M\u00e4use 1", "Ma\u0308use 1"])
def test_an_umlaut_of_two_characters_is_one_in_names(tmp_path: Path, video: str) -> None:
    pose, labels = f"Ma\u0308use 1{NETWORK}.csv", "M\u00e4use 1.csv"
    fill(tmp_path, f"{video}.mp4", pose, labels)
    assert show(tmp_path) == ({"M_use_1": (f"{video}.mp4", pose, labels)}, [])


def test_names_and_content_pair_files(tmp_path: Path) -> None:
    fill(
        tmp_path,
        "OFT_5.mp4",
        "OFT_50.MP4",
        f"OFT_5{NETWORK}.csv",
        f"OFT_50{NETWORK}.csv",
        "OFT_5.csv",
        "OFT_50_frames.csv",
        f"OFT_5{NETWORK}_labeled.mp4",
        f"OFT_5{NETWORK}_meta.pickle",
    )
    assert show(tmp_path) == (
        {
            "OFT_5": ("OFT_5.mp4", f"OFT_5{NETWORK}.csv", "OFT_5.csv"),
            "OFT_50": ("OFT_50.MP4", f"OFT_50{NETWORK}.csv", "OFT_50_frames.csv"),
        },
        [
            f"OFT_5{NETWORK}_labeled.mp4: drawn by a tracker from another video, as the name says, and left out; enter it by hand if not.",
        ],
    )


def test_sibling_folders_pair(tmp_path: Path) -> None:
    fill(tmp_path, "videos/a1.avi", "videos/a10.avi", "pose/a1DLC.h5", "pose/a10DLC.h5", "labels/a1.csv", "labels/a10.csv")
    assert show(tmp_path) == (
        {"a1": ("videos/a1.avi", "pose/a1DLC.h5", "labels/a1.csv"), "a10": ("videos/a10.avi", "pose/a10DLC.h5", "labels/a10.csv")},
        [],
    )


def test_the_longest_name_wins(tmp_path: Path) -> None:
    fill(tmp_path, "mouse.mp4", "mouse_2.mp4", "mouse_2_pose.csv", "mouse_pose.csv", "mouse_2.csv", "mouse.csv")
    pairs, sentences = show(tmp_path)
    assert pairs == {"mouse": ("mouse.mp4", "mouse_pose.csv", "mouse.csv"), "mouse_2": ("mouse_2.mp4", "mouse_2_pose.csv", "mouse_2.csv")}
    assert sentences == []


def test_several_that_fit_are_said_and_none_is_chosen(tmp_path: Path) -> None:
    fill(tmp_path, "a.mp4", "aDLC_net_1000.h5", "aDLC_net_2000.h5", "jin/a.csv", "oliver/a.csv")
    pairs, sentences = show(tmp_path)
    assert pairs == {"a": ("a.mp4", "", "")}
    assert len(sentences) == 2
    assert sentences[0].startswith("a.mp4: 2 pose files fit equally well (aDLC_net_1000.h5, aDLC_net_2000.h5); none is chosen")
    assert sentences[1].startswith("jin/a.csv, oliver/a.csv: fit equally well and are taken for those of several raters, in the columns ")
    assert pair_files(tmp_path)[0][0].raters == {"jin": tmp_path / "jin" / "a.csv", "oliver": tmp_path / "oliver" / "a.csv"}
    with pytest.raises(PoseError, match="2 pose files fit equally well"):
        find_pose_for(tmp_path / "a.mp4")


def test_equal_names_in_other_folders(tmp_path: Path) -> None:
    fill(tmp_path, "m1/day.mp4", "m2/day.mp4", "m1/dayDLC.csv", "m2/dayDLC.csv", "m1/labels/day.csv", "labels/m2/day.csv", "m2/other.mp4")
    pairs, _ = show(tmp_path)
    assert pairs == {
        "m1_day": ("m1/day.mp4", "m1/dayDLC.csv", "m1/labels/day.csv"),
        "m2_day": ("m2/day.mp4", "m2/dayDLC.csv", "labels/m2/day.csv"),
        "other": ("m2/other.mp4", "", ""),
    }


def test_a_file_that_fits_two_videos_goes_to_none(tmp_path: Path) -> None:
    fill(tmp_path, "a.avi", "a.mp4", "a.csv")
    pairs, sentences = show(tmp_path)
    assert all(labels == "" for _, _, labels in pairs.values())
    assert sentences[0].startswith("a.csv: is a label file that fits a.avi, a.mp4 equally well")


def test_ids_are_unique_and_safe(tmp_path: Path) -> None:
    fill(tmp_path, "mouse 1 (left).mp4", "x/a b.mp4", "y/a b.mp4", "z/b.avi", "z/b.mp4", "ä.mp4", "ö.mp4", "A.mp4", "x/deep/a.mp4")
    ids = [pairing.recording for pairing in pair_files(tmp_path)[0]]
    assert len({name.casefold() for name in ids}) == len(ids) == 9
    assert all(set(name) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") for name in ids)
    assert {"mouse_1__left_", "x_a_b", "y_a_b", "deep_a"} <= set(ids)


def test_hidden_files_and_what_the_package_writes_are_left_out(tmp_path: Path) -> None:
    fill(tmp_path, "a.mp4", ".a.mp4", ".trash/b.mp4", "cache/a.csv", "a_bouts.csv", "a_ethogram.csv", "a.csv", "a_pose.csv")
    assert show(tmp_path) == ({"a": ("a.mp4", "a_pose.csv", "a.csv")}, [])


def test_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not a folder"):
        pair_files(tmp_path / "missing")
    assert pair_files(tmp_path) == ([], [])


@settings(max_examples=20)
@given(numbers=st.sets(st.integers(0, 2000), min_size=1, max_size=5))
def test_numbers_never_take_each_others_files(tmp_path_factory: pytest.TempPathFactory, numbers: set[int]) -> None:
    folder = tmp_path_factory.mktemp("numbers")
    for number in numbers:
        fill(folder, f"OFT_{number}.mp4", f"OFT_{number}{NETWORK}.csv", f"OFT_{number}.csv")
    pairings, sentences = pair_files(folder)
    assert sentences == []
    expected = {
        Pairing(f"OFT_{number}", folder / f"OFT_{number}.mp4", folder / f"OFT_{number}{NETWORK}.csv", folder / f"OFT_{number}.csv")
        for number in numbers
    }
    assert set(pairings) == expected


def test_the_real_open_field_video(shared_data: Path) -> None:
    folder = shared_data / "openfield_video"
    pose = folder / "m3v1mp4DLC_resnet50_openfieldAug20shuffle1_30000.h5"
    pairings, sentences = pair_files(folder)
    assert pairings == [Pairing("m3v1mp4", folder / "m3v1mp4.mp4", pose, None)]
    assert sentences == ["m3v1mp4.mp4: no label file found, expected one whose name starts with 'm3v1mp4'."]
    assert find_pose_for(folder / "m3v1mp4.mp4") == pose


def test_files_of_other_tools_are_paired_with_videos(tmp_path: Path) -> None:
    for name in ("m1", "m2", "m3"):
        write(tmp_path / f"{name}.mp4", "")
    write(tmp_path / "m1.boris", make_project())
    write(tmp_path / "m2.annot", make_bento())
    write_sheet(tmp_path / "m3_labels.xlsx", make_marks())
    write_sheet(tmp_path / "m3_plan.xlsx", "who,when\na,b")
    pairings, _ = pair_files(tmp_path)
    assert [pairing.labels.name for pairing in pairings if pairing.labels] == ["m1.boris", "m2.annot", "m3_labels.xlsx"]


def test_videos_that_a_tracker_drew_take_no_pose_and_are_said_once(tmp_path: Path) -> None:
    network = "DLC_dlcrnetms5_NewShuffle1_100000"
    fill(tmp_path, "WT_1.mkv", f"WT_1{network}_el.csv", "m3.mp4", "m3_superanimal_topviewmouse_hrnet_w32.h5.csv")
    drawn = [f"WT_1{network}{end}.mp4" for end in ("_el", "_el_id_labeled", "_el_labeled", "_el_p60_labeled", "_full")]
    fill(tmp_path, *drawn, "m3_superanimal_topviewmouse__labeled_before_adapt.mp4", "m3.predictions.mp4")
    (tmp_path / "m3_superanimal_topviewmouse__before_adapt.json").write_text("{}")
    pairs, sentences = show(tmp_path)
    assert {name: files[:2] for name, files in pairs.items()} == {"WT_1": ("WT_1.mkv", f"WT_1{network}_el.csv"), "m3": ("m3.mp4", "")}
    assert len([sentence for sentence in sentences if "drawn by a tracker" in sentence]) == 1
    assert "and 4 more: drawn by a tracker" in sentences[0]
    assert not any("before_adapt.json" in sentence for sentence in sentences)
    assert find_pose_for(tmp_path / "WT_1.mkv") == tmp_path / f"WT_1{network}_el.csv"


def test_videos_of_every_container_are_found_and_version_1_of_deeplabcut_is_paired(tmp_path: Path) -> None:
    fill(tmp_path, "m3DeepCut_resnet50_openfieldDec15shuffle1_200000_pose.csv")
    for name in ("cam.MTS", "a.wmv", "b.m4v", "c.mpg", "d.mpeg", "e.webm", "f.ts", "g.mj2", "m3.avi"):
        (tmp_path / name).touch()
    pairs, _ = show(tmp_path)
    assert {video for video, _, _ in pairs.values()} == {path.name for path in tmp_path.iterdir() if path.suffix != ".csv"}
    assert pairs["m3"][1] == "m3DeepCut_resnet50_openfieldDec15shuffle1_200000_pose.csv"


def test_files_of_other_programs_are_named_with_what_to_do(tmp_path: Path) -> None:
    fill(tmp_path, "m1.mp4")
    for name in ("m1.json", "m1_scores_grooming.mat", "m1.eaf", "unrelated.xml", "cam.h264", "cam.seq"):
        (tmp_path / name).write_bytes(b"?")
    _, sentences = show(tmp_path)
    said = {sentence.split(":")[0]: sentence for sentence in sentences}
    assert "export its labels as a table (CSV)" in said["m1.json"]
    assert "is a MATLAB file" in said["m1_scores_grooming.mat"]
    assert "is an ELAN file" in said["m1.eaf"]
    assert "ffmpeg -framerate FPS" in said["cam.h264"]
    assert "convert it to .mp4" in said["cam.seq"]
    assert "unrelated.xml" not in said
    assert "no other label file" in said["m1.mp4"]


def test_pose_without_videos_is_paired_with_labels_of_its_name(tmp_path: Path) -> None:
    fill(tmp_path, f"pose/m1{NETWORK}.csv", f"pose/m1{NETWORK}_filtered.csv", "pose/m2_pose.csv", "labels/m1_bouts.csv", "labels/m10.csv")
    assert pair_files(tmp_path)[0] == []
    pairings, sentences = pair_poses(tmp_path)
    found = {one.recording: (one.video, one.pose, one.labels) for one in pairings}
    assert found == {
        "m1": (None, tmp_path / "pose" / f"m1{NETWORK}_filtered.csv", tmp_path / "labels" / "m1_bouts.csv"),
        "m2": (None, tmp_path / "pose" / "m2_pose.csv", None),
    }
    assert any("m10.csv: is a label file, but no" in sentence for sentence in sentences)
    assert "m2: no label file found, expected one whose name starts with 'm2'." in sentences


def test_each_animal_of_a_pose_without_video_has_a_pairing(tmp_path: Path) -> None:
    write_deeplabcut(tmp_path / "m1DLC_net.csv", {"a": TRACK, "b": TRACK}, scorer="s")
    fill(tmp_path, "m1_a_bouts.csv", "m1_bouts.csv")
    pairings, _ = pair_poses(tmp_path)
    assert [(one.recording, one.individual, one.labels and one.labels.name) for one in pairings] == [
        ("m1_a", "a", "m1_a_bouts.csv"),
        ("m1_b", "b", "m1_bouts.csv"),
    ]
    assert [one.recording for one in pair_poses(tmp_path, None)[0]] == ["m1"]
