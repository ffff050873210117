"""Bento's .annot files, of MARS and its predecessor too: channels with a list of bouts per behavior, the stop included.

Starts and stops are frames, or frames divided by the annotation's frame rate (seconds with decimals); frames are counted as the header's
"Annotation start frame" says, usually from 1. Only frames from there to the "Annotation stop frame" were observed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from behavior.errors import LabelError
from behavior.files.label_formats.bout_rows import BoutRows
from behavior.files.label_formats.label_format import TABLE_SUFFIXES, BoutLabels, LabelFormat
from behavior.files.label_formats.naming import IN_STUDY_FILE
from behavior.files.label_formats.painting import TOLERATED_FRAMES
from behavior.files.label_formats.request import EVERYBODY, LabelRequest
from behavior.files.label_formats.source import LabelSource
from behavior.frame_times import estimate_fps, have_same_rate

__all__ = ["BENTO"]

_TITLES = ("bento annotation file", "tracergui annotation file")
_ANNOTATIONS = "list of annotations:"
_CHANNEL = re.compile(r"(\S.*?)\s*-{5,}\s*$")

# A time is a frame's if it is nearer to it than this, in frames.
_NEAR = 0.02


@dataclass
class _Annotation:
    """The header's numbers, the names that could be coded, and the rows of the channels as they are written."""

    start_frame: float | None = None
    stop_frame: float | None = None
    fps: float | None = None
    has_decimals: bool = False
    codable: dict[str, None] = field(default_factory=dict)
    channels: dict[str, BoutRows] = field(default_factory=dict)

    def add(self, channel: str, line: int, behavior: str, start: float, stop: float) -> None:
        """Add a row of a channel; "" is that of a file that names none."""
        self.channels.setdefault(channel, BoutRows("line")).add(line, behavior, start, stop)


def _recognises(source: LabelSource) -> bool:
    return source.head.lstrip("\ufeff \t\r\n").casefold().startswith(_TITLES)


def _parse(source: LabelSource) -> _Annotation:
    annotation = _Annotation()
    channel, behavior, in_list, is_named = "", "", False, False
    for line, text in source.read_lines():
        content = text.strip()
        key, _, value = content.partition(":")
        if not in_list and key.casefold() in ("annotation start frame", "annotation stop frame", "annotation framerate"):
            number = _parse_number(source, line, value.strip(), f"as {key.casefold()}")
            name = {"annotation start frame": "start_frame", "annotation stop frame": "stop_frame"}.get(key.casefold(), "fps")
            setattr(annotation, name, number)
        elif header := _CHANNEL.match(content):
            channel, behavior, in_list = header[1], "", True
            annotation.channels.setdefault(channel, BoutRows("line"))
        elif content.startswith(">"):
            behavior, in_list = content[1:].strip(), True
            annotation.codable[behavior] = None
        elif not in_list and content.casefold() == _ANNOTATIONS:
            is_named = True
        elif not in_list and is_named and content:
            annotation.codable[content] = None
        elif in_list and content and not content.casefold().startswith("start"):
            cells = content.split()
            if not behavior or len(cells) < 2:
                raise LabelError(
                    f"{source.path}: line {line} holds {content[:60]!r}, expected start, stop and duration below a behavior; correct it."
                )
            start, stop = (_parse_number(source, line, cell, "as start or stop") for cell in cells[:2])
            annotation.has_decimals = annotation.has_decimals or any("." in cell for cell in cells[:2])
            annotation.add(channel, line, behavior, start, stop)
    if annotation.fps is not None and annotation.fps <= 0:
        raise LabelError(f"{source.path}: has an annotation framerate of {annotation.fps:g}, expected more than 0; correct it.")
    return annotation


def _read(source: LabelSource, request: LabelRequest) -> BoutLabels:
    annotation = _parse(source)
    rows = _choose_channel(source, annotation.channels, request)
    edges, notes = _find_frames(source, annotation, rows)
    first = 1.0 if annotation.start_frame is None or annotation.start_frame >= 1 else 0.0
    # Half-open, counted from 0.
    starts, stops = edges[0] - first, edges[1] - first + 1
    observed = None
    if annotation.start_frame is not None or annotation.stop_frame is not None:
        last = math.inf if annotation.stop_frame is None else annotation.stop_frame - first + 1
        observed = (max((annotation.start_frame or 0.0) - first, 0.0), last)
    fps, time_s = annotation.fps, request.frames.time_s
    video_fps = estimate_fps(time_s) if time_s is not None and _has_times(time_s) else None
    in_seconds = fps is not None and video_fps is not None and not have_same_rate(fps, video_fps)
    if in_seconds and fps is not None:
        n_stated = None if annotation.stop_frame is None else annotation.stop_frame - first + 1
        if n_stated is not None and abs(n_stated - request.frames.n_frames) <= TOLERATED_FRAMES:
            n_frames = request.frames.n_frames
            raise LabelError(
                f"{source.path}: covers {n_stated:g} frames, as many as the video has ({n_frames}), but at {fps:g} per second, the video "
                f"at {video_fps:.4g}; correct its line 'Annotation framerate' if it is about this video."
            )
        starts, stops = starts / fps, stops / fps
        observed = None if observed is None else (observed[0] / fps, observed[1] / fps)
        notes.append(f"{source.path}: counts frames at {fps:g} per second, the video has {video_fps:.4g}; the times of bouts count.")
    return BoutLabels(
        _replace_edges(rows, starts, stops),
        in_seconds=in_seconds,
        observed=None if observed is None else (observed,),
        notes=tuple(notes),
        tolerance_s=6e-4,
        codable=tuple(annotation.codable),
    )


def _choose_channel(source: LabelSource, channels: Mapping[str, BoutRows], request: LabelRequest) -> BoutRows:
    """Return the rows of the only channel, or of that which the request names as rater; LabelError if several remain."""
    if request.rater == EVERYBODY or len(channels) < 2:
        return _join(channels.values())
    wanted = [name for name in channels if request.rater is not None and name.casefold() == request.rater.strip().casefold()]
    if len(wanted) != 1:
        whose = "" if request.rater is None else f", and none is {request.rater!r}"
        first = next(iter(channels))
        raise LabelError(
            f"{source.path}: holds the channels {', '.join(map(repr, channels))}{whose}; say {IN_STUDY_FILE} which counts, labels: "
            f'{{rater: {first}}}, or labels: {{rater: "{EVERYBODY}"}} for all of them together; if they are several raters, name the file '
            "in a column labels_CHANNEL for each in the manifest."
        )
    return channels[wanted[0]]


def _join(channels: Iterable[BoutRows]) -> BoutRows:
    """Return the rows of several channels as those of one."""
    joined = BoutRows("line")
    for rows in channels:
        for line, code, start, stop in zip(rows.line.tolist(), rows.code.tolist(), rows.start.tolist(), rows.stop.tolist(), strict=True):
            joined.add(line, rows.names[code], start, stop)
    return joined


def _find_frames(source: LabelSource, annotation: _Annotation, rows: BoutRows) -> tuple[npt.NDArray[np.float64], list[str]]:
    """Return start and stop of each row as the file counts frames, float64 of shape (2, N), and notes."""
    edges = np.stack((rows.start, rows.stop))
    fps = annotation.fps
    if not annotation.has_decimals:
        return edges, []
    if fps is None:
        raise LabelError(
            f"{source.path}: is in seconds and has no annotation framerate, which tells the frames they stand for; add that line."
        )
    exact = edges * fps
    frames = np.round(exact)
    if np.abs(frames - exact).max(initial=0.0) <= _NEAR:
        return frames, []
    return frames, [f"{source.path}: holds times between frames at {fps:g} frames per second; the nearest frames are taken."]


def _replace_edges(rows: BoutRows, starts: npt.NDArray[np.float64], stops: npt.NDArray[np.float64]) -> BoutRows:
    """Return `rows` with other starts and stops."""
    replaced = BoutRows(rows.row_word)
    for line, code, start, stop in zip(rows.line.tolist(), rows.code.tolist(), starts.tolist(), stops.tolist(), strict=True):
        replaced.add(line, rows.names[code], start, stop)
    return replaced


def _has_times(time_s: npt.NDArray[np.float64]) -> bool:
    return len(time_s) > 1 and bool((np.diff(time_s) > 0).any())


def _parse_number(source: LabelSource, line: int, cell: str, role: str) -> float:
    try:
        number = float(cell.replace(",", "."))
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or abs(number) > 1e12 or "_" in cell:
        raise LabelError(f"{source.path}: line {line} has {cell[:60]!r} {role}, expected a number; correct it.")
    return number


def _list_names(source: LabelSource) -> tuple[str, ...]:
    return _join(_parse(source).channels.values()).names


BENTO = LabelFormat(
    name="Bento annotation", suffixes=(".annot", *TABLE_SUFFIXES), recognises=_recognises, list_names=_list_names, read=_read
)
