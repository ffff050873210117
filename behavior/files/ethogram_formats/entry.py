"""A recording to export, and what several formats have in common."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from behavior.frame_times import find_gaps, frame_edges, frame_stops
from behavior.recording import Annotation, Recording, find_bouts

__all__ = ["Entry", "Event", "describe_origin", "find_duration", "format_seconds", "list_events", "spread_edges"]


@dataclass(frozen=True)
class Entry:
    """An annotation, and what its own files do not hold.

    Attributes
    ----------
    annotation
        What is exported.
    video
        Where its video is, or was when it was annotated; None where there is none.
    written
        When the annotation was written. It is unknown when the animal was recorded, and formats that ask for a date get this one.
    row
        The recording's row of the manifest, which names the animal; None if no study was given.
    features
        Table of the features that SimBA extracted of this recording; None for none.
    """

    annotation: Annotation
    video: Path | None
    written: datetime
    row: Recording | None = None
    features: Path | None = None


@dataclass(frozen=True)
class Event:
    """A bout's start or stop.

    Attributes
    ----------
    frame
        The first frame of the bout, or the first one after it.
    time_s
        When that frame is shown, in seconds.
    """

    frame: int
    time_s: float
    behavior: str
    is_start: bool


def list_events(entry: Entry) -> list[Event]:
    """Return starts and stops of all bouts in order of time; a bout stops where a gap follows."""
    annotation = entry.annotation
    edges = spread_edges(annotation.time_s, annotation.fps)
    gaps, ends = find_gaps(edges), frame_stops(edges)
    events = []
    for column, behavior in enumerate(annotation.behaviors):
        for start, stop in find_bouts(annotation.ethogram.values[:, column], gaps).tolist():
            events.append(Event(start, float(edges[start]), behavior, is_start=True))
            events.append(Event(stop, float(ends[stop - 1]), behavior, is_start=False))
    order = {behavior: column for column, behavior in enumerate(annotation.behaviors)}
    return sorted(events, key=lambda event: (event.frame, event.time_s, order[event.behavior]))


def spread_edges(time_s: npt.NDArray[np.float64], fps: float | None) -> npt.NDArray[np.float64]:
    """Return `recording.frame_edges`, frames that share a time spread evenly up to the next one, so that no bout lasts 0 seconds.

    Formats that tell bouts by their seconds alone would lose such bouts.
    """
    edges = frame_edges(time_s, fps)
    times, first = np.unique(edges, return_index=True)
    return np.interp(np.arange(len(edges)), first, times)


def find_duration(entry: Entry) -> float:
    """Return how many seconds a recording lasts, rounded up to milliseconds, and one millisecond more.

    BORIS rounds the times of events to milliseconds, and leaves out those after the end; it compares decimals with a binary fraction,
    which may lie a little below.
    """
    last = float(spread_edges(entry.annotation.time_s, entry.annotation.fps)[-1])
    return (math.ceil(round(last * 1000, 3)) + 1) / 1000


def format_seconds(seconds: float) -> str:
    """Return seconds with as many decimals as there are, at least 3, as BORIS writes them, and at most 6.

    A millisecond may be more than what tells one frame from the next.

    >>> format_seconds(1.8), format_seconds(1 / 30)
    ('1.800', '0.033333')
    """
    text = f"{seconds:.6f}"
    return text[:-3] + text[-3:].rstrip("0")


def describe_origin(entry: Entry) -> str:
    """Return, in a few words on one line, what made an ethogram; formats with room for all of its provenance take that instead."""
    annotation, provenance = entry.annotation, entry.annotation.provenance
    rate = f" at {annotation.fps:.6g} frames per second" if annotation.fps else ""
    parts = [f"ethogram of {annotation.recording}, {len(annotation.time_s)} frames{rate}, made by a model, not by a person"]
    model = provenance.model
    if model is not None and model.folder is not None:
        parts.append(f"model {model.folder}" + (f" ({model.hash})" if model.hash is not None else ""))
    if provenance.postprocess is not None:
        parts.append(f"decided with {json.dumps(provenance.postprocess.as_mapping(), ensure_ascii=False)}")
    if provenance.versions is not None and "behavior" in provenance.versions:
        parts.append(f"behavior {provenance.versions['behavior']}")
    return "; ".join(parts)
