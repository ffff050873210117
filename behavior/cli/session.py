"""The options of this run that decide what is printed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TextIO

__all__ = ["Session", "session"]


@dataclass
class Session:
    """The options that can be given anywhere on the command line, and `--json`.

    Attributes
    ----------
    has_answered
        Whether the JSON was printed; it is printed once.
    """

    quiet: bool = False
    verbose: bool = False
    debug: bool = False
    as_json: bool = False
    has_answered: bool = False
    _answers: TextIO | None = None

    @contextmanager
    def run(self) -> Iterator[None]:
        """Reset the options of an earlier run in this process; restore standard output at the end."""
        self.quiet = self.verbose = self.debug = self.as_json = self.has_answered = False
        self._answers = None
        output = sys.stdout
        try:
            yield
        finally:
            sys.stdout = output

    def keep_output_for_answers(self) -> None:
        """Send everything else to standard error, so that only JSON is on standard output."""
        if self._answers is None:
            self._answers, sys.stdout = sys.stdout, sys.stderr

    def answer(self, text: str) -> None:
        """Print a result to standard output."""
        # At once: some commands answer long before they end.
        print(text, file=self._answers or sys.stdout, flush=True)


session = Session()
