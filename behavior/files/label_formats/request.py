"""What is wanted of a label file, and what importers hand back."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from behavior.errors import LabelError
from behavior.files.label_formats.naming import IN_STUDY_FILE, Naming
from behavior.files.label_formats.source import LabelSource
from behavior.recording import Frames

__all__ = ["EVERYBODY", "OBSERVED", "BoutLabels", "BoutRows", "FrameLabels", "LabelFormat", "LabelPolicies", "LabelRequest", "StatePairer"]

Policy = Literal["error", "warn"]

# Rows of this name give the spans that people watched.
OBSERVED = "observed"

# Stands for all subjects of a file together.
EVERYBODY = "*"


@dataclass(frozen=True)
class LabelPolicies:
    """What is done about bouts that make no sense: an error, or a note and the mending that is named here.

    Attributes
    ----------
    overlapping
        Two bouts of one behavior and subject at one time: read as one.
    inverted
        A bout that stops before it starts is turned round; one that stops where it starts is left out.
    unterminated
        A start without a stop lasts until the next start, or the end of the observation; a stop without a start is left out.
    out_of_range
        What lies more than 2 frames outside the video is cut.
    point_events
        An event without a duration marks one frame, or none, or is an error.
    """

    overlapping: Policy = "warn"
    inverted: Policy = "error"
    unterminated: Policy = "error"
    out_of_range: Policy = "error"
    point_events: Literal["frame", "leave_out", "error"] = "frame"


@dataclass(frozen=True)
class LabelRequest:
    """What to read from a label file (`files.annotations.read_labels`), and the recording that the labels are for.

    Attributes
    ----------
    behaviors
        The columns to return, in this order.
    frames
        The recording's frames. Bouts in seconds need their times; if the video broke off, labels after its end are cut.
    mapping
        Behaviors by the names that the file has for them. A name with modifiers is written ``grooming|face``; if it is not mapped
        itself, it stands for what its name without modifiers stands for. A name that is not mapped stands for the behavior of that name.
    ignored
        Names in the file that are left out without a note.
    recording_names
        Names that a file of several observations, or a table with a column `recording`, may have for the recording: its video's file
        name, its id.
    observation
        Which of several observations to read; None for the one that is named after the recording or names its video.
    subject
        Whose bouts to read, ``*`` (`EVERYBODY`) for those of all subjects; None if the file has only one.
    rater
        Whose labels to read from a file that holds those of several raters.
    policies
        What to do about invalid bouts.

    Examples
    --------
    >>> request = LabelRequest(("rearing", "grooming"), Frames(250), mapping={"Groom": "grooming"})
    >>> request.naming.find("Groom")
    1
    """

    behaviors: tuple[str, ...]
    frames: Frames
    mapping: Mapping[str, str] = field(default_factory=dict)
    ignored: frozenset[str] = frozenset()
    recording_names: tuple[str, ...] = ()
    observation: str | None = None
    subject: str | None = None
    rater: str | None = None
    policies: LabelPolicies = LabelPolicies()

    @cached_property
    def naming(self) -> Naming:
        """Which behavior each name in the file stands for."""
        return Naming(self.behaviors, self.mapping, self.ignored)


@dataclass(frozen=True)
class FrameLabels:
    """What a table with a row per frame says.

    Attributes
    ----------
    names
        Names in the file of N columns that were read.
    values
        Int8 of shape (T, N): 1, 0 or -1.
    left_out
        Names in the file of columns that were not read.
    notes
        Sentences about what is odd.
    is_open_ended
        Whether rows may be missing at the end, because nothing was marked there.
    """

    names: tuple[str, ...]
    values: npt.NDArray[np.int8]
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    is_open_ended: bool = False


class BoutRows:
    """Rows of name, start and stop as they stand in a file, in little memory.

    Its arrays are no copies: no row can be added while one of them is in use.

    Parameters
    ----------
    place
        What a row's number is in messages: ``line``, ``row`` or ``event``.
    """

    def __init__(self, place: str) -> None:
        self.place = place
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
        """For each row the place of its name in `names`."""
        return np.asarray(self._code)

    @property
    def subject(self) -> npt.NDArray[np.int32]:
        """For each row the place of its subject in `subjects`."""
        return np.asarray(self._subject)

    @property
    def is_point(self) -> npt.NDArray[np.bool_]:
        """For each row whether it has no duration."""
        return np.asarray(self._is_point).view(np.bool_)

    @property
    def line(self) -> npt.NDArray[np.uint32]:
        """For each row its number in the file."""
        return np.asarray(self._line)

    @property
    def start(self) -> npt.NDArray[np.float64]:
        """For each row its start."""
        return np.asarray(self._start)

    @property
    def stop(self) -> npt.NDArray[np.float64]:
        """For each row its stop."""
        return np.asarray(self._stop)


@dataclass(frozen=True)
class BoutLabels:
    """What a list of bouts says.

    Attributes
    ----------
    rows
        The bouts; rows named ``observed`` are spans that were watched, if the format knows such rows.
    in_seconds
        Whether starts and stops are seconds from the first frame, not frames.
    observed
        Spans that were watched, half-open, in the same unit; None for all of the recording.
    notes
        Sentences about what is odd.
    tolerance_s
        Times that differ by less are the same: half the last digit that the format writes.
    is_foreign
        Whether another tool chose the names, so that not to know any of them is an error.
    has_animals
        Whether subjects are animals, so that their bouts may not be mixed without being asked for.
    shift
        What to take from starts and stops to get those in the video.
    window
        Start and stop of the video, where rows beyond them are about other videos; None where there are none.
    """

    rows: BoutRows
    in_seconds: bool
    observed: tuple[tuple[float, float], ...] | None = None
    notes: tuple[str, ...] = ()
    tolerance_s: float = 1e-6
    is_foreign: bool = True
    has_animals: bool = False
    shift: float = 0.0
    window: tuple[float, float] | None = None


@dataclass(frozen=True)
class LabelFormat:
    """A kind of label file.

    Attributes
    ----------
    name
        What people call it.
    recognises
        Tells by content whether a file is of this kind.
    list_names
        Returns the names of behaviors in a file, in order of appearance.
    read
        Reads what is wanted; LabelError where that cannot be.
    describe
        Returns the observations in a file by what they are called, each with the names of the files that it is about; none where a
        file holds one recording without a name.
    list_points
        Returns those of the names that have no bout, but events without a duration.
    find_frames
        Returns the frames of the recording that is asked for, if a file tells how long its video is and at which rate.
    has_columns
        Whether it is a table with a row per frame, in which each behavior has a column.
    """

    name: str
    recognises: Callable[[LabelSource], bool]
    list_names: Callable[[LabelSource], tuple[str, ...]]
    read: Callable[[LabelSource, LabelRequest], FrameLabels | BoutLabels]
    describe: Callable[[LabelSource], Mapping[str, Sequence[str]]] = field(default=lambda source: {})
    list_points: Callable[[LabelSource], tuple[str, ...]] = field(default=lambda source: ())
    find_frames: Callable[[LabelSource, LabelRequest], Frames | None] = field(default=lambda source, request: None)
    has_columns: bool = False


class StatePairer:
    """Makes bouts of starts and stops, as a policy says where one is missing.

    Parameters
    ----------
    path
        The file, for messages.
    rows
        Where bouts go.
    policy
        About starts without a stop, and stops without a start.
    """

    def __init__(self, path: Path, rows: BoutRows, policy: Policy) -> None:
        self._path = path
        self._rows = rows
        self._policy = policy
        self._open: dict[tuple[str, str], tuple[int, float]] = {}
        self._mended: list[str] = []

    def toggle(self, line: int, name: str, subject: str, at: float) -> None:
        """Take an event that starts the behavior, or stops it where it is going on."""
        (self.stop if (name, subject) in self._open else self.start)(line, name, subject, at)

    def start(self, line: int, name: str, subject: str, at: float) -> None:
        """Take a start."""
        if (name, subject) in self._open:
            first = self._open[name, subject][0]
            self._mend(
                f"{self._rows.place} {line}: {name!r} starts again without a stop since {self._rows.place} {first}",
                "the first bout is taken to end there",
            )
            self._close(name, subject, at)
        self._open[name, subject] = (line, at)

    def stop(self, line: int, name: str, subject: str, at: float) -> None:
        """Take a stop."""
        if (name, subject) not in self._open:
            self._mend(f"{self._rows.place} {line}: {name!r} stops without a start", "the stop is left out")
            return
        self._close(name, subject, at)

    def finish(self, end: float | None) -> list[str]:
        """End what is still going on at `end`, where the observation does, and return what was mended."""
        for (name, subject), (line, at) in list(self._open.items()):
            self._mend(f"{self._rows.place} {line}: {name!r} starts without a stop", "it is taken to last until the observation ends")
            self._close(name, subject, max(at, end) if end is not None else np.inf)
        return summarise(self._path, self._mended)

    def _close(self, name: str, subject: str, at: float) -> None:
        line, start = self._open.pop((name, subject))
        self._rows.add(line, name, start, at, subject=subject)

    def _mend(self, what: str, mending: str) -> None:
        if self._policy == "error":
            raise LabelError(f"{self._path}: {what}; complete it, or set labels: {{unterminated: warn}} {IN_STUDY_FILE}: {mending}.")
        self._mended.append(f"{what}; {mending}.")


def summarise(path: Path, sentences: Sequence[str] | Iterable[str], most: int = 3) -> list[str]:
    """Return notes on `path`: the first few of `sentences`, and how many more there are."""
    sentences = list(sentences)
    notes = [f"{path}: {sentence}" for sentence in sentences[:most]]
    if len(sentences) > most:
        notes.append(f"{path}: and so at {len(sentences) - most} more places.")
    return notes
