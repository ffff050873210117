"""BehaviorDEPOT's annotations (``hB_*.mat``) and results: a struct with a vector of 1 and 0, and the bouts, of each behavior.

By its published files: bouts are frames counted from 1, the stop included; the vector has a value for each frame, and must say the same.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from behavior.errors import LabelError
from behavior.files.label_formats.choosing import choose_observation, name_file
from behavior.files.label_formats.label_format import FrameLabels, LabelFormat
from behavior.files.label_formats.missing_behaviors import choose_behaviors
from behavior.files.label_formats.request import LabelRequest
from behavior.files.label_formats.source import LabelSource
from behavior.files.label_formats.stated_lengths import compare_rate
from behavior.recording import Frames

__all__ = ["BEHAVIORDEPOT"]

_VARIABLES = ("hBehavior", "Behavior")
_VECTOR, _BOUTS, _TOTAL, _RATE, _VIDEO = "Vector", "Bouts", "TotalFrames", "FrameRate", "VideoName"
_MOST_FRAMES = 1 << 25


def _find_struct(source: LabelSource) -> dict[str, Any] | None:
    for name in _VARIABLES:
        value = source.document.get(name)
        if isinstance(value, dict) and any(isinstance(field, dict) and _VECTOR in field for field in value.values()):
            return value
    return None


def _open(source: LabelSource) -> dict[str, Any]:
    return _find_struct(source) or {}


def _list_names(source: LabelSource) -> tuple[str, ...]:
    return tuple(name for name, value in _open(source).items() if isinstance(value, dict) and _VECTOR in value)


def _list_videos(source: LabelSource) -> dict[str, tuple[str, ...]]:
    name = _open(source).get(_VIDEO)
    return {name_file(name): (name,)} if isinstance(name, str) and name.strip() else {}


def _take_number(source: LabelSource, name: str) -> float | None:
    """Return a number of the struct, None if it has none; LabelError if it is anything else."""
    value = _open(source).get(name)
    if value is None:
        return None
    if (
        not isinstance(value, np.ndarray)
        or value.size != 1
        or not np.isfinite(value).all()
        or not 0 < float(value.ravel()[0]) <= _MOST_FRAMES
    ):
        raise LabelError(f"{source.path}: {name!r} is not a number above 0; save the annotations again in BehaviorDEPOT.")
    return float(value.ravel()[0])


def _read(source: LabelSource, request: LabelRequest) -> FrameLabels:
    path = source.path
    _, notes = choose_observation(path, _list_videos(source) or {"": ()}, request)
    rate = _take_number(source, _RATE)
    if rate is not None:
        compare_rate(path, rate, request)
    names = _list_names(source)
    chosen, missing_notes = choose_behaviors(path, names, request)
    columns = [_read_column(source, name) for name in names]
    if len({len(column) for column in columns}) > 1:
        raise LabelError(f"{path}: its behaviors differ in their number of frames; save the annotations again in BehaviorDEPOT.")
    values = np.stack(columns, axis=1)[:, [names.index(name) for name in chosen]]
    return FrameLabels(
        tuple(chosen), values, left_out=tuple(name for name in names if name not in chosen), notes=(*missing_notes, *notes), is_sized=True
    )


def _read_column(source: LabelSource, name: str) -> npt.NDArray[np.int8]:
    """Return the labels of a behavior, int8 of shape (T,); LabelError if its vector, bouts and number of frames contradict one another."""
    path, field, total = source.path, _open(source)[name], _take_number(source, _TOTAL)
    vector = field[_VECTOR]
    if not isinstance(vector, np.ndarray) or not np.isin(vector, (0, 1)).all():
        raise LabelError(f"{path}: the vector of {name!r} holds other values than 1 and 0; save the annotations again in BehaviorDEPOT.")
    values = vector.ravel().astype(np.int8)
    if total is not None and total != len(values):
        raise LabelError(
            f"{path}: the vector of {name!r} has {len(values)} frames, but 'TotalFrames' is {total:g}; save the annotations again."
        )
    bouts = field.get(_BOUTS)
    if isinstance(bouts, np.ndarray) and bouts.ndim == 2 and (bouts.shape[1] == 2 or not bouts.size):
        painted = np.zeros_like(values)
        edges = np.asarray(bouts, dtype=np.float64)
        if not np.isfinite(edges).all():
            raise LabelError(
                f"{path}: the bouts of {name!r} hold a value that is not a frame; save the annotations again in BehaviorDEPOT."
            )
        for start, stop in np.clip(edges, 0, len(values) + 1).astype(int).reshape(-1, 2).tolist():
            painted[max(start - 1, 0) : stop] = 1
        wrong = np.flatnonzero(painted != values)
        if len(wrong):
            raise LabelError(
                f"{path}: the vector and the bouts of {name!r} differ in frame {wrong[0] + 1}, counted from 1; save the "
                "annotations again in "
                "BehaviorDEPOT."
            )
    return values


def _find_frames(source: LabelSource, request: LabelRequest) -> Frames | None:
    del request
    total, rate = _take_number(source, _TOTAL), _take_number(source, _RATE)
    return None if total is None or rate is None else Frames.from_times(np.arange(int(total)) / rate)


BEHAVIORDEPOT = LabelFormat(
    name="BehaviorDEPOT annotations",
    recognises=lambda source: _find_struct(source) is not None,
    list_names=_list_names,
    read=_read,
    list_observations=_list_videos,
    find_frames=_find_frames,
    has_columns=True,
    container="matlab",
    suffixes=(".mat",),
)
