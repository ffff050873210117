"""Deciding stored probabilities again: what changes, what stays, and what is refused."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from behavior.errors import UsageError
from behavior.learning.changed_decisions import DecisionChange, decide_again
from behavior.provenance import AppliedPostprocess, Provenance
from behavior.recording import Annotation, Ethogram, Probabilities

SOURCE = Path("m1_ethogram.csv")
PROBABILITIES = np.array([[0.9, 0.6], [0.2, 0.6], [0.9, 0.1], [0.4, 0.1], [0.1, 0.6]], dtype=np.float32)


def make_annotation(**postprocess):
    time_s = np.arange(len(PROBABILITIES)) / 10
    ethogram = Ethogram(PROBABILITIES >= 0.5, ("grooming", "rearing"), time_s)
    provenance = Provenance(fps=10.0, video="m1.mp4", postprocess=AppliedPostprocess(**postprocess))
    return Annotation("m1", Probabilities(PROBABILITIES, ethogram.behaviors, time_s), ethogram, ethogram, provenance)


def decide(change, **postprocess):
    return decide_again(make_annotation(**postprocess), change, source=SOURCE)


def test_a_threshold_of_one_behavior_leaves_the_other_as_it_was():
    after = decide(DecisionChange(threshold={"grooming": 0.4}))
    assert after.ethogram.values.astype(int).T.tolist() == [[1, 0, 1, 1, 0], [1, 1, 0, 0, 1]]
    assert after.provenance.as_mapping() == {
        "fps": 10.0,
        "video": "m1.mp4",
        "postprocess": {"threshold": {"grooming": 0.4, "rearing": 0.5}},
    }
    assert np.array_equal(after.probabilities.values, PROBABILITIES)


def test_distances_stay_as_they_were():
    before = replace(make_annotation(), distances=np.arange(5, dtype=np.float32))
    after = decide_again(before, DecisionChange(threshold=0.4), source=SOURCE)
    assert np.array_equal(after.distances, before.distances)


@pytest.mark.parametrize("change", [DecisionChange(closing_s=0.2), DecisionChange(closing_frames=2)])
def test_closing_in_seconds_is_that_in_frames(change):
    after = decide(change)
    assert after.raw.values.astype(int).T.tolist() == [[1, 0, 1, 0, 0], [1, 1, 0, 0, 1]]
    assert after.ethogram.values.astype(int).T.tolist() == [[1, 1, 1, 0, 0], [1, 1, 0, 0, 1]]


def test_what_is_not_named_stays():
    after = decide(DecisionChange(min_bout_frames={"rearing": 2}), closing_frames=2)
    assert after.ethogram.values.astype(int).T.tolist() == [[1, 1, 1, 0, 0], [1, 1, 0, 0, 0]]
    assert after.provenance.postprocess.as_mapping() == {
        "threshold": {"grooming": 0.5, "rearing": 0.5},
        "closing_frames": 2,
        "min_bout_frames": {"grooming": 0, "rearing": 2},
    }


def test_all_lengths_may_change_their_unit_together():
    after = decide(DecisionChange(closing_s={"grooming": 0.2, "rearing": 0.4}), closing_frames=5)
    assert after.provenance.postprocess.closing_s == {"grooming": 0.2, "rearing": 0.4}
    assert after.provenance.postprocess.closing_frames is None


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"threshold": {"groming": 0.5}}, "did you mean 'grooming'"),
        ({"threshold": 1.5}, "m1_ethogram.csv"),
        ({"closing_s": {"grooming": 0.2}}, "was decided with closing in frames; give the new lengths in the same unit"),
        ({"closing_s": float("inf")}, "closing is inf seconds, expected between 0 and"),
        ({"min_bout_frames": 10**30}, "min_bout is 1e\\+30 frames, expected between 0 and"),
        ({"closing_s": 0.2, "closing_frames": 2}, "closing is given both in frames and in seconds"),
    ],
)
def test_what_cannot_be_decided_is_refused(change, sentence):
    with pytest.raises(UsageError, match=sentence):
        decide(DecisionChange(**change), closing_frames=5)
