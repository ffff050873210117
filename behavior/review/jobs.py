"""Work in a process of its own, one piece at a time, that every page of the server can follow and stop."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

from behavior.compute.unit_process import CallStoppedError, call_in_process
from behavior.errors import BehaviorError, UsageError, show_plainly
from behavior.progress import WorkProgress, hide_passwords

__all__ = ["Job", "JobState", "Jobs"]

JobState = Literal["running", "done", "failed", "stopped"]

# Of the log, that pages show: lines, and characters in one.
_MOST_LINES, _LONGEST_LINE = 400, 400
_SECONDS_TO_END = 3.0
_SECONDS_BETWEEN_LOOKS = 1.0
_KINDS = {logging.WARNING: "warning", logging.ERROR: "error"}

_logger = logging.getLogger("behavior.review")


class Job:
    """One piece of work; threads may share it.

    Parameters
    ----------
    kind
        What is done, one word.
    function, study
        A module-level function, or a partial of one, called with the path in a process of its own. Its announcements are the log; it
        returns a sentence on the result.
    look
        Called repeatedly while the job runs, and at its end.

    Attributes
    ----------
    id
        Unique among jobs.
    state
        How it is.
    outcome
        A sentence on the result or the failure; "" while the job runs.
    """

    def __init__(self, kind: str, function: Callable[[Path], str], study: Path, look: Callable[[], None]) -> None:
        self.id = secrets.token_hex(6)
        self.kind = kind
        self._function, self._study, self._look = function, study, look
        self._lock = threading.Lock()
        self._is_to_stop = threading.Event()
        self._lines: deque[tuple[str, str]] = deque(maxlen=_MOST_LINES)
        self._n_lines = 0
        self._progress: WorkProgress | None = None
        self._began, self._ended, self._looked = time.monotonic(), 0.0, 0.0
        self._thread = threading.Thread(target=self._run, name=f"job {kind}", daemon=True)
        self.state: JobState = "running"
        self.outcome = ""
        self._thread.start()

    def describe(self, since: int) -> dict[str, Any]:
        """Return the job as pages show it, with the lines of its log after the first `since`."""
        with self._lock:
            first = self._n_lines - len(self._lines)
            lines = list(self._lines)[max(since - first, 0) :]
            return {
                "id": self.id,
                "kind": self.kind,
                "state": self.state,
                "outcome": self.outcome,
                "is_stopping": self.state == "running" and self._is_to_stop.is_set(),
                "seconds": (self._ended or time.monotonic()) - self._began,
                "progress": None if self._progress is None else asdict(self._progress),
                "n_lines": self._n_lines,
                "lines": [{"kind": kind, "text": text} for kind, text in lines],
            }

    def stop(self) -> None:
        """Ask the work to end; what is finished of it stays."""
        self._is_to_stop.set()

    def join(self, seconds: float | None = None) -> bool:
        """Wait for the end, so long at most, and tell whether it has come."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        state: JobState = "failed"
        try:
            outcome = call_in_process(self._function, self._study, take=self._take, should_stop=self._is_to_stop.is_set)
            state = "done"
        except CallStoppedError:
            state, outcome = "stopped", "Stopped. Finished work is kept, and the next run continues from there."
        except BehaviorError as error:
            outcome = str(error)
        except Exception as error:  # noqa: BLE001
            # Any failure is reported to the pages, and the server keeps running.
            outcome = f"{self.kind} failed ({type(error).__name__}: {error}); report it."
            _logger.error("%s", outcome)
        finally:
            self._try_to_look()
        with self._lock:
            self.outcome = hide_passwords(outcome)[: _LONGEST_LINE * 5]
            self._progress, self._ended = None, time.monotonic()
            self.state = state

    def _take(self, told: logging.LogRecord | WorkProgress) -> None:
        with self._lock:
            if isinstance(told, WorkProgress):
                self._progress = told
            elif told.levelno > logging.DEBUG:
                for line in hide_passwords(told.getMessage()).strip("\n").split("\n"):
                    self._lines.append((_KINDS.get(told.levelno, ""), show_plainly(line)[:_LONGEST_LINE]))
                    self._n_lines += 1
        if time.monotonic() - self._looked > _SECONDS_BETWEEN_LOOKS:
            self._looked = time.monotonic()
            self._try_to_look()

    def _try_to_look(self) -> None:
        try:
            self._look()
        except BehaviorError as error:
            _logger.error("%s", error)


class Jobs:
    """The work of one server: at most one job at a time; the last one is remembered."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._job: Job | None = None
        self._is_ending = False

    @property
    def is_running(self) -> bool:
        """Whether a job is at work."""
        return self._job is not None and self._job.state == "running"

    def start(self, kind: str, function: Callable[[Path], str], study: Path, *, look: Callable[[], None]) -> None:
        """Begin a job, as `Job` describes it; raises UsageError while another one is at work."""
        with self._lock:
            if self._is_ending:
                raise UsageError("the server is ending; start it again.")
            if self.is_running:
                raise UsageError("a job is already running; wait for it or stop it.")
            self._job = Job(kind, function, study, look)

    def stop(self) -> None:
        """Ask the job, if there is one at work, to end."""
        if self._job is not None:
            self._job.stop()

    def describe(self, since: int = 0) -> dict[str, Any] | None:
        """Return the last job as pages show it (`Job.describe`); None where there was none."""
        return None if self._job is None else self._job.describe(since)

    def close(self) -> None:
        """End the running job, and start no other."""
        with self._lock:
            self._is_ending = True
        if self._job is not None:
            self._job.stop()
            if not self._job.join(_SECONDS_TO_END):
                _logger.error("the job %s did not end; its process ends with this one.", self._job.kind)
