"""DLCAnalyzer's label table: ``from;to;type`` in seconds, with the Experimenter and the ID of the recording, all of them in one file.

The layout is that of the tables in ETHZ-INS/DLCAnalyzer (``file;Experimenter;from;to;type;ID;DLCFile``). Rows called Start/End or
Start_End mark where an observation begins and ends: frames outside were not observed.
"""

from __future__ import annotations

import math

from behavior.errors import LabelError
from behavior.files.label_formats.bout_rows import BoutRows
from behavior.files.label_formats.choosing import choose_observation, choose_rater
from behavior.files.label_formats.label_format import BoutLabels, LabelFormat
from behavior.files.label_formats.request import LabelRequest
from behavior.files.label_formats.source import LabelSource
from behavior.files.text_tables import parse_number

__all__ = ["DLCANALYZER"]

_MARKS = ("start/end", "start_end", "start end")
_RATER = ("experimenter", "rater", "observer")
_ID = ("id", "recording")
_FILES = ("file", "dlcfile", "csvname")


def _recognises(source: LabelSource) -> bool:
    return all(source.table.find_column(name) is not None for name in ("from", "to", "type"))


def _cell(source: LabelSource, cells: tuple[str, ...], *names: str) -> str:
    """Return the cell in the first of the columns `names` that the table has; "" if there is none."""
    column = source.table.find_column(*names)
    return cells[column] if column is not None and column < len(cells) else ""


def _name_recording(source: LabelSource, cells: tuple[str, ...]) -> str:
    """Return the recording of a row: its ID, else its file."""
    return _cell(source, cells, *_ID) or _cell(source, cells, *_FILES)


def _list_names(source: LabelSource) -> tuple[str, ...]:
    names = dict.fromkeys(_cell(source, cells, "type") for _, cells in source.table.rows)
    return tuple(name for name in names if name and name.casefold() not in _MARKS)


def _list_recordings(source: LabelSource) -> dict[str, tuple[str, ...]]:
    """Return the files of each recording, by its ID."""
    files: dict[str, dict[str, None]] = {}
    for _, cells in source.table.rows:
        if any(cells):
            of_recording = files.setdefault(_name_recording(source, cells), {})
            of_recording.update({_cell(source, cells, name): None for name in _FILES if _cell(source, cells, name)})
    return {name: tuple(of_recording) for name, of_recording in files.items()}


def _read(source: LabelSource, request: LabelRequest) -> BoutLabels:
    table = source.table
    recordings = _list_recordings(source) or {"": ()}
    # If there is only one, the file itself may be named after the recording.
    chosen, notes = choose_observation(source.path, recordings if len(recordings) > 1 else dict.fromkeys(recordings, ()), request)
    raters = [_cell(source, cells, *_RATER) for _, cells in table.rows if any(cells) and _name_recording(source, cells) == chosen]
    rater = choose_rater(source.path, raters, request, recording=chosen)
    rows = BoutRows(source.row_word)
    marks: list[tuple[float, float]] = []
    for line, cells in table.rows:
        if not any(cells) or _name_recording(source, cells) != chosen:
            continue
        if rater is not None and _cell(source, cells, *_RATER) != rater:
            continue
        start, stop = (parse_number(_cell(source, cells, name), table.delimiter) for name in ("from", "to"))
        name = _cell(source, cells, "type")
        if start is None or stop is None or not math.isfinite(start) or not math.isfinite(stop) or not name:
            raise LabelError(
                f"{source.path}: {source.row_word} {line} has {_cell(source, cells, 'from')!r} to {_cell(source, cells, 'to')!r} of type "
                f"{name!r}, expected two times in seconds and a name; correct it."
            )
        if name.casefold() in _MARKS:
            marks.append((start, stop))
        else:
            rows.add(line, name, start, stop)
    observed = None
    if len(marks) > 1:
        observed = ((min(start for start, _ in marks), max(stop for _, stop in marks)),)
    elif marks:
        notes.append(
            f"{source.path}: has only one mark of start or end, so the observed span is unknown; the whole recording counts as observed."
        )
    return BoutLabels(rows, in_seconds=True, observed=observed, notes=tuple(notes), tolerance_s=6e-4, is_extent_stated=observed is not None)


DLCANALYZER = LabelFormat(
    name="DLCAnalyzer labels",
    recognises=_recognises,
    list_names=_list_names,
    read=_read,
    list_observations=_list_recordings,
)
