"""Label Studio's exports of video timelines (JSON, JSON-MIN): ranges of frames, or spans of seconds next to sound, with their labels.

A file holds a task per video, and a task an annotation per rater. In timelines, frames are counted from 1 and the end is included; they are
counted at the frame rate that the labelling interface was told, which is not in the file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from behavior.errors import LabelError
from behavior.files.label_formats.bout_rows import BoutRows
from behavior.files.label_formats.choosing import choose_observation, choose_rater, name_file
from behavior.files.label_formats.json_documents import as_array, as_frame, as_mapping, as_number, as_text
from behavior.files.label_formats.label_format import BoutLabels, LabelFormat
from behavior.files.label_formats.request import LabelRequest
from behavior.files.label_formats.source import LabelSource
from behavior.files.label_formats.stated_lengths import compare_duration
from behavior.files.video_packets import VIDEO_SUFFIXES
from behavior.frame_times import estimate_fps, have_same_rate

__all__ = ["LABEL_STUDIO"]

_TIMELINE, _SPANS = "timelinelabels", "labels"
# What Label Studio counts frames at unless it is told.
_USUAL_FPS = 24.0
# Put in front of the names of files that were uploaded.
_UPLOADED = re.compile(r"^[0-9a-f]{8}-")


@dataclass(frozen=True)
class _Task:
    """A video and its annotations: the rater and the regions of each, None if there are none."""

    video: str
    annotations: tuple[tuple[str, list[Any]], ...]


def _recognises(source: LabelSource) -> bool:
    document = source.document
    tasks = document if isinstance(document, list) else [document]
    return bool(tasks) and all(isinstance(task, dict) and _find_video(task) for task in tasks) and any(map(_is_task, tasks))


def _is_task(task: dict[str, Any]) -> bool:
    if isinstance(task.get("annotations", task.get("completions")), list):
        return isinstance(task.get("data"), dict)
    return any(_is_regions(value) for value in task.values())


def _is_regions(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(region, dict) and (_TIMELINE in region or _SPANS in region) for region in value)


def _find_video(task: dict[str, Any]) -> str:
    """Return the name of a task's video, without what Label Studio puts in front of it; "" if it has none."""
    data = task.get("data", task)
    values = [data[key] for key in ("video", "video_url", "url") if key in data] + list(data.values()) if isinstance(data, dict) else []
    for value in values:
        if isinstance(value, str):
            address = urlsplit(value) if "://" in value or value.startswith("/data/") else None
            # Files on the server's disk are asked for as ?d=FOLDER/NAME.
            query = parse_qs(address.query).get("d", []) if address else []
            name = name_file(unquote(query[0] if query else address.path if address else value))
            if re.search(r"\.\w{2,4}$", name) and name[name.rindex(".") :].casefold() in VIDEO_SUFFIXES:
                return _UPLOADED.sub("", name)
    return ""


def _list_tasks(source: LabelSource) -> dict[str, _Task]:
    """Return the tasks by the names of their videos; LabelError if two have one."""
    document, path = source.document, source.path
    tasks: dict[str, _Task] = {}
    for number, value in enumerate(document if isinstance(document, list) else [document], start=1):
        task = as_mapping(path, value, f"task {number}")
        video = _find_video(task)
        if not video:
            continue
        if video in tasks:
            raise LabelError(f"{path}: has two tasks about {video!r}, so it is unclear which counts; export one of them.")
        tasks[video] = _Task(video, tuple(_list_annotations(source, task, f"task {number}")))
    return tasks


def _list_annotations(source: LabelSource, task: dict[str, Any], where: str) -> list[tuple[str, list[Any]]]:
    """Return the rater and the regions of each annotation that was not cancelled."""
    path = source.path
    listed = task.get("annotations", task.get("completions"))
    if not isinstance(listed, list):
        regions = [region for value in task.values() if _is_regions(value) for region in value]
        rater = task.get("annotator")
        # In JSON-MIN, a region is its value.
        return [(_name_rater(rater), [{"type": _find_kind(region), "value": region} for region in regions])]
    annotations = []
    for number, value in enumerate(listed, start=1):
        annotation = as_mapping(path, value, f"annotation {number} of {where}")
        if annotation.get("was_cancelled"):
            continue
        regions = as_array(path, annotation.get("result"), f"the result of annotation {number} of {where}")
        annotations.append((_name_rater(annotation.get("completed_by", annotation.get("id", number))), regions))
    raters = [rater for rater, _ in annotations]
    repeated = [rater for rater in raters if raters.count(rater) > 1]
    if repeated:
        raise LabelError(
            f"{path}: {where} has two annotations by {repeated[0]!r}, so it is unclear which counts; delete one, and export again."
        )
    return annotations


def _find_kind(region: Any) -> str:
    return next((kind for kind in (_TIMELINE, _SPANS) if isinstance(region, dict) and kind in region), "")


def _name_rater(value: Any) -> str:
    if isinstance(value, dict):
        value = value.get("email") or value.get("username") or value.get("id")
    return "" if value is None else str(value)[:100]


def _list_labels(source: LabelSource, value: dict[str, Any], kind: str, where: str) -> list[str]:
    return [as_text(source.path, name, f"a label of {where}") for name in as_array(source.path, value.get(kind), f"the labels of {where}")]


def _walk(source: LabelSource, regions: list[Any]) -> list[tuple[int, str, dict[str, Any], dict[str, Any]]]:
    """Return number, kind, value and all of each region that lies in time."""
    walked = []
    for number, item in enumerate(regions, start=1):
        region = as_mapping(source.path, item, f"region {number}")
        kind = region.get("type")
        if kind in (_TIMELINE, _SPANS):
            walked.append((number, str(kind), as_mapping(source.path, region.get("value"), f"the value of region {number}"), region))
    return walked


def _list_names(source: LabelSource) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for task in _list_tasks(source).values():
        for _, regions in task.annotations:
            for number, kind, value, _ in _walk(source, regions):
                names.update(dict.fromkeys(_list_labels(source, value, kind, f"region {number}")))
    return tuple(names)


def _list_media(source: LabelSource) -> dict[str, tuple[str, ...]]:
    return {name: (name,) for name in _list_tasks(source)}


def _read(source: LabelSource, request: LabelRequest) -> BoutLabels:
    path, tasks = source.path, _list_tasks(source)
    chosen, notes = choose_observation(path, {name: (name,) for name in tasks}, request)
    annotations = dict(tasks[chosen].annotations)
    if not annotations:
        raise LabelError(f"{path}: nobody annotated {chosen!r}, so its frames are not labelled; leave its labels empty in the manifest.")
    rater = choose_rater(path, tuple(annotations), request, recording=chosen)
    regions = annotations[rater] if rater is not None else next(iter(annotations.values()))
    rows, kinds = BoutRows("region"), set()
    for number, kind, value, region in _walk(source, regions):
        where = f"region {number}"
        names = _list_labels(source, value, kind, where)
        kinds.add(kind)
        if kind == _TIMELINE:
            for span in as_array(path, value.get("ranges"), f"the ranges of {where}"):
                edges = as_mapping(path, span, f"a range of {where}")
                start, end = (as_frame(path, edges.get(edge), f"the {edge} of {where}") for edge in ("start", "end"))
                if start < 1:
                    raise LabelError(f"{path}: {where} starts at frame {start}, expected frames counted from 1; export the labels again.")
                for name in names:
                    rows.add(number, name, start - 1, end)
        else:
            start_s, stop_s = (as_number(path, value.get(edge), f"the {edge} of {where}") for edge in ("start", "end"))
            for name in names:
                rows.add(number, name, start_s, stop_s)
            if "original_length" in region:
                notes += compare_duration(path, as_number(path, region["original_length"], f"the length of {where}"), request)
    if len(kinds) > 1:
        raise LabelError(f"{path}: mixes ranges of frames and spans of seconds about {chosen!r}; export them one by one.")
    left_out = len(regions) - len(_walk(source, regions))
    if left_out:
        notes.append(f"{path}: {left_out} regions about {chosen!r} that are not spans of time are left out.")
    if kinds == {_TIMELINE}:
        notes += _note_rate(source, request)
    return BoutLabels(
        rows,
        is_extent_stated=False,
        in_seconds=kinds == {_SPANS},
        notes=tuple(dict.fromkeys(notes)),
        tolerance_s=6e-4,
        n_frames=_find_length(source, regions),
    )


def _find_length(source: LabelSource, regions: list[Any]) -> int | None:
    """Return how many frames the regions say that the video has, None if none says it."""
    counts = [
        region["value"]["framesCount"] for region in regions if "framesCount" in as_mapping(source.path, region.get("value"), "a value")
    ]
    return max((as_frame(source.path, count, "the number of frames") for count in counts), default=None)


def _note_rate(source: LabelSource, request: LabelRequest) -> list[str]:
    """Return a note if the video has another rate than Label Studio counts frames at by itself, else []."""
    time_s = request.frames.time_s
    fps = estimate_fps(time_s) if time_s is not None and len(time_s) > 1 else None
    if fps is None or have_same_rate(fps, _USUAL_FPS):
        return []
    return [
        f"{source.path}: its frames are taken for the video's, which has {fps:.4g} per second; Label Studio counts {_USUAL_FPS:g} "
        "per second "
        "unless frameRate is set in its Video tag: check that it was."
    ]


LABEL_STUDIO = LabelFormat(
    name="Label Studio export",
    recognises=_recognises,
    list_names=_list_names,
    read=_read,
    list_observations=_list_media,
    container="json",
    suffixes=(".json",),
)
