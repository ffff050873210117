"""JABS's annotations: JSON with blocks of frames for each animal and behavior, in which it is present or not.

Frames are counted from 0 and the end of a block is included; frames in no block were not labelled. By JABS-behavior-classifier's
``TrackLabels``. Blocks in ``labels`` end where the animal has no pose, those in ``unfragmented_labels`` are as they were drawn: the former
count, and must not contradict the latter.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from behavior.errors import LabelError
from behavior.files.label_formats.choosing import choose_subjects, name_file
from behavior.files.label_formats.json_documents import as_array, as_frame, as_mapping
from behavior.files.label_formats.label_format import FrameLabels, LabelFormat
from behavior.files.label_formats.request import LabelRequest
from behavior.files.label_formats.source import LabelSource

__all__ = ["JABS"]

_LABELS, _DRAWN = "labels", "unfragmented_labels"
# Five days at 60 frames per second.
_MOST_FRAMES = 1 << 25


def _recognises(source: LabelSource) -> bool:
    document = source.document
    return isinstance(document, dict) and isinstance(document.get(_LABELS), dict) and {"num_frames", _DRAWN} & set(document) != set()


def _list_names(source: LabelSource) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for identity, behaviors in _list_animals(source, _LABELS).items():
        names.update(dict.fromkeys(as_mapping(source.path, behaviors, f"labels of animal {identity!r}")))
    return tuple(names)


def _list_videos(source: LabelSource) -> dict[str, tuple[str, ...]]:
    file = source.document.get("file")
    return {name_file(file): (file,)} if isinstance(file, str) and file else {}


def _list_animals(source: LabelSource, key: str) -> dict[str, Any]:
    return as_mapping(source.path, source.document.get(key) or {}, f"{key!r}")


def _read(source: LabelSource, request: LabelRequest) -> FrameLabels:
    n_frames = _find_length(source)
    names = _list_names(source)
    request.naming.require_known(source.path, names, is_foreign=True)
    chosen = [name for name in names if request.naming.find_behavior(name) is not None]
    animals = choose_subjects(source.path, tuple(_list_animals(source, _LABELS)), request)
    values = np.full((n_frames, len(chosen)), -1, dtype=np.int8)
    n_unposed = 0
    for column, name in enumerate(chosen):
        of_animals = np.stack([_paint(source, _LABELS, animal, name, n_frames) for animal in animals])
        drawn = [_paint(source, _DRAWN, animal, name, n_frames) for animal in animals] if _DRAWN in source.document else []
        for animal, kept, whole in zip(animals, of_animals, drawn, strict=False):
            wrong = np.flatnonzero((kept != -1) & (kept != whole))
            if len(wrong):
                raise LabelError(
                    f"{source.path}: frame {wrong[0]} of animal {animal!r}, behavior {name!r}, differs between {_LABELS!r} and {_DRAWN!r}; "
                    "open and save the annotations again in JABS."
                )
            n_unposed += int(np.count_nonzero((kept == -1) & (whole != -1)))
        # Of several animals, any may show it; it is absent if it is of all of them.
        values[:, column] = np.where((of_animals == 1).any(axis=0), 1, np.where((of_animals == -1).any(axis=0), -1, 0))
    is_sized = "num_frames" in source.document
    shown = [request.naming.find_behavior(name) for name in chosen]
    unlabelled = [name for index, name in enumerate(request.behaviors) if index not in shown]
    notes = [f"{source.path}: no frame is labelled for {', '.join(map(repr, unlabelled))}."] if unlabelled else []
    if n_unposed:
        notes.append(f"{source.path}: {n_unposed} labelled frames in which the animal has no pose count as not labelled.")
    return FrameLabels(
        tuple(chosen),
        values,
        left_out=tuple(name for name in names if name not in chosen),
        notes=tuple(notes),
        is_open_ended=not is_sized,
        is_sized=is_sized,
        is_numbered=True,
        names_animals=bool(animals),
    )


def _find_length(source: LabelSource) -> int:
    """Return the number of frames that the file says; if it does not, that up to the last block."""
    if "num_frames" in source.document:
        n_frames = as_frame(source.path, source.document["num_frames"], "'num_frames'")
    else:
        ends = [
            as_frame(source.path, as_mapping(source.path, block, "a block").get("end"), "the end of a block")
            for animal in _list_animals(source, _LABELS).values()
            for blocks in as_mapping(source.path, animal, "an animal").values()
            for block in as_array(source.path, blocks, "the blocks of a behavior")
        ]
        n_frames = max(ends, default=-1) + 1
    if n_frames > _MOST_FRAMES:
        raise LabelError(f"{source.path}: claims {n_frames:,} frames, more than {_MOST_FRAMES:,}; export the labels again.")
    return n_frames


def _paint(source: LabelSource, key: str, animal: str, name: str, n_frames: int) -> npt.NDArray[np.int8]:
    """Return the labels of an animal's behavior, int8 of shape (n_frames,)."""
    path = source.path
    values = np.full(n_frames, -1, dtype=np.int8)
    behaviors = as_mapping(path, _list_animals(source, key).get(animal) or {}, f"{key} of animal {animal!r}")
    for number, block in enumerate(as_array(path, behaviors.get(name) or [], f"{key} of {name!r}"), start=1):
        where = f"block {number} of {name!r} of animal {animal!r}"
        members = as_mapping(path, block, where)
        start, end = (as_frame(path, members.get(edge), f"the {edge} of {where}") for edge in ("start", "end"))
        present = members.get("present")
        if not isinstance(present, bool):
            raise LabelError(f"{path}: {where} does not say whether the behavior is present (true or false); correct it.")
        if start > end or end >= n_frames:
            raise LabelError(f"{path}: {where} is from frame {start} to {end} of {n_frames}, expected a span within these; correct it.")
        stretch = values[start : end + 1]
        if (stretch == int(not present)).any():
            raise LabelError(
                f"{path}: {where} says that frames are {'' if present else 'not '}of it which another block denies; correct it."
            )
        stretch[:] = int(present)
    return values


JABS = LabelFormat(
    name="JABS annotations",
    recognises=_recognises,
    list_names=_list_names,
    read=_read,
    list_observations=_list_videos,
    container="json",
    suffixes=(".json",),
)
