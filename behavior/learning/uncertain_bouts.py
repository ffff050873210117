"""The bouts of ethograms that were decided most narrowly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from behavior.config import Postprocess
from behavior.frame_times import find_gaps, frame_edges, frame_stops
from behavior.learning.decisions import read_postprocess
from behavior.recording import Annotation, find_bouts

__all__ = ["UncertainBout", "find_uncertain_bouts"]


@dataclass(frozen=True)
class UncertainBout:
    """A bout that was decided, and how narrowly.

    Attributes
    ----------
    start_frame, stop_frame
        Half-open.
    mean_probability
        Of its frames.
    margin
        How far that is above the threshold, 1 being as far as it can be; negative where closing filled in frames far below it.
    """

    recording: str
    behavior: str
    start_frame: int
    stop_frame: int
    start_s: float
    stop_s: float
    mean_probability: float
    threshold: float
    margin: float


def find_uncertain_bouts(annotations: Sequence[Annotation], *, count: int) -> list[UncertainBout]:
    """Return the `count` bouts of the smallest margin, the least sure first.

    Raises
    ------
    UsageError
        If the post-processing that an annotation names cannot be read.
    """
    bouts: list[UncertainBout] = []
    for annotation in annotations:
        settings = read_postprocess(annotation.provenance, source=Path(annotation.recording)) or Postprocess()
        thresholds = settings.thresholds(annotation.behaviors).astype(np.float64)
        edges = frame_edges(annotation.time_s, annotation.fps)
        gaps, stops = find_gaps(edges), frame_stops(edges)
        for column, behavior in enumerate(annotation.behaviors):
            threshold = float(thresholds[column])
            for start, stop in find_bouts(annotation.ethogram.values[:, column], gaps).tolist():
                mean = float(np.mean(annotation.probabilities.values[start:stop, column], dtype=np.float64))
                margin = (mean - threshold) / max(1 - threshold, 1e-9)
                times = float(edges[start]), float(stops[stop - 1])
                bouts.append(UncertainBout(annotation.recording, behavior, start, stop, *times, mean, threshold, margin))
    return sorted(bouts, key=lambda bout: (bout.margin, bout.recording, bout.start_frame))[:count]
