"""Behaviors by their frequency."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from behavior.config import Postprocess, Study
from behavior.learning.decisions import decide
from behavior.metrics.tables import score_study
from behavior.recording import Annotation, Labels, Probabilities
from behavior.reporting.frequency import describe_frequency, find_fold_thresholds, find_thresholds

BEHAVIORS = ("rare", "usual", "never_labelled")
TRUTH = np.array([[0, 1, -1]] * 6 + [[1, 1, -1]] * 2 + [[0, 0, -1]] * 2, dtype=np.int8)


def annotate(threshold: float | dict[str, float]) -> Annotation:
    values = np.zeros((10, 3), dtype=np.float32)
    values[5:8, 0] = 0.6
    values[:4, 1] = 0.9
    postprocess = Postprocess.model_validate({"threshold": threshold, "closing_frames": 0})
    return decide("r", Probabilities(values, BEHAVIORS, np.arange(10.0)), fps=1.0, postprocess=postprocess)


@pytest.fixture
def labels() -> dict[str, Labels]:
    return {"r": Labels(TRUTH, BEHAVIORS)}


def score(annotation: Annotation) -> pd.DataFrame:
    values = annotation.probabilities.values
    return score_study({"r": TRUTH}, {"r": values}, {"r": annotation.ethogram.values}, BEHAVIORS)


def test_the_most_frequent_behavior_comes_first(labels: dict[str, Labels]) -> None:
    annotation = annotate({"rare": 0.3, "usual": 0.55})
    frequency = describe_frequency(score(annotation), [annotation], labels, find_thresholds([annotation]))
    assert [row[:3] for row in frequency.rows] == [
        ["usual", "80.00%", "0.55"],
        ["rare", "20.00%", "0.3"],
        ["never_labelled", "", ""],
    ]
    # Rare: two of three decided frames are right, and none is missed; F2 = 5 * 2 / (5 * 2 + 0 + 1).
    assert dict(zip(frequency.heads, frequency.rows[1], strict=True))["F2"] == "0.909"
    # Four frames are right, two show the rare behavior alone (5 / 9), one is a false alarm and a miss, one is missed: eight in all.
    expected = (4 * 1 + 2 * 5 / 9 + 0 + 0) / 8
    assert f"{expected:.3f}, over the 8 frames" in frequency.sentence


def test_nothing_labelled_and_nothing_decided_has_no_average(labels: dict[str, Labels]) -> None:
    annotation = annotate(0.95)
    nothing = {"r": Labels(np.full((10, 3), -1, dtype=np.int8), BEHAVIORS)}
    frequency = describe_frequency(score(annotation), [annotation], nothing, {})
    assert frequency.sentence.startswith("No frame shows")


def test_thresholds_of_folds_have_a_range() -> None:
    study = Study.model_validate({"behaviors": ["rare", "usual"], "crop": {"whole_frame": True}, "postprocess": {"threshold": 0.4}})
    assert find_fold_thresholds(study, None) == {"rare": [0.4], "usual": [0.4]}
    decisions = pd.DataFrame({"fold": list("aabb"), "behavior": ["rare", "usual"] * 2, "threshold": [0.2, 0.5, 0.35, np.nan]})
    found = find_fold_thresholds(study, decisions)
    assert found == {"rare": [0.2, 0.35], "usual": [0.5]}
    annotation = annotate(0.5)
    table = score(annotation)
    rows = describe_frequency(table, [annotation], {"r": Labels(TRUTH, BEHAVIORS)}, found).rows
    assert {row[0]: row[2] for row in rows} == {"rare": "0.2 to 0.35", "usual": "0.5", "never_labelled": ""}
