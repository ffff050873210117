"""One job at a time, in a process of its own that ends with the server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import fake_jobs
import pytest

from behavior.errors import UsageError
from behavior.review.jobs import Jobs


def ignore() -> None:
    """Look at nothing."""


def begin(function: Callable[..., str], study: Path) -> Jobs:
    jobs = Jobs()
    jobs.start("training", partial(function, "anna"), study, look=ignore)
    return jobs


def wait_until(is_so: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def read_pid(folder: Path) -> int:
    path = folder / "job.pid"
    wait_until(lambda: path.exists() and path.read_text().isdigit())
    return int(path.read_text())


def test_a_job_is_followed_to_its_end_and_no_password_is_in_its_log(tmp_path: Path) -> None:
    jobs = begin(fake_jobs.finish, tmp_path / "study.yaml")
    wait_until(lambda: not jobs.is_running)
    told = jobs.describe()
    assert told is not None
    assert (told["kind"], told["state"], told["outcome"]) == ("training", "done", "Round 1 of study.yaml.")
    assert told["lines"] == [
        {"kind": "", "text": "training on the labels of anna"},
        {"kind": "warning", "text": "rear has no bout yet; connect to postgres://bob:***@host/x"},
    ]
    assert [line["kind"] for line in (jobs.describe(1) or {})["lines"]] == ["warning"]


def test_a_refusal_is_the_outcome(tmp_path: Path) -> None:
    jobs = begin(fake_jobs.refuse, tmp_path / "study.yaml")
    wait_until(lambda: not jobs.is_running)
    told = jobs.describe()
    assert told is not None
    assert (told["state"], told["outcome"]) == ("failed", "too few labels to train on: rear has no bout yet.")


def test_a_killed_process_is_said_and_another_job_can_begin(tmp_path: Path) -> None:
    jobs = begin(fake_jobs.die, tmp_path / "study.yaml")
    wait_until(lambda: not jobs.is_running)
    assert "died unexpectedly" in (jobs.describe() or {})["outcome"]
    jobs.start("training", partial(fake_jobs.finish, ""), tmp_path / "study.yaml", look=ignore)
    wait_until(lambda: not jobs.is_running)
    assert (jobs.describe() or {})["state"] == "done"


def test_a_log_is_bounded(tmp_path: Path) -> None:
    jobs = begin(fake_jobs.talk, tmp_path / "study.yaml")
    wait_until(lambda: not jobs.is_running)
    told = jobs.describe() or {}
    assert told["n_lines"] == 1000
    assert len(told["lines"]) == 400
    assert max(len(line["text"]) for line in told["lines"]) == 400
    assert told["lines"][-1]["text"].startswith("999 ")


def test_one_job_at_a_time_which_can_be_stopped(tmp_path: Path) -> None:
    jobs = begin(fake_jobs.wait, tmp_path / "study.yaml")
    pid = read_pid(tmp_path)
    wait_until(lambda: bool((jobs.describe() or {})["progress"]))
    with pytest.raises(UsageError, match="already running"):
        jobs.start("training", partial(fake_jobs.finish, ""), tmp_path / "study.yaml", look=ignore)
    wait_until(lambda: (jobs.describe() or {})["progress"]["done"] > 0)
    assert (jobs.describe() or {})["progress"]["note"] == "patiently"
    jobs.stop()
    wait_until(lambda: not jobs.is_running)
    assert (jobs.describe() or {})["state"] == "stopped"
    assert not is_alive(pid)


def test_a_job_ends_with_its_server(tmp_path: Path) -> None:
    jobs = begin(fake_jobs.wait, tmp_path / "study.yaml")
    pid = read_pid(tmp_path)
    jobs.close()
    assert not is_alive(pid)
    with pytest.raises(UsageError, match="ending"):
        jobs.start("training", partial(fake_jobs.finish, ""), tmp_path / "study.yaml", look=ignore)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows has no kill -9")
def test_a_job_ends_when_its_server_is_killed(tmp_path: Path) -> None:
    script = (
        "import sys, time, fake_jobs; from functools import partial; from pathlib import Path; from behavior.review.jobs import Jobs\n"
        "Jobs().start('training', partial(fake_jobs.wait, ''), Path(sys.argv[1]), look=lambda: None)\n"
        "time.sleep(60)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    server = subprocess.Popen([sys.executable, "-c", script, tmp_path / "study.yaml"], env=environment)
    try:
        pid = read_pid(tmp_path)
    finally:
        server.kill()
        server.wait()
    wait_until(lambda: not is_alive(pid))
