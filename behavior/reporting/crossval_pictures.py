"""The pictures of a cross-validation, from its tables and predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy.typing as npt
import pandas as pd

from behavior.config import Study
from behavior.figures.learning_curve import draw_learning_curve
from behavior.figures.reliability import draw_reliability
from behavior.learning.crossval_files import CONFUSION_PICTURE, LEARNING_CURVE_PICTURE, PRECISION_RECALL_PICTURE, RELIABILITY_PICTURE
from behavior.learning.reliability import measure_reliability
from behavior.recording import Annotation, Labels
from behavior.reporting.score_files import draw_scores

__all__ = ["draw_crossval", "make_title"]


def make_title(study: Study) -> str:
    """Return the title of the cross-validation's summary and pictures."""
    return (
        "Cross-validation (optimistic: early stopping used what is scored)"
        if study.crossval.early_stopping_on == "fold"
        else "Cross-validation"
    )


def draw_crossval(
    study: Study,
    metrics: pd.DataFrame,
    annotations: Sequence[Annotation],
    labels: Mapping[str, Labels],
    learning_curve: pd.DataFrame | None,
) -> dict[str, Any]:
    """Return the figures of a cross-validation by file name.

    Parameters
    ----------
    metrics
        The scores of `annotations`, the out-of-fold predictions, by `labels`.
    learning_curve
        The table of `learning_curve.csv`; None if it was not measured.
    """
    confusion, precision_recall = draw_scores(metrics, annotations, labels, title=make_title(study))
    pictures = {CONFUSION_PICTURE: confusion, PRECISION_RECALL_PICTURE: precision_recall}
    if curves := measure_reliability(annotations, labels):
        pictures[RELIABILITY_PICTURE] = draw_reliability(curves, title="Out of fold")
    if learning_curve is not None:
        pictures[LEARNING_CURVE_PICTURE] = draw_learning_curve(_split_curve(learning_curve))
    return pictures


def _split_curve(curve: pd.DataFrame) -> dict[str, tuple[npt.NDArray, npt.NDArray, npt.NDArray, npt.NDArray]]:
    """Return numbers of recordings, scores and their intervals, by behavior."""
    return {
        str(name): (part["recordings"].to_numpy(), part["value"].to_numpy(), part["low"].to_numpy(), part["high"].to_numpy())
        for name, part in curve.groupby("behavior", sort=False)
    }
