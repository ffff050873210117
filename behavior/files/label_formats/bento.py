"""Bento's .annot files, of MARS and its predecessor too: channels with a list of bouts per behavior, the stop included.

Starts and stops are frames, or frames divided by the annotation's frame rate (seconds with decimals); frames are counted as the header's
"Annotation start frame" says, usually from 1. Only frames from there to the "Annotation stop frame" were watched.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from behavior.errors import LabelError
from behavior.files.label_formats.request import BoutLabels, BoutRows, LabelFormat, LabelRequest
from behavior.files.label_formats.source import LabelSource
from behavior.recording import estimate_fps, have_same_rate

__all__ = ["BENTO"]

_TITLES = ("bento annotation file", "tracergui annotation file")
_CHANNEL = re.compile(r"(\S.*?)\s*-{5,}\s*$")

# A time is a frame's if it is nearer to it than this, in frames.
_NEAR = 0.02


@dataclass
class _Annotation:
    start_frame: float | None = None
    stop_frame: float | None = None
    fps: float | None = None
    has_decimals: bool = False
    rows: BoutRows = field(default_factory=lambda: BoutRows("line"))


def _recognises(source: LabelSource) -> bool:
    return source.head.lstrip("\ufeff \t\r\n").casefold().startswith(_TITLES)


def _parse(source: LabelSource) -> _Annotation:
    found = _Annotation()
    channel, behavior, in_list = "", "", False
    for line, text in source.read_lines():
        said = text.strip()
        key, _, value = said.partition(":")
        if not in_list and key.casefold() in ("annotation start frame", "annotation stop frame", "annotation framerate"):
            number = _parse_number(source, line, value.strip(), f"as {key.casefold()}")
            name = {"annotation start frame": "start_frame", "annotation stop frame": "stop_frame"}.get(key.casefold(), "fps")
            setattr(found, name, number)
        elif header := _CHANNEL.match(said):
            channel, behavior, in_list = header[1], "", True
        elif said.startswith(">"):
            behavior, in_list = said[1:].strip(), True
        elif in_list and said and not said.casefold().startswith("start"):
            cells = said.split()
            if not behavior or len(cells) < 2:
                raise LabelError(
                    f"{source.path}: line {line} holds {said[:60]!r}, expected start, stop and duration below a behavior; correct it."
                )
            start, stop = (_parse_number(source, line, cell, "as start or stop") for cell in cells[:2])
            found.has_decimals = found.has_decimals or any("." in cell for cell in cells[:2])
            found.rows.add(line, behavior, start, stop, subject=channel)
    if found.fps is not None and found.fps <= 0:
        raise LabelError(f"{source.path}: has an annotation framerate of {found.fps:g}, expected more than 0; correct it.")
    return found


def _read(source: LabelSource, request: LabelRequest) -> BoutLabels:
    found = _parse(source)
    rows, fps = found.rows, found.fps
    first = 1.0 if found.start_frame is None or found.start_frame >= 1 else 0.0
    notes: list[str] = []
    if found.has_decimals and fps is None:
        raise LabelError(
            f"{source.path}: is in seconds and has no annotation framerate, which tells the frames they stand for; add that line."
        )
    edges = np.stack((rows.start, rows.stop))
    if found.has_decimals and fps is not None:
        exact = edges * fps
        edges = np.round(exact)
        if np.abs(edges - exact).max(initial=0.0) > _NEAR:
            notes.append(f"{source.path}: holds times that are no frames at {fps:g} frames per second; the nearest are taken.")
    # Half-open, counted from 0.
    starts, stops = edges[0] - first, edges[1] - first + 1
    observed = None
    if found.start_frame is not None or found.stop_frame is not None:
        observed = (max((found.start_frame or 0.0) - first, 0.0), math.inf if found.stop_frame is None else found.stop_frame - first + 1)
    video_fps = estimate_fps(request.frames.time_s) if request.frames.time_s is not None and _has_times(request.frames.time_s) else None
    in_seconds = fps is not None and video_fps is not None and not have_same_rate(fps, video_fps)
    if in_seconds and fps is not None:
        starts, stops = starts / fps, stops / fps
        observed = None if observed is None else (observed[0] / fps, observed[1] / fps)
        notes.append(
            f"{source.path}: counts frames at {fps:g} per second, the video has {video_fps:.4g}; bouts are put where their times are."
        )
    frames = BoutRows("line")
    names, subjects = rows.names, rows.subjects
    for line, code, subject, start, stop in zip(
        rows.line.tolist(), rows.code.tolist(), rows.subject.tolist(), starts.tolist(), stops.tolist(), strict=True
    ):
        frames.add(line, names[code], start, stop, subject=subjects[subject])
    return BoutLabels(
        frames, in_seconds=in_seconds, observed=None if observed is None else (observed,), notes=tuple(notes), tolerance_s=6e-4
    )


def _has_times(time_s: npt.NDArray[np.float64]) -> bool:
    return len(time_s) > 1 and bool((np.diff(time_s) > 0).any())


def _parse_number(source: LabelSource, line: int, cell: str, what: str) -> float:
    try:
        number = float(cell.replace(",", "."))
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or abs(number) > 1e12 or "_" in cell:
        raise LabelError(f"{source.path}: line {line} has {cell[:60]!r} {what}, expected a number; correct it.")
    return number


def _list_names(source: LabelSource) -> tuple[str, ...]:
    return _parse(source).rows.names


BENTO = LabelFormat(name="Bento annotation", recognises=_recognises, list_names=_list_names, read=_read)
