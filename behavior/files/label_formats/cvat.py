"""CVAT's annotations (XML, "CVAT for video" and "CVAT for images"): objects on tracks, from frame to frame, with labels and attributes.

By CVAT's description of its format: frames are counted from 0 in the video; a shape stays until the next one of its track, one that is
outside ends it. A label is a behavior, and so is the value of an attribute, or an attribute that is ticked; behaviors that are attributes
belong to the animal of their track.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element

import numpy as np

from behavior.errors import LabelError
from behavior.files.label_formats.choosing import choose_subjects, name_file
from behavior.files.label_formats.feral import BACKGROUND
from behavior.files.label_formats.json_documents import as_frame
from behavior.files.label_formats.label_format import FrameLabels, LabelFormat
from behavior.files.label_formats.missing_behaviors import choose_behaviors
from behavior.files.label_formats.request import LabelRequest
from behavior.files.label_formats.source import LabelSource
from behavior.files.text_tables import parse_number

__all__ = ["CVAT"]

# Three days at 60 frames per second.
_MOST_FRAMES = 1 << 24
_TRUE, _NOTHING = "true", ("", "false", "__undefined__", *BACKGROUND)


@dataclass(frozen=True)
class _Extent:
    """Which frames a task covers, of how many in each of its steps, and its video's name."""

    start: int
    stop: int
    step: int
    video: str


@dataclass(frozen=True)
class _Span:
    """Frames [start, stop) that show a name; the animal is "" where the label itself is the name."""

    name: str
    start: int
    stop: int
    animal: str


def _recognises(source: LabelSource) -> bool:
    root = source.document
    return (
        root.tag == "annotations" and (root.find("meta") is not None or root.find("track") is not None) and root.find("version") is not None
    )


def _find_extent(source: LabelSource) -> _Extent:
    path, root = source.path, source.document
    meta = root.find("meta")
    tasks = [] if meta is None else [*meta.findall("task"), *meta.findall("job"), *meta.findall("project/tasks/task")]
    if len(tasks) != 1 or meta is None:
        raise LabelError(f"{path}: is about {len(tasks)} tasks of CVAT, expected one; export each task by itself.")
    (task,) = tasks
    size = as_frame(path, task.findtext("size"), "the size of the task")
    step_text = re.search(r"step\s*=\s*(\d{1,6})", task.findtext("frame_filter") or "")
    step = max(int(step_text[1]), 1) if step_text else 1
    start = as_frame(path, task.findtext("start_frame") or "0", "the start frame of the task")
    last = as_frame(path, task.findtext("stop_frame") or str(start + (size - 1) * step if size else start), "the stop frame of the task")
    if last > _MOST_FRAMES:
        raise LabelError(f"{path}: claims {last:,} frames, more than {_MOST_FRAMES:,}; export the task again.")
    if size and (last - start) // step + 1 != size:
        raise LabelError(
            f"{path}: says that its task has {size} frames, and that these are from {start} to {last} in steps of {step}; export it again."
        )
    video = task.findtext("source") or meta.findtext("source") or ""
    return _Extent(start, last + 1, step, name_file(video))


def _read_tracks(source: LabelSource, extent: _Extent) -> Iterator[_Span]:
    path = source.path
    for number, track in enumerate(source.document.findall("track"), start=1):
        where = f"track {track.get('id', str(number))[:40]}"
        label = track.get("label", "")
        shapes = [(as_frame(path, shape.get("frame"), f"a frame of {where}"), shape) for shape in track if shape.get("frame") is not None]
        shapes.sort(key=lambda item: item[0])
        frames = [frame for frame, _ in shapes]
        if len(set(frames)) < len(frames) or not label:
            raise LabelError(f"{path}: {where} has no label, or two shapes in one frame; export the task again.")
        if frames and not extent.start <= frames[0] <= frames[-1] <= extent.stop:
            raise LabelError(
                f"{path}: {where} has frames {frames[0]} to {frames[-1]}, but the task is from {extent.start} to "
                f"{extent.stop - 1}; export it "
                "again."
            )
        for (frame, shape), stop in zip(shapes, [*frames[1:], extent.stop], strict=True):
            if shape.get("outside", "0") != "1":
                yield from _name_spans(shape, label, frame, stop, where.removeprefix("track "))


def _read_images(source: LabelSource, extent: _Extent) -> Iterator[_Span]:
    for image in source.document.findall("image"):
        frame = as_frame(source.path, image.get("id"), "the number of an image")
        at = extent.start + frame * extent.step
        if at >= extent.stop:
            raise LabelError(f"{source.path}: has an image {frame}, but its task ends before; export the task again.")
        for shape in image:
            if shape.get("label"):
                yield from _name_spans(shape, shape.get("label", ""), at, min(at + extent.step, extent.stop), "")


def _name_spans(shape: Element, label: str, start: int, stop: int, track: str) -> Iterator[_Span]:
    yield _Span(label, start, stop, "")
    for attribute in shape.findall("attribute"):
        value = (attribute.text or "").strip()
        if value.casefold() not in _NOTHING and parse_number(value, ",") is None:
            name = attribute.get("name", "") if value.casefold() == _TRUE else value
            yield _Span(name, start, stop, f"{label} {track}".strip())


def _list_spans(source: LabelSource, extent: _Extent) -> list[_Span]:
    return [*_read_tracks(source, extent), *_read_images(source, extent)]


def _list_names(source: LabelSource) -> tuple[str, ...]:
    """Return the attributes' behaviors where there are any: labels are animals then; else the labels."""
    spans = _list_spans(source, _find_extent(source))
    by_attribute = tuple(dict.fromkeys(span.name for span in spans if span.animal))
    return by_attribute or tuple(dict.fromkeys(span.name for span in spans))


def _list_videos(source: LabelSource) -> dict[str, tuple[str, ...]]:
    video = _find_extent(source).video
    return {video: (video,)} if video else {}


def _list_declared(source: LabelSource) -> list[str]:
    """Return the names that the task could be given: a behavior that was never seen is one of them."""
    names: list[str] = []
    for label in source.document.iterfind("meta//label"):
        names.append((label.findtext("name") or "").strip())
        for attribute in label.iter("attribute"):
            values = (attribute.findtext("values") or "").split("\n")
            is_ticked = (attribute.findtext("input_type") or "") == "checkbox"
            names += [attribute.findtext("name") or ""] if is_ticked else [value.strip() for value in values]
    return [name for name in names if name.casefold() not in _NOTHING]


def _read(source: LabelSource, request: LabelRequest) -> FrameLabels:
    path, extent = source.path, _find_extent(source)
    spans = _list_spans(source, extent)
    shown = tuple(dict.fromkeys(span.name for span in spans))
    request.naming.require_known(path, tuple(dict.fromkeys([*shown, *_list_declared(source)])), is_foreign=True)
    declared = [name for name in _list_declared(source) if request.naming.find_behavior(name) is not None]
    chosen, missing_notes = choose_behaviors(path, tuple(dict.fromkeys([*shown, *declared])), request)
    requested = [span for span in spans if span.name in chosen]
    animals = tuple(dict.fromkeys(span.animal for span in requested if span.animal))
    kept = {*(choose_subjects(path, animals, request) if animals else ()), ""}
    values = np.full((extent.stop, len(chosen)), -1, dtype=np.int8)
    values[extent.start :] = 0
    order = {name: column for column, name in enumerate(chosen)}
    for span in requested:
        if span.animal in kept:
            values[span.start : span.stop, order[span.name]] = 1
    notes = []
    if extent.step > 1:
        notes.append(f"{path}: every {extent.step}th frame was annotated; each of these stands for those up to the next.")
    left_out = tuple(name for name in shown if name not in chosen)
    return FrameLabels(tuple(chosen), values, left_out=left_out, notes=(*missing_notes, *notes), is_sized=True, names_animals=bool(animals))


CVAT = LabelFormat(
    name="CVAT annotations",
    recognises=_recognises,
    list_names=_list_names,
    read=_read,
    list_observations=_list_videos,
    has_columns=True,
    container="xml",
    suffixes=(".xml",),
)
