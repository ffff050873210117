"""Work that several processes share: what comes back, what is said, and what goes wrong."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from behavior.compute.workers import CallStoppedError, call_in_worker, map_in_workers
from behavior.errors import BehaviorError
from behavior.progress import announce, printing_messages, warn


def test_results_come_back_from_more_items_than_processes():
    assert sorted(map_in_workers(abs, [-3, 1, -2, 4, -5], n_workers=2)) == [1, 2, 3, 4, 5]


def test_one_worker_is_this_process():
    assert list(map_in_workers(lambda _: os.getpid(), [0], n_workers=1)) == [os.getpid()]


def test_what_workers_announce_is_announced_here(capsys):
    with printing_messages():
        assert list(map_in_workers(announce, ["one", "two"], n_workers=2)) == [None, None]
    assert sorted(capsys.readouterr().err.splitlines()) == ["one", "two"]


def test_what_workers_say_is_logged_at_the_level_of_this_process(caplog):
    for say in (announce, warn):
        assert list(map_in_workers(say, ["one", "two"], n_workers=2)) == [None, None]
    assert sorted((record.levelname, record.getMessage()) for record in caplog.records) == [("WARNING", "one"), ("WARNING", "two")]


def test_a_script_is_not_run_again_by_its_workers(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "print('running')\n"
        "from behavior.compute.workers import map_in_workers\n"
        "print(sorted(map_in_workers(abs, [-2, 1], n_workers=2)), __name__)\n"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(root)})
    assert (done.returncode, done.stdout) == (0, "running\n[1, 2] __main__\n")


def test_an_error_of_a_worker_is_raised_here_and_says_where_it_came_from():
    with pytest.raises(ValueError, match="invalid literal") as caught:
        list(map_in_workers(int, ["1", "many"], n_workers=2))
    assert "in _answer" in caught.value.__notes__[0]


def test_a_worker_that_dies_is_noticed():
    with pytest.raises(BehaviorError, match="died unexpectedly"):
        list(map_in_workers(os._exit, [3, 3], n_workers=2))


def test_a_call_of_its_own_is_followed_and_returns():
    told = []
    assert call_in_worker(abs, -3, take=told.append, should_stop=lambda: False) == 3
    assert call_in_worker(announce, "one", take=told.append, should_stop=lambda: False) is None
    assert [record.getMessage() for record in told] == ["one"]


def test_a_call_of_its_own_that_is_stopped_or_dies_is_said():
    with pytest.raises(CallStoppedError):
        call_in_worker(time.sleep, 60, take=print, should_stop=lambda: True)
    with pytest.raises(BehaviorError, match="died unexpectedly"):
        call_in_worker(os._exit, 3, take=print, should_stop=lambda: False)
    with pytest.raises(ValueError, match="invalid literal"):
        call_in_worker(int, "many", take=print, should_stop=lambda: False)
