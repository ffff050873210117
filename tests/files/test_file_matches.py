"""Files are given to videos by their names and by what is in them, and what is odd is said."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from paired_folder import fill, show

from behavior.files.ethogram_formats.entry import Entry
from behavior.files.ethogram_formats.formats import FORMATS
from behavior.files.label_folder import LabelFolder
from behavior.provenance import Provenance
from behavior.recording import Annotation, Ethogram, Probabilities


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


def test_many_videos_that_lack_something_are_counted(tmp_path: Path) -> None:
    fill(tmp_path, *[f"m{number}.mp4" for number in range(25)], "m3DLC.csv")
    _, sentences = show(tmp_path)
    assert sentences == [
        "24 of 25 videos have no pose file (m0.mp4, m1.mp4, m10.mp4 and 21 more), expected one whose name starts with the video's.",
        "25 of 25 videos have no label file (m0.mp4, m1.mp4, m10.mp4 and 22 more), expected one whose name starts with the video's.",
    ]


def test_labels_in_formats_that_are_not_read_are_said(tmp_path: Path) -> None:
    fill(tmp_path, "m1.mp4")
    (tmp_path / "m1.ods").write_bytes(b"PK\x03\x04")
    assert show(tmp_path)[1][0] == (
        "m1.ods: is named after m1.mp4, and is an OpenDocument spreadsheet, which is not read; save it as .xlsx or CSV."
    )
