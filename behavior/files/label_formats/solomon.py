"""Solomon Coder's CSV: a row per sample with its Time in seconds, the code of the Behaviour, and further columns of codes.

By the layout in SimBA's documentation. A code in a column other than Behaviour is named ``Column|code``. A sample lasts until the next
one; where rows are farther apart than usual, the time between them was not coded.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from behavior.errors import LabelError
from behavior.files.label_formats.bout_rows import BoutRows
from behavior.files.label_formats.label_format import BoutLabels, LabelFormat
from behavior.files.label_formats.naming import MODIFIER_MARK
from behavior.files.label_formats.request import LabelRequest
from behavior.files.label_formats.source import LabelSource
from behavior.files.text_tables import parse_number

__all__ = ["SOLOMON"]

_TIME = ("time", "time (s)", "time_s")
_BEHAVIOR = ("behaviour", "behavior")

# Rows farther apart than this many usual intervals have others missing between them.
_GAP = 1.5


def _recognises(source: LabelSource) -> bool:
    table = source.table
    if table.find_column(*_BEHAVIOR) is None or table.find_column(*_TIME) != 0:
        return False
    return table.find_column("start_s", "start_frame", "start (s)") is None


def _read_samples(source: LabelSource) -> Iterator[tuple[int, float, dict[str, str]]]:
    """Yield line, time, and the codes by their columns."""
    table = source.table
    last = -np.inf
    for line, cells in table.rows:
        if not any(cells):
            continue
        if len(cells) > len(table.header):
            raise LabelError(f"{source.path}: {source.row_word} {line} has {len(cells)} cells, expected {len(table.header)}; correct it.")
        at = parse_number(cells[0], table.delimiter)
        if at is None or not last < at < 1e9:
            raise LabelError(f"{source.path}: {source.row_word} {line} has {cells[0]!r} as time, expected increasing seconds; correct it.")
        last = at
        yield line, at, {name: cell for name, cell in zip(table.header[1:], cells[1:], strict=False) if cell and name}


def _name(column: str, code: str) -> str:
    return code if column.casefold() in _BEHAVIOR else f"{column}{MODIFIER_MARK}{code}"


def _list_names(source: LabelSource) -> tuple[str, ...]:
    """Return the codes of the column Behaviour."""
    return tuple(
        dict.fromkeys(code for _, _, codes in _read_samples(source) for column, code in codes.items() if column.casefold() in _BEHAVIOR)
    )


def _read(source: LabelSource, request: LabelRequest) -> BoutLabels:
    del request
    times = np.array([at for _, at, _ in _read_samples(source)])
    interval = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
    rows = BoutRows(source.row_word)
    observed: list[tuple[float, float]] = []
    # The bouts that are going on: line and time of the start, by column and code.
    open_since: dict[tuple[str, str], tuple[int, float]] = {}
    last = -np.inf
    for line, at, codes in _read_samples(source):
        is_gap = at - last > _GAP * interval
        shown = set(codes.items())
        until = last + interval if is_gap else at
        for key in [key for key in open_since if is_gap or key not in shown]:
            since, start = open_since.pop(key)
            rows.add(since, _name(*key), start, until)
        for key in codes.items():
            open_since.setdefault(key, (line, at))
        if is_gap:
            observed.append((at, at + interval))
        else:
            observed[-1] = (observed[-1][0], at + interval)
        last = at
    for key, (since, start) in open_since.items():
        rows.add(since, _name(*key), start, last + interval)
    notes = []
    if len(observed) > 1:
        notes.append(f"{source.path}: has {len(observed) - 1} gaps between its rows, which are {interval:g} s apart otherwise.")
    return BoutLabels(
        rows,
        in_seconds=True,
        observed=tuple(observed),
        notes=tuple(notes),
        tolerance_s=6e-4,
        observed_slack=interval,
        # Samples go on to the end of the video, whether somebody coded them or not.
        is_extent_stated=False,
    )


SOLOMON = LabelFormat(name="Solomon Coder", recognises=_recognises, list_names=_list_names, read=_read)
