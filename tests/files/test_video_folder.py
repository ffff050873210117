"""Videos that were moved since they were annotated: found by their names, else by what their recording is called."""

from __future__ import annotations

from pathlib import Path

import pytest

from behavior.errors import UsageError
from behavior.files.video_folder import VideoFolder


def test_videos_are_found_by_name_in_any_subfolder(tmp_path: Path) -> None:
    for name in ("a/Mouse_1.mp4", "b/mouse_1.AVI", "b/notes.txt", ".hidden.mp4", "c/Mouse 2.mkv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    folder = VideoFolder(tmp_path)
    assert folder.find("anything", "mouse_1.MP4") == [tmp_path / "a" / "Mouse_1.mp4"]
    # Without the name that it had, a recording may be that of several videos.
    assert folder.find("mouse_1", None) == [tmp_path / "a" / "Mouse_1.mp4", tmp_path / "b" / "mouse_1.AVI"]
    assert folder.find("mouse_1", "gone.mp4") == folder.find("mouse_1", None)
    assert folder.find("Mouse_2", None) == [tmp_path / "c" / "Mouse 2.mkv"]
    assert folder.find("notes", None) == []
    assert folder.find(".hidden", None) == []


def test_what_is_not_a_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="expected the one that holds the videos"):
        VideoFolder(tmp_path / "none")
