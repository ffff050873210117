"""The bouts of a recording that people and a model, or two people, see differently."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
import numpy.typing as npt

from behavior.config import Postprocess
from behavior.learning.decisions import read_postprocess
from behavior.metrics.differences import Difference, find_differences, measure_confidence
from behavior.recording import Annotation, Labels

__all__ = ["LabelDifference", "compare_raters", "compare_with_model"]


@dataclass(frozen=True)
class LabelDifference:
    """A difference in one recording.

    Attributes
    ----------
    behavior
        Which one.
    rater
        Whose labels are the side called "labelled"; "" for the manifest's plain column.
    other
        Whose labels are the side called "decided"; None where that is what a model decided.
    found
        What is different.
    """

    behavior: str
    rater: str
    other: str | None
    found: Difference


def compare_with_model(annotation: Annotation, labels: Labels, *, rater: str) -> list[LabelDifference]:
    """Return where a rater's labels and an ethogram differ, the greatest weight first: frames times how sure the model is of them.

    Parameters
    ----------
    annotation
        Behaviors that the labels do not have are left out.
    labels
        Of the frames of the ethogram.

    Raises
    ------
    EthogramError
        If the post-processing that the ethogram names cannot be read.
    ValueError
        If labels and ethogram have different numbers of frames.
    """
    settings = read_postprocess(annotation.provenance, source=Path(annotation.recording)) or Postprocess()
    thresholds = settings.thresholds(annotation.behaviors).astype(np.float64)
    differences = []
    for column, behavior in enumerate(annotation.behaviors):
        if behavior not in labels.behaviors:
            continue
        decided = annotation.ethogram.values[:, column]
        confidence = measure_confidence(annotation.probabilities.values[:, column], decided, float(thresholds[column]))
        values = labels.values[:, labels.behaviors.index(behavior)]
        found = find_differences(values, decided, time_s=annotation.time_s, confidence=confidence)
        differences += [LabelDifference(behavior, rater, None, one) for one in found]
    return _sort(differences)


def compare_raters(labels: Mapping[str, Labels], *, time_s: npt.NDArray[np.float64]) -> list[LabelDifference]:
    """Return where any two raters differ, on the frames that both labelled, the most frames first.

    Parameters
    ----------
    labels
        By rater; of a pair, the first one is the side called "labelled".
    time_s
        Times of the frames in seconds, shape (T,).

    Raises
    ------
    ValueError
        If labels have other frames than `time_s`.

    Examples
    --------
    >>> raters = {name: Labels(np.array([rows], np.int8).T, ("rear",)) for name, rows in (("ann", [1, 1, 0, 0]), ("ben", [0, 0, 0, -1]))}
    >>> [(one.rater, one.other, one.found.kind, one.found.n_frames) for one in compare_raters(raters, time_s=np.arange(4.0))]
    [('ann', 'ben', 'missed', 2)]
    """
    differences = []
    for (rater, first), (other, second) in combinations(labels.items(), 2):
        for column, behavior in enumerate(first.behaviors):
            if behavior not in second.behaviors:
                continue
            against = second.values[:, second.behaviors.index(behavior)]
            known = np.where(against == -1, -1, first.values[:, column]).astype(np.int8)
            found = find_differences(known, against == 1, time_s=time_s)
            differences += [LabelDifference(behavior, rater, other, one) for one in found]
    return _sort(differences)


def _sort(differences: list[LabelDifference]) -> list[LabelDifference]:
    return sorted(differences, key=lambda one: (-one.found.weight, one.found.start_frame))
