"""Label files are found in a folder by the recordings that they are named after."""

from __future__ import annotations

from pathlib import Path

import pytest

from behavior.errors import UsageError
from behavior.files import label_folder
from behavior.files.label_folder import LabelFolder


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
