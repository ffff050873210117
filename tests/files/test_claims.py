"""Only one process makes a file; a dead one does not keep it."""

import json
import multiprocessing
import os
import socket
import subprocess
import sys
import threading
import time

import pytest

from behavior.errors import OutputError
from behavior.files.claims import CLAIM_SECONDS, claim_file, explain_claim, hold_claim


def claim_of(path):
    return path.with_name(f".{path.name}.claim")


def test_the_second_is_refused_until_the_first_lets_go(tmp_path):
    path = tmp_path / "a.h5"
    with claim_file(path) as first, claim_file(path) as second:
        assert (first, second) == (True, False)
        assert claim_of(path).exists()
    with claim_file(path) as third:
        assert third
    assert list(tmp_path.iterdir()) == []


def test_the_claim_of_a_dead_process_is_taken_over(tmp_path):
    path = tmp_path / "a.h5"
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    claim_of(path).write_text(json.dumps({"host": socket.gethostname(), "pid": dead.pid, "token": "x"}))
    with claim_file(path) as mine:
        assert mine


def test_a_claim_of_an_earlier_process_of_the_same_number_is_taken_over(tmp_path):
    path = tmp_path / "a.h5"
    claim_of(path).write_text(json.dumps({"host": socket.gethostname(), "pid": os.getpid(), "token": "x"}))
    with claim_file(path) as mine:
        assert mine


def test_a_claim_that_is_damaged_lasts_until_it_is_old(tmp_path):
    path = tmp_path / "a.h5"
    claim_of(path).write_text(json.dumps({"host": socket.gethostname(), "pid": "abc", "token": "x"}))
    with claim_file(path) as mine:
        assert not mine
    os.utime(claim_of(path), (1, 1))
    with claim_file(path) as mine:
        assert mine


def test_a_claim_is_waited_for(tmp_path):
    path = tmp_path / "a.h5"
    order = []

    def work():
        with hold_claim(path, what="a.h5", patience_s=60):
            order.append("second")

    other = threading.Thread(target=work)
    with hold_claim(path, what="a.h5", patience_s=0):
        other.start()
        time.sleep(0.2)
        order.append("first")
    other.join(timeout=60)
    assert order == ["first", "second"]
    assert list(tmp_path.iterdir()) == []


def test_patience_ends_with_the_name_of_who_holds_the_claim(tmp_path):
    path = tmp_path / "a.h5"
    claim_of(path).write_text(json.dumps({"host": "elsewhere", "pid": 17, "token": "x"}))
    with (
        pytest.raises(
            OutputError,
            match=r"a folder: process 17 on elsewhere \(its claim is .*\.a\.h5\.claim\) is writing there; wait until it has ended",
        ),
        hold_claim(path, what="a folder", patience_s=0),
    ):
        pass


def test_the_claim_of_another_host_lasts_until_it_is_old(tmp_path):
    path = tmp_path / "a.h5"
    claim = claim_of(path)
    claim.write_text(json.dumps({"host": "elsewhere", "pid": 1, "token": "x"}))
    with claim_file(path) as mine:
        assert not mine
    assert claim.exists()
    old = claim.stat().st_mtime - CLAIM_SECONDS - 1
    os.utime(claim, (old, old))
    with claim_file(path) as mine:
        assert mine


@pytest.mark.parametrize("seconds", [3600, 86400, 2**31])
def test_a_claim_of_a_time_to_come_is_not_waited_for(tmp_path, seconds):
    path = tmp_path / "a.h5"
    claim_of(path).write_text(json.dumps({"host": "elsewhere", "pid": 17, "token": "x"}))
    os.utime(claim_of(path), (time.time() + seconds,) * 2)
    with claim_file(path) as mine:
        assert mine
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 5000, b'{"host": "here"}', b'{"host": 1, "pid": 1.5, "token": []}']
    + [
        b'{"host": "HOST", "pid": %s, "token": "x"}' % pid for pid in (b'"abc"', b"-1", b"0", b"true", b"1e400", b"9" * 30, b"null", b"[1]")
    ],
)
def test_a_malformed_claim_is_somebodys_until_it_is_old(tmp_path, content):
    path = tmp_path / "a.h5"
    claim_of(path).write_bytes(content.replace(b"HOST", socket.gethostname().encode()))
    with claim_file(path) as mine:
        assert not mine
    assert explain_claim(tmp_path / "b.h5", path) == f"another process (its claim is {claim_of(path)})"
    os.utime(claim_of(path), (1, 1))
    with claim_file(path) as mine:
        assert mine
    assert explain_claim(path) == "another process"


def test_a_folder_in_the_place_of_a_claim_is_somebodys_until_it_is_old(tmp_path):
    path = tmp_path / "a.h5"
    claim_of(path).mkdir()
    with claim_file(path) as mine:
        assert not mine
    os.utime(claim_of(path), (1, 1))
    with claim_file(path) as mine:
        assert mine


def test_a_living_process_keeps_its_claim_young(tmp_path, monkeypatch):
    monkeypatch.setattr("behavior.files.claims.SECONDS_BETWEEN_BEATS", 0.01)
    path = tmp_path / "a.h5"
    with claim_file(path):
        os.utime(claim_of(path), (1, 1))
        for _ in range(500):
            if claim_of(path).stat().st_mtime > 1000:
                break
            time.sleep(0.01)
        assert claim_of(path).stat().st_mtime > 1000


def test_a_full_disk_is_said_and_leaves_no_claim_behind(tmp_path, monkeypatch):
    def fill(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("behavior.files.claims.json.dump", fill)
    with pytest.raises(OutputError, match="No space left"), claim_file(tmp_path / "a.h5"):
        pass
    assert list(tmp_path.iterdir()) == []


def _try(path, start, hold, queue):
    start.wait()
    with claim_file(path) as mine:
        queue.put(mine)
        hold.wait()


def test_of_many_at_once_one_wins(tmp_path):
    context = multiprocessing.get_context("spawn")
    start, hold, queue = context.Event(), context.Event(), context.Queue()
    processes = [context.Process(target=_try, args=(tmp_path / "a.h5", start, hold, queue)) for _ in range(4)]
    for process in processes:
        process.start()
    start.set()
    answers = [queue.get(timeout=60) for _ in processes]
    hold.set()
    for process in processes:
        process.join(timeout=60)
    assert sorted(answers) == [False, False, False, True]
