"""Who is left out, and who is watched."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from behavior.sequence.folds import Fold, choose_inner, leave_out_folds

ANIMALS = ["A", "A", "B", "C"]


def test_each_recording_is_left_out_once():
    folds = leave_out_folds(["r0", "r1", "r2"], ["A", "A", "B"], ["v0", "v1", "v2"], leave_out="recording")
    assert folds == [Fold("r0", (0,), (1, 2)), Fold("r1", (1,), (0, 2)), Fold("r2", (2,), (0, 1))]


def test_an_animal_is_left_out_with_all_its_recordings():
    folds = leave_out_folds(["r0", "r1", "r2"], ["A", "B", "A"], ["v0", "v1", "v2"], leave_out="animal")
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
    validation, remaining = choose_inner(
        training, after=after, animals=ANIMALS, videos=["v0", "v1", "v2", "v3"], leave_out=leave_out, learnable=learnable
    )
    assert validation == expected
    assert remaining == tuple(index for index in training if index not in expected)


def test_all_recordings_of_a_video_are_left_out_together() -> None:
    recordings = ["day1_left", "day1_right", "day2_left", "day2_right", "day10"]
    folds = leave_out_folds(recordings, recordings, ["v1", "v1", "v2", "v2", "v3"], leave_out="recording")
    assert folds == [Fold("day1", (0, 1), (2, 3, 4)), Fold("day2", (2, 3), (0, 1, 4)), Fold("day10", (4,), (0, 1, 2, 3))]


def test_a_fold_of_an_animal_does_not_train_on_others_in_its_videos() -> None:
    animals, videos = ["A", "B", "A", "C", "D"], ["v1", "v1", "v2", "v2", "v3"]
    folds = {fold.name: fold for fold in leave_out_folds(list("abcde"), animals, videos, leave_out="animal")}
    assert folds["A"] == Fold("A", (0, 2), (4,))
    assert folds["B"] == Fold("B", (1,), (2, 3, 4))
    assert folds["D"] == Fold("D", (4,), (0, 1, 2, 3))


@given(
    st.lists(st.tuples(st.sampled_from("ABCD"), st.sampled_from(["v1", "v2", "v3", "v4"])), min_size=1, max_size=10),
    st.sampled_from(["recording", "animal"]),
    st.integers(-1, 9),
)
def test_nothing_of_one_video_or_animal_is_on_both_sides(rows, leave_out, after) -> None:
    animals, videos = [animal for animal, _ in rows], [video for _, video in rows]
    folds = leave_out_folds([f"r{number}" for number in range(len(rows))], animals, videos, leave_out=leave_out)
    assert sorted(index for fold in folds for index in fold.left_out) == list(range(len(rows)))
    assert len({fold.name for fold in folds}) == len(folds)
    for fold in folds:
        inner = choose_inner(
            fold.training, after=after, animals=animals, videos=videos, leave_out=leave_out, learnable=set(range(len(rows)))
        )
        for apart, trained_on in ((fold.left_out, fold.training), inner):
            assert not {videos[index] for index in apart} & {videos[index] for index in trained_on}
            if leave_out == "animal":
                assert not {animals[index] for index in apart} & {animals[index] for index in trained_on}


def test_folds_of_videos_whose_recordings_begin_alike_have_names_of_their_own() -> None:
    recordings = ["m_1_a", "m_1_b", "m_1", "x", "y"]
    folds = leave_out_folds(recordings, recordings, ["v1", "v1", "v2", "v3", "v3"], leave_out="recording")
    assert [fold.name for fold in folds] == ["m_1_a", "m_1", "x"]
