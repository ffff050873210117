"""BORIS tabular events: a row per event, with START, STOP or POINT; CSV, TSV or XLSX.

Versions before 8 write a preamble (observation, media files, time offset) above the header and call the last column Status; later
ones repeat all of it in every row and call the column Behavior type. FPS may name several rates, and times or image indexes be NA.
"""

from __future__ import annotations

from behavior.errors import LabelError
from behavior.files.label_formats.boris_observation import BorisEvents, Observation, find_stretch
from behavior.files.label_formats.boris_rows import BorisTable, list_point_names, parse_time
from behavior.files.label_formats.choosing import choose_observation
from behavior.files.label_formats.label_format import BoutLabels, LabelFormat
from behavior.files.label_formats.naming import join_modifiers
from behavior.files.label_formats.request import LabelRequest
from behavior.files.label_formats.source import LabelSource

__all__ = ["BORIS_TABULAR"]

_NEEDED = ("time", "subject", "behavior", "kind")


def _open(source: LabelSource) -> BorisTable:
    return BorisTable(source, _NEEDED)


def _list_names(source: LabelSource) -> tuple[str, ...]:
    return tuple(dict.fromkeys(row.cells["behavior"] for row in _open(source).read_rows() if row.cells["behavior"]))


def _read(source: LabelSource, request: LabelRequest) -> BoutLabels:
    table = _open(source)
    # A header without rows is an observation without events.
    observations = table.list_observations() or {"": Observation()}
    chosen, notes = choose_observation(source.path, {name: observation.media for name, observation in observations.items()}, request)
    stretch = find_stretch(source.path, observations[chosen], request)
    events = BorisEvents(source.path, request, stretch, source.row_word)
    rows = (row for row in table.read_rows() if row.observation == chosen)
    in_seconds = True
    for row in rows:
        where = f"{source.path}: {source.row_word} {row.line}"
        if not row.cells["behavior"]:
            raise LabelError(f"{where} names no behavior; complete or remove it.")
        at = parse_time(source, row, "time")
        if at is None:
            # Observations of images may have no times.
            image = parse_time(source, row, "image")
            if image is None:
                raise LabelError(f"{where} has neither a time nor an image index; complete or remove it.")
            if len(events.rows) and in_seconds:
                raise LabelError(f"{where} has no time, but rows above it have; complete it.")
            at, in_seconds = image - 1, False
        elif not in_seconds:
            raise LabelError(f"{where} has a time, but rows above it only have image indexes; export the events again.")
        name, subject, kind = join_modifiers(row.cells["behavior"], row.modifiers), row.cells["subject"], row.cells["kind"].upper()
        if kind == "POINT":
            events.add_point(row.line, name, subject, at)
        elif kind in ("START", "STOP"):
            events.add_change(row.line, name, subject, at, kind=kind)
        else:
            raise LabelError(f"{where} is of the type {row.cells['kind']!r}, expected START, STOP or POINT; correct it.")
    return events.finish(in_seconds=in_seconds, notes=tuple(notes))


BORIS_TABULAR = LabelFormat(
    name="BORIS tabular events",
    recognises=lambda source: _open(source).find_header() is not None,
    list_names=_list_names,
    read=_read,
    list_observations=lambda source: {name: observation.media for name, observation in _open(source).list_observations().items()},
    list_points=lambda source: list_point_names(_open(source).read_rows()),
    has_players=True,
)
