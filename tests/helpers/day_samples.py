"""Recordings of days whose rhythms are known by construction."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

import numpy as np

from behavior.files.name_matching import make_safe
from behavior.provenance import Provenance
from behavior.recording import Annotation, Ethogram, Probabilities, Recording
from behavior.reporting.description import DescribedRecording

__all__ = ["describe_day", "describe_days", "make_annotation"]

START = datetime(2026, 3, 1, 15)
# A frame in 30 seconds is enough for hours.
FPS = 1 / 30
BEHAVIORS = ("run", "groom")


def make_annotation(name: str, start: datetime, hours: float, *, period_h: float = 24.0, peak_h: float = 1.0) -> Annotation:
    """Return an ethogram that runs most at `peak_h` hours after midnight of the 1st of March, and again each period; it never grooms."""
    time_s = np.arange(round(hours * 3600 * FPS)) / FPS
    since = (start.replace(tzinfo=None) - datetime(2026, 3, 1)).total_seconds() / 3600 + time_s / 3600
    drive = 0.5 + 0.4 * np.cos(2 * np.pi * (since - peak_h) / period_h)
    # Evenly spread, so that the share of an hour is the drive.
    run = np.floor(np.cumsum(drive)) > np.floor(np.cumsum(drive) - drive)
    values = np.column_stack((run, np.zeros(len(run), dtype=bool)))
    ethogram = Ethogram(values, BEHAVIORS, time_s)
    probabilities = Probabilities(np.where(values, 0.9, 0.1).astype(np.float32), BEHAVIORS, time_s)
    return Annotation(name, probabilities, ethogram, ethogram, Provenance(fps=FPS))


def describe_day(
    name: str, start: datetime | None, hours: float = 23.9, *, animal: str = "m1", group: str = "", is_tracked: bool = False, **rest: Any
) -> DescribedRecording:
    """Return a recording that began at `start`, of lights from 7 to 19; a tracked animal moves a pixel from frame to frame."""
    lights = rest.pop("lights", (time(7), time(19)))
    annotation = make_annotation(name, start or START, hours, **rest)
    n_frames = len(annotation.time_s)
    positions = np.column_stack((np.arange(n_frames, dtype=float), np.zeros(n_frames))) if is_tracked else None
    row = Recording(name, animal=animal, group=group, clock_start=start, lights_on=lights[0], lights_off=lights[1])
    return DescribedRecording(annotation, row, {}, positions)


def describe_days(n_days: int, *, animal: str = "m1", **rest: Any) -> list[DescribedRecording]:
    """Return a recording for each day, one after the other."""
    return [describe_day(f"{make_safe(animal)}_d{day}", START + timedelta(days=day), animal=animal, **rest) for day in range(n_days)]
