"""What each of the models counts, and how much."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.utils.class_weight import compute_class_weight

from behavior.sequence.batches import Batch
from behavior.sequence.plans import ModelPlan, PlanWeights
from behavior.sequence.windows import SequenceData

LABELS = [
    np.array([[1, 0, -1], [0, 0, -1], [0, 0, 0]], dtype=np.int8),
    np.array([[0, 1, 0], [0, 1, 0], [-1, 0, 0]], dtype=np.int8),
    np.array([[1, -1, 0], [1, -1, 0]], dtype=np.int8),
]
FEATURES = [np.zeros((len(labels), 2), dtype=np.float16) for labels in LABELS]


def weigh(*plans, labels=LABELS, n_preparations=1, balanced=True):
    return PlanWeights(SequenceData([FEATURES] * n_preparations, labels), plans, balanced=balanced)


def plan(training, outputs=(0,), *, validation=(), preparation=0):
    return ModelPlan(tuple(outputs), tuple(training), tuple(validation), (), 1, 0, preparation)


def batch(recordings, labels):
    labels = np.array(labels, dtype=np.int8)
    return Batch(np.zeros((1, len(labels), labels.shape[1], 2), dtype=np.float32), labels, np.array(recordings))


# Two windows of two frames of each of the recordings 0 and 1, with every frame labelled.
FULL = batch([0, 1, 0, 1], np.zeros((4, 2, 3)))


def test_a_model_counts_the_windows_of_what_it_learns_from():
    weights = weigh(plan([0]), plan([1], [1]), plan([0, 1], validation=[2]))
    assert weights.count(FULL).tolist() == [[1, 0, 1, 0], [0, 1, 0, 1], [1, 1, 1, 1]]
    assert weights.count(FULL).dtype == np.float32
    assert weights.count(batch([2], np.zeros((1, 2, 3)))).tolist() == [[0], [0], [0]]


def test_a_recording_that_was_drawn_more_than_once_counts_as_often():
    weights = weigh(plan([0, 0, 1]), plan([1, 1, 1], [1]))
    assert weights.count(FULL).tolist() == [[2, 1, 2, 1], [0, 3, 0, 3]]
    # Five of six frames of the first, and two more.
    np.testing.assert_allclose(weights.class_weights[0, 0], [8 / (2 * 6), 8 / (2 * 2)])


def test_a_window_without_a_frame_for_a_model_does_not_count_for_it():
    labels = np.full((3, 2, 3), -1)
    labels[0, 1, 0] = 0
    labels[1, 0, 1] = 1
    # The third behavior is shown nowhere: frames that are labelled for it alone teach nothing.
    labels[2, :, 2] = 0
    shown = batch([0, 1, 0], labels)
    assert weigh(plan([0, 1], [0]), plan([0, 1], [1])).count(shown).tolist() == [[1, 0, 0], [0, 1, 0]]
    assert weigh(plan([0, 1], [0, 1, 2]), plan([0, 0], [2, 1, 0])).count(shown).tolist() == [[1, 1, 0], [2, 0, 0]]


def test_rare_frames_weigh_more_in_the_recordings_learned_from():
    weights = weigh(plan([0]), plan([0, 1]), plan([2, 1], validation=[0]))
    np.testing.assert_allclose(weights.class_weights[:, 0], [[3 / 4, 3 / 2], [5 / 8, 5 / 2], [4 / 4, 4 / 4]])


def test_frames_weigh_alike_where_that_is_wanted():
    weights = weigh(plan([0, 1], [0, 1, 2]), plan([0], [2, 1, 0]), balanced=False)
    assert weights.class_weights.tolist() == [[[1, 1], [1, 1], [0, 0]], [[0, 0], [0, 0], [1, 1]]]


def test_a_behavior_with_one_class_weighs_nothing():
    weights = weigh(plan([0], [0, 1, 2]), plan([2], [0, 1, 2]), plan([0, 1, 2], [0, 1, 2]))
    assert weights.class_weights.any(axis=2).tolist() == [[True, False, False], [False, False, False], [True, True, False]]
    assert weights.count(FULL)[1].tolist() == [0, 0, 0, 0]


def test_outputs_and_preparations_are_those_of_the_plans():
    weights = weigh(plan([0], [0, 2], preparation=1), plan([1], [1, 0]), n_preparations=2)
    assert weights.columns.tolist() == [[0, 2], [1, 0]]
    assert weights.preparations.tolist() == [1, 0]


@given(
    seed=st.integers(0, 50),
    learned=st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=5), min_size=1, max_size=4),
    outputs=st.permutations([0, 1, 2]).flatmap(lambda order: st.integers(1, 3).map(lambda count: tuple(order[:count]))),
)
def test_counts_and_weights_are_what_they_are_defined_as(seed, learned, outputs):
    rng = np.random.default_rng(seed)
    labels = [rng.integers(-1, 2, (6, 3)).astype(np.int8) for _ in range(3)]
    weights = weigh(*(plan(drawn, outputs) for drawn in learned), labels=labels)
    shown = batch(rng.integers(0, 3, 7), rng.choice([-1, -1, -1, 0, 1], (7, 2, 3)))
    counts = weights.count(shown)
    for number, drawn in enumerate(learned):
        learnable = []
        for position, column in enumerate(outputs):
            truth = np.concatenate([labels[index][:, column] for index in drawn])
            truth = truth[truth >= 0]
            learnable.append(len(set(truth.tolist())) == 2)
            expected = compute_class_weight("balanced", classes=np.array([0, 1]), y=truth) if learnable[-1] else [0, 0]
            np.testing.assert_allclose(weights.class_weights[number, position], expected, rtol=1e-6)
        for window, recording in enumerate(shown.recordings):
            sees = any(
                is_trained and (shown.labels[window][:, column] >= 0).any() for is_trained, column in zip(learnable, outputs, strict=True)
            )
            assert counts[number, window] == (drawn.count(recording) if sees else 0)


def test_a_plan_cannot_be_changed():
    with pytest.raises(AttributeError):
        plan([0]).epochs = 3  # type: ignore[misc]
