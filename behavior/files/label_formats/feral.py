"""FERAL's labels: JSON with the names of classes, and for each video a class, or a row of 1 and 0, for every frame.

By FERAL's own fixtures and BORIS's export to it. In a file of single labels, one class means that nothing happens (``other``). A frame
that is null, -1 or -100, which networks skip, was not labelled.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from behavior.errors import LabelError
from behavior.files.label_formats.choosing import choose_observation
from behavior.files.label_formats.json_documents import as_array, as_frame, as_mapping, as_text
from behavior.files.label_formats.label_format import FrameLabels, LabelFormat
from behavior.files.label_formats.missing_behaviors import choose_behaviors
from behavior.files.label_formats.request import LabelRequest
from behavior.files.label_formats.source import LabelSource

__all__ = ["BACKGROUND", "FERAL", "split_classes"]

# Classes that stand for no behavior, unless one is requested.
BACKGROUND = ("other", "background", "none", "nothing", "no behavior", "no_behavior", "no behaviour")
_UNLABELLED = (-1, -100)


def _recognises(source: LabelSource) -> bool:
    document = source.document
    return isinstance(document, dict) and "class_names" in document and isinstance(document.get("labels"), dict)


def _list_classes(source: LabelSource) -> dict[int, str]:
    """Return the name of each class by its number."""
    path, names = source.path, source.document["class_names"]
    if isinstance(names, list):
        names = dict(enumerate(names))
    classes = {}
    for key, name in as_mapping(path, names, "'class_names'").items():
        classes[as_frame(path, key, f"class {str(key)[:60]!r}")] = as_text(path, name, f"the name of class {str(key)[:60]!r}")
    repeated = [name for name in classes.values() if list(classes.values()).count(name) > 1]
    if repeated:
        raise LabelError(f"{path}: has two classes named {repeated[0]!r}, expected one; rename or remove one.")
    return classes


def _list_names(source: LabelSource) -> tuple[str, ...]:
    return tuple(name for name in _list_classes(source).values() if name.casefold() not in BACKGROUND)


def _list_videos(source: LabelSource) -> dict[str, tuple[str, ...]]:
    return {name: (name,) for name in as_mapping(source.path, source.document["labels"], "'labels'")}


def _read(source: LabelSource, request: LabelRequest) -> FrameLabels:
    path, classes = source.path, _list_classes(source)
    video, notes = choose_observation(path, _list_videos(source), request)
    rows = as_array(path, source.document["labels"][video], f"the labels of {video!r}")
    is_multilabel = source.document.get("is_multilabel", bool(rows) and isinstance(rows[0], list))
    if not isinstance(is_multilabel, bool):
        raise LabelError(f"{path}: has {str(is_multilabel)[:60]!r} as 'is_multilabel', expected true or false; correct it.")
    names = tuple(name for name in classes.values() if name.casefold() not in BACKGROUND or request.naming.find_behavior(name) is not None)
    chosen, missing_notes = choose_behaviors(path, names, request)
    values = _read_rows(source, rows, classes) if is_multilabel else split_classes(source, rows, classes, video)
    columns = [list(classes.values()).index(name) for name in chosen]
    return FrameLabels(
        tuple(chosen),
        values[:, columns],
        left_out=tuple(name for name in names if name not in chosen),
        notes=(*missing_notes, *notes),
        is_sized=True,
    )


def split_classes(source: LabelSource, rows: list[Any], classes: dict[int, str], video: str) -> npt.NDArray[np.int8]:
    """Return a column of 1 and 0 for each class, int8 of shape (T, C), -1 in frames without a class; LabelError for unknown classes."""
    order = {number: column for column, number in enumerate(classes)}
    values = np.zeros((len(rows), len(classes)), dtype=np.int8)
    for frame, number in enumerate(rows):
        if number is None or (number in _UNLABELLED and number not in order):
            values[frame] = -1
        elif isinstance(number, bool) or not isinstance(number, int) or number not in order:
            raise LabelError(
                f"{source.path}: frame {frame} of {video!r} has the class {repr(number)[:60]}, expected one of "
                f"{', '.join(map(str, classes))}; correct it, or name the class."
            )
        else:
            values[frame, order[number]] = 1
    return values


def _read_rows(source: LabelSource, rows: list[Any], classes: dict[int, str]) -> npt.NDArray[np.int8]:
    """Return a column for each class, of rows that have 1, 0 or -1 for each."""
    if sorted(classes) != list(range(len(classes))):
        raise LabelError(f"{source.path}: has the classes {', '.join(map(str, classes))}, expected 0 to {len(classes) - 1}; correct them.")
    values = np.zeros((len(rows), len(classes)), dtype=np.int8)
    order = list(classes)
    for frame, row in enumerate(rows):
        if row is None:
            values[frame] = -1
            continue
        cells = as_array(source.path, row, f"frame {frame}")
        if len(cells) != len(classes) or any(isinstance(cell, bool) or cell not in (0, 1, -1) for cell in cells):
            raise LabelError(
                f"{source.path}: frame {frame} holds {str(cells)[:80]}, expected {len(classes)} values, each 1, 0 or -1; correct it."
            )
        values[frame] = [cells[number] for number in order]
    return values


FERAL = LabelFormat(
    name="FERAL labels",
    recognises=_recognises,
    list_names=_list_names,
    read=_read,
    list_observations=_list_videos,
    has_columns=True,
    container="json",
    suffixes=(".json",),
)
