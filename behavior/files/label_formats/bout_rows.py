"""The bouts of a label file as columns, and bouts made of starts and stops."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from behavior.errors import LabelError
from behavior.files.label_formats.naming import IN_STUDY_FILE
from behavior.files.label_formats.request import Policy

__all__ = ["OBSERVED", "BoutRows", "StatePairer", "summarise"]

# Rows with this name give the observed spans of a recording.
OBSERVED = "observed"


class BoutRows:
    """Rows of name, start and stop in a file's order, as columns that take little memory.

    Its arrays are not copies: no row can be added while one of them is in use.

    Parameters
    ----------
    row_word
        What messages call a row: ``line``, ``row`` or ``event``.

    Examples
    --------
    >>> rows = BoutRows("line")
    >>> rows.add(2, "grooming", 5.0, 9.0)
    >>> rows.names, rows.start.tolist()
    (('grooming',), [5.0])
    """

    def __init__(self, row_word: str) -> None:
        self.row_word = row_word
        self._codes: dict[str, int] = {}
        self._subject_codes: dict[str, int] = {}
        self._code, self._subject, self._is_point = array("i"), array("i"), array("b")
        self._line, self._start, self._stop = array("I"), array("d"), array("d")

    def __len__(self) -> int:
        return len(self._line)

    def add(self, line: int, name: str, start: float, stop: float, *, subject: str = "", is_point: bool = False) -> None:
        """Add a row: half-open, frames or seconds; a point has its time as start and stop."""
        self._code.append(self._codes.setdefault(name, len(self._codes)))
        self._subject.append(self._subject_codes.setdefault(subject, len(self._subject_codes)))
        self._is_point.append(is_point)
        self._line.append(line)
        self._start.append(start)
        self._stop.append(stop)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the rows in order of appearance, each once."""
        return tuple(self._codes)

    @property
    def subjects(self) -> tuple[str, ...]:
        """Subjects of the rows in order of appearance, each once."""
        return tuple(self._subject_codes)

    @property
    def code(self) -> npt.NDArray[np.int32]:
        """Index of each row's name in `names`."""
        return np.asarray(self._code)

    @property
    def subject(self) -> npt.NDArray[np.int32]:
        """Index of each row's subject in `subjects`."""
        return np.asarray(self._subject)

    @property
    def is_point(self) -> npt.NDArray[np.bool_]:
        """Whether each row has no duration."""
        return np.asarray(self._is_point).view(np.bool_)

    @property
    def line(self) -> npt.NDArray[np.uint32]:
        """Number of each row in the file."""
        return np.asarray(self._line)

    @property
    def start(self) -> npt.NDArray[np.float64]:
        """Start of each row, in the file's frames or seconds."""
        return np.asarray(self._start)

    @property
    def stop(self) -> npt.NDArray[np.float64]:
        """Stop of each row, in the file's frames or seconds."""
        return np.asarray(self._stop)


class StatePairer:
    """Makes bouts of starts and stops.

    Parameters
    ----------
    path
        The file, for messages.
    rows
        The bouts are added to these.
    policy
        What to do about starts without a stop, and stops without a start.
    """

    def __init__(self, path: Path, rows: BoutRows, policy: Policy) -> None:
        self._path = path
        self._rows = rows
        self._policy = policy
        self._open: dict[tuple[str, str], tuple[int, float]] = {}
        self._fixed: list[str] = []

    def toggle(self, line: int, name: str, subject: str, at: float) -> None:
        """Take an event that starts the behavior, or stops it if it is going on."""
        (self.stop if (name, subject) in self._open else self.start)(line, name, subject, at)

    def start(self, line: int, name: str, subject: str, at: float) -> None:
        """Take a start; LabelError if the behavior is going on already and the policy is ``error``."""
        if (name, subject) in self._open:
            first = self._open[name, subject][0]
            self._fix(
                f"{self._rows.row_word} {line}: {name!r} starts again without a stop since {self._rows.row_word} {first}",
                "the first bout is taken to end there",
            )
            self._close(name, subject, at)
        self._open[name, subject] = (line, at)

    def stop(self, line: int, name: str, subject: str, at: float) -> None:
        """Take a stop; LabelError if the behavior is not going on and the policy is ``error``."""
        if (name, subject) not in self._open:
            self._fix(f"{self._rows.row_word} {line}: {name!r} stops without a start", "the stop is left out")
            return
        self._close(name, subject, at)

    def finish(self, end: float | None) -> list[str]:
        """End the bouts that are still going on at `end`, the end of the observation, and return notes on what was fixed."""
        for (name, subject), (line, at) in list(self._open.items()):
            self._fix(f"{self._rows.row_word} {line}: {name!r} starts without a stop", "it is taken to last until the observation ends")
            self._close(name, subject, max(at, end) if end is not None else np.inf)
        return summarise(self._path, self._fixed)

    def _close(self, name: str, subject: str, at: float) -> None:
        line, start = self._open.pop((name, subject))
        self._rows.add(line, name, start, at, subject=subject)

    def _fix(self, problem: str, fix: str) -> None:
        if self._policy == "error":
            raise LabelError(f"{self._path}: {problem}; complete it, or set labels: {{unterminated: warn}} {IN_STUDY_FILE}: {fix}.")
        self._fixed.append(f"{problem}; {fix}.")


def summarise(path: Path, sentences: Iterable[str], most: int = 3) -> list[str]:
    """Return notes on `path`: the first few of `sentences`, and how many more there are."""
    sentences = list(sentences)
    notes = [f"{path}: {sentence}" for sentence in sentences[:most]]
    if len(sentences) > most:
        notes.append(f"{path}: the same at {len(sentences) - most} more places.")
    return notes
