"""Who is left out, and who is watched."""

import pytest

from behavior.sequence.folds import Fold, choose_inner, leave_out_folds

ANIMALS = ["A", "A", "B", "C"]


def test_each_recording_is_left_out_once():
    folds = leave_out_folds(["r0", "r1", "r2"], ["A", "A", "B"], leave_out="recording")
    assert folds == [Fold("r0", (0,), (1, 2)), Fold("r1", (1,), (0, 2)), Fold("r2", (2,), (0, 1))]


def test_an_animal_is_left_out_with_all_its_recordings():
    folds = leave_out_folds(["r0", "r1", "r2"], ["A", "B", "A"], leave_out="animal")
    assert folds == [Fold("A", (0, 2), (1,)), Fold("B", (1,), (0, 2))]


@pytest.mark.parametrize(
    ("training", "after", "learnable", "leave_out", "expected"),
    [
        ((1, 2, 3), 0, {0, 1, 2, 3}, "recording", (1,)),
        ((0, 1, 2), 3, {0, 1, 2, 3}, "recording", (0,)),
        ((1, 2, 3), 0, {0, 2, 3}, "recording", (2,)),
        ((1, 2, 3), 0, {0, 2}, "recording", ()),
        ((1,), 0, {0, 1}, "recording", ()),
        ((0, 1, 3), 2, {0, 1, 2, 3}, "animal", (3,)),
        ((0, 1, 2), 3, {0, 1, 2, 3}, "animal", (0, 1)),
        ((0, 1), 3, {0, 1, 2, 3}, "animal", ()),
    ],
)
def test_the_next_recording_that_can_tell_is_watched_if_another_can_be_learned_from(training, after, learnable, leave_out, expected):
    assert choose_inner(training, after=after, animals=ANIMALS, leave_out=leave_out, learnable=learnable) == expected
