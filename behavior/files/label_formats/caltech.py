"""Caltech Behavior Annotator's text files: streams S1, S2, ... of rows start, end, type; frames from 1, the end included.

The layout is that of Piotr Dollár's annotator (vision.ucsd.edu/~pdollar/toolbox): a configuration of names and keys, then a block per
stream. A stream labels every frame, with ``base`` or ``other`` where nothing happens, so frames that no row covers were not observed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from behavior.errors import LabelError
from behavior.files.label_formats.bout_rows import BoutRows
from behavior.files.label_formats.label_format import BoutLabels, LabelFormat
from behavior.files.label_formats.request import LabelRequest
from behavior.files.label_formats.source import LabelSource

__all__ = ["CALTECH"]

_TITLE = "caltech behavior annotator"
_STREAM = re.compile(r"\s*(S\d+)\s*:", re.IGNORECASE)
_CONFIGURATION = "configuration file:"
_BACKGROUND = ("base", "other", "background")


def _recognises(source: LabelSource) -> bool:
    return source.head.lstrip("\ufeff \t\r\n").casefold().startswith(_TITLE)


def _list_codable(source: LabelSource) -> tuple[str, ...]:
    """Return the names of the configuration, each with its key, above the first stream."""
    names: dict[str, None] = {}
    is_listed = False
    for _, text in source.read_lines():
        if _STREAM.match(text):
            break
        cells = text.split()
        if is_listed and cells:
            names[" ".join(cells[:-1]) if len(cells) > 1 else cells[0]] = None
        is_listed = is_listed or text.strip().casefold() == _CONFIGURATION
    return tuple(names)


def _read_rows(source: LabelSource) -> Iterator[tuple[int, str, float, float, str]]:
    """Yield line, stream, first frame, last frame and name."""
    stream = ""
    for line, text in source.read_lines():
        header = _STREAM.match(text)
        if header:
            stream = header[1].upper()
        elif stream and text.strip() and not re.fullmatch(r"[\s-]+", text):
            cells = text.split(maxsplit=2)
            if len(cells) < 3 or not all(re.fullmatch(r"\d{1,15}", cell) for cell in cells[:2]):
                raise LabelError(
                    f"{source.path}: line {line} holds {text.strip()[:60]!r}, expected first frame, last frame and type; correct it."
                )
            yield line, stream, float(cells[0]), float(cells[1]), cells[2].strip()


def _read(source: LabelSource, request: LabelRequest) -> BoutLabels:
    rows = BoutRows("line")
    observed: dict[str, list[tuple[float, float]]] = {}
    for line, stream, first, last, name in _read_rows(source):
        start, stop = first - 1, last
        # That nothing happened is not a behavior, unless it is requested.
        if name.casefold() not in _BACKGROUND or request.naming.find_behavior(name) is not None:
            rows.add(line, name, start, stop, subject=stream)
        spans = observed.setdefault(stream, [])
        # Rows follow one another, so that few spans remain.
        if spans and spans[-1][1] == start:
            spans[-1] = (spans[-1][0], stop)
        elif start < stop:
            spans.append((start, stop))
    spans_of_streams = tuple(span for spans in observed.values() for span in spans)
    n_frames = int(max(stop for _, stop in spans_of_streams)) if spans_of_streams else None
    return BoutLabels(rows, in_seconds=False, observed=spans_of_streams, codable=_list_codable(source), n_frames=n_frames)


CALTECH = LabelFormat(
    name="Caltech Behavior Annotator",
    recognises=_recognises,
    list_names=lambda source: tuple(dict.fromkeys(row[-1] for row in _read_rows(source) if row[-1].casefold() not in _BACKGROUND)),
    read=_read,
)
