"""Where people and a model, or two people, see bouts differently."""

from __future__ import annotations

import numpy as np
import pytest

from behavior.learning.label_differences import LabelDifference, compare_raters, compare_with_model
from behavior.provenance import Provenance
from behavior.recording import Annotation, Ethogram, Labels, Probabilities

BEHAVIORS = ("groom", "rear")
TIMES = np.arange(60) / 10


def label(*bouts: tuple[int, int, int], behaviors: tuple[str, ...] = BEHAVIORS) -> Labels:
    values = np.zeros((60, len(behaviors)), np.int8)
    for column, start, stop in bouts:
        values[start:stop, column] = 1
    return Labels(values, behaviors)


def annotate(*bouts: tuple[int, int, int, float]) -> Annotation:
    values = np.full((60, 2), 0.25, np.float32)
    for column, start, stop, probability in bouts:
        values[start:stop, column] = probability
    decided = Ethogram(values >= 0.5, BEHAVIORS, TIMES)
    return Annotation("m1", Probabilities(values, BEHAVIORS, TIMES), decided, decided, Provenance(postprocess={"threshold": 0.5}))


def show(differences: list[LabelDifference]) -> list[tuple[str, str, str | None, str, int]]:
    return [(one.behavior, one.rater, one.other, one.found.kind, one.found.start_frame) for one in differences]


def test_a_sure_model_that_differs_comes_before_an_unsure_one() -> None:
    annotation = annotate((0, 5, 15, 0.9), (1, 20, 30, 0.6), (1, 40, 46, 1.0))
    found = compare_with_model(annotation, label((0, 5, 15), (0, 50, 55)), rater="ann")
    assert show(found) == [("rear", "ann", None, "extra", 40), ("groom", "ann", None, "missed", 50), ("rear", "ann", None, "extra", 20)]
    # 6 frames at 1.0, 5 frames half way below the threshold, 10 frames a fifth of the way above it.
    assert [one.found.weight for one in found] == pytest.approx([6, 2.5, 2], abs=1e-5)


def test_behaviors_that_only_one_side_has_are_not_compared() -> None:
    assert compare_with_model(annotate((0, 5, 15, 0.9)), label(behaviors=("rear",)), rater="") == []


def test_every_pair_of_raters_is_compared_once_where_both_labelled() -> None:
    third = label((1, 0, 10))
    third.values[:, :] = np.where(np.arange(60)[:, None] < 20, third.values, -1)
    raters = {"ann": label((0, 30, 40), (1, 0, 10)), "ben": label((0, 32, 40), (1, 0, 7)), "cy": third}
    assert show(compare_raters(raters, time_s=TIMES)) == [
        ("rear", "ann", "ben", "bounds", 0),
        ("rear", "ben", "cy", "bounds", 0),
        ("groom", "ann", "ben", "bounds", 30),
    ]
