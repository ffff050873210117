"""Dask's scheduler and workers: those that are made on this machine, those of a user, and those that a queue starts."""

from __future__ import annotations

import gc
import importlib.util
import logging
import os
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dask
import distributed

from behavior.compute.job_queues import submit_jobs
from behavior.compute.where import Where
from behavior.errors import UsageError

__all__ = ["MOST_DEATHS", "Place", "connect"]

# A unit is given up when so many workers, or their processes, have died at it.
MOST_DEATHS = 3
SETTINGS = {
    "distributed.scheduler.worker-saturation": 1.0,
    "distributed.scheduler.allowed-failures": MOST_DEATHS - 1,
    # A scheduler that is not there is noticed within seconds.
    "distributed.comm.timeouts.connect": "5s",
}
SECONDS_TO_CONNECT = 5
SECONDS_FOR_FIRST_WORKER = 10
LOOPBACK = "127.0.0.1"
# These log for developers what users are told in sentences.
_LOGGERS = ("distributed", "tornado", "asyncio")


@dataclass(frozen=True)
class Place:
    """A client of a scheduler, and what there is to know of its workers.

    Attributes
    ----------
    is_local
        Whether they are this process's own.
    n_threads
        Cores for each unit.
    description, dashboard
        For people: what there is, and the address of Dask's page on it.
    refill
        Submits jobs in place of those that ended; does nothing where workers are not jobs.
    """

    client: distributed.Client
    is_local: bool
    n_threads: int
    description: str
    dashboard: str
    refill: Callable[[], None] = lambda: None


@contextmanager
def connect(where: Where, *, most_workers: int, folder: Path) -> Iterator[Place]:
    """Connect to the workers that `where` names, or make them, no more than `most_workers`; what was made is gone after the block.

    Parameters
    ----------
    folder
        Where jobs of a queue write their logs, in its folder `logs`.

    Raises
    ------
    UsageError
        If they cannot be reached or made.
    """
    with dask.config.set(SETTINGS), _quiet():
        if isinstance(where.cluster, str):
            with _reach(where.cluster) as client:
                yield _describe(client, where.cluster)
        elif where.cluster is not None:
            with _submit(where.cluster, most_workers, folder / "logs") as place:
                yield place
        else:
            with _make_local(min(where.workers or 1, most_workers)) as place:
                yield place


@contextmanager
def _make_local(n_workers: int) -> Iterator[Place]:
    # Its port is taken for as long as it lasts; what listens there answers with pages and does nothing else.
    pages = f"{LOOPBACK}:0"
    with (
        distributed.LocalCluster(
            n_workers=n_workers,
            threads_per_worker=1,
            processes=False,
            protocol="inproc",
            memory_limit=0,
            dashboard_address=pages,
            worker_dashboard_address=pages,
            silence_logs=False,
        ) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        port = client.scheduler_info(n_workers=0)["services"].get("dashboard")
        n_threads = max((os.cpu_count() or 1) // n_workers, 1)
        yield Place(client, True, n_threads, f"{n_workers} workers on this machine", f"http://{LOOPBACK}:{port}/{_find_page()}")


@contextmanager
def _submit(settings: Mapping[str, Any], most_workers: int, folder: Path) -> Iterator[Place]:
    """Yield a client of a scheduler in this process, whose workers are jobs; no more of them than there is work for."""
    n_each = settings["workers_per_job"]
    n_jobs = min(settings["jobs"], -(-most_workers // n_each))
    with submit_jobs({**settings, "jobs": n_jobs}, folder) as cluster, distributed.Client(cluster, set_as_default=False) as client:
        port = client.scheduler_info(n_workers=0)["services"].get("dashboard")
        yield Place(
            client,
            is_local=False,
            n_threads=max(settings["cores"] // n_each, 1),
            description=f"{n_jobs} jobs of {settings['kind']} are submitted, with logs in {folder}",
            dashboard=f"http://{LOOPBACK}:{port}/{_find_page()}",
            refill=lambda: cluster.scale(jobs=n_jobs),
        )


@contextmanager
def _reach(address: str) -> Iterator[distributed.Client]:
    """Yield a client of the scheduler at `address`, which has a worker at least."""
    client, reason = None, ""
    try:
        client = distributed.Client(address, timeout=SECONDS_TO_CONNECT, set_as_default=False)
    except (OSError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
    if client is None:
        # The half-made client closes when it is collected. While another one starts, that would wait for ever for a lock of its own thread.
        gc.collect()
        raise UsageError(
            f"--cluster {address}: no Dask scheduler answers there ({reason}); start one with `dask scheduler`, and give the address "
            "that it prints, such as tcp://10.0.0.5:8786."
        )
    with client:
        try:
            client.wait_for_workers(1, timeout=SECONDS_FOR_FIRST_WORKER)
        except TimeoutError:
            raise UsageError(
                f"--cluster {address}: its scheduler has no worker; start some with `dask worker {address} --nthreads 1 --memory-limit 0` "
                "on machines that see the same folders."
            ) from None
        yield client


def _describe(client: distributed.Client, name: str) -> Place:
    workers = client.scheduler_info(n_workers=-1)["workers"].values()
    slots: Counter[str] = Counter()
    for worker in workers:
        slots[worker["host"]] += worker["nthreads"]
    cores = client.run(_count_cores, on_error="ignore")
    hosts = client.scheduler_info(n_workers=-1)["workers"]
    shares = [n // slots[hosts[address]["host"]] for address, n in cores.items() if address in hosts]
    link = client.dashboard_link.rpartition("/")[0]
    description = f"{len(workers)} workers of {name}"
    return Place(client, False, max(min(shares, default=1), 1), description, f"{link}/{_find_page()}")


def _count_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _find_page() -> str:
    """Return the page to look at: that with moving pictures needs another package."""
    return "status" if importlib.util.find_spec("bokeh") is not None else "info/main/workers.html"


@contextmanager
def _quiet() -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
