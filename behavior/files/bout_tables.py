"""Bout tables: a row per bout, with its behavior, start and stop."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from behavior.errors import LabelError
from behavior.files.atomic import write_text
from behavior.files.label_formats.request import OBSERVED, BoutLabels, BoutRows, LabelFormat, LabelRequest
from behavior.files.label_formats.source import LabelSource
from behavior.files.text_tables import TextTable, format_row, parse_number
from behavior.recording import Labels, find_bouts

__all__ = ["BOUT_TABLE", "OBSERVED", "write_bout_table"]

_UNITS = (("start_frame", "stop_frame"), ("start_s", "stop_s"))


def write_bout_table(path: Path, labels: Labels) -> None:
    """Write `labels` with a row per bout: `behavior,start_frame,stop_frame`, half-open, in order of time.

    Rows named ``observed`` give the spans that were labelled, where not all frames were.

    Raises
    ------
    LabelError
        If the behaviors differ in the frames that are -1, or all frames are, which a bout table cannot say, or if a behavior is
        named ``observed``.
    OutputError
        If the file cannot be written.
    """
    for name in labels.behaviors:
        if not name or name != name.strip() or name == OBSERVED:
            raise LabelError(f"{path}: a behavior cannot be named {name!r} in a bout table, where that means something else; rename it.")
    observed = labels.values != -1
    if observed.shape[1] and np.any(observed != observed[:, :1]):
        raise LabelError(f"{path}: the behaviors differ in their unlabelled frames, which a bout table cannot say; write a frame table.")
    if observed.size and not observed.any():
        raise LabelError(f"{path}: no frame is labelled, which a bout table cannot say; write a frame table.")
    rows = [
        (start, stop, name)
        for name, column in zip(labels.behaviors, labels.values.T, strict=True)
        for start, stop in find_bouts(column == 1).tolist()
    ]
    if not observed.all():
        rows += [(start, stop, OBSERVED) for start, stop in find_bouts(observed[:, 0]).tolist()]
    lines = [format_row([name, str(start), str(stop)]) for start, stop, name in sorted(rows)]
    write_text(path, "\n".join(["behavior,start_frame,stop_frame", *lines]) + "\n")


def _find_columns(table: TextTable) -> tuple[int, int, int, bool] | None:
    """Return the columns of behavior, start and stop, and whether they are in seconds; frames win where both are there."""
    behavior = table.find_column("behavior")
    for start, stop in _UNITS:
        places = table.find_column(start), table.find_column(stop)
        if behavior is not None and places[0] is not None and places[1] is not None:
            return behavior, places[0], places[1], start == "start_s"
    return None


def _recognises(source: LabelSource) -> bool:
    """Tell by its header whether this is a bout table."""
    return _find_columns(source.table) is not None


def _list_names(source: LabelSource) -> tuple[str, ...]:
    columns = _find_columns(source.table)
    names = dict.fromkeys(cells[columns[0]] for _, cells in source.table.rows if len(cells) > columns[0]) if columns else {}
    return tuple(name for name in names if name not in ("", OBSERVED))


def _read(source: LabelSource, request: LabelRequest) -> BoutLabels:
    """Return the bouts; rows named ``observed`` give the spans that were watched, and without any all of it was."""
    del request
    table = source.table
    columns = _find_columns(table)
    if columns is None:
        raise LabelError(f"{table.path}: is no bout table, expected columns behavior, start_frame and stop_frame; correct its header.")
    *places, in_seconds = columns
    rows = BoutRows(source.place)
    for line, cells in table.rows:
        if not any(cells):
            continue
        if len(cells) <= max(places) or not cells[places[0]]:
            raise LabelError(f"{table.path}: {source.place} {line} has no behavior, start and stop; complete or remove it.")
        start, stop = (parse_number(cells[place], table.delimiter) for place in places[1:])
        if start is None or stop is None or not np.isfinite([start, stop]).all():
            raise LabelError(
                f"{table.path}: {source.place} {line} has {cells[places[1]]!r} to {cells[places[2]]!r}, expected two numbers; correct it."
            )
        if not in_seconds and not (start.is_integer() and stop.is_integer()):
            raise LabelError(
                f"{table.path}: {source.place} {line} has {start:g} to {stop:g}, expected whole frames; use columns start_s and stop_s for "
                "seconds."
            )
        rows.add(line, cells[places[0]], start, stop)
    return BoutLabels(rows, in_seconds=in_seconds, is_foreign=False)


BOUT_TABLE = LabelFormat(name="bout table", recognises=_recognises, list_names=_list_names, read=_read)
