"""Tracks that EthoVision XT exports ("raw data"): text or a spreadsheet, with a preamble, a row of names, and a row of units."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from behavior.errors import LabelError, PoseError
from behavior.files.label_formats.spreadsheets import list_sheets, read_sheet
from behavior.files.number_tables import TextLayout, read_number_table
from behavior.files.pose_table import PoseTable
from behavior.files.pose_times import align_times, find_wrong_time
from behavior.files.text_tables import find_delimiter, find_encoding, parse_number

__all__ = ["find_ethovision_videos", "is_ethovision", "read_ethovision"]

# Preambles of many variables fit in this many bytes, and lines.
_HEADER_BYTES = 1 << 20
_MOST_HEADER_LINES = 1000
_FIRST_CELL = "number of header lines"
_ZIP_MAGIC = b"PK\x03\x04"
_MISSING = ("-", "")
_TIMES = ("recording time", "trial time")
_POSITION = re.compile(r"([xy])[ _](.+)", re.IGNORECASE)
_ADVICE = "export the raw data again"


@dataclass(frozen=True)
class _Header:
    """What is above the rows: the preamble's values by their names, names and units of columns, and the number of lines."""

    preamble: Mapping[str, str]
    columns: tuple[str, ...]
    units: tuple[str, ...]
    n_lines: int

    @property
    def points(self) -> dict[str, tuple[int, int]]:
        """The columns of x and y of each point."""
        axes: dict[str, dict[str, int]] = {}
        for number, column in enumerate(self.columns):
            match = _POSITION.fullmatch(column)
            if match:
                axes.setdefault(match[2], {}).setdefault(match[1].casefold(), number)
        return {point: (of["x"], of["y"]) for point, of in axes.items() if len(of) == 2}


@dataclass(frozen=True)
class _Track:
    """One subject in one arena in one trial: its points, shape (T, number of points, 2), and their times."""

    trial: str
    arena: str
    subject: str
    points: tuple[str, ...]
    unit: str
    positions: npt.NDArray[np.float64]
    time_s: npt.NDArray[np.float64]


def is_ethovision(path: Path) -> bool:
    """Tell by its first lines whether `path` has a track of EthoVision in it; never raises."""
    try:
        return any(header.points for _, header in _list_headers(path))
    except (OSError, LabelError, csv.Error):
        return False


def find_ethovision_videos(path: Path) -> list[str]:
    """Return the names of the videos that an export of EthoVision says it is of, each once; never raises."""
    try:
        names = [header.preamble.get("video file", "") for _, header in _list_headers(path) if header.points]
    except (OSError, LabelError, csv.Error):
        return []
    return [name for name in dict.fromkeys(re.split(r"[/\\]", name)[-1] for name in names) if name]


def read_ethovision(path: Path) -> PoseTable:
    """Read the tracks in an export of EthoVision: a column per subject, point and coordinate, a row per time.

    Sheets without positions, such as those of manual scoring, are passed over. Positions are in the unit of the file, from an origin of
    EthoVision's own, y upwards. A subject is called as in the preamble, with its arena where several have one name.

    Raises
    ------
    PoseError
        If the file holds no track, units differ, a cell is not a number, or times do not grow.
    """
    try:
        tracks = [_read_track(path, sheet, header) for sheet, header in _list_headers(path) if header.points]
    except LabelError as error:
        raise PoseError(str(error)) from error
    except (OSError, csv.Error) as error:
        raise PoseError(f"{path}: cannot be read ({' '.join(str(error).split())[:200]}); {_ADVICE}.") from error
    if not tracks:
        raise PoseError(f"{path}: holds no track of EthoVision, expected columns such as X center and Y center; {_ADVICE}.")
    units = sorted({track.unit for track in tracks})
    if len(units) > 1:
        raise PoseError(f"{path}: has positions in {' and in '.join(units)}, expected one unit; {_ADVICE}.")
    trials = list(dict.fromkeys(track.trial for track in tracks))
    if len(trials) > 1:
        raise PoseError(
            f"{path}: holds {len(trials)} trials ({', '.join(trials[:3])}), expected one; export each trial to a file of its own."
        )
    time_s, rows_of = align_times([track.time_s for track in tracks])
    subjects = Counter(track.subject for track in tracks)
    columns: list[tuple[str, str, str]] = []
    values = []
    for track, rows in zip(tracks, rows_of, strict=True):
        name = track.subject if subjects[track.subject] == 1 else f"{track.arena}/{track.subject}"
        columns += [(name, point, axis) for point in track.points for axis in ("x", "y")]
        block = np.full((len(time_s), 2 * len(track.points)), np.nan)
        block[rows] = track.positions.reshape(len(rows), 2 * len(track.points))
        values.append(block)
    table = PoseTable(tuple(columns), np.arange(len(time_s)), np.concatenate(values, axis=1), time_s=time_s, unit=units[0])
    table.require_distinct(path)
    return table


def _list_headers(path: Path) -> Iterator[tuple[str | None, _Header]]:
    """Yield the sheets that EthoVision wrote, None for a text, with what is above their rows."""
    with path.open("rb") as file:
        start = file.read(_HEADER_BYTES)
    if start.startswith(_ZIP_MAGIC):
        for sheet in list_sheets(path):
            header = _parse_header(cells for _, cells in read_sheet(path, sheet))
            if header is not None:
                yield sheet, header
        return
    encoding, delimiter = _find_writing(start)
    if encoding is not None:
        header = _parse_header(csv.reader(start.decode(encoding, errors="replace").splitlines(), delimiter=delimiter))
        if header is not None:
            yield None, header


def _find_writing(start: bytes) -> tuple[str | None, str]:
    encoding = find_encoding(start)
    first = start.decode(encoding, errors="replace").splitlines()[:1] if encoding else []
    return encoding, find_delimiter(first[0]) if first else ","


def _parse_header(rows: Iterable[Sequence[str]]) -> _Header | None:
    """Return what the first rows say; None where they are not those of EthoVision."""
    preamble: dict[str, str] = {}
    n_lines = 0
    before: Sequence[str] = ()
    for number, row in enumerate(rows, start=1):
        cells = [cell.strip() for cell in row]
        if number == 1:
            count = cells[1] if len(cells) > 1 else ""
            is_known = cells and cells[0].rstrip(": ").casefold() == _FIRST_CELL and count.isascii() and count.isdigit()
            if not is_known or len(count) > 4 or not 3 <= int(count) <= _MOST_HEADER_LINES:
                return None
            n_lines = int(count)
        if number == n_lines:
            width = max((place + 1 for place, cell in enumerate(before) if cell), default=0)
            units = [*cells, *[""] * width][:width]
            return _Header(preamble, tuple(before[:width]), tuple(units), n_lines)
        if len(cells) > 1 and cells[0]:
            preamble[cells[0].rstrip(": ").casefold()] = cells[1]
        before = cells
    return None


def _read_track(path: Path, sheet: str | None, header: _Header) -> _Track:
    where = f"{path}" if sheet is None else f"{path}, sheet {sheet!r}"
    time_column = next((header.columns.index(name) for name in header.columns if name.casefold() in _TIMES[:1]), None)
    if time_column is None:
        time_column = next((header.columns.index(name) for name in header.columns if name.casefold() in _TIMES), None)
    if time_column is None:
        raise PoseError(f"{where}: has no column of times, expected Recording time or Trial time; {_ADVICE}.")
    if header.units[time_column].casefold() not in ("s", ""):
        raise PoseError(f"{where}: has times in {header.units[time_column][:40]!r}, expected seconds; {_ADVICE}.")
    columns = [time_column, *(column for pair in header.points.values() for column in pair)]
    units = sorted({header.units[column] for column in columns[1:]})
    if len(units) != 1:
        raise PoseError(f"{where}: has positions in {' and in '.join(map(repr, units))}, expected one unit; {_ADVICE}.")
    values = _read_text(path, header, columns) if sheet is None else _read_cells(path, sheet, header, columns)
    time_s = values[:, 0]
    wrong = find_wrong_time(time_s)
    if wrong is not None:
        raise PoseError(f"{where}: row {wrong} below the header has the time {time_s[wrong]:g} s, expected times that grow; {_ADVICE}.")
    preamble = header.preamble
    subject = preamble.get("subject name") or sheet or "subject"
    positions = values[:, 1:].reshape(len(values), len(header.points), 2)
    trial, arena = preamble.get("trial name", ""), preamble.get("arena name", "arena")
    return _Track(trial, arena, subject, tuple(header.points), units[0] or "no unit", positions, time_s)


def _read_text(path: Path, header: _Header, columns: Sequence[int]) -> npt.NDArray[np.float64]:
    with path.open("rb") as file:
        start = file.read(_HEADER_BYTES)
    encoding, delimiter = _find_writing(start)
    rows = csv.reader(
        start.decode(encoding or "utf-8", errors="replace").splitlines()[header.n_lines : header.n_lines + 100], delimiter=delimiter
    )
    decimal = "," if any(re.fullmatch(r"\s*-?\d+,\d+\s*", cell) for row in rows for cell in row) else "."
    layout = TextLayout(header.n_lines, len(header.columns), encoding or "utf-8", delimiter, decimal, missing=("-",))
    table = read_number_table(path, layout)
    return np.column_stack([table.read_numbers(column, name=header.columns[column]) for column in columns])


def _read_cells(path: Path, sheet: str, header: _Header, columns: Sequence[int]) -> npt.NDArray[np.float64]:
    rows: list[list[float]] = []
    for line, cells in read_sheet(path, sheet):
        if line <= header.n_lines or not any(cells):
            continue
        numbers = []
        for column in columns:
            cell = cells[column] if column < len(cells) else ""
            number = np.nan if cell in _MISSING else parse_number(cell, ",")
            if number is None:
                name = header.columns[column]
                raise PoseError(f"{path}, sheet {sheet!r}: line {line}, {name}: {cell[:80]!r} is not a number; correct it.")
            numbers.append(number)
        rows.append(numbers)
    return np.array(rows, dtype=np.float64).reshape(len(rows), len(columns))
