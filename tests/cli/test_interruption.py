"""Ctrl-C in a process of its own: how soon it ends, and what is left of it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals are sent as POSIX has it")

# `decide` stands for any command; its work is what the test wants it to be.
SCRIPT = """
import sys, types
from pathlib import Path
from behavior.progress import announce

def decide_ethograms(paths, *_, **__):
    {work}

sys.modules["behavior.workflows.decide"] = types.SimpleNamespace(decide_ethograms=decide_ethograms)
from behavior.cli import main
if __name__ == "__main__":
    sys.argv = ["behavior", "decide", sys.argv[1], *sys.argv[2:]]
    main()
"""
WAIT = """
    import time
    announce("begun")
    time.sleep(60)
"""
# Nothing in it comes back to Python.
COMPUTE = """
    import hashlib
    announce("begun")
    hashlib.pbkdf2_hmac("sha256", b"", b"", 10**9)
"""
# An error that is none of its own.
TRANSLATE = """
    import time
    announce("begun")
    try:
        time.sleep(60)
    except KeyboardInterrupt:
        raise ImportError("half of a library")
"""
SHARE = """
    from pathlib import Path
    from behavior.compute.units import Work, run_units
    from behavior.compute.where import Where
    from busy import be_busy
    work = Work(be_busy, [str(paths[0] / name) for name in "ab"], list("ab"), Path.cwd(), "doing", "things")
    run_units(work, Where(2))
"""
BUSY = """
import time
from pathlib import Path
from behavior.progress import announce

def be_busy(path):
    try:
        Path(path).touch()
        while not all(place.exists() for place in (Path(path).with_name("a"), Path(path).with_name("b"))):
            time.sleep(0.01)
        announce("begun")
        time.sleep(60)
    finally:
        Path(path).unlink()
"""


@pytest.fixture
def press(tmp_path):
    """Interrupt a command at its work and return its status, what it said, its log, and the seconds that it took to end."""

    def call(work, *, times=1, options=()):
        folder = tmp_path / "ethograms"
        folder.mkdir()
        script = tmp_path / "command.py"
        script.write_text(SCRIPT.format(work=work.strip()))
        (tmp_path / "busy.py").write_text(BUSY)
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *filter(None, sys.path)])}
        with subprocess.Popen([sys.executable, script, folder, *options], stderr=subprocess.PIPE, text=True, env=environment) as process:
            try:
                assert process.stderr is not None
                assert "begun\n" in iter(process.stderr.readline, "")
                # So that it is in the midst of what follows.
                time.sleep(0.2)
                began = time.monotonic()
                for _ in range(times):
                    process.send_signal(signal.SIGINT)
                    time.sleep(0.05)
                said = process.communicate(timeout=30)[1]
                seconds = time.monotonic() - began
            finally:
                # One that does not listen would run on behind the tests.
                process.kill()
        (log,) = (folder / "logs").iterdir()
        return process.returncode, said, log.read_text(), seconds

    return call


@pytest.mark.parametrize("work", [WAIT, COMPUTE, TRANSLATE], ids=["waiting", "computing", "translating"])
def test_it_ends_within_two_seconds_with_one_sentence(press, work):
    status, said, log, seconds = press(work)
    assert status == 130
    assert said.startswith("stopped; finished work is kept")
    assert len(said.splitlines()) == 1
    assert "ended with exit status 130" in log
    assert seconds < 2


def test_pressed_twice_it_ends_at_once(press):
    status, said, _, seconds = press(COMPUTE, times=2)
    assert status == 130
    assert "Traceback" not in said
    assert seconds < 1


def test_its_workers_end_with_it_and_tidy_up(press, tmp_path):
    status, said, _, seconds = press(SHARE)
    assert status == 130
    assert said.replace("begun\n", "").startswith("stopped; ")
    assert "Traceback" not in said
    assert seconds < 2
    assert not list((tmp_path / "ethograms").glob("[ab]"))


def test_workers_end_when_it_is_killed(tmp_path):
    (tmp_path / "busy.py").write_text(BUSY)
    (tmp_path / "command.py").write_text(SCRIPT.format(work=SHARE.strip()))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *filter(None, sys.path)])}
    with subprocess.Popen(
        [sys.executable, tmp_path / "command.py", tmp_path], stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            assert process.stderr is not None
            assert "begun\n" in iter(process.stderr.readline, "")
        finally:
            process.kill()
    deadline = time.monotonic() + 10
    # Each removes its file when it is interrupted.
    while any(Path(tmp_path / name).exists() for name in "ab") and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not [name for name in "ab" if (tmp_path / name).exists()]


# In a process of its own: a signal that nobody handles would end the tests.
STOP_SOFTLY = """
import os, signal, time
from behavior.cli.interruption import stopping_softly

stopped = []
before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
with stopping_softly(lambda: stopped.append(True)):
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(0.01)
    assert stopped == [True]
    # The next one is handled as everywhere.
    try:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(5)
        interrupted = False
    except KeyboardInterrupt:
        interrupted = True
assert interrupted
assert stopped == [True]
assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
print("stopped softly")
"""


def test_what_has_to_be_finished_is_stopped_softly_once():
    ran = subprocess.run([sys.executable, "-c", STOP_SOFTLY], capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == "stopped softly\n"
