"""What embedding, training and predicting took, as a table by which settings can be compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from behavior.compute.effort import NOTHING, Effort
from behavior.config import Study
from behavior.embedding.stream import FeatureStream
from behavior.embedding.streams import identify_stream
from behavior.files.view_cells import find_view
from behavior.learning.learning_data import LearningData, make_study_streams
from behavior.learning.variants import list_variants
from behavior.recording import Recording

__all__ = ["COMPUTING_TIME_COLUMNS", "STEP_WORDS", "Step", "add_efforts", "count_hours", "measure_embedding", "tabulate_effort"]

COMPUTING_TIME_COLUMNS = ("step", "metric", "value")
# What a step is, for people.
STEP_WORDS = {
    "embed": "Embedding the recordings, whenever that was done",
    "features": "Reading features from the cache",
    "train": "Training the models",
    "predict": "Predicting recordings",
}


@dataclass(frozen=True)
class Step:
    """What one step took, and how many hours of video it was about; `effort` is None where it is not known."""

    effort: Effort | None
    hours: float


def count_hours(data: LearningData) -> float:
    """Return how long the recordings are together."""
    return sum(features.frames.n_frames / features.fps for features in data.features) / 3600


def add_efforts(efforts: Iterable[Effort | None]) -> Effort | None:
    """Return the sum of what is known of each; None where something is not known, or there is nothing.

    >>> add_efforts([Effort(1.0, 2.0), None]) is None
    True
    """
    known = list(efforts)
    return None if not known or None in known else sum((one for one in known if one is not None), NOTHING)


def measure_embedding(study: Study, recordings: Sequence[Recording]) -> Effort | None:
    """Return what computing the cached features took that the models of `study` read, each stream once.

    None where it is not known: where streams are imported, or a part was computed by a run that was stopped, or by an earlier version.

    Raises
    ------
    CacheError
        If features are missing, damaged or out of date.
    """
    streams: dict[str, FeatureStream] = {}
    for variant in list_variants(study):
        made = make_study_streams(variant)
        if set(variant.streams) - made.keys():
            return None
        for name, stream in made.items():
            streams.setdefault(identify_stream(name, variant.backbone), stream)
    return add_efforts(
        stream.read_effort(shown)
        for stream in streams.values()
        for recording in recordings
        if (shown := find_view(recording, stream.view)) is not None
    )


def tabulate_effort(steps: Mapping[str, Step]) -> pd.DataFrame:
    """Return what steps took: for each its seconds, processor seconds, joules where they are known, and seconds per hour of video.

    Parameters
    ----------
    steps
        By name, in their order. One whose effort is not known has no rows.

    Returns
    -------
    Table with the columns of `COMPUTING_TIME_COLUMNS`.
    """
    rows: list[tuple[str, str, float]] = []
    for name, step in steps.items():
        if step.effort is None:
            continue
        rows += [(name, metric, value) for metric, value in step.effort.as_mapping().items()]
        rows += [(name, "seconds_per_hour_of_video", step.effort.seconds / step.hours)] if step.hours > 0 else []
    return pd.DataFrame(rows, columns=list(COMPUTING_TIME_COLUMNS))
