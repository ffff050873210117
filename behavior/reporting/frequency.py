"""Behaviors from the most frequent to the rarest: where they are decided, and what is found of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from behavior.config import Study
from behavior.metrics.frames import average_over_frames
from behavior.metrics.tables import MetricIndex
from behavior.recording import Annotation, Labels

__all__ = ["FREQUENCY_HEADING", "FrequencyTable", "describe_frequency", "find_fold_thresholds", "find_thresholds"]

FREQUENCY_HEADING = "From the most frequent behavior to the rarest"
_METRICS = ("prevalence", "precision", "recall", "f2")


@dataclass(frozen=True)
class FrequencyTable:
    """A table for people: its heads, its rows, and a sentence on all behaviors together."""

    heads: list[str]
    rows: list[list[str]]
    sentence: str


def describe_frequency(
    table: pd.DataFrame, annotations: Sequence[Annotation], labels: Mapping[str, Labels], thresholds: Mapping[str, Sequence[float]]
) -> FrequencyTable:
    """Return what was found of each behavior, the most frequent first, and the F2 score averaged over frames.

    Parameters
    ----------
    table
        Scores of `annotations`, as `metrics.csv` has them.
    labels
        By recording.
    thresholds
        Those that a behavior was decided with, by its name; a range is shown where they differ.
    """
    behaviors = annotations[0].behaviors
    metrics = MetricIndex(table)
    values = {name: [metrics.find(name, metric).value for metric in _METRICS] for name in behaviors}
    # A behavior that nobody labelled comes last.
    order = sorted(behaviors, key=lambda name: -np.nan_to_num(values[name][0], nan=-1.0))
    rows = []
    for name in order:
        prevalence, precision, recall, f2 = values[name]
        cells = ["" if value != value else f"{value:.3f}" for value in (precision, recall, f2)]
        rows.append([name, "" if prevalence != prevalence else f"{prevalence:.2%}", _show_range(thresholds.get(name, ())), *cells])
    truth = np.concatenate([labels[one.recording].values for one in annotations])
    decided = np.concatenate([one.ethogram.values for one in annotations])
    average, n_frames = average_over_frames(truth, decided, beta=2.0)
    sentence = (
        "No frame shows a labelled or decided behavior, so F2 has no average over frames."
        if not n_frames
        else f"F2 averaged over frames (of the behaviors in each frame against those decided there): {average:.3f}, over the {n_frames:,} "
        "frames that show a labelled or decided behavior."
    )
    return FrequencyTable(["Behavior", "Prevalence", "Threshold", "Precision", "Recall", "F2"], rows, sentence)


def find_thresholds(annotations: Sequence[Annotation]) -> dict[str, list[float]]:
    """Return the thresholds that ethograms say they were decided with, by behavior; none where they do not say."""
    found: dict[str, list[float]] = {name: [] for name in annotations[0].behaviors}
    for one in annotations:
        applied = one.provenance.postprocess.threshold if one.provenance.postprocess is not None else None
        for name in found:
            value = applied.get(name) if isinstance(applied, Mapping) else applied
            found[name] += [] if value is None else [float(value)]
    return found


def find_fold_thresholds(study: Study, decisions: pd.DataFrame | None) -> dict[str, list[float]]:
    """Return the thresholds of a cross-validation by behavior: what each fold chose (`decisions.csv`), else the study's."""
    if decisions is None or "threshold" not in decisions:
        return {name: [value] for name, value in zip(study.behaviors, _list_thresholds(study), strict=True)}
    return {
        name: [float(value) for value in decisions.loc[decisions["behavior"] == name, "threshold"] if value == value]
        for name in study.behaviors
    }


def _list_thresholds(study: Study) -> list[float]:
    return [round(float(value), 6) for value in study.postprocess.thresholds(study.behaviors)]


def _show_range(values: Sequence[float]) -> str:
    """Return one number, or the lowest and the highest."""
    shown = list(dict.fromkeys(f"{value:.2g}" for value in (min(values), max(values)))) if values else []
    return " to ".join(shown)
