"""Losses of stacked models, against sums written out."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from behavior.sequence.losses import LARGEST_JUMP, compare_frames, measure_jumps

LN2 = np.log(2.0)
EVEN = np.ones((1, 1, 2), dtype=np.float32)


def as_models(*windows):
    """Return values of the windows of one model and one behavior, shape (1, N, W, 1)."""
    return np.array(windows, dtype=np.float32)[None, :, :, None]


def compare(logits, labels, *, class_weights=EVEN, counts=None):
    counts = np.ones(logits.shape[:2]) if counts is None else np.asarray(counts)
    return np.asarray(compare_frames(logits, labels, class_weights=class_weights, counts=counts.astype(np.float32)))


def measure(logits, labels, *, counts=None):
    counts = np.ones(logits.shape[:2]) if counts is None else np.asarray(counts)
    return np.asarray(measure_jumps(logits, labels, counts=counts.astype(np.float32)))


def log_sigmoid(value):
    return -np.logaddexp(0.0, -value)


def compare_slowly(logits, labels, class_weights, counts):
    """The definition of `compare_frames`, a number at a time."""
    losses = []
    for model, of_model in enumerate(logits):
        total = 0.0
        for window in range(of_model.shape[0]):
            for behavior in range(of_model.shape[2]):
                frames = [frame for frame in range(of_model.shape[1]) if labels[model, window, frame, behavior] >= 0]
                entropies = []
                for frame in frames:
                    value, label = float(of_model[window, frame, behavior]), int(labels[model, window, frame, behavior])
                    entropies.append(-class_weights[model, behavior, label] * log_sigmoid(value if label else -value))
                total += counts[model, window] * (np.mean(entropies) if entropies else 0.0)
        losses.append(total / max(counts[model].sum(), 1.0))
    return losses


def measure_slowly(logits, labels, counts):
    """The definition of `measure_jumps`, a number at a time."""
    losses = []
    for model, of_model in enumerate(logits):
        total = 0.0
        for window in range(of_model.shape[0]):
            for behavior in range(of_model.shape[2]):
                jumps = []
                for frame in range(1, of_model.shape[1]):
                    if min(labels[model, window, frame - 1 : frame + 1, behavior]) < 0:
                        continue
                    before, now = (float(of_model[window, at, behavior]) for at in (frame - 1, frame))
                    sizes = [abs(log_sigmoid(sign * now) - log_sigmoid(sign * before)) for sign in (1, -1)]
                    jumps.append(np.mean([min(size, LARGEST_JUMP) ** 2 for size in sizes]))
                total += counts[model, window] * (np.mean(jumps) if jumps else 0.0)
        losses.append(total / max(counts[model].sum(), 1.0))
    return losses


def test_a_model_that_knows_nothing_loses_the_logarithm_of_two_in_every_frame():
    assert compare(as_models([0, 0, 0]), as_models([1, 0, 1])) == pytest.approx([LN2])


def test_losses_by_hand():
    # -log(sigmoid(log(3))) is log(4 / 3), -log(1 - sigmoid(log(3))) is log(4).
    logits = as_models([np.log(3), np.log(3), 0, 0])
    assert compare(logits, as_models([1, 0, -1, -1])) == pytest.approx([(np.log(4 / 3) + np.log(4)) / 2])
    weights = np.array([[[0.5, 3.0]]], dtype=np.float32)
    assert compare(logits, as_models([1, 0, -1, 0]), class_weights=weights) == pytest.approx(
        [(3 * np.log(4 / 3) + 0.5 * np.log(4) + 0.5 * LN2) / 3]
    )


def test_behaviors_are_summed_and_windows_averaged_as_often_as_they_count():
    logits = np.zeros((1, 3, 2, 2), dtype=np.float32)
    labels = np.ones((1, 3, 2, 2), dtype=np.float32)
    weights = np.array([[[1, 1], [1, 5]]], dtype=np.float32)
    assert compare(logits, labels, class_weights=weights) == pytest.approx([6 * LN2])
    # The second window has no frame of the second behavior.
    labels[0, 1, :, 1] = -1
    assert compare(logits, labels, class_weights=weights, counts=[[1, 2, 0]]) == pytest.approx([(6 + 2 * 1) / 3 * LN2])
    assert compare(logits, labels, class_weights=weights, counts=[[0, 3, 0]]) == pytest.approx([LN2])
    assert compare(logits, labels, class_weights=weights, counts=[[0, 0, 0]]) == [0.0]


def test_extreme_logits_lose_what_they_say_and_are_never_no_number():
    assert compare(as_models([1e4, -1e4]), as_models([1, 0])) == [0.0]
    assert compare(as_models([1e4, -1e4]), as_models([0, 1])) == pytest.approx([1e4])
    assert measure(as_models([1e4, -1e4]), as_models([0, 1])) == pytest.approx([LARGEST_JUMP**2])


def test_steady_logits_do_not_jump():
    assert measure(as_models([2, 2, 2], [-7, -7, -7]), as_models([1, 0, 1], [0, 0, 0])) == [0.0]


def test_jumps_by_hand():
    # From 1/2 to 3/4: presence by log(3 / 2), absence by log(2).
    once = (np.log(1.5) ** 2 + np.log(2) ** 2) / 2
    assert measure(as_models([0, np.log(3)]), as_models([0, 0])) == pytest.approx([once], rel=1e-5)
    assert measure(as_models([0, np.log(3), np.log(3)]), as_models([0, 1, 0])) == pytest.approx([once / 2], rel=1e-5)
    # A frame without a part has no jump, neither to it nor from it.
    assert measure(as_models([0, np.log(3), np.log(3), 0]), as_models([0, 0, -1, 0])) == pytest.approx([once], rel=1e-5)


def test_a_jump_counts_no_more_than_the_largest():
    sizes = [measure(as_models([0, size]), as_models([0, 0]))[0] for size in (3.0, 6.0, 60.0)]
    assert sizes[0] < sizes[1]
    # Presence moves by log(2) at most, absence by no more than the largest jump.
    assert sizes[2] == pytest.approx((LN2**2 + LARGEST_JUMP**2) / 2)


def test_a_jump_moves_the_later_frame_alone():
    logits = tf.Variable(as_models([0.0, 1.0]))
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(measure_jumps(logits, as_models([0, 0]), counts=np.ones((1, 1), dtype=np.float32)))
    gradient = tape.gradient(loss, logits).numpy().ravel()
    assert gradient[0] == 0
    assert gradient[1] > 0


def test_one_window_of_one_frame_has_no_jump():
    assert measure(as_models([5]), as_models([1])) == [0.0]


@st.composite
def batches(draw):
    """Logits, labels, class weights and counts of up to three models."""
    shape = draw(st.tuples(st.integers(1, 3), st.integers(1, 4), st.integers(1, 5), st.integers(1, 3)))
    logits = draw(hnp.arrays(np.float32, shape, elements=st.floats(-8, 8, width=32)))
    labels = draw(hnp.arrays(np.float32, shape, elements=st.sampled_from([-1.0, 0.0, 1.0])))
    weights = draw(hnp.arrays(np.float32, (shape[0], shape[3], 2), elements=st.floats(0, 4, width=32)))
    counts = draw(hnp.arrays(np.float32, shape[:2], elements=st.sampled_from([0.0, 1.0, 2.0])))
    return logits, labels, weights, counts


@given(batch=batches())
def test_losses_are_what_they_are_defined_as(batch):
    logits, labels, weights, counts = batch
    losses = compare(logits, labels, class_weights=weights, counts=counts)
    np.testing.assert_allclose(losses, compare_slowly(logits, labels, weights, counts), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(measure(logits, labels, counts=counts), measure_slowly(logits, labels, counts), rtol=1e-3, atol=1e-4)


@given(batch=batches(), seed=st.integers(0, 9))
def test_what_has_no_part_changes_nothing(batch, seed):
    """Neither logits of frames without a label, nor windows that a model does not count, nor how the models are ordered."""
    logits, labels, weights, counts = batch
    hidden = (labels < 0) | (counts[:, :, None, None] == 0)
    other = np.where(hidden, np.random.default_rng(seed).normal(size=logits.shape), logits).astype(np.float32)
    order = np.random.default_rng(seed).permutation(len(logits))
    before = compare(logits, labels, class_weights=weights, counts=counts)
    after = compare(other[order], labels[order], class_weights=weights[order], counts=counts[order])
    np.testing.assert_allclose(after, before[order], rtol=1e-5, atol=1e-6)
    jumps = measure(logits, labels, counts=counts)
    np.testing.assert_allclose(measure(other[order], labels[order], counts=counts[order]), jumps[order], rtol=1e-5, atol=1e-6)


@given(batch=batches())
def test_counting_all_twice_as_often_changes_nothing(batch):
    logits, labels, weights, counts = batch
    before, after = (compare(logits, labels, class_weights=weights, counts=times * counts) for times in (1, 2))
    np.testing.assert_allclose(after, before, rtol=1e-5, atol=1e-6)


def test_one_window_is_scikit_learns_log_loss():
    from sklearn.metrics import log_loss

    rng = np.random.default_rng(0)
    logits, labels = rng.normal(size=200).astype(np.float32), rng.integers(0, 2, 200)
    expected = (
        log_loss(labels, np.asarray(keras.ops.sigmoid(logits)), sample_weight=np.where(labels, 3.0, 0.5)) * np.where(labels, 3, 0.5).mean()
    )
    losses = compare(as_models(logits), as_models(labels), class_weights=np.array([[[0.5, 3.0]]], dtype=np.float32))
    assert losses == pytest.approx([expected], rel=1e-5)
