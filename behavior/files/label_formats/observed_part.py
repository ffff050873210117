"""The part of a video that people watched, where the label file itself does not say it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from behavior.errors import LabelError
from behavior.files.bout_tables import BOUT_TABLE
from behavior.files.label_formats.bout_rows import OBSERVED
from behavior.files.label_formats.label_format import BoutLabels
from behavior.files.label_formats.naming import IN_STUDY_FILE
from behavior.files.label_formats.painting import find_frames, paint_observed
from behavior.files.label_formats.request import LabelRequest
from behavior.files.label_formats.source import LabelSource

__all__ = ["find_extent", "limit_to_observed"]

# A larger part of a video before the first and after the last bout is worth a note.
_UNCOVERED = 0.1


def find_extent(labels: BoutLabels, request: LabelRequest) -> tuple[int, int] | None:
    """Return the frames from the first bout of any name to the last, half-open and within the video; None if there is none."""
    rows, frames = labels.rows, request.frames
    names = [labels.is_foreign or name != OBSERVED for name in rows.names]
    wanted = np.array(names, dtype=np.bool_)[rows.code] if len(rows) else np.zeros(0, dtype=np.bool_)
    start, stop = (edge[wanted] - labels.shift for edge in (rows.start, rows.stop))
    if labels.window is not None:
        inside = (stop >= labels.window[0]) & (start < labels.window[1])
        start, stop = start[inside], stop[inside]
    if not len(start) or (labels.in_seconds and frames.time_s is None):
        return None
    edges = np.array([start.min(), stop.max()])
    if labels.in_seconds and frames.time_s is not None:
        edges = find_frames(edges, frames.time_s, tolerance_s=labels.tolerance_s)
    first, last = np.clip(edges, 0, frames.n_frames).astype(np.int64).tolist()
    return (first, max(last, first + 1)) if first < frames.n_frames else None


def limit_to_observed(
    path: Path, values: npt.NDArray[np.int8], extent: tuple[int, int] | None, request: LabelRequest, *, is_stated: bool
) -> tuple[npt.NDArray[np.int8], list[str]]:
    """Return `values` (T, B) with -1 in frames that nobody observed, as the request says, and a note where it does not say it.

    Parameters
    ----------
    extent
        The frames from the first bout of anything to the last, half-open; None if there is none.
    is_stated
        Whether the file says which part was observed.

    Raises
    ------
    LabelError
        If the table of observed spans cannot be read, or has none of the recording.
    """
    if isinstance(request.observed, Path):
        observed = _read_spans(request.observed, request)
        return np.where(observed[:, np.newaxis], values, np.int8(-1)).astype(np.int8), _note_unlabelled(request.observed, observed)
    if extent is None:
        return values, []
    inside = np.zeros(len(values), dtype=np.bool_)
    inside[slice(*extent)] = True
    if request.observed == "from_first_to_last":
        return np.where(inside[:, np.newaxis], values, np.int8(-1)).astype(np.int8), _note_unlabelled(path, inside)
    outside = int(np.count_nonzero((values != -1).any(axis=1) & ~inside))
    if is_stated or request.observed == "whole" or outside <= _UNCOVERED * len(values):
        return values, []
    first, last = (_show(frame, request) for frame in extent)
    end = f"{len(values)} frames" if request.frames.time_s is None else _show(len(values), request)
    return values, [
        f"{path}: its first bout starts at {first} and its last one ends at {last} of {end}; the other {100 * outside / len(values):.0f} % "
        "of the video count as observed without any behavior. If they were not coded, set labels: {observed: from_first_to_last} "
        f"{IN_STUDY_FILE}, or name a table of what was; if they were, labels: {{observed: whole}}."
    ]


def _read_spans(path: Path, request: LabelRequest) -> npt.NDArray[np.bool_]:
    """Return which frames are in the rows named ``observed`` of the table at `path`, bool of shape (T,)."""
    if not path.is_file():
        raise LabelError(
            f"{path}: there is no such table of observed spans; labels: {{observed: ...}} is from_first_to_last, whole, or the path of one."
        )
    source = LabelSource(path)
    if not BOUT_TABLE.recognises(source):
        raise LabelError(
            f"{path}: is not a table of observed spans, expected the columns behavior, start_s and stop_s (or start_frame and stop_frame), "
            f"and recording for several; rows of the behavior {OBSERVED!r} count."
        )
    spans = BOUT_TABLE.read(source, replace(request, observation=None))
    assert isinstance(spans, BoutLabels)
    if OBSERVED not in spans.rows.names:
        whose = f" of {request.recording_names[-1]!r}" if request.recording_names else ""
        raise LabelError(f"{path}: has no row of the behavior {OBSERVED!r}{whose}; add one for each span that was observed.")
    return paint_observed(path, spans, request)


def _note_unlabelled(path: Path, observed: npt.NDArray[np.bool_]) -> list[str]:
    outside = int(np.count_nonzero(~observed))
    if not outside:
        return []
    return [f"{path}: {outside} of {len(observed)} frames were not observed and count as not labelled (labels: observed)."]


def _show(frame: int, request: LabelRequest) -> str:
    """Return a frame for a message, in seconds where its time is known."""
    time_s = request.frames.time_s
    if time_s is None or not len(time_s):
        return f"frame {frame}"
    return f"{time_s[min(frame, len(time_s) - 1)]:.1f} s"
