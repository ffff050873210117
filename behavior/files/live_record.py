"""What a live recording leaves while it goes on, line by line, and what is left to do when it is over or was broken off.

Beside `NAME.mkv` there are `NAME_ethogram.csv`, which grows by whole lines and is replaced by the finished ethogram at the end,
`NAME_times.csv` with when each frame was taken and whether it was looked at, `NAME_notes.csv` with what people noted, and
`NAME_live.json`, which says where all of it comes from.
"""

from __future__ import annotations

import csv
import io
import json
import sys
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from behavior.errors import EthogramError, OutputError
from behavior.files.atomic import write_text
from behavior.files.ethogram_table import format_new_frames, read_frame_table
from behavior.files.ethograms import ETHOGRAM_SUFFIX
from behavior.files.feature_measures import LIVE_MEASURES
from behavior.files.live_video import LIVE_SUFFIX, advise_on_failed_writing
from behavior.files.opening import require_regular_file
from behavior.provenance import FamiliarityLimits, Provenance
from behavior.recording import Probabilities

__all__ = [
    "EventLog",
    "GrowingRecord",
    "GrownRecord",
    "LiveDescription",
    "Looked",
    "find_live_descriptions",
    "name_video",
    "read_grown",
    "read_live_description",
]

DESCRIPTION_SUFFIX, TIMES_SUFFIX, NOTES_SUFFIX, EVENTS_SUFFIX = "_live.json", "_times.csv", "_notes.csv", "_events.csv"
_TIMES_HEADER = ("frame", "time_s", "taken", "looked_at")
_OUTCOME_HEADER = ("begun_s", "done_s", "outcome")
_EVENTS_HEADER = ("rule", "part", "frame", "time_s", "taken", "probability", *_OUTCOME_HEADER)
_MOST_BYTES = 2**20

# Whether the model looked at a frame, with or without finding the animal there, or at those beside it on its grid in time; or the
# background was still being estimated; or the frame came too fast, or could not be decoded.
Looked = Literal["yes", "not found", "between", "warm-up", "skipped", "not decoded"]


@dataclass(frozen=True)
class LiveDescription:
    """Where a live recording comes from: the content of `NAME_live.json`.

    Attributes
    ----------
    recording
        Its name.
    behaviors
        In order.
    source
        What was recorded, without passwords.
    began
        When, by the clock, in ISO 8601.
    delay_s
        How much later than its frame a probability comes.
    provenance
        Of the ethogram, with the settings that decide it.
    limits
        What tells whether the recording is like the training recordings; None in files of earlier versions.
    sampling_fps
        Points a second of the grid in time whose frames the model looks at; None where it looks at every frame.
    is_closed
        Whether the finished ethogram is there.
    """

    recording: str
    behaviors: tuple[str, ...]
    source: str
    began: str
    delay_s: float
    provenance: Provenance
    limits: FamiliarityLimits | None = None
    sampling_fps: float | None = None
    is_closed: bool = False

    def find_path(self, folder: Path) -> Path:
        """Return where in `folder` it is."""
        return folder / f"{self.recording}{DESCRIPTION_SUFFIX}"

    def list_details(self) -> list[str]:
        """Return what is noted of each frame that the model looks at: the distance for each stream of `limits`, and plain measures."""
        if self.limits is None:
            return []
        return [f"distance_{number}_{one.stream}" for number, one in enumerate(self.limits.streams, start=1)] + list(LIVE_MEASURES)

    def write(self, folder: Path) -> None:
        """Write it into `folder`, whole or not at all."""
        content = {
            **vars(self),
            "behaviors": list(self.behaviors),
            "provenance": self.provenance.as_mapping(),
            "limits": None if self.limits is None else self.limits.as_mapping(),
        }
        write_text(self.find_path(folder), json.dumps(content, indent=2) + "\n")


def read_live_description(path: Path) -> LiveDescription:
    """Read what `LiveDescription.write` wrote; EthogramError if it is something else."""
    require_regular_file(path, error=EthogramError, expected="the description of a live recording", advice="keep its files together")
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ValueError("it is too long")
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        description = LiveDescription(
            recording=str(content["recording"]),
            behaviors=tuple(str(name) for name in content["behaviors"]),
            source=str(content["source"]),
            began=str(content["began"]),
            delay_s=float(content["delay_s"]),
            provenance=Provenance.model_validate_json(json.dumps(content["provenance"])),
            limits=None if content.get("limits") is None else FamiliarityLimits.model_validate_json(json.dumps(content["limits"])),
            sampling_fps=None if content.get("sampling_fps") is None else float(content["sampling_fps"]),
            is_closed=content["is_closed"] is True,
        )
        if path.name != f"{description.recording}{DESCRIPTION_SUFFIX}":
            raise ValueError(f"it is of a recording named {description.recording[:60]!r}")
    except (OSError, ValueError, KeyError, TypeError, ValidationError) as error:
        raise EthogramError(f"{path}: is not what `behavior live` wrote ({error}); keep its files as they are.") from None
    return description


def find_live_descriptions(folder: Path) -> dict[str, Path]:
    """Return the paths of the descriptions of the live recordings in `folder`, by name of the recording, in the order of the names."""
    # A leading dot marks what some systems add when they copy.
    found = [path for path in sorted(folder.glob(f"*{DESCRIPTION_SUFFIX}")) if not path.name.startswith(".")]
    return {path.name.removesuffix(DESCRIPTION_SUFFIX): path for path in found}


class GrowingRecord:
    """The tables of a live recording while it goes on: whole lines, each in the file at once; to be used by one thread.

    Parameters
    ----------
    folder
        Where they are written.
    description
        Is written first.

    Raises
    ------
    OutputError
        If the folder cannot be written to.
    """

    def __init__(self, folder: Path, description: LiveDescription) -> None:
        self._folder, self.description = folder, description
        description.write(folder)
        stem = folder / description.recording
        self._n_answered = 0
        self._ethogram = _GrowingTable(Path(f"{stem}{ETHOGRAM_SUFFIX}"), format_new_frames(description.behaviors))
        self._n_details = len(description.list_details())
        header = (*_TIMES_HEADER, *description.list_details())
        self._times = _GrowingTable(Path(f"{stem}{TIMES_SUFFIX}"), _format_row(header))
        self._notes: _GrowingTable | None = None

    def note_frame(self, frame: int, time_s: float, taken: str, looked: Looked, details: Sequence[float] = ()) -> None:
        """Note when a frame was taken, in ISO 8601, whether it was looked at, and `LiveDescription.list_details` where it was."""
        cells = [_format_number(value) for value in details] or [""] * self._n_details
        self._times.append(_format_row((frame, f"{time_s:.6f}", taken, looked, *cells)))

    def add_answers(self, time_s: Sequence[float], probabilities: npt.NDArray[np.float32], raw: npt.NDArray[np.bool_]) -> None:
        """Add the next frames: their times, and for each behavior the probability and what its threshold decides, (N, B)."""
        self._ethogram.append(format_new_frames(self.description.behaviors, self._n_answered, time_s, probabilities, raw))
        self._n_answered += len(time_s)

    def add_note(self, frame: int, time_s: float, text: str) -> None:
        """Add what somebody noted at a frame."""
        if self._notes is None:
            path = self._folder / f"{self.description.recording}{NOTES_SUFFIX}"
            self._notes = _GrowingTable(path, _format_row(("frame", "time_s", "note")))
        self._notes.append(_format_row((frame, f"{time_s:.6f}", text)))

    def close(self) -> None:
        """Close the files."""
        for table in (self._ethogram, self._times, self._notes):
            if table is not None:
                table.close()


@dataclass(frozen=True)
class GrownRecord:
    """What a live recording wrote before it ended.

    Attributes
    ----------
    probabilities
        Of its first T frames.
    looked
        Whether the model looked at each of them, shape (T,).
    details
        `LiveDescription.list_details` of each, float32 of shape (T, A); NaN where they are not known.
    """

    probabilities: Probabilities
    looked: npt.NDArray[np.str_]
    details: npt.NDArray[np.float32]

    def count(self, looked: Looked) -> int:
        """Return how many frames are of one kind."""
        return int((self.looked == looked).sum())


def read_grown(folder: Path, description: LiveDescription, *, most_frames: int | None = None) -> GrownRecord:
    """Read the tables of a live recording; a last line that is not whole is taken off its file.

    Parameters
    ----------
    most_frames
        Frames of its video, if it was broken off: rows beyond them are left out.

    Raises
    ------
    EthogramError
        If a table is not what `GrowingRecord` writes, or no frame has probabilities.
    """
    path = folder / f"{description.recording}{ETHOGRAM_SUFFIX}"
    times_path = folder / f"{description.recording}{TIMES_SUFFIX}"
    for one in (path, times_path):
        _cut_last_line(one)
    annotation = read_frame_table(path).to_annotation(
        description.recording, description.behaviors, description.provenance, may_be_unknown=False
    )
    names = description.list_details()
    looked, details = _read_times(times_path, n_details=len(names))
    n_frames = min(len(annotation.time_s), len(looked), len(looked) if most_frames is None else most_frames)
    if not n_frames:
        raise EthogramError(f"{path}: no frame has probabilities, because the recording ended too early; delete its files.")
    kept = annotation.probabilities
    return GrownRecord(
        Probabilities(kept.values[:n_frames], kept.behaviors, kept.time_s[:n_frames]),
        np.array(looked[:n_frames]),
        np.frombuffer(details, dtype=np.float32).reshape(len(looked), len(names))[:n_frames],
    )


def _read_times(path: Path, *, n_details: int) -> tuple[list[str], array[float]]:
    """Return of each frame whether it was looked at, and its details, one after the other."""
    looked: list[str] = []
    details = array("f")
    with path.open(encoding="utf-8", newline="") as file:
        for line, row in enumerate(csv.reader(file), start=1):
            if line == 1:
                continue
            try:
                looked.append(sys.intern(row[3]))
                details.extend(float(cell or "nan") for cell in row[4 : 4 + n_details])
            except (IndexError, ValueError) as error:
                raise EthogramError(
                    f"{path}: line {line} is not what `behavior live` wrote ({error}); keep its files as they are."
                ) from None
            if len(details) != n_details * len(looked):
                raise EthogramError(f"{path}: line {line} has {len(row)} cells, expected {4 + n_details}; keep its files as they are.")
    return looked, details


class EventLog:
    """`NAME_events.csv`: what rules did, a line for each time; to be used by one thread.

    Parameters
    ----------
    folder, recording
        Where, and the first recording that the events are of.

    Raises
    ------
    OutputError
        If there is such a file, or it cannot be written.
    """

    def __init__(self, folder: Path, recording: str) -> None:
        self._table = _GrowingTable(folder / f"{recording}{EVENTS_SUFFIX}", _format_row(_EVENTS_HEADER))

    def add(self, event: Mapping[str, Any], *, begun_s: float, done_s: float, outcome: str) -> None:
        """Add an event: seconds from its frame to when the action was begun and was done, and what came of it."""
        cells = [event[name] for name in _EVENTS_HEADER[: -len(_OUTCOME_HEADER)]]
        self._table.append(_format_row((*cells, f"{begun_s:.4f}", f"{done_s:.4f}", outcome)))

    def close(self) -> None:
        """Close the file."""
        self._table.close()


class _GrowingTable:
    """A file to which whole lines are added."""

    def __init__(self, path: Path, header: bytes) -> None:
        self._path = path
        if path.exists():
            raise OutputError(f"{path}: exists already; give another --name or --out.")
        try:
            # Without a buffer, lines are in the system's hands when `append` returns, and outlive the program.
            self._file = path.open("ab", buffering=0)
        except OSError as error:
            raise OutputError(f"{path}: cannot be written ({error.strerror or error}); choose a folder with space.") from error
        self.append(header)

    def append(self, lines: bytes) -> None:
        """Add whole lines; on a full drive the last one may be cut, which reading takes off again."""
        try:
            left = memoryview(lines)
            while left:
                left = left[self._file.write(left) :]
        except OSError as error:
            raise OutputError(
                f"{self._path}: cannot be written ({error.strerror or error}); {advise_on_failed_writing(self._path)}."
            ) from error

    def close(self) -> None:
        self._file.close()


def _format_number(value: float) -> str:
    # As few digits as tell it from every other float32; empty for NaN.
    return "" if np.isnan(value) else str(np.float32(value))


def _format_row(cells: Sequence[object]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue().encode()


def _cut_last_line(path: Path) -> None:
    """Take off what follows the last line break of the file at `path`."""
    try:
        with path.open("rb+") as file:
            end = file.seek(0, io.SEEK_END)
            start = max(end - _MOST_BYTES, 0)
            file.seek(start)
            tail = file.read()
            whole = start + tail.rfind(b"\n") + 1
            if whole < end:
                file.truncate(whole)
    except FileNotFoundError:
        raise EthogramError(f"{path}: is missing; keep the files of a live recording together.") from None
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror or error}); check its permissions.") from error


def name_video(folder: Path, recording: str) -> Path:
    """Return where the video of a live recording is."""
    return folder / f"{recording}{LIVE_SUFFIX}"
