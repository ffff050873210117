"""What a user is told while work goes on: messages by way of `logging`, bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

__all__ = ["Advance", "announce", "complain", "detail", "forward_messages", "set_verbosity", "show_progress", "warn"]

# Plain lines come this often at most.
SECONDS_BETWEEN_LINES = 10.0
PREFIXES = {logging.WARNING: "warning: ", logging.ERROR: "error: "}
COLORS = {logging.WARNING: "yellow", logging.ERROR: "red"}


def announce(message: str) -> None:
    """Say what happens next."""
    _logger.info(message)


def detail(message: str) -> None:
    """Say what only those want to know who ask for it with `--verbose`, or look into the log."""
    _logger.debug(message)


def warn(message: str) -> None:
    """Say what the user should know of a result."""
    _logger.warning(message)


def complain(message: str) -> None:
    """Say what could not be done, while the rest goes on."""
    _logger.error(message)


class _Terminal(logging.Handler):
    """Prints to what is standard error at that moment, in colour where that is a terminal that has colours and may use them."""

    def emit(self, record: logging.LogRecord) -> None:
        prefix = PREFIXES.get(record.levelno, "")
        text = "\n".join(prefix + line for line in record.getMessage().splitlines()) if prefix else record.getMessage()
        color = COLORS.get(record.levelno)
        console = Console(stderr=True)
        if color is None or console.color_system is None:
            print(text, file=sys.stderr, flush=True)  # noqa: T201
        else:
            console.print(Text(text, style=color), soft_wrap=True)


# Also for those who call the package without its command line.
_terminal = _Terminal(logging.INFO)
_logger = logging.getLogger("behavior")
_logger.setLevel(logging.DEBUG)
_logger.propagate = False
_logger.addHandler(_terminal)


def set_verbosity(level: int) -> None:
    """Print messages of this level of `logging` and above: DEBUG for all of them, INFO as ever, WARNING for trouble alone."""
    _terminal.setLevel(level)


def forward_messages(handler: logging.Handler) -> None:
    """Hand every message of this process to `handler` instead of printing it."""
    _logger.removeHandler(_terminal)
    _logger.addHandler(handler)


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
    tally = _Tally(description, total=total, unit=unit, done=done)
    console = Console(stderr=True)
    if console.is_terminal and _terminal in _logger.handlers and _terminal.level <= logging.INFO:
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:,} of {task.total:,}"), _Rate())
        if total is None:
            columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:,}"), _Rate())
        with Progress(*columns, TimeRemainingColumn(), console=console) as progress:
            task = progress.add_task(description, total=total, completed=done, unit=unit)

            def advance(count: int, note: str = "") -> None:
                tally.add(count)
                progress.update(task, advance=count, description=f"{description} ({note})" if note else description)

            yield advance
    else:
        lines = _Lines(tally)
        yield lines.advance
        lines.close()
    detail(tally.describe_end())


def _format_rate(rate: float, unit: str) -> str:
    """Return units a second, or where that is next to nothing the seconds for one."""
    return f"{rate:,.1f} {unit}/s" if rate >= 0.5 else f"{1 / rate:,.0f} s per {unit.removesuffix('s')}"


class _Tally:
    """How many units are finished, and since when."""

    def __init__(self, description: str, *, total: int | None, unit: str, done: int) -> None:
        self._description, self._total, self._unit = description, total, unit
        self._done, self._start = done, done
        self._began = time.monotonic()

    def add(self, count: int) -> None:
        self._done += count

    def describe(self) -> str:
        """Return how far the work is, its rate and the time left."""
        rate = self._find_rate()
        line = f"{self._description}: {self._done:,}"
        if self._total is not None:
            line += f" of {self._total:,}"
        line += f" {self._unit}"
        if rate > 0:
            line += f", {_format_rate(rate, self._unit)}"
        if self._total is not None and rate > 0 and self._done < self._total:
            line += f", {(self._total - self._done) / rate:,.0f} s left"
        return line

    def describe_end(self) -> str:
        """Return how much was done in which time."""
        rate = self._find_rate()
        line = f"{self._description}: {self._done - self._start:,} {self._unit} in {time.monotonic() - self._began:.1f} s"
        return f"{line}, {_format_rate(rate, self._unit)}" if rate > 0 else line

    def _find_rate(self) -> float:
        return (self._done - self._start) / max(time.monotonic() - self._began, 1e-9)


class _Lines:
    """Progress as plain lines: a first one after a while, then one at most every ten seconds, and a last one if there was a first."""

    def __init__(self, tally: _Tally) -> None:
        self._tally = tally
        self._last = time.monotonic()
        self._has_begun = self._is_current = False
        self._note = ""

    def advance(self, count: int, note: str = "") -> None:
        self._tally.add(count)
        self._note = note
        self._is_current = False
        if time.monotonic() - self._last >= SECONDS_BETWEEN_LINES:
            self._print()

    def close(self) -> None:
        if self._has_begun and not self._is_current:
            self._print()

    def _print(self) -> None:
        self._last = time.monotonic()
        self._has_begun = self._is_current = True
        line = self._tally.describe()
        announce(f"{line} ({self._note})" if self._note else line)
