"""How this run of the program was asked to speak."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TextIO

__all__ = ["Session", "session"]


@dataclass
class Session:
    """What the options that stand anywhere say, and `--json`.

    Attributes
    ----------
    has_answered
        Whether the JSON is printed already that may stand on standard output once.
    """

    quiet: bool = False
    verbose: bool = False
    debug: bool = False
    as_json: bool = False
    has_answered: bool = False
    _answers: TextIO | None = None

    @contextmanager
    def run(self) -> Iterator[None]:
        """Forget what an earlier run in this process was asked, and leave standard output as it was."""
        self.quiet = self.verbose = self.debug = self.as_json = self.has_answered = False
        self._answers = None
        output = sys.stdout
        try:
            yield
        finally:
            sys.stdout = output

    def keep_output_for_answers(self) -> None:
        """Have what libraries print go to standard error, so that JSON is alone on standard output."""
        if self._answers is None:
            self._answers, sys.stdout = sys.stdout, sys.stderr

    def answer(self, text: str) -> None:
        """Print a result to standard output."""
        print(text, file=self._answers or sys.stdout)


session = Session()
