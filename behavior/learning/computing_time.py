"""What the steps of a cross-validation took, as a table by which settings can be compared."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from behavior.compute.effort import Effort
from behavior.learning.learning_data import LearningData

__all__ = ["COMPUTING_TIME_COLUMNS", "STEP_WORDS", "tabulate_effort"]

COMPUTING_TIME_COLUMNS = ("step", "metric", "value")
# What a step is, for people.
STEP_WORDS = {
    "features": "Reading features, and embedding what the cache lacked",
    "train": "Training the models of all folds, and predicting what they leave out",
}


def tabulate_effort(steps: Mapping[str, Effort], data: LearningData) -> pd.DataFrame:
    """Return what steps took: for each its seconds, processor seconds, joules where they are known, and seconds per hour of video.

    Parameters
    ----------
    steps
        By name, in their order. A step of which an earlier run did a part is not among them: its time is not known.
    data
        The recordings that all steps were about.

    Returns
    -------
    Table with the columns of `COMPUTING_TIME_COLUMNS`.
    """
    hours = sum(features.frames.n_frames / features.fps for features in data.features) / 3600
    rows: list[tuple[str, str, float]] = []
    for step, effort in steps.items():
        rows += [(step, "seconds", effort.seconds), (step, "processor_seconds", effort.processor_seconds)]
        rows += [] if effort.joules is None else [(step, "joules", effort.joules)]
        rows += [(step, "seconds_per_hour_of_video", effort.seconds / hours)] if hours > 0 else []
    return pd.DataFrame(rows, columns=list(COMPUTING_TIME_COLUMNS))
