"""BORIS aggregated events: a row per bout with Start (s) and Stop (s), POINT rows without a duration; with or without a header.

If the header is missing, as in some exports of version 7, columns are known by their order there: subject, behavior, category, modifiers,
then STATE or POINT, start and stop.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from behavior.errors import LabelError
from behavior.files.label_formats.boris_media import MediaTimes
from behavior.files.label_formats.boris_observation import BorisEvents, Observation, find_stretch
from behavior.files.label_formats.boris_rows import NOT_FOCAL, BorisRow, BorisTable, list_point_names, parse_time
from behavior.files.label_formats.choosing import choose_observation
from behavior.files.label_formats.label_format import BoutLabels, LabelFormat
from behavior.files.label_formats.naming import join_modifiers
from behavior.files.label_formats.request import LabelRequest
from behavior.files.label_formats.source import LabelSource
from behavior.files.text_tables import parse_number

__all__ = ["BORIS_AGGREGATED"]

_NEEDED = ("behavior", "start", "stop")
_KINDS = ("STATE", "POINT")

# Columns before the one with STATE or POINT: subject, behavior, category, modifiers.
_BEFORE_KIND = 4


def _open(source: LabelSource) -> BorisTable:
    return BorisTable(source, _NEEDED)


def _recognises(source: LabelSource) -> bool:
    return _open(source).find_header() is not None or _find_kind(source) is not None


def _find_kind(source: LabelSource) -> int | None:
    """Return the column with STATE or POINT in a table without a header, None if this is not one."""
    cells = next((cells for _, cells in source.head_rows if any(cells)), ())
    for column in range(_BEFORE_KIND + 1, len(cells) - 2):
        if cells[column] in _KINDS and parse_number(cells[column + 1], source.delimiter) is not None:
            return column
    return None


def _read_rows(source: LabelSource) -> Iterator[BorisRow]:
    if _open(source).find_header() is not None:
        yield from _open(source).read_rows()
        return
    kind = _find_kind(source)
    assert kind is not None
    for line, cells in source.read_rows():
        if not any(cells):
            continue
        if len(cells) < kind + 3:
            raise LabelError(f"{source.path}: {source.row_word} {line} has {len(cells)} cells, expected at least {kind + 3}; complete it.")
        subject, behavior, _, modifiers = cells[kind - _BEFORE_KIND : kind]
        yield BorisRow(
            line,
            cells[0],
            {
                "subject": "" if subject.casefold() == NOT_FOCAL else subject,
                "behavior": behavior,
                "kind": cells[kind],
                "start": "" if cells[kind + 1] == "NA" else cells[kind + 1],
                "stop": "" if cells[kind + 2] == "NA" else cells[kind + 2],
                "first_image": "",
                "last_image": "",
                "media": _find_media(cells[1 : kind - _BEFORE_KIND]),
            },
            tuple(re.split(r"[|;]", modifiers)),
        )


def _find_media(cells: tuple[str, ...]) -> str:
    """Return the cell that names a file, "" if none does."""
    return next((cell for cell in cells if re.search(r"\.[A-Za-z]\w{1,4}$", cell)), "")


def _list_observations(source: LabelSource) -> dict[str, Observation]:
    if _open(source).find_header() is not None:
        return _open(source).list_observations()
    kind = _find_kind(source)
    assert kind is not None
    media: dict[str, MediaTimes] = {}
    totals: dict[str, float | None] = {}
    for _, cells in source.read_rows():
        if len(cells) <= kind:
            continue
        shown = media.setdefault(cells[0], MediaTimes())
        file = _find_media(cells[1 : kind - _BEFORE_KIND])
        if file:
            shown.add(file, parse_number(cells[kind + 1], source.delimiter) if len(cells) > kind + 1 else None)
            following = cells[cells.index(file, 1) + 1]
            totals.setdefault(cells[0], parse_number(following, source.delimiter))
    return {
        name: Observation(
            players={"1": shown.list_in_order()} if shown.list_in_order() else {},
            total_length=totals.get(name),
            player_offsets=None,
            event_times=shown.spans,
            is_order_stated=False,
        )
        for name, shown in media.items()
    }


def _read(source: LabelSource, request: LabelRequest) -> BoutLabels:
    observations = _list_observations(source) or {"": Observation()}
    chosen, notes = choose_observation(source.path, {name: observation.media for name, observation in observations.items()}, request)
    stretch = find_stretch(source.path, observations[chosen], request)
    events = BorisEvents(source.path, request, stretch, source.row_word)
    in_seconds = True
    for row in _read_rows(source):
        if row.observation != chosen:
            continue
        where = f"{source.path}: {source.row_word} {row.line}"
        if not row.cells["behavior"]:
            raise LabelError(f"{where} names no behavior; complete or remove it.")
        start, stop = parse_time(source, row, "start"), parse_time(source, row, "stop")
        if start is None:
            # Observations of images may have no times.
            first, last = parse_time(source, row, "first_image"), parse_time(source, row, "last_image")
            if first is None:
                raise LabelError(f"{where} has neither a start nor an image index; complete or remove it.")
            if len(events.rows) and in_seconds:
                raise LabelError(f"{where} has no start in seconds, but rows above it have; complete it.")
            in_seconds, start, stop = False, first - 1, None if last is None else last - 1
        elif not in_seconds:
            raise LabelError(f"{where} has a start in seconds, but rows above it only have image indexes; export the events again.")
        name = join_modifiers(row.cells["behavior"], row.modifiers)
        if row.cells["kind"].upper() == "POINT":
            events.add_point(row.line, name, row.cells["subject"], start)
        else:
            events.add_bout(row.line, name, row.cells["subject"], start, stop)
    return events.finish(in_seconds=in_seconds, notes=tuple(notes))


BORIS_AGGREGATED = LabelFormat(
    name="BORIS aggregated events",
    recognises=_recognises,
    list_names=lambda source: tuple(dict.fromkeys(row.cells["behavior"] for row in _read_rows(source) if row.cells["behavior"])),
    read=_read,
    list_observations=lambda source: {name: observation.media for name, observation in _list_observations(source).items()},
    list_points=lambda source: list_point_names(_read_rows(source)),
    has_players=True,
)
