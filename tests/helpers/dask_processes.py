"""A scheduler of Dask and its workers, in processes of their own as a user starts them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import distributed

SECONDS_TO_START = 120
ROOT = Path(__file__).resolve().parents[2]


class DaskProcesses:
    """A scheduler that listens on this machine alone, with some workers; gone after the block, or when they are killed."""

    def __init__(self, folder: Path, *, n_workers: int, paths: tuple[Path, ...] = ()) -> None:
        self.file = folder / "scheduler.json"
        self._folder, self._n_workers = folder, n_workers
        searched = os.pathsep.join(map(str, [*paths, ROOT, *filter(None, sys.path)]))
        self._environment = {**os.environ, "PYTHONPATH": searched, "DASK_DISTRIBUTED__WORKER__DAEMON": "True"}
        self.workers: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> DaskProcesses:
        self.scheduler = self._start("dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--dashboard-address", "127.0.0.1:0")
        try:
            for _ in range(self._n_workers):
                self.add_worker()
            if self._n_workers:
                self._wait_for_workers()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for process in [*self.workers, self.scheduler]:
            process.kill()
            process.wait()

    @property
    def address(self) -> str:
        """Where the scheduler listens, once it does."""
        import json

        give_up = time.monotonic() + SECONDS_TO_START
        while time.monotonic() < give_up:
            if self.file.is_file() and (text := self.file.read_text()):
                return str(json.loads(text)["address"])
            time.sleep(0.1)
        raise TimeoutError("the scheduler does not start")

    def _wait_for_workers(self) -> None:
        # A unit that is handed out before would wait at the worker that came first.
        with distributed.Client(self.address, set_as_default=False) as client:
            client.wait_for_workers(self._n_workers, timeout=SECONDS_TO_START)

    def add_worker(self) -> None:
        """Start another worker, without a guardian that would start it again."""
        options = ("--nthreads", "1", "--no-nanny", "--memory-limit", "0", "--host", "127.0.0.1")
        self.workers.append(self._start("dask_worker", self.address, *options, "--dashboard-address", "127.0.0.1:0"))

    def _start(self, program: str, *options: str) -> subprocess.Popen[bytes]:
        file = ("--scheduler-file", str(self.file)) if program == "dask_scheduler" else ()
        return subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.{program}", *options, *file],
            env=self._environment,
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
