"""A user's own scheduler and workers, and what happens where they are killed in the middle."""

import queue
import re
import threading
import time
from pathlib import Path

import distributed
from cluster_units import count_children, note_and_wait
from dask_processes import DaskProcesses

from behavior.compute import dask_runs
from behavior.compute.units import Work, run_units
from behavior.compute.where import Where
from behavior.errors import BehaviorError, UsageError

HELPERS = Path(__file__).parents[1] / "helpers"


def start(folder, dask, *, n_units):
    """Run units in a thread, and return what is going to hold what they gave, or the error that ended them."""
    ended: queue.SimpleQueue = queue.SimpleQueue()
    units = [str(folder / f"{number}.txt") for number in range(n_units)]
    work = Work(note_and_wait, units, [f"unit {number}" for number in range(n_units)], folder, "doing", "things")

    def run():
        try:
            ended.put(run_units(work, Where(cluster=dask.address)))
        except BehaviorError as error:
            ended.put(error)

    threading.Thread(target=run, daemon=True).start()
    return ended


def wait_for(condition, seconds=120):
    give_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.05)


def list_begun(folder):
    return sorted(path.name for path in folder.glob("*.begun"))


def test_workers_and_schedulers_that_are_killed_cost_only_what_they_were_at(tmp_path):
    folder = tmp_path / "shared"
    folder.mkdir()
    with DaskProcesses(tmp_path, n_workers=2, paths=(HELPERS,)) as dask:
        ended = start(folder, dask, n_units=3)
        # A third waits at the scheduler.
        wait_for(lambda: list_begun(folder) == ["0.begun", "1.begun"])
        time.sleep(0.5)
        assert list_begun(folder) == ["0.begun", "1.begun"]
        dask.workers[0].kill()
        dask.add_worker()
        wait_for(lambda: sorted(len(path.read_text().split()) for path in folder.glob("*.begun")) in ([1, 2], [1, 1, 2], [1, 1, 1]))
        (folder / "go").touch()
        done = ended.get(timeout=120)
        assert isinstance(done, list) and len(done) == 3, done
        # What the one that was killed had begun was begun again, elsewhere; no other unit was.
        assert sorted(len((folder / f"{number}.begun").read_text().split()) for number in range(3)) == [1, 1, 2]
        assert not list(folder.glob(".behavior-*"))

        for path in folder.iterdir():
            path.unlink()
        (folder / "0.txt").write_text("done before")
        ended = start(folder, dask, n_units=3)
        wait_for(lambda: len(list_begun(folder)) == 2)
        dask.scheduler.kill()
        error = ended.get(timeout=60)
        # What was done a moment before may not have been told yet.
        assert re.fullmatch(
            "the scheduler is gone; [01] of 3 things are done and kept. Start it, then the command again, which resumes.", str(error)
        )
    (folder / "go").touch()
    (tmp_path / "again").mkdir()
    with DaskProcesses(tmp_path / "again", n_workers=1, paths=(HELPERS,)) as dask:
        assert len(start(folder, dask, n_units=3).get(timeout=120)) == 3
    assert (folder / "0.txt").read_text() == "done before"


def test_processes_of_workers_end_with_the_run(tmp_path):
    (tmp_path / "go").touch()
    with DaskProcesses(tmp_path, n_workers=1, paths=(HELPERS,)) as dask, distributed.Client(dask.address) as client:
        assert len(start(tmp_path, dask, n_units=2).get(timeout=120)) == 2
        # One that is at work is seen, so that none is no accident.
        (tmp_path / "go").unlink()
        for path in tmp_path.glob("*.txt"):
            path.unlink()
        ended = start(tmp_path, dask, n_units=1)
        wait_for(lambda: [*client.run(count_children).values()] == [1])
        (tmp_path / "go").touch()
        assert len(ended.get(timeout=120)) == 1
        wait_for(lambda: [*client.run(count_children).values()] == [0], seconds=60)


def test_a_worker_that_is_not_fit_is_refused_before_work_starts(tmp_path, monkeypatch):
    monkeypatch.setattr(dask_runs, "collect_versions", lambda: {"behavior": "0.0.1"})
    with DaskProcesses(tmp_path, n_workers=1, paths=(HELPERS,)) as dask:
        error = start(tmp_path, dask, n_units=1).get(timeout=120)
    assert isinstance(error, UsageError)
    assert "has behavior" in str(error) and "and this is 0.0.1; install the same version on both." in str(error)
    assert list_begun(tmp_path) == []
