"""A name stands for the whole of a file, or for what was there before."""

import os
import re
import stat
from pathlib import Path

import pytest

from behavior.errors import OutputError
from behavior.files.atomic import (
    find_staged,
    finish_together,
    make_folder,
    remove_files,
    replace_together,
    replacing,
    require_makeable,
    require_writable,
    write_text,
)

pytestmark = pytest.mark.usefixtures("flushed")


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

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "touch", refuse)
    with pytest.raises(OutputError, match=re.escape(f"{tmp_path}: cannot be written to (Permission denied)")):
        require_writable(tmp_path)


def test_a_file_in_the_way_of_a_folder_is_said(tmp_path):
    (tmp_path / "a").write_text("")
    with pytest.raises(OutputError, match="cannot be made"):
        make_folder(tmp_path / "a" / "b")


def test_files_of_a_record_are_renamed_in_order_when_all_are_staged(tmp_path, monkeypatch):
    paths = [tmp_path / name for name in ("b.csv", "a.csv", "c.json")]
    renamed, replace = [], os.replace

    def look(source, target):
        if not renamed:
            assert sorted(path.suffix for path in tmp_path.iterdir()) == [".csv", ".csv", ".json"]
            assert all(path.name.startswith(".") for path in tmp_path.iterdir())
        renamed.append(target)
        replace(source, target)

    monkeypatch.setattr(os, "replace", look)
    replace_together({path: path.name.encode() for path in paths})
    assert renamed == paths
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {path.name: path.name for path in paths}


@pytest.mark.parametrize("name", ["a.json", "a*[1].json", "ä" * 60 + ".json", "a"])
def test_what_an_interrupted_record_left_is_found_and_finished(tmp_path, monkeypatch, name):
    paths, replace = [tmp_path / "table.csv", tmp_path / name], os.replace

    def stop(source, target):
        if target == paths[1]:
            raise KeyboardInterrupt
        replace(source, target)

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", stop)
        with pytest.raises(KeyboardInterrupt):
            replace_together(dict.fromkeys(paths, b"new"))
    assert find_staged(paths[0]) == {}
    ((token, staged),) = find_staged(paths[1]).items()
    assert staged.read_bytes() == b"new"
    finish_together(paths, token)
    assert [path.read_bytes() for path in paths] == [b"new", b"new"]
    assert len(list(tmp_path.iterdir())) == 2


def test_names_that_begin_alike_are_told_apart(tmp_path, monkeypatch):
    long, replace = "a" * 60, os.replace

    def stop(source, target):
        if target.suffix == ".json":
            raise KeyboardInterrupt
        replace(source, target)

    monkeypatch.setattr(os, "replace", stop)
    with pytest.raises(KeyboardInterrupt):
        replace_together({tmp_path / f"{long}1.csv": b"", tmp_path / f"{long}1.json": b""})
    assert len(find_staged(tmp_path / f"{long}1.json")) == 1
    assert find_staged(tmp_path / f"{long}2.json") == {}


def test_a_record_that_cannot_be_renamed_leaves_what_was_there(tmp_path, monkeypatch):
    paths = [tmp_path / "a.csv", tmp_path / "a.json"]
    replace_together(dict.fromkeys(paths, b"old"))

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(OutputError, match=r"a\.csv: cannot be written \(Permission denied\)"):
        replace_together(dict.fromkeys(paths, b"new"))
    assert sorted(tmp_path.iterdir()) == paths
    assert [path.read_bytes() for path in paths] == [b"old", b"old"]


def test_the_files_of_a_record_can_be_read_by_others(tmp_path):
    replace_together({tmp_path / "a.csv": b""})
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE((tmp_path / "a.csv").stat().st_mode) == 0o666 & ~mask


def test_whether_a_folder_could_be_made_is_known_without_making_it(tmp_path, monkeypatch):
    require_makeable(tmp_path / "new" / "below")
    require_makeable(tmp_path)
    assert not list(tmp_path.iterdir())
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(OutputError, match=re.escape(f"{folder}: cannot be made ({tmp_path / 'file'} is a file); choose")):
            require_makeable(folder)

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "touch", refuse)
    with pytest.raises(OutputError, match=r"cannot be written to \(Permission denied\)"):
        require_makeable(tmp_path / "new")


def test_files_are_removed_if_they_are_there(tmp_path):
    (tmp_path / "a.csv").touch()
    remove_files([tmp_path / "a.csv", tmp_path / "b.csv"])
    assert not list(tmp_path.iterdir())
    with pytest.raises(OutputError, match="cannot be removed"):
        remove_files([tmp_path])
