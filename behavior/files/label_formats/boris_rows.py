"""What BORIS's two tables of events have in common: their columns, through its versions, and their observations."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from behavior.errors import LabelError
from behavior.files.label_formats.boris_media import MediaTimes
from behavior.files.label_formats.boris_observation import Observation
from behavior.files.label_formats.source import LabelSource
from behavior.files.text_tables import parse_seconds

__all__ = ["BorisRow", "BorisTable", "list_point_names", "parse_time"]

_TITLE = "observation id"
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "observation": (_TITLE,),
    "media": ("media file name", "media file path", "media file"),
    "source": ("source",),
    "lengths": ("media duration (s)", "total length"),
    "rates": ("fps", "fps (frame/s)"),
    "offset": ("time offset (s)",),
    "subject": ("subject",),
    "behavior": ("behavior", "behaviour"),
    "kind": ("behavior type", "behaviour type", "status"),
    "time": ("time", "time (s)"),
    "image": ("image index",),
    "start": ("start (s)",),
    "stop": ("stop (s)",),
    "first_image": ("image index start",),
    "last_image": ("image index stop",),
}
_MISSING = ("", "na", "nan", "none", "not found")
_PLAYER = re.compile(r"player #(\d+)", re.IGNORECASE)

NOT_FOCAL = "no focal subject"


@dataclass(frozen=True)
class BorisRow:
    """A row of a table of events.

    Attributes
    ----------
    line
        Its number in the file.
    observation
        The observation that it belongs to.
    cells
        Its cells by the kind of column; "" for a cell that is empty or marked as missing.
    modifiers
        What further describes the behavior.
    """

    line: int
    observation: str
    cells: Mapping[str, str]
    modifiers: tuple[str, ...]


@dataclass
class _Preamble:
    """The lines above the header in tables before version 8."""

    observation: str = ""
    players: dict[str, list[str]] = field(default_factory=dict)
    offset: str = ""


class BorisTable:
    """The rows of a table of events, each with the observation that it belongs to.

    Parameters
    ----------
    source
        The file.
    needed
        Kinds of columns that a header has to have.
    """

    def __init__(self, source: LabelSource, needed: tuple[str, ...]) -> None:
        self._source = source
        self._needed = needed

    def find_header(self) -> int | None:
        """Return the line of the first header, None if there is none near the beginning."""
        return next((line for line, cells in self._source.head_rows if self._find_columns(cells) is not None), None)

    def read_rows(self) -> Iterator[BorisRow]:
        """Yield the rows below each header."""
        for row, _ in self._walk():
            yield row

    def list_observations(self) -> dict[str, Observation]:
        """Return the observations by name, in order of appearance."""
        firsts: dict[str, tuple[BorisRow, _Preamble]] = {}
        media: dict[str, MediaTimes] = {}
        for row, preamble in self._walk():
            firsts.setdefault(row.observation, (row, preamble))
            shown = media.setdefault(row.observation, MediaTimes())
            if row.cells["media"] and row.cells["media"].casefold() != "live":
                shown.add(row.cells["media"], self._parse_cell(row, "start" if row.cells["start"] else "time"))
        return {name: self._describe(*firsts[name], shown) for name, shown in media.items()}

    def _describe(self, row: BorisRow, preamble: _Preamble, media: MediaTimes) -> Observation:
        """Return an observation by its first row, the lines above it, and the media files of all its rows."""
        shown = media.list_in_order()
        players = _parse_source(row.cells["source"]) or {key: tuple(files) for key, files in preamble.players.items()}
        files = [file for of_player in players.values() for file in of_player]
        numbers, rates = (
            [parse_seconds(part, self._source.delimiter) for part in re.split(r"[|;]", row.cells[kind])] for kind in ("lengths", "rates")
        )
        lengths, is_order_stated = {}, True
        # Edited tables may name other files in their rows than above them; files without events are in no row.
        if shown and not set(shown) & set(files):
            players, is_order_stated = {"1": shown}, False
        elif len(files) == len(numbers):
            lengths = {file: number for file, number in zip(files, numbers, strict=True) if number is not None}
        total = numbers[0] if len(numbers) == 1 and not lengths else None
        offset = self._parse_cell(row, "offset")
        return Observation(
            players=players,
            lengths=lengths,
            rates=self._match_rates(rates, [file for of_player in players.values() for file in of_player]),
            total_length=total,
            time_offset=offset if offset is not None else parse_seconds(preamble.offset, self._source.delimiter) or 0.0,
            # No table has the offsets of further players.
            player_offsets=None,
            event_times=media.spans,
            is_order_stated=is_order_stated,
        )

    def _match_rates(self, rates: Sequence[float | None], files: Sequence[str]) -> dict[str, float]:
        """Return the frame rate of each file: one for each, or one for all."""
        of_files = list(rates) * len(files) if len(rates) == 1 else rates
        return {file: rate for file, rate in zip(files, of_files, strict=True) if rate} if len(of_files) == len(files) else {}

    def _parse_cell(self, row: BorisRow, kind: str) -> float | None:
        return parse_seconds(row.cells[kind], self._source.delimiter)

    def _walk(self) -> Iterator[tuple[BorisRow, _Preamble]]:
        columns: dict[str, int] | None = None
        modifiers: list[int] = []
        preamble, first = _Preamble(), ""
        for line, cells in self._source.read_rows():
            if not any(cells):
                continue
            # Below a header, only what starts as a header or a preamble does can be one.
            if columns is None or cells[0].casefold() in (first, _TITLE):
                header = self._find_columns(cells)
                if header is not None:
                    columns, first = header, cells[0].casefold()
                    modifiers = [column for column, cell in enumerate(cells) if cell.casefold().startswith("modifier")]
                    continue
                if columns is not None and columns["observation"] < 0 and cells[0].casefold() == _TITLE:
                    preamble, columns = _Preamble(), None
                if columns is None:
                    _note_preamble(preamble, cells)
                    continue
            by_kind = {kind: _clean(cells[column]) if 0 <= column < len(cells) else "" for kind, column in columns.items()}
            if by_kind["subject"].casefold() == NOT_FOCAL:
                by_kind["subject"] = ""
            # One cell may hold several sets of modifiers.
            described = tuple(part for column in modifiers if column < len(cells) for part in re.split(r"[|;]", cells[column]))
            yield BorisRow(line, by_kind["observation"] or preamble.observation, by_kind, described), preamble
        if columns is None:
            raise LabelError(
                f"{self._source.path}: ends before the events of {preamble.observation!r}, so it is cut short; export them again."
            )

    def _find_columns(self, cells: tuple[str, ...]) -> dict[str, int] | None:
        """Return the index of each kind of column, -1 for those that are missing; None if this is not a header."""
        lower = [" ".join(cell.split()).casefold() for cell in cells]
        columns = {kind: next((lower.index(name) for name in names if name in lower), -1) for kind, names in _COLUMNS.items()}
        return columns if all(columns[kind] >= 0 for kind in self._needed) else None


def list_point_names(rows: Iterable[BorisRow]) -> tuple[str, ...]:
    """Return the behaviors that are points in all of `rows`."""
    is_point: dict[str, bool] = {}
    for row in rows:
        name = row.cells["behavior"]
        is_point[name] = is_point.get(name, True) and row.cells["kind"].upper() == "POINT"
    return tuple(name for name, only in is_point.items() if name and only)


def parse_time(source: LabelSource, row: BorisRow, kind: str) -> float | None:
    """Return the seconds in a cell, None if it is marked as missing.

    Raises
    ------
    LabelError
        If it holds anything else.
    """
    cell = row.cells[kind]
    if not cell:
        return None
    number = parse_seconds(cell, source.delimiter)
    if number is None:
        raise LabelError(f"{source.path}: {source.row_word} {row.line} has {cell!r} as {kind}, expected seconds; correct it.")
    return number


def _clean(cell: str) -> str:
    return "" if cell.casefold() in _MISSING else cell


def _note_preamble(preamble: _Preamble, cells: tuple[str, ...]) -> None:
    key, value = cells[0].casefold(), cells[1] if len(cells) > 1 else ""
    if key == _TITLE:
        preamble.observation = value
    elif key.startswith("time offset"):
        preamble.offset = value
    elif value and (player := _PLAYER.match(key)):
        preamble.players.setdefault(player[1], []).append(value)


def _parse_source(cell: str) -> dict[str, tuple[str, ...]]:
    """Return the media files of each player, as version 8 and later write them.

    >>> _parse_source("player #1:a.mp4;b.mp4|player #2:c.mp4")
    {'1': ('a.mp4', 'b.mp4'), '2': ('c.mp4',)}
    """
    players = {}
    for part in re.split(r"\|(?=player #)", cell):
        player = re.match(r"player #(\d+)\s*:\s*(.*)", part, re.IGNORECASE | re.DOTALL)
        if player and player[2].strip():
            players[player[1]] = tuple(file.strip() for file in player[2].split(";") if file.strip())
    return players
