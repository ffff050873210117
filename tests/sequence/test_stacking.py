"""Layers of many models at once, one at a time, against what they are said to compute."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from behavior.sequence.stacking import (
    MOVING_MOMENTUM,
    NORMALIZATION_EPSILON,
    StackedRun,
    add_batch_normalization,
    add_convolution,
    add_dense,
    add_layer_normalization,
    add_lstm,
    multiply,
    multiply_pairs,
)

N_MODELS = 2


def draw(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def start(*weights, training=False, **options):
    return StackedRun([tf.constant(weight) for weight in weights], training=training, **options)


def convolve_one_by_one(values, kernel, bias, *, dilation, before):
    """What a convolution along frames is, a tap at a time; zeros lie outside of the window."""
    length = len(values)
    result = np.tile(bias.astype(np.float64), (length, 1))
    for frame in range(length):
        for tap in range(len(kernel)):
            source = frame - before + tap * dilation
            if 0 <= source < length:
                result[frame] += values[source].astype(np.float64) @ kernel[tap]
    return result


@settings(max_examples=40, deadline=None)
@given(
    length=st.integers(1, 12),
    kernel_size=st.integers(1, 5),
    dilation=st.sampled_from([1, 2, 3, 8, 32]),
    causal=st.booleans(),
    shared=st.booleans(),
)
def test_a_convolution_is_padded_as_keras_pads_it(length, kernel_size, dilation, causal, shared):
    values = draw(1 if shared else N_MODELS, 2, length, 3)
    kernel, bias = draw(N_MODELS, kernel_size, 3, 4, seed=1), draw(N_MODELS, 4, seed=2)
    output = add_convolution(start(kernel, bias), tf.constant(values), kernel_size=kernel_size, dilation=dilation, causal=causal).numpy()
    reach = (kernel_size - 1) * dilation
    before = reach if causal else reach // 2
    for model in range(N_MODELS):
        for window in range(2):
            own = values[0 if shared else model, window]
            expected = convolve_one_by_one(own, kernel[model], bias[model], dilation=dilation, before=before)
            np.testing.assert_allclose(output[model, window], expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("kernel_size", [2, 3, 4])
def test_a_convolution_is_the_one_of_keras(kernel_size, causal):
    layer = keras.layers.Conv1D(4, kernel_size, dilation_rate=2, padding="causal" if causal else "same", bias_initializer="normal")
    values = draw(3, 9, 3)
    expected = layer(values)
    weights = [weight[None] for weight in layer.get_weights()]
    output = add_convolution(start(*weights), tf.constant(values[None]), kernel_size=kernel_size, dilation=2, causal=causal)
    np.testing.assert_allclose(output[0], expected, rtol=0, atol=1e-5)


def test_a_convolution_may_be_handed_a_kernel_that_is_no_weight():
    values, kernel, bias = draw(1, 2, 5, 3), draw(N_MODELS, 3, 3, 4, seed=1), draw(N_MODELS, 4, seed=2)
    options = {"kernel_size": 3, "dilation": 1, "causal": True}
    taken = add_convolution(start(kernel, bias), tf.constant(values), **options)
    handed = add_convolution(start(bias), tf.constant(values), kernel=tf.constant(kernel), **options)
    np.testing.assert_array_equal(taken, handed)


@pytest.mark.parametrize("shared", [True, False])
def test_a_dense_layer(shared):
    values = draw(1 if shared else N_MODELS, 2, 5, 3)
    kernel, bias = draw(N_MODELS, 3, 4, seed=1), draw(N_MODELS, 4, seed=2)
    expected = np.einsum("mnwc,mcf->mnwf", np.broadcast_to(values, (N_MODELS, 2, 5, 3)), kernel) + bias[:, None, None]
    np.testing.assert_allclose(add_dense(start(kernel, bias), tf.constant(values)), expected, rtol=0, atol=1e-5)


def test_an_lstm_in_reverse_is_one_that_reads_the_frames_backwards():
    values = draw(N_MODELS, 2, 7, 3)
    weights = draw(N_MODELS, 3, 16, seed=1), draw(N_MODELS, 4, 16, seed=2), draw(N_MODELS, 16, seed=3)
    backwards = add_lstm(start(*weights), tf.constant(values), reverse=True)
    forwards = add_lstm(start(*weights), tf.constant(values[:, :, ::-1].copy()))
    np.testing.assert_allclose(backwards, forwards[:, :, ::-1], rtol=0, atol=1e-6)
    assert not np.allclose(backwards, add_lstm(start(*weights), tf.constant(values)), atol=1e-2)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize(("product_dtype", "tolerance"), [("float32", 1e-5), ("bfloat16", 0.02)])
def test_states_and_gradients_of_an_lstm_are_those_of_keras(product_dtype, tolerance, reverse):
    values, aims = draw(N_MODELS, 2, 7, 3), draw(N_MODELS, 2, 7, 4, seed=5)
    weights = [tf.constant(draw(N_MODELS, *shape, seed=seed)) for seed, shape in enumerate([(3, 16), (4, 16), (16,)], 1)]
    shown = tf.constant(values)
    with tf.GradientTape() as tape:
        tape.watch([shown, *weights])
        states = add_lstm(StackedRun(weights, training=True, product_dtype=product_dtype), shown, reverse=reverse)
        loss = tf.reduce_sum(tf.square(states - aims))
    of_shown, *of_weights = tape.gradient(loss, [shown, *weights])
    for model in range(N_MODELS):
        plain = keras.layers.LSTM(4, return_sequences=True, go_backwards=reverse)
        plain.build((None, 7, 3))
        plain.set_weights([weight[model].numpy() for weight in weights])
        own = tf.constant(values[model])
        with tf.GradientTape() as tape:
            tape.watch(own)
            expected = plain(own)
            # Keras leaves the states in the order in which it read the frames.
            expected = expected[:, ::-1] if reverse else expected
            loss = tf.reduce_sum(tf.square(expected - aims[model]))
        np.testing.assert_allclose(states[model], expected, rtol=0, atol=tolerance)
        gradients = tape.gradient(loss, [own, *(weight.value for weight in plain.weights)])
        for found, gradient in zip([of_shown, *of_weights], gradients, strict=True):
            assert np.abs(gradient).max() > 0.01
            np.testing.assert_allclose(found[model], gradient, rtol=0, atol=tolerance * np.abs(gradient).max())


def test_a_layer_normalisation_leaves_mean_zero_and_variance_one():
    values = 5.0 + 3.0 * draw(N_MODELS, 2, 7, 64)
    output = add_layer_normalization(start(np.ones((N_MODELS, 64), "f"), np.zeros((N_MODELS, 64), "f")), tf.constant(values)).numpy()
    np.testing.assert_allclose(output.mean(axis=-1), 0, atol=1e-5)
    np.testing.assert_allclose(output.std(axis=-1), 1, atol=1e-3)
    scaled = add_layer_normalization(start(np.full((N_MODELS, 64), 2, "f"), np.full((N_MODELS, 64), 7, "f")), tf.constant(values))
    np.testing.assert_allclose(scaled, 2 * output + 7, rtol=0, atol=1e-5)


def normalize_batch(values, counts, *, training=True):
    rng = np.random.default_rng(4)
    gamma, beta, mean = (rng.normal(size=(len(counts), values.shape[-1])).astype(np.float32) for _ in range(3))
    variance = rng.uniform(0.5, 2, mean.shape).astype(np.float32)
    run = start(gamma, beta, mean, variance, training=training, window_counts=tf.constant(counts, dtype=tf.float32))
    output = add_batch_normalization(run, tf.constant(values)).numpy()
    return output, {index: value.numpy() for index, value in run.updates.items()}, (gamma, beta, mean, variance)


def test_the_statistics_of_a_batch_are_those_of_the_windows_that_a_model_sees():
    values = 2.0 + draw(N_MODELS, 4, 9, 3)
    counts = np.array([[1, 1, 0, 0], [0, 1, 1, 1]])
    output, updates, (gamma, beta, mean, variance) = normalize_batch(values, counts)
    for model in range(N_MODELS):
        of_batch = values[model][counts[model] > 0]
        batch_mean, batch_variance = of_batch.mean(axis=(0, 1)), of_batch.var(axis=(0, 1))
        expected = (values[model] - batch_mean) / np.sqrt(batch_variance + NORMALIZATION_EPSILON) * gamma[model] + beta[model]
        np.testing.assert_allclose(output[model], expected, rtol=0, atol=1e-5)
        for index, old, new in ((2, mean, batch_mean), (3, variance, batch_variance)):
            moved = MOVING_MOMENTUM * old[model] + (1 - MOVING_MOMENTUM) * new
            np.testing.assert_allclose(updates[index][model], moved, rtol=0, atol=1e-6)


def test_what_a_model_does_not_see_changes_none_of_its_statistics():
    values = draw(N_MODELS, 4, 9, 3)
    counts = np.array([[1, 1, 0, 0], [0, 1, 1, 1]])
    output, updates, _ = normalize_batch(values, counts)
    changed = values.copy()
    changed[0, 2:] *= 100.0
    changed[1, 0] -= 50.0
    output_again, updates_again, _ = normalize_batch(changed, counts)
    np.testing.assert_array_equal(output[counts > 0], output_again[counts > 0])
    assert set(updates) == {2, 3}
    for index, value in updates.items():
        np.testing.assert_array_equal(value, updates_again[index])


def test_a_model_that_sees_no_window_keeps_its_moving_statistics():
    output, updates, (_, _, mean, variance) = normalize_batch(draw(N_MODELS, 4, 9, 3), np.array([[0, 0, 0, 0], [1, 1, 1, 1]]))
    assert np.isfinite(output).all()
    np.testing.assert_array_equal(updates[2][0], mean[0])
    np.testing.assert_array_equal(updates[3][0], variance[0])
    assert (updates[2][1] != mean[1]).all()


def test_outside_of_training_the_moving_statistics_count_and_stay():
    values = draw(N_MODELS, 4, 9, 3)
    output, updates, (gamma, beta, mean, variance) = normalize_batch(values, np.zeros((N_MODELS, 4)), training=False)
    scale = (gamma / np.sqrt(variance + NORMALIZATION_EPSILON))[:, None, None]
    np.testing.assert_allclose(output, (values - mean[:, None, None]) * scale + beta[:, None, None], rtol=0, atol=1e-5)
    assert not updates


def test_weights_are_taken_in_their_order_and_no_more_than_there_are():
    run = start(*(np.full(1, number, np.float32) for number in range(3)))
    assert [float(weight[0]) for weight in run.take(2)] == [0, 1]
    with pytest.raises(ValueError, match="used 2 of 3"):
        run.require_all_taken()
    run.remember(1, "new value of weight 1")
    assert run.updates == {1: "new value of weight 1"}
    run.take()
    run.require_all_taken()
    with pytest.raises(ValueError, match="asked for weight 4 of 3"):
        run.take()


def test_products_in_bfloat16_are_near_and_come_back_as_float32():
    values, kernel = tf.constant(draw(1, 2, 5, 3)), tf.constant(draw(N_MODELS, 3, 4, seed=1))
    for product, arguments in ((multiply, (values, kernel)), (multiply_pairs, ("anwc,mcf->mnwf", values, kernel))):
        exact, rough = product(start(), *arguments), product(start(product_dtype="bfloat16"), *arguments)
        assert exact.dtype == rough.dtype == tf.float32
        assert 0 < np.abs(exact - rough).max() < 0.05
