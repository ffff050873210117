"""VIA's video annotations (VGG Image Annotator 3): a project in JSON, or its export to CSV; spans in seconds with values of attributes.

An attribute's value is a behavior: its option's name in a project, its option's id in CSV, which has no names.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from behavior.errors import LabelError
from behavior.files.label_formats.bout_rows import BoutRows
from behavior.files.label_formats.choosing import choose_observation, name_file
from behavior.files.label_formats.json_documents import as_array, as_mapping, as_number
from behavior.files.label_formats.label_format import BoutLabels, LabelFormat
from behavior.files.label_formats.request import LabelRequest
from behavior.files.label_formats.source import LabelSource

__all__ = ["VIA_PROJECT", "VIA_TABLE"]

_HEADER = "# csv_header"
_COLUMNS = ("metadata_id", "file_list", "flags", "temporal_coordinates", "spatial_coordinates", "metadata")
_SEVERAL = 2


@dataclass(frozen=True)
class _Segment:
    """A span of one or more videos with the names of what it shows; a point has no stop."""

    where: str
    number: int
    files: tuple[str, ...]
    start: float
    stop: float | None
    names: tuple[str, ...]


def _recognises_project(source: LabelSource) -> bool:
    document = source.document
    return isinstance(document, dict) and {"metadata", "attribute", "file", "view"} <= set(document)


def _recognises_table(source: LabelSource) -> bool:
    return not source.is_spreadsheet and any(line.strip().casefold().startswith(_HEADER) for line in source.head.splitlines()[:50])


def _list_project_segments(source: LabelSource) -> Iterator[_Segment]:
    path, document = source.path, source.document
    files = as_mapping(path, document["file"], "'file'")
    views = as_mapping(path, document["view"], "'view'")
    attributes = as_mapping(path, document["attribute"], "'attribute'")
    for number, (key, value) in enumerate(as_mapping(path, document["metadata"], "'metadata'").items(), start=1):
        where = f"annotation {key[:60]!r}"
        entry = as_mapping(path, value, where)
        view = as_mapping(path, views.get(str(entry.get("vid"))), f"the view of {where}")
        names = []
        for file in as_array(path, view.get("fid_list"), f"the files of {where}"):
            described = as_mapping(path, files.get(str(file)), f"file {str(file)[:60]!r}")
            names.append(name_file(str(described.get("src") or described.get("fname") or "")))
        chosen = as_mapping(path, entry.get("av") or {}, f"the values of {where}")
        shown = [name for attribute, option in chosen.items() for name in _name_options(source, attributes, attribute, option)]
        yield from _make_segment(source, where, number, tuple(names), entry.get("z"), entry.get("xy"), tuple(shown))


def _name_options(source: LabelSource, attributes: dict[str, Any], attribute: str, option: Any) -> list[str]:
    """Return what a value of an attribute stands for: the names of its options, or the text itself."""
    described = as_mapping(source.path, attributes.get(attribute), f"attribute {attribute[:60]!r}")
    options = as_mapping(source.path, described.get("options") or {}, f"the options of attribute {attribute[:60]!r}")
    text = str(option)
    # Several ticked boxes are separated by commas.
    parts = [text] if text in options or not options else text.split(",")
    return [str(options.get(part, part)).strip() for part in parts if str(options.get(part, part)).strip()]


def _list_table_segments(source: LabelSource) -> Iterator[_Segment]:
    path = source.path
    for line, cells in source.read_rows():
        if not cells or cells[0].startswith("#"):
            continue
        where = f"line {line}"
        if len(cells) != len(_COLUMNS):
            raise LabelError(f"{path}: {where} has {len(cells)} cells, expected {len(_COLUMNS)} ({', '.join(_COLUMNS)}); export it again.")
        files = as_array(path, _parse_cell(source, where, cells[1]), f"the files of {where}")
        values = as_mapping(path, _parse_cell(source, where, cells[5]), f"the values of {where}")
        names = tuple(part.strip() for value in values.values() for part in str(value).split(",") if part.strip())
        times, shape = (_parse_cell(source, where, cell) for cell in cells[3:5])
        yield from _make_segment(source, where, line, tuple(name_file(str(file)) for file in files), times, shape, names)


def _parse_cell(source: LabelSource, where: str, cell: str) -> Any:
    try:
        return json.loads(cell)
    except (ValueError, RecursionError) as error:
        raise LabelError(
            f"{source.path}: {where} holds {cell[:60]!r}, expected JSON in that cell ({str(error)[:60]}); export it again."
        ) from error


def _make_segment(
    source: LabelSource, where: str, number: int, files: tuple[str, ...], times: Any, shape: Any, names: tuple[str, ...]
) -> Iterator[_Segment]:
    """Yield the segment, unless it is a shape in a picture, or a value of a whole file."""
    path = source.path
    edges = [as_number(path, edge, f"a time of {where}") for edge in as_array(path, times or [], f"the times of {where}")]
    if not edges or (isinstance(shape, list) and shape):
        return
    if len(edges) > _SEVERAL:
        raise LabelError(f"{path}: {where} has {len(edges)} times, expected a start and a stop; correct it.")
    yield _Segment(where, number, files, edges[0], edges[1] if len(edges) == _SEVERAL else None, names)


def _list_names(segments: Iterator[_Segment]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for segment in segments for name in segment.names))


def _list_points(segments: Iterator[_Segment]) -> tuple[str, ...]:
    is_point: dict[str, bool] = {}
    for segment in segments:
        for name in segment.names:
            is_point[name] = is_point.get(name, True) and segment.stop is None
    return tuple(name for name, only in is_point.items() if only)


def _list_videos(source: LabelSource, segments: Sequence[_Segment]) -> dict[str, tuple[str, ...]]:
    """Return the videos: those of a project have no segment if nothing was seen."""
    videos = dict.fromkeys(file for segment in segments for file in segment.files if file)
    if source.container == "json":
        for key, value in as_mapping(source.path, source.document["file"], "'file'").items():
            described = as_mapping(source.path, value, f"file {key[:60]!r}")
            name = name_file(str(described.get("src") or described.get("fname") or ""))
            videos.update({name: None} if name else {})
    return {name: (name,) for name in videos}


def _read(source: LabelSource, request: LabelRequest, segments: Sequence[_Segment]) -> BoutLabels:
    videos = _list_videos(source, segments)
    chosen, notes = choose_observation(source.path, videos or {"": ()}, request)
    rows = BoutRows("line" if source.container == "table" else "annotation")
    for segment in segments:
        if videos and chosen not in segment.files:
            continue
        if not segment.names:
            raise LabelError(f"{source.path}: {segment.where} is a span without a value, so it is unclear what it shows; complete it.")
        for name in segment.names:
            stop = segment.start if segment.stop is None else segment.stop
            rows.add(segment.number, name, segment.start, stop, is_point=segment.stop is None)
    # VIA writes milliseconds.
    return BoutLabels(rows, is_extent_stated=False, in_seconds=True, notes=tuple(notes), tolerance_s=6e-4, codable=_list_options(source))


def _list_options(source: LabelSource) -> tuple[str, ...] | None:
    """Return the names of all options of a project's attributes; None for a table, or if texts may be typed in."""
    if source.container == "table":
        return None
    names: list[str] = []
    for key, value in as_mapping(source.path, source.document["attribute"], "'attribute'").items():
        options = as_mapping(source.path, value, f"attribute {key[:60]!r}").get("options") or {}
        names += [str(name) for name in as_mapping(source.path, options, f"the options of attribute {key[:60]!r}").values()]
        if not options:
            return None
    return tuple(dict.fromkeys(names)) or None


def _make_format(
    name: str, recognises: Callable[[LabelSource], bool], list_segments: Callable[[LabelSource], Iterator[_Segment]], **settings: Any
) -> LabelFormat:
    """Return the format of a layout whose segments `list_segments` finds."""
    return LabelFormat(
        name=name,
        recognises=recognises,
        list_names=lambda source: _list_names(list_segments(source)),
        read=lambda source, request: _read(source, request, list(list_segments(source))),
        list_observations=lambda source: _list_videos(source, list(list_segments(source))),
        list_points=lambda source: _list_points(list_segments(source)),
        **settings,
    )


VIA_PROJECT = _make_format("VIA project", _recognises_project, _list_project_segments, container="json", suffixes=(".json",))
VIA_TABLE = _make_format("VIA table", _recognises_table, _list_table_segments)
