"""A cross-validation: scores, and predictions of recordings by models that were not trained on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from behavior.api.arguments import PathLike
from behavior.api.ethogram import RecordingEthogram
from behavior.api.labels import RecordingLabels
from behavior.api.results import Shown
from behavior.errors import count_noun

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Crossval", "open_crossval"]


@dataclass(frozen=True, eq=False, repr=False)
class Crossval(Shown):
    """The results of a cross-validation.

    Get one from `Study.crossval` or `open_crossval`.

    Attributes
    ----------
    folder
        Where they are.
    metrics
        Scores: columns recording, behavior, metric, value, low and high. Recording `pooled` is over all frames, `mean` over recordings;
        low and high are a 95 % interval.
    folds
        How each model was trained, a row for each fold, behavior and member of the ensemble.
    ethograms
        Each recording's predictions by models that were not trained on it, by recording.
    labels
        What people saw, by recording.
    notes
        Warnings from computing; empty if the results were only opened.

    Examples
    --------
    >>> cv = bh.open_crossval("crossval")
    >>> list(cv.metrics.columns)
    ['recording', 'behavior', 'metric', 'value', 'low', 'high']
    >>> list(cv.ethograms)
    ['mouse_01', 'mouse_02', 'mouse_03']
    """

    folder: Path
    metrics: pd.DataFrame
    folds: pd.DataFrame
    ethograms: Mapping[str, RecordingEthogram]
    labels: Mapping[str, RecordingLabels]
    notes: tuple[str, ...] = ()

    def _describe(self) -> str:
        return f"Cross-validation in {self.folder}: {count_noun(len(self.ethograms), 'recording')}"

    def _tabulate(self) -> pd.DataFrame:
        from behavior.metrics.tables import pivot_pooled

        return pivot_pooled(self.metrics)


def open_crossval(folder: PathLike, *, notes: Sequence[str] = ()) -> Crossval:
    """Open the results of a cross-validation.

    Parameters
    ----------
    folder
        What `behavior crossval` or `Study.crossval` wrote to.
    notes
        What to keep as the notes of the result.

    Raises
    ------
    CrossvalError
        If the folder holds no cross-validation or an incomplete one, or a file is missing, cut off or changed; run the
        cross-validation again.
    """
    from behavior.learning.crossval_folder import read_crossval

    results = read_crossval(Path(folder))
    times = {annotation.recording: annotation.time_s for annotation in results.annotations}
    return Crossval(
        Path(folder),
        results.metrics,
        results.folds,
        {annotation.recording: RecordingEthogram(annotation) for annotation in results.annotations},
        {name: RecordingLabels(name, labels, times[name]) for name, labels in results.labels.items()},
        tuple(notes),
    )
