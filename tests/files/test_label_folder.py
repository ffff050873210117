"""Label files are found in a folder by the recordings that they are named after."""

from __future__ import annotations

from pathlib import Path

import pytest
from paired_folder import fill

from behavior.errors import LabelError, UsageError
from behavior.files import label_folder
from behavior.files.label_folder import LabelFolder
from behavior.files.pairing import pair_files


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not a folder"):
        LabelFolder(tmp_path / "missing")


def test_a_folder_of_labels_is_looked_through_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(60):
        (tmp_path / f"m{number}_labels.csv").write_text("frame,a\n0,1\n")
        (tmp_path / f"m{number}_notes.txt").write_text("nothing\n")
    looked: list[Path] = []
    look = label_folder.is_label_file

    def watch(path: Path) -> bool:
        looked.append(path)
        return look(path)

    monkeypatch.setattr(label_folder, "is_label_file", watch)
    folder = LabelFolder(tmp_path)
    assert [folder.find(f"m{number}") for number in range(60)] == [tmp_path / f"m{number}_labels.csv" for number in range(60)]
    assert folder.find("m60") is None
    assert len(looked) == len(set(looked)) == 120


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


def test_a_table_of_bouts_that_lies_alone_is_somebodys_labels(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").touch()
    (tmp_path / "a_bouts.csv").write_text("behavior,start_frame,stop_frame\nrear,0,2\n")
    (pairing,), _ = pair_files(tmp_path)
    assert pairing.labels == tmp_path / "a_bouts.csv"
    assert LabelFolder(tmp_path).find("a") == tmp_path / "a_bouts.csv"
    (tmp_path / "a_ethogram.csv").write_text("frame,time_s\n")
    (pairing,), _ = pair_files(tmp_path)
    assert pairing.labels is None
