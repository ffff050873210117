"""What a user sees while work goes on: bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

__all__ = ["Advance", "announce", "show_progress", "warn"]

# Plain lines come this often at most.
SECONDS_BETWEEN_LINES = 10.0


def announce(message: str) -> None:
    """Print what happens next to standard error."""
    print(message, file=sys.stderr, flush=True)  # noqa: T201


def warn(message: str) -> None:
    """Print to standard error what the user should know of a result."""
    announce(f"warning: {message}")


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(_format_rate(speed, task.fields["unit"]) if speed else "")


class Advance(Protocol):
    """Tells the progress display that `count` more units are finished, and perhaps what is going on within the next."""

    def __call__(self, count: int, note: str = "") -> None:
        """Move the display on."""


@contextmanager
def show_progress(description: str, *, total: int | None, unit: str, done: int = 0) -> Iterator[Advance]:
    """Show how far a piece of work is, with its rate and the time left; yields what is called with each number of finished units.

    Parameters
    ----------
    description
        What is being done, and to what.
    total
        Number of units in all; None where nobody knows.
    unit
        Name of the units, in the plural.
    done
        Units that were finished before.
    """
    console = Console(stderr=True)
    if console.is_terminal:
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:,} of {task.total:,}"), _Rate())
        if total is None:
            columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:,}"), _Rate())
        with Progress(*columns, TimeRemainingColumn(), console=console) as progress:
            task = progress.add_task(description, total=total, completed=done, unit=unit)

            def advance(count: int, note: str = "") -> None:
                progress.update(task, advance=count, description=f"{description} ({note})" if note else description)

            yield advance
        return
    lines = _Lines(description, total=total, unit=unit, done=done)
    yield lines.advance
    lines.close()


def _format_rate(rate: float, unit: str) -> str:
    """Return units a second, or where that is next to nothing the seconds for one."""
    return f"{rate:,.1f} {unit}/s" if rate >= 0.5 else f"{1 / rate:,.0f} s per {unit.removesuffix('s')}"


class _Lines:
    """Progress as plain lines: a first one after a while, then one at most every ten seconds, and a last one if there was a first."""

    def __init__(self, description: str, *, total: int | None, unit: str, done: int) -> None:
        self._description, self._total, self._unit = description, total, unit
        self._done, self._start = done, done
        self._began = self._last = time.monotonic()
        self._printed = False
        self._note = ""

    def advance(self, count: int, note: str = "") -> None:
        self._done += count
        self._note = note
        if time.monotonic() - self._last >= SECONDS_BETWEEN_LINES:
            self._print()

    def close(self) -> None:
        if self._printed:
            self._print()

    def _print(self) -> None:
        self._last, self._printed = time.monotonic(), True
        rate = (self._done - self._start) / max(self._last - self._began, 1e-9)
        line = f"{self._description}: {self._done:,}"
        if self._total is not None:
            line += f" of {self._total:,}"
        line += f" {self._unit}"
        if rate > 0:
            line += f", {_format_rate(rate, self._unit)}"
        if self._total is not None and rate > 0 and self._done < self._total:
            line += f", {(self._total - self._done) / rate:,.0f} s left"
        announce(f"{line} ({self._note})" if self._note else line)
