"""A name stands for the whole of a file, or for what was there before."""

import os
import re
import stat

import pytest

from behavior.errors import OutputError
from behavior.files.atomic import make_folder, replacing, require_writable, write_text


def test_a_failed_write_leaves_what_was_there(tmp_path):
    path = tmp_path / "a.csv"
    write_text(path, "before")
    with pytest.raises(RuntimeError, match="stop"), replacing(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError("stop")
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_the_new_file_can_be_read_by_others(tmp_path):
    path = tmp_path / "a.csv"
    write_text(path, "x")
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~mask


def test_a_full_disk_and_a_missing_folder_are_said(tmp_path):
    with pytest.raises(OutputError, match="cannot be written"):
        write_text(tmp_path / "none" / "a.csv", "x")
    path = tmp_path / "a.csv"
    with pytest.raises(OutputError, match="No space left on device"), replacing(path):
        raise OSError(28, "No space left on device")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_may_not_be_written_to_is_named(tmp_path, monkeypatch):
    require_writable(tmp_path)
    assert list(tmp_path.iterdir()) == []

    def refuse(**_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("behavior.files.atomic.tempfile.mkstemp", refuse)
    with pytest.raises(OutputError, match=re.escape(f"{tmp_path}: cannot be written to (Permission denied)")):
        require_writable(tmp_path)


def test_a_file_in_the_way_of_a_folder_is_said(tmp_path):
    (tmp_path / "a").write_text("")
    with pytest.raises(OutputError, match="cannot be made"):
        make_folder(tmp_path / "a" / "b")
