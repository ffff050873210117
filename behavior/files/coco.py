"""COCO's JSON: boxes, and body parts where there are, of animals in pictures that are frames of a video."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from behavior.errors import PoseError, count_noun
from behavior.files.detection_table import DetectionTable
from behavior.files.opening import explain_damage, read_text

__all__ = ["is_coco", "read_coco"]

# Parsed, the worst such file takes twenty times as much.
_MOST_BYTES = 64 << 20
_START_BYTES = 4096
_LAST_FRAME = 1 << 32
_MOST_PARTS = 1000
_HIGHEST_VISIBILITY = 2.0
_FRAME_KEYS = ("frame_id", "frame_index", "frame")
_ADVICE = "export the detections again, or as CSV with the columns frame,x1,y1,x2,y2,score"
_LAST_NUMBER = re.compile(r"^(?P<start>.*?)(?P<number>[0-9]{1,10})[^0-9]*$", re.ASCII | re.DOTALL)


def is_coco(path: Path) -> bool:
    """Tell by its name and its first bytes whether `path` may be COCO's JSON; never raises."""
    if path.suffix.casefold() != ".json":
        return False
    try:
        with path.open("rb") as file:
            start = file.read(_START_BYTES)
    except OSError:
        return False
    return any(key in start for key in (b'"images"', b'"annotations"', b'"bbox"', b'"image_id"', b'"categories"'))


def read_coco(path: Path, *, video: Path) -> DetectionTable:
    """Read a data set of COCO's layout, or a list of results, at `path`.

    A picture's frame is its `frame_id` or `frame_index`, else the last number in its `file_name`, else its id. Of a data set of several
    videos, the pictures are taken that have the video's name in theirs.

    Parameters
    ----------
    video
        Whose pictures are taken.

    Raises
    ------
    PoseError
        If it is something else or damaged, holds objects of several categories, or pictures of several videos none of which is named
        after this one.
    """
    text = read_text(path, most_bytes=_MOST_BYTES, error=PoseError, expected="COCO's JSON", advice=_ADVICE)
    with explain_damage(path, error=PoseError, expected="COCO's JSON", advice=_ADVICE):
        content = json.loads(text)
        if isinstance(content, list):
            content = {"annotations": content}
        if not isinstance(content, dict) or not isinstance(content.get("annotations"), list):
            raise PoseError(f"{path}: has no list of annotations, expected COCO's JSON; {_ADVICE}.")
        return _build(path, content, video)


def _build(path: Path, content: Mapping[str, Any], video: Path) -> DetectionTable:
    annotations = [one for one in content["annotations"] if isinstance(one, dict) and not one.get("iscrowd")]
    categories = {one.get("category_id") for one in annotations}
    by_id = {one["id"]: one for one in content.get("categories") or [] if isinstance(one, dict) and "id" in one}
    if len(categories) > 1:
        named = ", ".join(sorted(str(by_id.get(number, {}).get("name", number))[:40] for number in categories)[:6])
        raise PoseError(f"{path}: holds objects of {len(categories)} categories ({named}), expected one; keep those that are the animals.")
    images = content.get("images")
    places, size, is_stated = _number_images(path, images, video) if images else ({}, None, False)
    rows = []
    for number, one in enumerate(annotations):
        frame = places.get(one.get("image_id")) if images else _take_frame(path, one.get("image_id"), f"annotation {number}: image_id")
        if frame is not None:
            rows.append((frame, one, number))
    boxes = np.array([_take_box(path, one, number) for _, one, number in rows]).reshape(len(rows), 4)
    scores = np.array([_take_score(path, one, number) for _, one, number in rows])
    frames = np.array([frame for frame, _, _ in rows], dtype=np.int64)
    order = np.argsort(frames, kind="stable")
    table = DetectionTable.from_boxes(frames, boxes[:, :2] + boxes[:, 2:] / 2, boxes[:, 2:], scores=scores)
    names = _take_part_names(path, by_id.get(next(iter(categories), None)))
    if names:
        points = np.array([_take_points(path, one, number, len(names)) for _, one, number in rows]).reshape(len(rows), len(names), 3)
        table = replace(table, points=points[order, :, :2], likelihoods=points[order, :, 2], body_parts=names)
    return replace(table, stated_size=size, may_start_at_one=not is_stated)


def _number_images(path: Path, images: Any, video: Path) -> tuple[dict[Any, int], tuple[int, int] | None, bool]:
    """Return the frame of each picture of the video by its id, their size if it is one, and whether frames are stated as such."""
    if not isinstance(images, list) or not all(isinstance(one, dict) and isinstance(one.get("id"), int | str) for one in images):
        raise PoseError(f"{path}: has images that are not a list of pictures with ids; {_ADVICE}.")
    key = next((key for key in _FRAME_KEYS if all(isinstance(one.get(key), int) for one in images)), None)
    found: dict[str, list[tuple[Any, int, Any]]] = {}
    for one in images:
        name = str(one.get("file_name", "")).replace("\\", "/")
        match = _LAST_NUMBER.match(name.rsplit(".", 1)[0] if "." in name.rsplit("/", 1)[-1] else name)
        if key is None and name and match is None:
            raise PoseError(
                f"{path}: the picture {name[:80]!r} has no number in its name, expected its frame; add a frame_id to each image."
            )
        number = one[key] if key is not None else match["number"] if match is not None else one["id"]
        # Numbers that are frames tell nothing of the video; what is before them does.
        start = match["start"] if match is not None and key is None else name.rpartition("/")[0]
        frame = _take_frame(path, number, f"the picture {name[:80]!r}: frame")
        found.setdefault(start, []).append((one["id"], frame, (one.get("width"), one.get("height"))))
    chosen = found
    if len(found) > 1:
        stem = video.stem.casefold()
        chosen = {start: rows for start, rows in found.items() if stem in re.split(r"[/]", start.casefold()) or _starts(start, stem)}
        if not chosen:
            listed = ", ".join(repr(start[:40]) for start in list(found)[:4])
            raise PoseError(
                f"{path}: holds pictures of {count_noun(len(found), 'video')} ({listed}), none named after {video.name}; rename the video."
            )
    rows = [row for rows in chosen.values() for row in rows]
    sizes = {size for _, _, size in rows if all(isinstance(side, int) and not isinstance(side, bool) for side in size)}
    if len({frame for _, frame, _ in rows}) < len(rows):
        raise PoseError(f"{path}: several pictures have the number of one frame; add a frame_id to each image.")
    return {number: frame for number, frame, _ in rows}, next(iter(sizes)) if len(sizes) == 1 else None, key is not None


def _starts(start: str, stem: str) -> bool:
    """Tell whether the last part of a picture's name, less its number, is a video's name."""
    return start.casefold().rsplit("/", 1)[-1].rstrip("._- ").removesuffix("_frame").removesuffix("frame").rstrip("._- ") == stem


def _take_frame(path: Path, value: Any, name: str) -> int:
    try:
        frame = float(value) if isinstance(value, int | str) and not isinstance(value, bool) else math.nan
    except ValueError:
        frame = math.nan
    if not (frame.is_integer() and 0 <= frame <= _LAST_FRAME):
        raise PoseError(f"{path}: {name} is {str(value)[:60]!r}, expected a frame number; add a frame_id to each image.")
    return int(frame)


def _take_numbers(path: Path, values: Any, name: str, count: int) -> list[float]:
    is_list = isinstance(values, list) and len(values) == count
    numbers = (
        [float(one) if isinstance(one, int | float) and not isinstance(one, bool) and abs(one) < 1e9 else math.nan for one in values]
        if is_list
        else []
    )
    if len(numbers) != count or not np.isfinite(numbers).all():
        raise PoseError(f"{path}: {name} is {str(values)[:60]!r}, expected {count} numbers; {_ADVICE}.")
    return numbers


def _take_box(path: Path, one: Mapping[str, Any], number: int) -> list[float]:
    box = _take_numbers(path, one.get("bbox"), f"annotation {number}: bbox", 4)
    if not (box[2] > 0 and box[3] > 0):
        raise PoseError(f"{path}: annotation {number} has a box of {box[2]:g} x {box[3]:g} pixels, expected more than 0; remove it.")
    return box


def _take_score(path: Path, one: Mapping[str, Any], number: int) -> float:
    score = one.get("score", 1.0)
    if not isinstance(score, int | float) or isinstance(score, bool) or not 0 <= score <= 1:
        raise PoseError(f"{path}: annotation {number} has the score {str(score)[:60]!r}, expected a number from 0 to 1; {_ADVICE}.")
    return float(score)


def _take_part_names(path: Path, category: Mapping[str, Any] | None) -> tuple[str, ...]:
    names = (category or {}).get("keypoints") or []
    if not isinstance(names, Sequence) or len(names) > _MOST_PARTS or not all(isinstance(name, str) for name in names):
        raise PoseError(f"{path}: has keypoints that are not a list of names; {_ADVICE}.")
    if len(set(names)) < len(names):
        raise PoseError(f"{path}: has two keypoints of one name; rename one.")
    return tuple(names)


def _take_points(path: Path, one: Mapping[str, Any], number: int, n_parts: int) -> npt.NDArray[np.float64]:
    """Return x, y and 1 or 0 for each body part."""
    if not one.get("keypoints"):
        return np.full((n_parts, 3), (np.nan, np.nan, 0.0))
    points = np.array(_take_numbers(path, one["keypoints"], f"annotation {number}: keypoints", 3 * n_parts)).reshape(n_parts, 3)
    if points[:, 2].max(initial=0.0) > _HIGHEST_VISIBILITY:
        found = f"{points[:, 2].max():g}"
        raise PoseError(
            f"{path}: annotation {number}: keypoints have the visibility {found}, expected 0, 1, 2, or a number from 0 to 1; {_ADVICE}."
        )
    points[points[:, 2] <= 0] = (np.nan, np.nan, 0.0)
    # In COCO 1 is hidden and 2 is visible; in results it is how sure the detector is.
    points[:, 2] = np.minimum(points[:, 2], 1.0)
    return points
