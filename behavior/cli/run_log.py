"""The log of a run, next to its output: the command line, the machine, all messages, and how the run ended."""

from __future__ import annotations

import logging
import os
import platform
import shlex
import sys
import time
import warnings
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TextIO

from behavior.errors import show_plainly
from behavior.progress import hide_passwords, show_address

__all__ = ["FOLDER", "RunLog", "keep_log"]

FOLDER = "logs"
STORAGE = "--storage"
LEVELS = {logging.DEBUG: "detail", logging.INFO: "", logging.WARNING: "warning", logging.ERROR: "error", logging.CRITICAL: ""}

_current: RunLog | None = None


def keep_log(folder: Path) -> None:
    """Keep this run's log in the folder `logs` inside `folder`, as soon as `folder` exists and work has started."""
    if _current is not None:
        _current.keep_in(folder)


class RunLog(logging.Handler):
    """Records every message; in memory at first, because a command that refuses its arguments leaves no files.

    Parameters
    ----------
    arguments
        The command line without the program's name.
    """

    def __init__(self, arguments: Sequence[str]) -> None:
        super().__init__(logging.DEBUG)
        self._arguments = list(arguments)
        self._began = time.time()
        self._folder: Path | None = None
        self._file: TextIO | None = None
        self._waiting: list[str] = []
        self._has_ended = False

    def __enter__(self) -> RunLog:
        global _current
        _current = self
        logger = logging.getLogger("behavior")
        self._level = logger.level
        logger.setLevel(logging.DEBUG)
        logger.addHandler(self)
        self._shown, warnings.showwarning = warnings.showwarning, self._show_warning
        return self

    def __exit__(self, *_: object) -> None:
        global _current
        _current = None
        logger = logging.getLogger("behavior")
        logger.removeHandler(self)
        logger.setLevel(self._level)
        warnings.showwarning = self._shown
        if self._file is not None:
            self._file.close()

    @property
    def path(self) -> Path | None:
        """Path of the log, once it exists."""
        return None if self._file is None else Path(self._file.name)

    def keep_in(self, folder: Path) -> None:
        """Set the folder of the output."""
        self._folder = folder

    def drop(self) -> None:
        """Keep no log if none was started: nothing was done."""
        self._folder = None

    def start(self) -> None:
        """Create the file, once its folder exists, and write the messages so far."""
        if self._file is not None or self._folder is None or not self._folder.is_dir():
            return
        command = next((word for word in self._arguments if not word.startswith("-")), "behavior")
        stem = f"{command}_{datetime.fromtimestamp(self._began):%Y-%m-%d_%H-%M-%S}_{os.getpid()}"
        try:
            folder = self._folder / FOLDER
            folder.mkdir(exist_ok=True)
            taken = 1
            while (path := folder / f"{stem}{f'_{taken}' if taken > 1 else ''}.log").exists():
                taken += 1
            self._file = path.open("x", encoding="utf-8", errors="backslashreplace")
        except OSError as error:
            self._give_up(error)
            return
        messages, self._waiting = self._waiting, []
        for line in self._describe_run():
            self.note(line, at=self._began)
        self._write("".join(messages))

    def note(self, message: str, *, level: str = "", at: float | None = None) -> None:
        """Record a message that is not printed."""
        when = datetime.fromtimestamp(time.time() if at is None else at).astimezone().isoformat(timespec="milliseconds")
        lines = [show_plainly(line) for line in hide_passwords(message).strip("\n").split("\n")]
        self._write("".join(f"{f'{when} {level:<8}' if not number else '    '}{line}\n" for number, line in enumerate(lines)))

    def end(self, status: int) -> None:
        """Record how the run ended; creates the log if there was no message before."""
        if not self._has_ended:
            self._has_ended = True
            self.start()
            self.note(f"ended with exit status {status} after {time.time() - self._began:.1f} s")

    def emit(self, record: logging.LogRecord) -> None:
        """Record a message."""
        self.start()
        self.note(record.getMessage(), level=LEVELS.get(record.levelno, ""), at=record.created)

    def _show_warning(
        self,
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        self.note(f"{filename}:{lineno}: {category.__name__}: {message}", level="warning")
        self._shown(message, category, filename, lineno, file, line)

    def _write(self, text: str) -> None:
        if self._file is None:
            self._waiting.append(text)
            return
        try:
            self._file.write(text)
            self._file.flush()
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        path = self._file.name if self._file is not None else self._folder
        self._folder = self._file = None
        logging.getLogger("behavior.cli").warning(
            f"{path}: the log of this run cannot be kept there ({error.strerror or error}); the work goes on."
        )

    def _describe_run(self) -> list[str]:
        from behavior.versions import collect_versions

        return [
            f"command: {shlex.join(['behavior', *_hide_storage(self._arguments)])}",
            f"folder: {Path.cwd()}",
            "versions: " + ", ".join(f"{name} {version}" for name, version in collect_versions().items()),
            f"machine: {platform.node()}, {platform.platform()}, {os.cpu_count()} processors, process {os.getpid()}, {sys.executable}",
        ]


def _hide_storage(arguments: Sequence[str]) -> list[str]:
    """Return `arguments` without the passwords of what follows --storage."""
    shown = list(arguments)
    for number, argument in enumerate(shown):
        option, mark, address = argument.partition("=")
        if option == STORAGE and mark:
            shown[number] = f"{STORAGE}={show_address(address)}"
        elif number and shown[number - 1] == STORAGE:
            shown[number] = show_address(argument)
    return shown
