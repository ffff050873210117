"""Bout tables: a row per bout, with its behavior, start and stop."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

import numpy as np
import numpy.typing as npt

from behavior.errors import LabelError
from behavior.files.atomic import write_text
from behavior.files.text_tables import TextTable, format_row, parse_number
from behavior.recording import Labels, find_bouts, frame_edges

__all__ = ["OBSERVED", "holds_bouts", "list_bout_behaviors", "read_bout_table", "write_bout_table"]

# Rows of this name give the spans that people watched.
OBSERVED = "observed"

# Bouts that end later than this after the video are no rounding.
_TOLERATED_FRAMES = 2

# Times that were written as decimals differ from a frame's by less than this, in seconds.
_TIME_TOLERANCE = 1e-6

_UNITS = (("start_frame", "stop_frame"), ("start_s", "stop_s"))


@dataclass(frozen=True)
class _Span:
    """A row: frames [start, stop), which may lie behind the video's end."""

    line: int
    name: str
    start: int
    stop: int


def holds_bouts(table: TextTable) -> bool:
    """Tell by its header whether this is a bout table."""
    return _find_columns(table) is not None


def list_bout_behaviors(table: TextTable) -> tuple[str, ...]:
    """Return the behaviors in order of appearance."""
    return tuple(name for name in _list_names(table) if name != OBSERVED)


def read_bout_table(
    table: TextTable,
    behaviors: Sequence[str],
    *,
    n_frames: int,
    time_s: npt.NDArray[np.float64] | None,
    broke_off: bool,
) -> tuple[npt.NDArray[np.int8], list[str]]:
    """Return the labels of `behaviors`, int8 of shape (n_frames, B), and sentences about what is odd.

    A frame belongs to a bout in seconds when its time lies in [start_s, stop_s). Without rows named ``observed`` all frames
    were watched; with them the others are -1.

    Parameters
    ----------
    time_s
        Times of the frames in seconds, shape (n_frames,); needed where the table is in seconds.
    broke_off
        Whether the video ends before its header says; then bouts behind its end are no sign of another video.

    Raises
    ------
    LabelError
        If a row is not a bout, lies more than 2 frames behind the end, or a behavior is likely misspelt.
    """
    path = table.path
    warnings: list[str] = []
    spans = _read_spans(table, n_frames=n_frames, time_s=time_s, warnings=warnings)
    names = _list_names(table)
    present = [name for name in names if name != OBSERVED]
    extra = [name for name in present if name not in behaviors]
    for name in behaviors:
        if name not in present:
            alike = [other for other in extra if _is_likely_misspelt(name, other)]
            if alike:
                raise LabelError(
                    f"{path}: has no bout of {name!r}, but some of {alike[0]!r}, which the study does not name; spell it alike."
                )
    if extra:
        warnings.append(f"{path}: behaviors that the study does not name are left out: {', '.join(extra)}.")
    spans = _cut_end(path, spans, n_frames=n_frames, broke_off=broke_off, warnings=warnings)

    values = np.zeros((n_frames, len(behaviors)), dtype=np.int8)
    for column, name in enumerate(behaviors):
        values[:, column] = _paint(path, name, spans, n_frames, warnings)
    if OBSERVED in names:
        unseen = ~_paint(path, OBSERVED, spans, n_frames, warnings)
        for column, name in enumerate(behaviors):
            outside = int(np.count_nonzero(values[unseen, column]))
            if outside:
                warnings.append(f"{path}: {outside} frames of {name!r} lie outside the observed spans and count as not labelled.")
        values[unseen] = -1
    return values, warnings


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
    lower = [name.casefold() for name in table.header]
    if "behavior" not in lower:
        return None
    for unit in _UNITS:
        if set(unit) <= set(lower):
            return lower.index("behavior"), lower.index(unit[0]), lower.index(unit[1]), unit[0] == "start_s"
    return None


def _list_names(table: TextTable) -> list[str]:
    columns = _find_columns(table)
    names = [cells[columns[0]] for _, cells in table.rows if len(cells) > columns[0]] if columns else []
    return list(dict.fromkeys(name for name in names if name))


def _read_spans(table: TextTable, *, n_frames: int, time_s: npt.NDArray[np.float64] | None, warnings: list[str]) -> list[_Span]:
    columns = _find_columns(table)
    if columns is None:
        raise LabelError(f"{table.path}: is no bout table, expected columns behavior, start_frame and stop_frame; correct its header.")
    *places, in_seconds = columns
    if in_seconds and time_s is None:
        raise LabelError(f"{table.path}: is in seconds, but no times of frames are known; give the video, or a table in frames.")
    spans: list[_Span] = []
    for line, cells in table.rows:
        if not any(cells):
            continue
        if len(cells) <= max(places) or not cells[places[0]]:
            raise LabelError(f"{table.path}: line {line} has no behavior, start and stop; complete or remove it.")
        name = cells[places[0]]
        start, stop = (parse_number(cells[place], table.delimiter) for place in places[1:])
        if start is None or stop is None or not np.isfinite([start, stop]).all():
            raise LabelError(
                f"{table.path}: line {line} has {cells[places[1]]!r} to {cells[places[2]]!r}, expected two numbers; correct it."
            )
        if not 0 <= start < stop:
            raise LabelError(
                f"{table.path}: line {line}: {name!r} from {start:g} to {stop:g} is no span; start must be 0 or more, and below stop."
            )
        if not in_seconds and not (start.is_integer() and stop.is_integer()):
            raise LabelError(
                f"{table.path}: line {line} has {start:g} to {stop:g}, expected whole frames; use columns start_s and stop_s for seconds."
            )
        if in_seconds and time_s is not None:
            start, stop = (_find_frame(second, time_s, n_frames) for second in (start, stop))
            if start == stop:
                warnings.append(f"{table.path}: line {line}: {name!r} falls between two frames and is left out.")
                continue
        spans.append(_Span(line, name, int(start), int(stop)))
    return spans


def _find_frame(second: float, time_s: npt.NDArray[np.float64], n_frames: int) -> int:
    """Return the first frame at `second` or later; frames are counted on behind the end."""
    edges = frame_edges(time_s)
    interval = float(np.median(np.diff(edges))) if len(edges) > 1 else 0.0
    if second <= edges[-1] + _TIME_TOLERANCE or interval <= 0:
        return int(np.searchsorted(time_s, second - _TIME_TOLERANCE))
    return n_frames + int(np.ceil((second - _TIME_TOLERANCE - edges[-1]) / interval))


def _cut_end(path: Path, spans: list[_Span], *, n_frames: int, broke_off: bool, warnings: list[str]) -> list[_Span]:
    late = [span for span in spans if span.stop > n_frames]
    if not late:
        return spans
    last = max(late, key=lambda span: span.stop)
    if last.stop - n_frames > _TOLERATED_FRAMES and not broke_off:
        raise LabelError(
            f"{path}: line {last.line}: {last.name!r} ends at frame {last.stop}, but the video has {n_frames} frames;"
            " are they the labels of another video?"
        )
    reason = "the video breaks off, and " if broke_off else ""
    bouts = "1 row ends" if len(late) == 1 else f"{len(late)} rows end"
    warnings.append(f"{path}: {reason}{bouts} up to {last.stop - n_frames} frames after its last frame; they are cut there.")
    return [_Span(span.line, span.name, span.start, min(span.stop, n_frames)) for span in spans if span.start < n_frames]


def _paint(path: Path, name: str, spans: list[_Span], n_frames: int, warnings: list[str]) -> npt.NDArray[np.bool_]:
    counts = np.zeros(n_frames + 1, dtype=np.int64)
    for span in spans:
        if span.name == name:
            counts[span.start] += 1
            counts[span.stop] -= 1
    depth = np.cumsum(counts[:-1])
    overlaps = len(find_bouts(depth > 1))
    if overlaps:
        times = "once" if overlaps == 1 else f"{overlaps} times"
        warnings.append(f"{path}: rows of {name!r} overlap {times}; they are read as one.")
    return depth > 0


def _is_likely_misspelt(name: str, other: str) -> bool:
    """Tell whether two names mean the same: alike to the letter but for case and separators, or but for a letter or so.

    Names that differ in a digit or in a part of one letter (``chamber_a``, ``chamber_b``) are kept apart.
    """
    first, second = name.casefold(), other.casefold()
    if re.sub(r"[\W_]", "", first) == re.sub(r"[\W_]", "", second):
        return True
    if re.findall(r"\d", first) != re.findall(r"\d", second):
        return False
    if [part for part in re.split(r"[\W_\d]+", first) if len(part) == 1] != [
        part for part in re.split(r"[\W_\d]+", second) if len(part) == 1
    ]:
        return False
    return SequenceMatcher(None, first, second).ratio() >= 0.8
