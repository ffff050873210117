"""What is next to videos, read once for each folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from behavior.files import listed_folders
from behavior.files.listed_folders import ListedFolders


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("m1.mp4", "m10.mp4", "m1DLC_x.csv", "m1_notes.csv", "m10DLC_x.h5", "m1_labeled.mp4", "m1_labeledDLC_x.csv", "other.csv"):
        (tmp_path / name).touch()
    return tmp_path


def test_files_are_those_named_after_the_video(folder: Path) -> None:
    folders = ListedFolders()
    assert [path.name for path in folders.list_named_after(folder / "m1.mp4")] == ["m1_labeledDLC_x.csv", "m1_notes.csv", "m1DLC_x.csv"]
    assert [path.name for path in folders.list_named_after(folder / "m10.mp4")] == ["m10DLC_x.h5"]
    assert folders.list_named_after(folder / "gone" / "m1.mp4") == []


def test_a_video_that_a_tracker_drew_has_its_own_files_where_it_is_asked_about(folder: Path) -> None:
    assert [path.name for path in ListedFolders().list_named_after(folder / "m1_labeled.mp4")] == ["m1_labeledDLC_x.csv"]


def test_a_folder_is_read_once_however_many_videos_it_has(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Path] = []
    list_files = listed_folders.list_files
    monkeypatch.setattr(listed_folders, "list_files", lambda path, *, recursive: read.append(path) or list_files(path, recursive=recursive))
    folders = ListedFolders()
    for name in ("m1", "m10", "m1_labeled", "m1"):
        folders.list_named_after(folder / f"{name}.mp4")
    assert read == [folder]
