from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from label_samples import make_bento, make_marks, make_project, write, write_sheet

from behavior.errors import LabelError, PoseError, UsageError
from behavior.files.bout_tables import write_bout_table
from behavior.files.ethogram_formats.entry import Entry
from behavior.files.ethogram_formats.formats import FORMATS
from behavior.files.frame_tables import write_frame_table
from behavior.files.label_folder import LabelFolder
from behavior.files.paired_files import Pairing
from behavior.files.pairing import find_pose_for, pair_files, pair_poses
from behavior.files.pose import write_deeplabcut
from behavior.provenance import Provenance
from behavior.recording import Annotation, Ethogram, Labels, Probabilities, Track

TRACK = Track(np.ones((2, 1, 2)), np.ones((2, 1)), ("snout",))
LABELS = Labels(np.array([[1], [0]], np.int8), ("grooming",))
NETWORK = "DLC_resnet50_openfieldAug20shuffle1_30000"


def fill(folder: Path, *names: str) -> Path:
    """Make files whose content is what their names say; a video's content does not matter."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix.lower() in (".mp4", ".avi", ".mov", ".mkv", ".pickle"):
            path.write_bytes(b"")
        elif "DLC" in name or "pose" in name:
            write_deeplabcut(path, TRACK, scorer=NETWORK)
        elif "frames" in name:
            write_frame_table(path, LABELS)
        else:
            write_bout_table(path, LABELS)
    return folder


def show(folder: Path) -> tuple[dict[str, tuple[str, str, str]], list[str]]:
    pairings, sentences = pair_files(folder)
    shown = {
        pairing.recording: tuple(
            "" if path is None else path.relative_to(folder).as_posix() for path in (pairing.video, pairing.pose, pairing.labels)
        )
        for pairing in pairings
    }
    assert len(shown) == len(pairings)
    return shown, sentences  # type: ignore[return-value]


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


def test_filtered_pose_and_h5_are_preferred(tmp_path: Path) -> None:
    fill(tmp_path, "a.mp4", "a.csv", f"a{NETWORK}.csv", f"a{NETWORK}.h5", f"a{NETWORK}_filtered.csv", f"a{NETWORK}_filtered.h5")
    fill(tmp_path, "b.mp4", "b.csv", f"b{NETWORK}.csv", f"b{NETWORK}.h5")
    pairs, sentences = show(tmp_path)
    assert pairs["a"][1] == f"a{NETWORK}_filtered.h5"
    assert pairs["b"][1] == f"b{NETWORK}.h5"
    assert sentences == []
    assert find_pose_for(tmp_path / "a.mp4") == tmp_path / f"a{NETWORK}_filtered.h5"


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


def test_what_finds_no_partner_is_said(tmp_path: Path) -> None:
    fill(tmp_path, "a.mp4", "b1DLC.csv", "b.csv")
    (tmp_path / "a_notes.csv").write_text("what,when\nfed,noon\n")
    (tmp_path / "recordings.csv").write_text("recording,video\na,a.mp4\n")
    pairs, sentences = show(tmp_path)
    assert pairs == {"a": ("a.mp4", "", "")}
    assert [sentence.split(":")[0] for sentence in sentences] == ["a_notes.csv", "b.csv", "b1DLC.csv", "a.mp4", "a.mp4"]
    for part, sentence in zip(
        ["no pose or labels", "is a label file", "is a pose file", "no other pose file", "no other label file"],
        sentences,
        strict=True,
    ):
        assert part in sentence


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


def test_pose_beside_a_video(tmp_path: Path) -> None:
    fill(tmp_path, "m3v1mp4.mp4", f"m3v1mp4{NETWORK}.h5", "m3v1.mp4", "m3v1.csv", "away/m3v1DLC.csv")
    assert find_pose_for(tmp_path / "m3v1mp4.mp4") == tmp_path / f"m3v1mp4{NETWORK}.h5"
    assert find_pose_for(tmp_path / "m3v1.mp4") is None
    assert find_pose_for(tmp_path / "missing" / "m.mp4") is None


def test_labels_for_a_recording(tmp_path: Path) -> None:
    fill(
        tmp_path,
        "OFT_50.csv",
        "OFT_5_frames.csv",
        "deep/OFT_5.csv",
        "OFT_5_pose.csv",
        "mouse 1.csv",
        "b_jin.csv",
        "b_oliver.csv",
        "OFT_5_ethogram.csv",
    )
    assert LabelFolder(tmp_path).find("OFT_5") == tmp_path / "deep" / "OFT_5.csv"
    assert LabelFolder(tmp_path).find("OFT_50") == tmp_path / "OFT_50.csv"
    assert LabelFolder(tmp_path).find("mouse_1") == tmp_path / "mouse 1.csv"
    assert LabelFolder(tmp_path).find("OFT_7") is None
    with pytest.raises(LabelError, match=r"2 label files fit equally well \(b_jin\.csv, b_oliver\.csv\)"):
        LabelFolder(tmp_path).find("b")
    with pytest.raises(UsageError, match="is not a folder"):
        LabelFolder(tmp_path / "missing").find("b")


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


def test_a_table_of_bouts_that_lies_alone_is_somebodys_labels(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").touch()
    (tmp_path / "a_bouts.csv").write_text("behavior,start_frame,stop_frame\nrear,0,2\n")
    (pairing,), _ = pair_files(tmp_path)
    assert pairing.labels == tmp_path / "a_bouts.csv"
    assert LabelFolder(tmp_path).find("a") == tmp_path / "a_bouts.csv"
    (tmp_path / "a_ethogram.csv").write_text("frame,time_s\n")
    (pairing,), _ = pair_files(tmp_path)
    assert pairing.labels is None


def make_entry(recording: str, video: Path) -> Entry:
    time_s = np.arange(4) / 10
    values = np.array([[1], [1], [0], [1]], dtype=np.bool_)
    ethogram = Ethogram(values, ("grooming",), time_s)
    annotation = Annotation(
        recording, Probabilities(values.astype(np.float32), ("grooming",), time_s), ethogram, ethogram, Provenance(fps=10.0)
    )
    return Entry(annotation, video, datetime(2024, 5, 17, tzinfo=UTC))


def test_what_other_commands_wrote_is_neither_video_nor_pose_nor_labels(tmp_path: Path) -> None:
    fill(tmp_path, "m1.mp4", "m2.mp4", "m1_pose.csv", "m1_labels.csv", "talk/m1_overlay.mp4", "cache/m1.0a1b.h5", "logs/m1.csv")
    fill(tmp_path, "results/m2_ethogram.csv", "results/m2_bouts.csv", "simba/m2.csv")
    (tmp_path / "crossval" / "predictions").mkdir(parents=True)
    (tmp_path / "crossval" / "predictions" / "m2.csv").write_text(
        "frame,time_s,grooming_label,grooming_prob,grooming_raw,grooming\n0,0,1,1,1,1\n"
    )
    entries = [make_entry(name, tmp_path / f"{name}.mp4") for name in ("m1", "m2")]
    out = tmp_path / "exports"
    (out / "logs").mkdir(parents=True)
    (out / "logs" / "export_2024-05-17_12-00-00_1.log").write_text("command: behavior export")
    for known in FORMATS.values():
        for written in [entries] if known.is_for_all else [entries[:1], entries[1:]]:
            path = known.find_path(out, written[0].annotation.recording)
            path.parent.mkdir(exist_ok=True)
            known.write(path, [known.collect(entry, path) for entry in written])
    # Somebody's own folder may be called as one of an export is.
    pairs, sentences = show(tmp_path)
    assert pairs == {"m1": ("m1.mp4", "m1_pose.csv", "m1_labels.csv"), "m2": ("m2.mp4", "", "simba/m2.csv")}
    assert sentences[0] == "m2.mp4: no pose file found, expected one whose name starts with 'm2'."
    assert "hold a model's predictions, not labels by people" in sentences[1]
    assert sentences[1].startswith("crossval/predictions/m2.csv, exports/boris_aggregated/m1.csv, ")
    assert len(sentences) == 2
    # Without a log, some of its files say so themselves, and speak for those beside them.
    shutil.rmtree(out / "logs")
    assert show(tmp_path) == (pairs, sentences)
    assert LabelFolder(out / "boris_tabular").find("m2") == out / "boris_tabular" / "m2.csv"


PROJECT = {
    "project_format_version": "7.0",
    "behaviors_conf": {"0": {"type": "State event", "code": "grooming"}},
    "observations": {
        "Monday": {"file": {"1": ["D:\\lab\\m1.AVI"]}, "events": [[0.0, "", "grooming", "", ""], [0.1, "", "grooming", "", ""]]},
        "m2": {"file": {"1": ["renamed.mp4"]}, "events": []},
        "m9": {"file": {}, "events": []},
    },
}


def test_one_label_file_of_several_recordings_belongs_to_all_that_it_names(tmp_path: Path) -> None:
    fill(tmp_path, "videos/m1.mp4", "videos/m2.mp4", "videos/m3.mp4", "videos/m 4.mp4")
    (tmp_path / "scores.boris").write_text(json.dumps(PROJECT))
    (tmp_path / "m2 and others.csv").write_text("recording,behavior,start_frame,stop_frame\nm3,grooming,0,1\nm_4,grooming,1,2\n")
    pairs, sentences = show(tmp_path)
    assert {name: labels for name, (_, _, labels) in pairs.items()} == {
        "m1": "scores.boris",
        "m2": "scores.boris",
        "m3": "m2 and others.csv",
        "m_4": "m2 and others.csv",
    }
    assert sentences[:2] == [
        "m2 and others.csv: is named after m2.mp4, but names videos/m3.mp4, videos/m 4.mp4 in it, and is taken for theirs.",
        "scores.boris: no video is named after 'm9' in it; that is left out.",
    ]
    assert LabelFolder(tmp_path).find("m1") == tmp_path / "scores.boris"
    assert LabelFolder(tmp_path).find("m_4") == tmp_path / "m2 and others.csv"
    # What is named after a video goes before what names it.
    fill(tmp_path, "labels/m1_anna.csv")
    assert show(tmp_path)[0]["m1"][2] == "labels/m1_anna.csv"


def test_a_label_file_that_may_be_about_several_videos_is_given_to_none(tmp_path: Path) -> None:
    fill(tmp_path, "a/m1.mp4", "b/m1.mp4", "c/m2.mp4")
    observations = {"x": {"file": {"1": ["m1.mp4"]}}, "y": {"file": {"1": ["m2.mp4"]}}, "z": {"file": {"1": ["m2.mp4"]}}}
    (tmp_path / "scores.boris").write_text(json.dumps({**PROJECT, "observations": observations}))
    pairs, sentences = show(tmp_path)
    assert [labels for _, _, labels in pairs.values()] == ["", "", "scores.boris"]
    assert sentences[0] == "scores.boris: may be about any of a/m1.mp4, b/m1.mp4; enter it by hand."
    assert sentences[1] == (
        "scores.boris: 2 observations are about m2.mp4 (y, z); say in the study file which to read: labels: {observation: {m2: y}}."
    )


@pytest.mark.parametrize(
    ("files", "raters"),
    [
        (["m1_anna.csv", "m1_ben.csv", "m2_Anna_final.csv", "m2_ben_final.csv"], []),
        (["m1_anna.csv", "m1_ben.csv", "m2_anna.csv", "m2_ben.csv"], ["anna", "ben"]),
        (["labels/Anna S/m1.csv", "labels/Ben/m1.csv", "m2 x.csv"], ["Anna_S", "Ben"]),
        # Parts, dates, corrections and exports say nothing of raters.
        (["m1_1.csv", "m1_2.csv"], []),
        (["m1_2024-03-01.csv", "m1_2024-03-02.csv"], []),
        (["m1 x.csv", "m1 x old.csv"], []),
        (["m1.csv", "m1.tsv"], []),
    ],
)
def test_label_files_that_fit_equally_well_are_those_of_raters_where_names_tell_them(tmp_path: Path, files, raters) -> None:
    fill(tmp_path, "m1.mp4", "m2.mp4", *files)
    pairings, sentences = pair_files(tmp_path)
    assert next(sorted(pairing.raters) for pairing in pairings if pairing.labels is None) == raters
    assert bool(pairings[0].undecided) == (not raters)
    assert any("; none is chosen, enter one in the column labels, or each in a column labels_NAME" in said for said in sentences) == (
        not raters
    )
    assert any(f"in the columns {' and '.join(f'labels_{name}' for name in raters)};" in said for said in sentences) == bool(raters)


def test_labels_in_formats_that_are_not_read_are_said(tmp_path: Path) -> None:
    fill(tmp_path, "m1.mp4")
    (tmp_path / "m1.ods").write_bytes(b"PK\x03\x04")
    assert show(tmp_path)[1][0] == (
        "m1.ods: is named after m1.mp4, and is an OpenDocument spreadsheet, which is not read; save it as .xlsx or CSV."
    )


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


def test_many_videos_that_lack_something_are_counted(tmp_path: Path) -> None:
    fill(tmp_path, *[f"m{number}.mp4" for number in range(25)], "m3DLC.csv")
    _, sentences = show(tmp_path)
    assert sentences == [
        "24 of 25 videos have no pose file (m0.mp4, m1.mp4, m10.mp4 and 21 more), expected one whose name starts with the video's.",
        "25 of 25 videos have no label file (m0.mp4, m1.mp4, m10.mp4 and 22 more), expected one whose name starts with the video's.",
    ]


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


def write_pair(folder: Path, name: str, individuals: tuple[str, ...], absent: tuple[str, ...] = ()) -> None:
    """Make a video with the pose of several animals, of which `absent` have no position."""
    (folder / f"{name}.mp4").touch()
    nothing = Track(np.full((2, 1, 2), np.nan), np.zeros((2, 1)), ("snout",))
    tracks = {one: nothing if one in absent else TRACK for one in individuals}
    write_deeplabcut(folder / f"{name}{NETWORK}_el.h5", tracks, scorer=NETWORK)


def test_each_individual_is_a_recording_with_its_own_label_file_or_the_videos(tmp_path: Path) -> None:
    write_pair(tmp_path, "m1", ("animal1", "animal10"))
    write_pair(tmp_path, "m2", ("a b", "a_b", "ghost"), absent=("ghost",))
    fill(tmp_path, "m1_animal1_frames.csv", "m1_animal10_frames.csv", "m2_frames.csv", "m3.mp4")
    pairings, sentences = pair_files(tmp_path)
    assert [(one.recording, one.individual, one.labels.name if one.labels else None) for one in pairings] == [
        ("m1_animal1", "animal1", "m1_animal1_frames.csv"),
        ("m1_animal10", "animal10", "m1_animal10_frames.csv"),
        ("m2_a_b", "a b", "m2_frames.csv"),
        ("m2_a_b_2", "a_b", "m2_frames.csv"),
        ("m3", "", None),
    ]
    assert {one.pose.name for one in pairings if one.pose} == {f"m1{NETWORK}_el.h5", f"m2{NETWORK}_el.h5"}
    assert f"m2{NETWORK}_el.h5: ghost has no position in any frame and has no recording." in sentences
    assert "Pose of several animals makes a recording of each: m1_animal1, m1_animal10, m2_a_b, m2_a_b_2." in sentences
    assert not any("several raters" in sentence for sentence in sentences)


def test_the_individuals_that_are_asked_for_are_recordings_and_none_is_made_up(tmp_path: Path) -> None:
    write_pair(tmp_path, "m1", ("resident", "intruder", "third"))
    write_pair(tmp_path, "m2", ("left", "right"))
    pairings, sentences = pair_files(tmp_path, ["Resident", "third"])
    assert [(one.recording, one.individual) for one in pairings] == [("m1_resident", "resident"), ("m1_third", "third"), ("m2", "")]
    assert any("has no individual 'Resident', only left, right" in sentence for sentence in sentences)
    assert [one.recording for one in pair_files(tmp_path, None)[0]] == ["m1", "m2"]


def test_an_id_that_another_video_has_is_not_given_twice(tmp_path: Path) -> None:
    write_pair(tmp_path, "m1", ("a", "b"))
    fill(tmp_path, "m1_a.mp4")
    assert [one.recording for one in pair_files(tmp_path)[0]] == ["m1_a_2", "m1_b", "m1_a"]


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
