"""How often the out-of-fold probabilities of a cross-validation come true."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from behavior.metrics.calibration import ReliabilityCurve, reliability_curve
from behavior.recording import Annotation, Labels

__all__ = ["describe_reliability", "measure_reliability", "tabulate_reliability"]


def measure_reliability(annotations: Sequence[Annotation], labels: Mapping[str, Labels]) -> dict[str, ReliabilityCurve]:
    """Return the reliability curve of each behavior, over the frames of all recordings.

    Parameters
    ----------
    annotations
        At least one, all of the same behaviors.
    labels
        By recording id.

    Returns
    -------
    Curves by behavior; a behavior without a frame that has both a label and a probability is left out.
    """
    truth = np.concatenate([labels[annotation.recording].values for annotation in annotations])
    probabilities = np.concatenate([annotation.probabilities.values for annotation in annotations])
    curves = {}
    for column, behavior in enumerate(annotations[0].behaviors):
        known = ~np.isnan(probabilities[:, column]) & (truth[:, column] >= 0)
        if known.any():
            curves[behavior] = reliability_curve(truth[known, column], probabilities[known, column])
    return curves


def tabulate_reliability(curves: Mapping[str, ReliabilityCurve]) -> pd.DataFrame:
    """Return a row for each bin of each curve: behavior, from, to, frames, mean_probability and observed_share."""
    rows = [
        {"behavior": behavior, "from": low, "to": high, "frames": int(count), "mean_probability": mean, "observed_share": observed}
        for behavior, curve in curves.items()
        for low, high, count, mean, observed in zip(
            curve.edges[:-1], curve.edges[1:], curve.counts, curve.mean_probability, curve.observed_share, strict=True
        )
    ]
    return pd.DataFrame(rows, columns=["behavior", "from", "to", "frames", "mean_probability", "observed_share"])


def describe_reliability(curves: Mapping[str, ReliabilityCurve]) -> list[str]:
    """Return the note of `summary.md` on Brier scores; [] without curves."""
    if not curves:
        return []
    scores = ", ".join(
        f"{behavior} {curve.brier_score:.4f} ({curve.prevalence * (1 - curve.prevalence):.4f} for always saying the prevalence)"
        for behavior, curve in curves.items()
    )
    return [f"Brier score of the probabilities, 0 being perfect: {scores}; reliability.png shows how often they come true."]
