"""What a Dask worker does with a unit: it has a process of its own do it, and passes on what that says.

That process is why Dask's worker keeps answering while a library holds Python's lock for minutes, why a unit can be stopped, and why
memory that a library never gives back is gone when a run ends. The process stays for the next units of the run, with what it has loaded.
"""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import distributed

from behavior.compute.messages import decode, encode
from behavior.compute.threads import limit_threads
from behavior.compute.unit_process import MESSAGE, ProcessDiedError, UnitProcess
from behavior.versions import collect_versions

__all__ = ["DIED", "UNFIT", "Run", "describe_worker", "end_run", "end_run_elsewhere", "run_unit", "stop_run"]

# What may come back besides what a process says.
DIED, UNFIT = b"d", b"u"
# A network drive may show a new file late.
SECONDS_TO_SEE = 20.0
SECONDS_BETWEEN_LOOKS = 0.5


@dataclass(frozen=True)
class Run:
    """What workers have to know of a command's run.

    Attributes
    ----------
    token
        Unlike that of any other run; also the name under which messages go home.
    version
        Of the package.
    folder
        Where the command runs, against which relative paths are meant.
    mark
        A file in the folder of the results, with the token in it; None where the workers are on the same machine.
    n_threads
        Cores for each unit.
    seconds_between_news
        How often it is told how far a unit is.
    """

    token: str
    version: str
    folder: Path
    mark: Path | None
    n_threads: int
    seconds_between_news: float


# The processes of the runs that this worker, or in the case of this machine all workers, take part in, by the token of the run.
_processes: dict[str, list[UnitProcess]] = {}
_lock = threading.Lock()
_of_thread = threading.local()


def describe_worker(order: bytes) -> bytes:
    """Return as a message what is wrong with this machine for the run `order`, "" where it is fit, and the versions that it has."""
    run: Run = decode(order)
    versions = collect_versions()
    problem = ""
    if versions["behavior"] != run.version:
        problem = f"has behavior {versions['behavior']}, and this is {run.version}; install the same version on both"
    elif not run.folder.is_dir():
        problem = f"does not see {run.folder}, in which the command runs; run it in a folder that all machines have under the same path"
    elif run.mark is not None and not _sees(run.mark, run.token):
        problem = f"does not see {run.mark.parent}; results go there, so put them on a drive that all machines have under the same path"
    return encode((problem, versions))


def run_unit(number: int, order: bytes, call: bytes) -> bytes:
    """Do unit `number` of the run `order`, an encoded function with its argument; return a kind and, encoded, what came of it."""
    run: Run = decode(order)
    process = _find_process(run)
    if process is None:
        problem, _ = decode(describe_worker(order))
        if problem:
            return UNFIT + encode(f"the worker on {socket.gethostname()} {problem}.")
        process = _add_process(run)
    worker = distributed.get_worker()
    key = worker.get_current_task()
    told_at = -run.seconds_between_news

    def take(kind: bytes, content: bytes) -> None:
        nonlocal told_at
        if kind != MESSAGE:
            if time.monotonic() - told_at < run.seconds_between_news:
                return
            told_at = time.monotonic()
        worker.log_event(run.token, kind + number.to_bytes(4, "little") + content)

    def is_dropped() -> bool:
        # The command was stopped, or its machine is gone, and nobody wants the result.
        task = worker.state.tasks.get(key)
        return task is None or task.state == "cancelled"

    try:
        kind, content = process.ask(call, take=take, should_stop=is_dropped)
    except ProcessDiedError as error:
        return DIED + encode((f"{error} on {socket.gethostname()}", worker.address))
    return kind + content


def stop_run(token: str) -> None:
    """End the processes of a run in the middle of what they do."""
    with _lock:
        processes = _processes.pop(token, [])
    UnitProcess.close_all(processes, are_done=False)


def end_run(token: str) -> None:
    """End the processes of a run that has nothing left to do."""
    with _lock:
        processes = _processes.pop(token, [])
    UnitProcess.close_all(processes, are_done=True)


async def end_run_elsewhere(token: str, *, is_done: bool) -> None:
    """Do `end_run` or `stop_run` while this worker goes on answering; Dask waits for nothing but coroutines in the background."""
    await asyncio.to_thread(end_run if is_done else stop_run, token)


def _find_process(run: Run) -> UnitProcess | None:
    token, process = getattr(_of_thread, "process", ("", None))
    if token == run.token:
        return process
    if process is not None:
        # Of a command that ended without saying so.
        process.close()
    return None


def _add_process(run: Run) -> UnitProcess:
    process = UnitProcess(limit_threads(run.n_threads), folder=run.folder)
    _of_thread.process = (run.token, process)
    with _lock:
        _processes.setdefault(run.token, []).append(process)
    return process


def _sees(mark: Path, token: str) -> bool:
    give_up = time.monotonic() + SECONDS_TO_SEE
    while True:
        try:
            if mark.read_text(encoding="utf-8") == token:
                return True
        except OSError:
            pass
        # Without its folder, it is not merely late.
        if not mark.parent.is_dir() or time.monotonic() > give_up:
            return False
        time.sleep(SECONDS_BETWEEN_LOOKS)
