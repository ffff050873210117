"""How often out-of-fold probabilities come true, counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from behavior.learning.reliability import describe_reliability, measure_reliability, tabulate_reliability
from behavior.recording import Annotation, Ethogram, Labels, Probabilities

BEHAVIORS = ("rear", "jump", "dig")


def annotate(name: str, probabilities: list[list[float]]) -> Annotation:
    values = np.array(probabilities, dtype=np.float32)
    time_s = np.arange(len(values)) / 10
    decided = Ethogram(values >= 0.5, BEHAVIORS, time_s)
    return Annotation(name, Probabilities(values, BEHAVIORS, time_s), decided, decided)


@pytest.fixture
def curves():
    nan = np.nan
    annotations = [annotate("a", [[0.25, 1, nan], [0.25, 0, nan]]), annotate("b", [[0.25, 1, nan], [0.75, nan, nan], [0.75, 0.5, nan]])]
    labels = {
        "a": Labels(np.array([[0, 1, 0], [0, 0, 1]], dtype=np.int8), BEHAVIORS),
        "b": Labels(np.array([[1, 1, 0], [1, 1, 0], [1, -1, 0]], dtype=np.int8), BEHAVIORS),
    }
    return measure_reliability(annotations, labels)


def test_frames_without_label_or_probability_count_nowhere(curves):
    assert list(curves) == ["rear", "jump"]
    assert curves["rear"].counts.tolist() == [0, 0, 3, 0, 0, 0, 0, 2, 0, 0]
    assert curves["rear"].observed_share[[2, 7]].tolist() == pytest.approx([1 / 3, 1])
    assert curves["jump"].counts.sum() == 3
    assert curves["jump"].brier_score == 0


def test_the_table_has_a_row_for_each_bin(curves):
    table = tabulate_reliability(curves)
    assert list(table.columns) == ["behavior", "from", "to", "frames", "mean_probability", "observed_share"]
    assert table["behavior"].tolist() == ["rear"] * 10 + ["jump"] * 10
    assert table.loc[2, ["from", "to", "frames", "mean_probability"]].tolist() == pytest.approx([0.2, 0.3, 3, 0.25])
    assert list(tabulate_reliability({}).columns) == list(table.columns)


def test_the_note_has_brier_scores(curves):
    # Twice 0.25 and one 0.75 off at 0.25, twice 0.25 off at 0.75: (2 / 16 + 9 / 16 + 2 / 16) / 5; three of five frames are positive.
    assert describe_reliability(curves)[0].startswith("Brier score of the probabilities, 0 being perfect: rear 0.1625 (0.2400 for")
    assert describe_reliability({}) == []
