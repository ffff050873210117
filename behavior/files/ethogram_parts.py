"""Ethograms of which a part is read: of a day, the minute that somebody looks at."""

from __future__ import annotations

import csv
import io
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from behavior.errors import EthogramError
from behavior.files.atomic import find_staged
from behavior.files.ethogram_description import EthogramDescription, TablePart, hash_part, read_description
from behavior.files.ethogram_table import parse_frame_table
from behavior.files.ethograms import read_annotation
from behavior.recording import Annotation, Ethogram, Probabilities

__all__ = ["AnnotationPart", "read_annotation_part"]

# Read before and after the time that was asked for, so that what is usual among the intervals between frames is usual there, too.
_ROWS_AROUND = 1000


@dataclass(frozen=True)
class AnnotationPart:
    """Some frames of an annotation, one after the other.

    Attributes
    ----------
    annotation
        The part; its times are those of the recording.
    first_frame
        Number of its first frame in the recording.
    n_frames
        How many frames the recording has.
    """

    annotation: Annotation
    first_frame: int
    n_frames: int

    @classmethod
    def of_all(cls, annotation: Annotation) -> AnnotationPart:
        """Return all of an annotation as a part."""
        return cls(annotation, 0, len(annotation.time_s))

    @property
    def is_all(self) -> bool:
        """Whether it has all frames of the recording."""
        return len(self.annotation.time_s) == self.n_frames


def read_annotation_part(path: Path, start_s: float, stop_s: float) -> AnnotationPart:
    """Return what the ethogram at `path` holds from `start_s` to `stop_s` in seconds, and a thousand frames before and after that.

    Only the parts of the table that are needed are read and checked. All of it is, as by `files.ethograms.read_annotation`, where the
    description next to it does not say where parts are (earlier versions), or they are not what it says.

    Raises
    ------
    EthogramError
        If the ethogram cannot be used.
    """
    part = _read_part(path, start_s, stop_s)
    if part is None:
        part = AnnotationPart.of_all(read_annotation(path))
    return _cut(part, start_s, stop_s)


def _read_part(path: Path, start_s: float, stop_s: float) -> AnnotationPart | None:
    """Return the parts that are needed; None where only reading the whole record tells what it holds."""
    description_path = path.with_suffix(".json")
    try:
        # The table may be that of what is staged.
        if find_staged(description_path):
            return None
        description = read_description(description_path)
        parts = (description.table_parts or ())[1:]
        starts = [part.start_s for part in parts]
        if not parts or sorted(starts) != starts or sum(part.n_frames for part in parts) != description.n_frames:
            return None
        # What is around is in these or in their neighbours.
        first = max(bisect_right(starts, start_s) - 2, 0)
        stop = min(bisect_right(starts, stop_s) + 1, len(parts))
        content = _read_bytes(path, description.table_parts or (), range(first + 1, stop + 1))
        if content is None:
            return None
        first_frame = sum(part.n_frames for part in parts[:first])
        return AnnotationPart(_parse(path, content, description, first_frame), first_frame, description.n_frames)
    except (EthogramError, OSError, UnicodeDecodeError, csv.Error):
        # Reading all of it says what is wrong, or waits until another process has replaced it.
        return None


def _read_bytes(path: Path, parts: Sequence[TablePart], wanted: range) -> bytes | None:
    """Return the first part, which are the names of the columns, and those wanted; None where they are not what was written."""
    ends = np.cumsum([part.n_bytes for part in parts]).tolist()
    contents = []
    with path.open("rb") as file:
        if file.seek(0, io.SEEK_END) != ends[-1]:
            return None
        for number in (0, *wanted):
            file.seek(ends[number] - parts[number].n_bytes)
            content = file.read(parts[number].n_bytes)
            if hash_part(content) != parts[number].hash:
                return None
            contents.append(content)
    return b"".join(contents)


def _parse(path: Path, content: bytes, description: EthogramDescription, first_frame: int) -> Annotation:
    lines = io.StringIO(content.decode(), newline="")
    table = parse_frame_table(path, lines, first_frame=first_frame)
    return table.to_annotation(description.recording, description.behaviors, description.provenance, may_be_unknown=False)


def _cut(part: AnnotationPart, start_s: float, stop_s: float) -> AnnotationPart:
    """Return the frames from `start_s` to `stop_s` of a part, and those around them."""
    whole = part.annotation
    first = max(int(np.searchsorted(whole.time_s, start_s, side="right")) - 1 - _ROWS_AROUND, 0)
    rows = slice(first, int(np.searchsorted(whole.time_s, stop_s)) + _ROWS_AROUND)
    behaviors, time_s = whole.behaviors, whole.time_s[rows]
    annotation = replace(
        whole,
        probabilities=Probabilities(whole.probabilities.values[rows], behaviors, time_s),
        raw=Ethogram(whole.raw.values[rows], behaviors, time_s),
        ethogram=Ethogram(whole.ethogram.values[rows], behaviors, time_s),
        distances=None if whole.distances is None else whole.distances[rows],
    )
    return AnnotationPart(annotation, part.first_frame + first, part.n_frames)
