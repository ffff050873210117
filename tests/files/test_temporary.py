"""Files on the way to their names are removed when their process is gone, and not before."""

import hashlib
import os
import socket
import subprocess
import sys

import pytest

from behavior.files import temporary
from behavior.files.atomic import write_text
from behavior.files.temporary import is_alive, name_temporary, remove_leftovers


@pytest.fixture(scope="module")
def dead_pid():
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    return ended.pid


def make_leftover(folder, pid, *, host=None, mark="00c0ffee", suffix=".csv"):
    name = hashlib.blake2b((host or socket.gethostname()).encode(), digest_size=4).hexdigest()
    path = folder / f".metrics.{name}-{pid}-{mark}.tmp{suffix}"
    path.write_text("half")
    return path


def test_a_name_is_hidden_beside_the_file_with_its_suffix_and_ends_with_the_block(tmp_path):
    with name_temporary(tmp_path / "metrics.csv") as path:
        assert (path.parent, path.name[:9], path.suffix, path.exists()) == (tmp_path, ".metrics.", ".csv", False)
        with name_temporary(tmp_path / "metrics.csv") as other:
            assert other != path
        path.mkdir()
        (path / "inside").write_text("")
        remove_leftovers(tmp_path)
        assert (path / "inside").exists()
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_goes_with_the_first_file_written_there(tmp_path, dead_pid):
    left = make_leftover(tmp_path, dead_pid)
    folder = tmp_path / left.name.replace(".csv", "").replace("metrics", "model")
    folder.mkdir()
    (folder / "grooming.0.keras").write_text("")
    write_text(tmp_path / "another.md", "text")
    assert [path.name for path in tmp_path.iterdir()] == ["another.md"]


def test_what_somebody_may_be_writing_stays(tmp_path, dead_pid, monkeypatch):
    alive = make_leftover(tmp_path, os.getppid())
    mine_of_before = make_leftover(tmp_path, os.getpid())
    elsewhere = make_leftover(tmp_path, dead_pid, host="elsewhere", mark="00000001")
    abandoned = make_leftover(tmp_path, dead_pid, host="elsewhere", mark="00000002")
    os.utime(abandoned, (1, 1))
    others = [tmp_path / name for name in (".metrics.csv", f"metrics.0-{dead_pid}-0.tmp.csv", ".tmp", ".a.1234-5.tmp.csv")]
    for path in others:
        path.write_text("")
    remove_leftovers(tmp_path)
    assert set(tmp_path.iterdir()) == {alive, elsewhere, *others}
    assert not mine_of_before.exists()
    # Nobody tells who is alive.
    monkeypatch.setattr(temporary.os, "name", "nt")
    own = make_leftover(tmp_path, 2**20, mark="00000003", suffix="")
    remove_leftovers(tmp_path)
    assert own.exists()


def test_a_folder_that_is_not_there_has_no_leftovers(tmp_path):
    remove_leftovers(tmp_path / "none")
    assert list(tmp_path.iterdir()) == []


def test_processes_are_alive_until_they_end(dead_pid):
    assert is_alive(os.getpid())
    assert not is_alive(dead_pid)
