"""Units of work in this process and in several: what comes back, what is said, and what happens where a process dies."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from behavior.compute import dask_runs
from behavior.compute.units import Work, run_units
from behavior.compute.where import HERE, Where
from behavior.errors import BehaviorError
from behavior.progress import announce, printing_messages, warn

ROOT = Path(__file__).parents[2]


def do(function, units, where):
    work = Work(function, units, [f"unit {number}" for number in range(len(units))], Path.cwd(), "doing", "things")
    return dict(enumerate(run_units(work, where)))


def test_results_come_back_with_their_numbers():
    assert do(abs, [-3, 1, -2, 4, -5], Where(2)) == {0: 3, 1: 1, 2: 2, 3: 4, 4: 5}
    assert do(abs, [], Where(2)) == {}


def test_in_one_process_nothing_of_dask_is_loaded():
    script = f"""
import sys, os
sys.path[:] = {sys.path!r}
from pathlib import Path
from behavior.compute.units import Work, run_units
from behavior.compute.where import HERE
assert run_units(Work(lambda _: os.getpid(), [0], ["a"], Path(), "doing", "things"), HERE) == [os.getpid()]
assert "dask" not in sys.modules and "distributed" not in sys.modules
"""
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT).returncode == 0


def test_what_workers_say_is_said_here_at_the_level_of_this_process(caplog, capsys):
    for say in (announce, warn):
        assert do(say, ["one", "two"], Where(2)) == {0: None, 1: None}
    told = [(record.levelname, record.getMessage()) for record in caplog.records]
    assert sorted(one for one in told if one[1] in ("one", "two")) == [("WARNING", "one"), ("WARNING", "two")]
    with printing_messages():
        do(announce, ["one", "two"], Where(2))
    said = capsys.readouterr().err.splitlines()
    assert sorted(line for line in said if line in ("one", "two")) == ["one", "two"]
    assert [line for line in said if line.startswith("2 workers on this machine; dashboard: http://127.0.0.1:")]


def test_a_script_is_not_run_again_and_needs_no_guard(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "print('running')\n"
        "from pathlib import Path\n"
        "from behavior.compute.units import Work, run_units\n"
        "from behavior.compute.where import Where\n"
        "print(run_units(Work(abs, [-2, 1], ['a', 'b'], Path(), 'doing', 'things'), Where(2)), __name__)\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert (done.returncode, done.stdout) == (0, "running\n[2, 1] __main__\n"), done.stderr


def test_an_error_of_a_unit_is_raised_here_and_says_where_it_came_from():
    with pytest.raises(ValueError, match="invalid literal") as caught:
        do(int, ["1", "many"], Where(2))
    assert "in _answer" in caught.value.__notes__[0]


def die_once(place):
    """Kill the process the first time, as by `kill -9`; later return how often it was called."""
    path = Path(place)
    path.write_text(path.read_text() + "x" if path.exists() else "x")
    if path.name == "always" or (path.name == "once" and len(path.read_text()) == 1):
        os.kill(os.getpid(), signal.SIGKILL) if hasattr(signal, "SIGKILL") else os._exit(9)
    return len(path.read_text())


def test_what_died_is_done_again_and_what_dies_three_times_is_named_while_the_rest_goes_on(tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    monkeypatch.syspath_prepend(Path(__file__).parent)
    import test_units as importable

    done = do(importable.die_once, [str(tmp_path / name) for name in ("once", "always", "never")], Where(2))
    assert (done[0], done[2]) == (2, 1)
    assert isinstance(done[1], BehaviorError)
    assert "ended 3 times (the last killed by signal 9" in str(done[1]) or os.name == "nt"
    assert (tmp_path / "always").read_text() == "xxx"
    assert "unit 0: the process working on it ended" in caplog.text and "it is tried again" in caplog.text


def test_nobody_else_can_reach_the_workers_of_this_machine(monkeypatch):
    if not sys.platform.startswith("linux"):
        pytest.skip("what listens is read where Linux tells it")
    listening = []
    monkeypatch.setattr(dask_runs, "announce", lambda _: listening.append(find_listening(os.getpid())))
    before = find_listening(os.getpid())
    do(abs, [-1, -2], Where(2))
    assert {address for address, _ in listening[0] - before} == {"127.0.0.1"}


def find_listening(pid):
    """Return the addresses at which a process listens for connections, from Linux's own tables."""
    inodes = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            inodes.add(str(descriptor.readlink()).removeprefix("socket:[").removesuffix("]"))
        except OSError:
            continue
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            words = line.split()
            if words[3] == "0A" and words[9] in inodes:
                address, port = words[1].split(":")
                numbers = bytes.fromhex(address)[::-1]
                found.add((".".join(map(str, numbers)) if len(numbers) == 4 else address, int(port, 16)))
    return found


def test_here_the_order_is_kept_and_errors_are_raised():
    assert list(do(abs, [-3, 1], HERE).items()) == [(0, 3), (1, 1)]
    with pytest.raises(ValueError, match="invalid literal"):
        do(int, ["many"], HERE)
