"""Units of work on Dask: handed out, done again where a worker died, and what workers say brought home.

What goes wrong with Dask is long tasks, libraries with threads of their own, and workers that are killed. What is set, and why:

- Dask's workers only watch: a process beside each does the unit (`dask_worker`). A worker whose task held Python's lock would miss its
  heartbeats, and be given up, with its unit, after `worker-ttl`.
- A worker does one unit at a time (`threads_per_worker` 1), with as many threads of OpenVINO and TensorFlow as it has cores (`threads`).
  Each of these libraries takes all cores of the machine by itself, and 32 workers with 32 threads each would stand in each other's way.
- Units wait at the scheduler, not at a worker (`worker-saturation` 1). Dask otherwise sends a worker more than it can begin, counts its
  death against all of it, and has to steal it back. Work stealing stays on, for schedulers that are set otherwise: it never takes a unit
  that has begun.
- Dask gives up a task when its worker has died for the third time (`allowed-failures` 2). Where only the process died, the unit is handed
  out again here, to another worker if there is one, and given up after as many deaths. A user's own scheduler counts as it is set.
- There is no memory limit (`memory_limit` 0). By one, Dask would pause a worker, and restart it at 95 %, losing an hour's unit, and it
  would look at the wrong process. The system, or the queue of a cluster, ends what takes too much; that is a death like others.
- Results are files in the shared folder, and a unit returns a line. Its future is let go at once, or Dask would compute it again when the
  worker that holds it ends.
- A call is bytes that we encode (`messages`), and Dask's own protocol moves them. That protocol runs whatever reaches its ports. For this
  machine's own workers there are no ports: they live in this process (`inproc`), and the processes that work hang on pipes.
"""

from __future__ import annotations

import logging
import queue
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import distributed
from distributed.scheduler import KilledWorker

from behavior.compute.dask_clusters import MOST_DEATHS, Place, connect
from behavior.compute.dask_worker import DIED, UNFIT, Run, describe_worker, end_run, end_run_elsewhere, run_unit, stop_run
from behavior.compute.messages import decode, encode
from behavior.compute.unit_process import ERROR, MESSAGE, read_message
from behavior.compute.units import Work
from behavior.compute.where import Where
from behavior.errors import BehaviorError, OutputError, UsageError
from behavior.progress import Advance, WorkProgress, announce, complain, warn
from behavior.versions import collect_versions

__all__ = ["run_on_dask"]

SECONDS_FOR_RESULT = 30.0
SECONDS_BETWEEN_LOOKS = 0.5
SECONDS_BETWEEN_NEWS_HERE, SECONDS_BETWEEN_NEWS_FROM_AFAR = 0.2, 3.0
SECONDS_BETWEEN_COUNTS = 30.0
MOST_REFILLS = 20


def run_on_dask(work: Work[Any, Any], where: Where, advance: Advance) -> Iterator[tuple[int, Any]]:
    """Yield the number of each unit, as it is done, and what `units.run_units` returns for it; `advance` is told how far the work is."""
    with (
        connect(where, most_workers=len(work.units), folder=work.folder) as place,
        _mark(work.folder, is_wanted=not place.is_local) as (token, mark),
    ):
        news = SECONDS_BETWEEN_NEWS_HERE if place.is_local else SECONDS_BETWEEN_NEWS_FROM_AFAR
        run = Run(token, collect_versions()["behavior"], Path.cwd(), mark, place.n_threads, news)
        if not place.is_local:
            _require_fit(place.client, run)
        announce(f"{place.description}; dashboard: {place.dashboard}")
        yield from _Dispatcher(place, run, work, advance).run()


@contextmanager
def _mark(folder: Path, *, is_wanted: bool) -> Iterator[tuple[str, Path | None]]:
    """Yield the name of a run, and a file in `folder` that has it, by which workers see that they have the folder, if it `is_wanted`."""
    token = f"behavior-{secrets.token_hex(8)}"
    if not is_wanted:
        yield token, None
        return
    mark = folder.absolute() / f".{token}"
    try:
        mark.write_text(token, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{folder}: cannot be written to ({error.strerror or error}); choose a folder that you may write to.") from error
    try:
        yield token, mark
    finally:
        mark.unlink(missing_ok=True)


def _require_fit(client: distributed.Client, run: Run) -> None:
    """Raise UsageError unless every worker that is there can do the work; warn of other versions of what numbers depend on."""
    own = collect_versions()
    for address, answer in client.run(describe_worker, encode(run), on_error="return").items():
        problem, versions = (_explain_failure(answer), own) if isinstance(answer, BaseException) else decode(answer)
        if problem:
            raise UsageError(f"the worker {address} {problem}.")
        other = [f"{name} {version} ({own[name]} here)" for name, version in versions.items() if own.get(name) != version]
        if other:
            warn(f"the worker {address} has {', '.join(other)}; its numbers may differ in their last digits.")


def _explain_failure(error: BaseException) -> str:
    return f"cannot run behavior {collect_versions()['behavior']} ({error}); install the same version there as here"


@dataclass
class _Dispatcher:
    """Hands out units and takes their results."""

    place: Place
    run_description: Run
    work: Work[Any, Any]
    advance: Advance
    inbox: queue.SimpleQueue[tuple[int, Any]] = field(default_factory=queue.SimpleQueue)
    futures: dict[int, distributed.Future] = field(default_factory=dict)
    deaths: dict[int, int] = field(default_factory=dict)
    looked_at: float = 0.0
    counted_at: float = field(default_factory=time.monotonic)
    n_done: int = 0
    n_refilled: int = 0

    def run(self) -> Iterator[tuple[int, Any]]:
        is_done = False
        self.place.client.subscribe_topic(self.run_description.token, lambda event: self.inbox.put((-1, event[1])))
        try:
            for number in range(len(self.work.units)):
                self._hand_out(number)
            while self.futures:
                # Asked for often: where there are many workers, something is always in the inbox.
                if time.monotonic() - self.looked_at > SECONDS_BETWEEN_LOOKS:
                    self._look_after_workers()
                try:
                    number, told = self.inbox.get(timeout=SECONDS_BETWEEN_LOOKS)
                except queue.Empty:
                    continue
                if number < 0:
                    self._show(told)
                elif number in self.futures and told is self.futures[number]:
                    yield from self._take(number, told)
            is_done = True
        finally:
            self._end(is_done=is_done)

    def _hand_out(self, number: int, *, not_to: str | None = None) -> None:
        others = [] if not_to is None else [one for one in self.place.client.scheduler_info(n_workers=-1)["workers"] if one != not_to]
        future = self.place.client.submit(
            run_unit,
            number,
            encode(self.run_description),
            encode((self.work.function, self.work.units[number])),
            key=(self.run_description.token, number, self.deaths.get(number, 0)),
            pure=False,
            workers=others or None,
            allow_other_workers=bool(others),
        )
        self.futures[number] = future
        future.add_done_callback(lambda done: self.inbox.put((number, done)))

    def _take(self, number: int, future: distributed.Future) -> Iterator[tuple[int, Any]]:
        """Yield what came of a unit, if that is the end of it."""
        try:
            if future.status == "finished":
                answer = future.result(timeout=SECONDS_FOR_RESULT)
            elif future.status == "error" and isinstance(error := future.exception(), KilledWorker):
                # Dask has tried it elsewhere already.
                self.deaths[number] = MOST_DEATHS
                answer = DIED + encode(("with its worker", error.last_worker.address))
            elif future.status == "error":
                raise UsageError(f"a worker {_explain_failure(future.exception())}.")
            else:
                self._say_lost()
        except (distributed.TimeoutError, distributed.CancelledError, OSError):
            self._say_lost()
        kind, content = answer[:1], decode(answer[1:])
        future.release()
        del self.futures[number]
        name = self.work.names[number]
        if kind == UNFIT:
            raise UsageError(content)
        if kind == ERROR:
            raise content
        if kind == DIED:
            how, worker = content
            self.deaths[number] = self.deaths.get(number, 0) + 1
            if self.deaths[number] < MOST_DEATHS:
                warn(f"{name}: the process working on it ended ({how}), possibly out of memory; it is tried again.")
                self._hand_out(number, not_to=worker)
                return
            content = BehaviorError(f"the process working on it ended {MOST_DEATHS} times (the last {how}), possibly out of memory.")
            complain(f"{name}: {content}")
        self.n_done += 1
        self.advance(1)
        yield number, content

    def _show(self, told: bytes) -> None:
        """Announce here what a worker says, or show how far it is."""
        kind, number, content = told[:1], int.from_bytes(told[1:5], "little"), told[5:]
        if kind == MESSAGE:
            record = read_message(content)
            logger = logging.getLogger(record.name)
            if logger.isEnabledFor(record.levelno):
                logger.handle(record)
        else:
            progress: WorkProgress = decode(content)
            total = "" if progress.total is None else f" of {progress.total:,}"
            self.advance(0, f"{self.work.names[number]}: {progress.done:,}{total} {progress.unit}")

    def _look_after_workers(self) -> None:
        self.looked_at = time.monotonic()
        if self.place.client.status != "running" and self.inbox.empty():
            self._say_lost()
        if not self.place.is_local and time.monotonic() - self.counted_at > SECONDS_BETWEEN_COUNTS:
            self.counted_at = time.monotonic()
            if self.n_refilled < MOST_REFILLS + self.n_done:
                # Jobs that ended, at their walltime for example, are replaced; jobs that never do anything not for ever.
                self.n_refilled += 1
                self.place.refill()
            if not self.place.client.nthreads():
                announce(f"no worker is there; {len(self.futures)} {self.work.noun} are waiting for one")

    def _say_lost(self) -> None:
        n_all = len(self.work.units)
        raise BehaviorError(
            f"the scheduler is gone; {self.n_done} of {n_all} {self.work.noun} are done and kept. Start it, then the command again, which "
            "resumes."
        )

    def _end(self, *, is_done: bool) -> None:
        token = self.run_description.token
        if self.place.is_local:
            (end_run if is_done else stop_run)(token)
            return
        # Where the scheduler is gone there is nobody to tell: its workers end, and with them what they do.
        with suppress(OSError, RuntimeError, distributed.TimeoutError, distributed.CancelledError):
            if self.futures:
                self.place.client.cancel(list(self.futures.values()), force=True)
            self.place.client.run(end_run_elsewhere, token, is_done=is_done, on_error="ignore", wait=False)
