"""How a user is told while work goes on: messages through `logging`, and progress as a bar, a line in a notebook, or plain lines.

Importing the package sets up no logging. Messages go to the logger `behavior`, so a program that uses the package decides what
becomes of them; by default Python prints warnings and errors to standard error. The command line, and `behavior.show_progress`, call
`start_printing`, which prints all of them and draws progress.
"""

from __future__ import annotations

import html
import importlib
import logging
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from behavior.errors import show_plainly

__all__ = [
    "Advance",
    "WorkProgress",
    "announce",
    "collect_warnings",
    "complain",
    "detail",
    "forward_messages",
    "forward_progress",
    "hide_passwords",
    "printing_messages",
    "report_progress",
    "set_verbosity",
    "show_address",
    "start_printing",
    "stop_printing",
    "warn",
]

# The shortest time between two plain lines, and between two updates in a notebook.
SECONDS_BETWEEN_LINES = 10.0
SECONDS_BETWEEN_UPDATES = 0.2
PREFIXES = {logging.WARNING: "warning: ", logging.ERROR: "error: "}
COLORS = {logging.WARNING: "yellow", logging.ERROR: "red"}

# An address in a text, and one that is all of a text, whose password may hold anything.
ADDRESS = re.compile(r"\b([A-Za-z][A-Za-z0-9.+-]+:/+)([^\s'\"]+)")
WHOLE_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9.+-]+:/*)(.*)", re.DOTALL)

_logger = logging.getLogger("behavior")


def show_address(address: str) -> str:
    """Return the address of a database or a server without its password and the values after its question mark, whatever its form.

    >>> show_address("postgres://bob:s3cret@host:5432/x?sslpassword=y")
    'postgres://bob:***@host:5432/x?***'
    """
    return WHOLE_ADDRESS.sub(_hide_secrets, address, count=1)


def hide_passwords(text: str) -> str:
    """Return `text` with every address in it as `show_address` shows it.

    >>> hide_passwords("search --storage redis://:s3cret@host --trials 5")
    'search --storage redis://:***@host --trials 5'
    """
    return ADDRESS.sub(_hide_secrets, text)


def _hide_secrets(address: re.Match[str]) -> str:
    scheme, rest = address.groups()
    # A password may hold any mark that was not written as it should be, so the last @ ends it.
    user, at, host = rest.rpartition("@")
    if at:
        name, colon, _ = user.partition(":")
        # Without slashes nobody knows which part is the name.
        user = "***" if not scheme.endswith("/") else f"{name}:***" if colon else name
    else:
        # Who forgot the host has a password in place of its port.
        host = re.sub(r"^([^:/?]*):(?!\d*(?:[/?]|$))[^/?]*", r"\1:***", rest)
    host, mark, _ = host.partition("?")
    return f"{scheme}{user}{at}{host}{f'{mark}***' if mark else ''}"


def announce(message: str) -> None:
    """Say what happens next."""
    _logger.info(message)


def detail(message: str) -> None:
    """Say what is shown with `--verbose` and kept in the log only."""
    _logger.debug(message)


def warn(message: str) -> None:
    """Say what the user should know about a result."""
    _logger.warning(message)


def complain(message: str) -> None:
    """Say what could not be done, while the rest goes on."""
    _logger.error(message)


class _Printer(logging.Handler):
    """Prints to what is standard error at that moment, in color where the terminal allows it."""

    def emit(self, record: logging.LogRecord) -> None:
        prefix = PREFIXES.get(record.levelno, "")
        text = "\n".join(prefix + show_plainly(line) for line in record.getMessage().split("\n"))
        color = COLORS.get(record.levelno)
        console = Console(stderr=True)
        # In a notebook rich prints to the cell's output, where messages of both kinds would lose their order.
        if color is None or console.color_system is None or console.is_jupyter:
            print(text, file=sys.stderr, flush=True)  # noqa: T201
        else:
            console.print(Text(text, style=color), soft_wrap=True)


@dataclass(frozen=True)
class _Printing:
    """What prints now, and how the logger was set before."""

    printer: _Printer
    level: int
    propagate: bool


_printing: _Printing | None = None


def start_printing(level: int = logging.INFO) -> None:
    """Print messages of this level of `logging` and above to standard error, and draw progress if INFO is among them.

    Handlers of the root logger do not get the messages meanwhile, so that none is printed twice. To call it again changes the level.
    """
    global _printing
    if _printing is None:
        _printing = _Printing(_Printer(), _logger.level, _logger.propagate)
        # The printer's own level decides what is printed; a log file may want more.
        _logger.setLevel(logging.DEBUG)
        _logger.propagate = False
        _logger.addHandler(_printing.printer)
    set_verbosity(level)


def stop_printing() -> None:
    """Leave the logger as it was before `start_printing`."""
    global _printing
    if _printing is not None:
        _logger.removeHandler(_printing.printer)
        _logger.setLevel(_printing.level)
        _logger.propagate = _printing.propagate
        _printing = None


@contextmanager
def printing_messages(level: int = logging.INFO) -> Iterator[None]:
    """Print messages while the block runs, as `start_printing` does."""
    start_printing(level)
    try:
        yield
    finally:
        stop_printing()


def set_verbosity(level: int) -> None:
    """Change which messages are printed, if any are: DEBUG for all, INFO for the usual ones, WARNING for problems only."""
    if _printing is not None:
        _printing.printer.setLevel(level)


def forward_messages(handler: logging.Handler) -> None:
    """Hand every message of this process, which belongs to another one, to `handler`."""
    _logger.setLevel(logging.DEBUG)
    _logger.propagate = False
    _logger.addHandler(handler)


@dataclass(frozen=True)
class WorkProgress:
    """How far a piece of work is.

    Attributes
    ----------
    description
        What is being done, and to what.
    done, total
        Units that are finished, and all of them; None if unknown.
    unit
        Name of the units, in the plural.
    note
        What is going on within the next unit; "" where nobody says.
    """

    description: str
    done: int
    total: int | None
    unit: str
    note: str = ""


_take_progress: Callable[[WorkProgress], None] | None = None


def forward_progress(take: Callable[[WorkProgress], None]) -> None:
    """Hand how far the work of this process is, which belongs to another one, to `take` instead of showing it."""
    global _take_progress
    _take_progress = take


@contextmanager
def collect_warnings() -> Iterator[list[str]]:
    """Yield a list to which each warning is added while the block runs; what becomes of the warning otherwise stays as it is."""
    collected: list[str] = []

    def collect(record: logging.LogRecord) -> bool:
        if record.levelno == logging.WARNING:
            collected.append(record.getMessage())
        return True

    _logger.addFilter(collect)
    try:
        yield collected
    finally:
        _logger.removeFilter(collect)


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(_format_rate(speed, task.fields["unit"]) if speed else "")


class Advance(Protocol):
    """Tells the progress display that `count` more units are finished, and optionally what is going on within the next."""

    def __call__(self, count: int, note: str = "") -> None:
        """Move the display on."""


@contextmanager
def report_progress(description: str, *, total: int | None, unit: str, done: int = 0) -> Iterator[Advance]:
    """Show how far a piece of work is, with its rate and the time left; yields a function to call with each number of finished units.

    A bar is drawn in a terminal, a line that is rewritten in a notebook, if messages are printed; else plain lines are announced.

    Parameters
    ----------
    description
        What is being done, and to what.
    total
        Number of units; None if unknown.
    unit
        Name of the units, in the plural.
    done
        Units that were finished before.
    """
    tally = _Tally(description, total=total, unit=unit, done=done)
    with _choose_display(tally) as advance:
        yield advance
    detail(tally.describe_end())


def _choose_display(tally: _Tally) -> AbstractContextManager[Advance]:
    """Return the display that suits where standard error goes."""
    if _take_progress is not None:
        return _forward_steps(tally, _take_progress)
    console = Console(stderr=True)
    if _printing is not None and _printing.printer.level <= logging.INFO:
        if console.is_jupyter:
            return _draw_in_notebook(tally)
        if console.is_terminal:
            return _draw_bar(tally, console)
    return _announce_lines(tally)


@contextmanager
def _draw_bar(tally: _Tally, console: Console) -> Iterator[Advance]:
    """Draw a bar in a terminal."""
    count = "{task.completed:,}" if tally.total is None else "{task.completed:,} of {task.total:,}"
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TextColumn(count), _Rate(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(show_plainly(tally.description), total=tally.total, completed=tally.done, unit=tally.unit)

        def advance(count: int, note: str = "") -> None:
            tally.add(count)
            description = show_plainly(f"{tally.description} ({note})" if note else tally.description)
            progress.update(task, advance=count, description=description)

        yield advance


@contextmanager
def _draw_in_notebook(tally: _Tally) -> Iterator[Advance]:
    """Draw a line with a bar in the output of a notebook's cell.

    By IPython alone, which every notebook has; rich would need ipywidgets, which many lack.
    """
    # Not imported by name: the package does not need it, and a notebook brings it along.
    handle = importlib.import_module("IPython.display").display(_format_cell(tally), raw=True, display_id=True)
    last = time.monotonic()

    def advance(count: int, note: str = "") -> None:
        nonlocal last
        tally.add(count, note)
        if time.monotonic() - last >= SECONDS_BETWEEN_UPDATES:
            last = time.monotonic()
            handle.update(_format_cell(tally), raw=True)

    try:
        yield advance
    finally:
        handle.update(_format_cell(tally), raw=True)


def _format_cell(tally: _Tally) -> dict[str, str]:
    """Return what a notebook shows, by MIME type."""
    line = tally.describe()
    value = "" if tally.total is None else f' value="{tally.done}" max="{tally.total}"'
    return {"text/plain": line, "text/html": f"<progress{value}></progress> {html.escape(line)}"}


@contextmanager
def _forward_steps(tally: _Tally, take: Callable[[WorkProgress], None]) -> Iterator[Advance]:
    """Hand on how far the work is: at its beginning, a few times a second, and at its end."""
    last = time.monotonic()
    take(tally.summarize())

    def advance(count: int, note: str = "") -> None:
        nonlocal last
        tally.add(count, note)
        if time.monotonic() - last >= SECONDS_BETWEEN_UPDATES:
            last = time.monotonic()
            take(tally.summarize())

    yield advance
    take(tally.summarize())


@contextmanager
def _announce_lines(tally: _Tally) -> Iterator[Advance]:
    """Announce plain lines: a first one after a while, then one at most every ten seconds, and a last one if there was a first."""
    last = time.monotonic()
    has_begun = is_current = False

    def announce_line() -> None:
        nonlocal last, has_begun, is_current
        last = time.monotonic()
        has_begun = is_current = True
        announce(tally.describe())

    def advance(count: int, note: str = "") -> None:
        nonlocal is_current
        tally.add(count, note)
        is_current = False
        if time.monotonic() - last >= SECONDS_BETWEEN_LINES:
            announce_line()

    yield advance
    if has_begun and not is_current:
        announce_line()


def _format_rate(rate: float, unit: str) -> str:
    """Return units a second, or the seconds for one if that is less than half."""
    return f"{rate:,.1f} {unit}/s" if rate >= 0.5 else f"{1 / rate:,.0f} s per {unit.removesuffix('s')}"


class _Tally:
    """How many units are finished, since when, and what is going on."""

    def __init__(self, description: str, *, total: int | None, unit: str, done: int) -> None:
        self.description, self.total, self.unit, self.done = description, total, unit, done
        self._note = ""
        self._start = done
        self._began = time.monotonic()

    def add(self, count: int, note: str = "") -> None:
        self.done += count
        self._note = note

    def summarize(self) -> WorkProgress:
        """Return how far the work is."""
        return WorkProgress(self.description, self.done, self.total, self.unit, self._note)

    def describe(self) -> str:
        """Return how far the work is, its rate and the time left."""
        rate = self._find_rate()
        line = f"{self.description}: {self.done:,}"
        if self.total is not None:
            line += f" of {self.total:,}"
        line += f" {self.unit}"
        if rate > 0:
            line += f", {_format_rate(rate, self.unit)}"
        if self.total is not None and rate > 0 and self.done < self.total:
            line += f", {(self.total - self.done) / rate:,.0f} s left"
        return f"{line} ({self._note})" if self._note else line

    def describe_end(self) -> str:
        """Return how much was done in which time."""
        rate = self._find_rate()
        line = f"{self.description}: {self.done - self._start:,} {self.unit} in {time.monotonic() - self._began:.1f} s"
        return f"{line}, {_format_rate(rate, self.unit)}" if rate > 0 else line

    def _find_rate(self) -> float:
        return (self.done - self._start) / max(time.monotonic() - self._began, 1e-9)
