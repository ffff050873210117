"""Models of one setting side by side: weights go in and out, models are removed, and a step is Adam's on a model's own windows."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from behavior.sequence.batches import Batch
from behavior.sequence.head_stack import HeadStack, choose_product_dtype
from behavior.sequence.heads import build_head

N_FEATURES, LENGTH, RATE = 3, 8, 0.01
LSTM = {"kind": "lstm", "layers": 1, "units": 4, "dropout": 0.0}
# Convolutions take one model at a time.
TCN = {"kind": "tcn", "layers": 1, "filters": 4, "kernel_size": 3, "normalization": "layer", "dropout": 0.0}
MSTCN = {"kind": "mstcn", "stages": 2, "layers": 2, "filters": 4, "kernel_size": 3, "dropout": 0.0}


def make_stack(head=LSTM, *, memory_bytes=2**30, batch_size=4, n_outputs=1, **options):
    settings = {"n_features": N_FEATURES, "n_outputs": n_outputs, **head}
    given = {"smoothing": 0.0, "window_length": LENGTH, "learning_rate": RATE, "product_dtype": "float32", **options}
    return HeadStack(settings, batch_size=batch_size, memory_bytes=memory_bytes, **given)


def draw_arrays(stack, n_models, seed=0):
    """Weights of models that have not been trained, and moments of 0."""
    rng = np.random.default_rng(seed)
    weights = [0.4 * rng.normal(size=(n_models, *shape)).astype(np.float32) for shape in stack.weight_shapes]
    return [*weights, *(np.zeros_like(weights[index]) for index in stack.trainable for _ in range(2))]


def make_batch(n_windows=4, *, n_preparations=1, seed=1):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(n_preparations, n_windows, LENGTH, N_FEATURES)).astype(np.float32)
    return Batch(features, rng.integers(0, 2, (n_windows, LENGTH, 2)).astype(np.int8), np.arange(n_windows))


def take_step(stack, batch, counts, *, steps=None, columns=None, preparations=None, class_weights=None):
    """Take a step; losses are unweighted and of the first behavior unless another is asked for."""
    n_models = len(counts)
    return stack.train_on(
        batch,
        preparations=np.zeros(n_models, np.int32) if preparations is None else np.array(preparations, np.int32),
        columns=np.zeros((n_models, 1), np.int32) if columns is None else np.array(columns, np.int32),
        class_weights=np.ones((n_models, 1, 2), np.float32) if class_weights is None else class_weights,
        counts=np.array(counts, np.float32),
        steps=np.zeros(n_models, np.float32) if steps is None else np.array(steps, np.float32),
    )


ALL = [1, 1, 1, 1]


@pytest.mark.parametrize("head", [LSTM, MSTCN], ids=["lstm", "mstcn"])
def test_weights_are_read_as_they_were_loaded(head):
    stack = make_stack(head)
    shapes = [tuple(weight.shape) for weight in build_head(n_features=N_FEATURES, n_outputs=1, **head).weights]
    assert stack.weight_shapes == shapes
    arrays = draw_arrays(stack, 3)
    assert len(arrays) == len(shapes) + 2 * len(stack.trainable)
    taken = list(arrays)
    stack.take_over(taken)
    assert taken == []
    for one, other in zip(stack.read_all(), arrays, strict=True):
        np.testing.assert_array_equal(one, other)
    for weight, array in zip(stack.gather([2, 0]), arrays, strict=False):
        np.testing.assert_array_equal(weight, array[[2, 0]])
    # Another number of models is loaded in their place.
    stack.take_over([array[:1] for array in arrays])
    assert stack.read_all()[0].shape[0] == 1
    with pytest.raises(ValueError, match=f"{len(arrays) - 1} arrays for {len(arrays)}"):
        stack.take_over(arrays[1:])


def test_models_that_are_not_kept_leave_the_others_as_they_were():
    stack = make_stack()
    arrays = draw_arrays(stack, 4)
    stack.take_over(list(arrays))
    take_step(stack, make_batch(), [ALL] * 4)
    before = stack.read_all()
    stack.keep_models(np.array([True, False, False, True]))
    for kept, all_of_them in zip(stack.read_all(), before, strict=True):
        np.testing.assert_array_equal(kept, all_of_them[[0, 3]])
    assert take_step(stack, make_batch(), [ALL] * 2).shape == (2,)
    stack.keep_models(np.array([False, False]))
    assert all(len(array) == 0 for array in stack.read_all())


@pytest.mark.parametrize("head", [LSTM, MSTCN], ids=["lstm", "mstcn"])
def test_predictions_are_those_of_the_plain_models(head):
    stack = make_stack(head, n_outputs=2)
    plain = build_head(n_features=N_FEATURES, n_outputs=2, **head)
    arrays = draw_arrays(stack, 3)
    windows = make_batch().features[0]
    predicted = stack.predict([tf.constant(array) for array in arrays[: len(stack.weight_shapes)]], windows)
    assert predicted.shape == (3, 4, LENGTH, 2)
    for model in range(3):
        plain.set_weights([array[model] for array in arrays[: len(stack.weight_shapes)]])
        np.testing.assert_allclose(predicted[model], plain.predict_on_batch(windows), rtol=0, atol=1e-6)


@pytest.mark.parametrize("head", [LSTM, TCN], ids=["lstm", "tcn"])
def test_a_step_is_kerass_adam_on_the_windows_that_a_model_counts(head):
    stack = make_stack(head)
    arrays = draw_arrays(stack, 2)
    stack.take_over(list(arrays))
    batch = make_batch()
    counts = [[1, 0, 2, 0], ALL]
    losses = [take_step(stack, batch, counts, columns=[[0], [1]], steps=[step, step]) for step in range(3)]
    after = stack.read_all()
    for model, column in ((0, 0), (1, 1)):
        plain = build_head(n_features=N_FEATURES, **head)
        plain.set_weights([array[model] for array in arrays[: len(stack.weight_shapes)]])
        optimizer = keras.optimizers.Adam(RATE)
        chosen = np.repeat(np.arange(4), np.array(counts[model], dtype=int))
        for step in range(3):
            with tf.GradientTape() as tape:
                probabilities = plain(batch.features[0][chosen], training=True)
                truth = batch.labels[chosen][:, :, [column]].astype(np.float32)
                loss = tf.reduce_mean(keras.ops.binary_crossentropy(truth, probabilities))
            assert losses[step][model] == pytest.approx(float(loss), rel=1e-4)
            optimizer.apply(tape.gradient(loss, [weight.value for weight in plain.trainable_weights]), plain.trainable_variables)
        for weight, expected in zip(after, plain.get_weights(), strict=False):
            np.testing.assert_allclose(weight[model], expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize("head", [LSTM, TCN], ids=["lstm", "tcn"])
def test_a_model_that_counts_no_window_is_not_moved(head):
    stack = make_stack(head)
    stack.take_over(draw_arrays(stack, 2))
    take_step(stack, make_batch(), [ALL, ALL])
    before = stack.read_all()
    losses = take_step(stack, make_batch(seed=2), [[0, 0, 0, 0], ALL], steps=[1, 1])
    assert losses[0] == 0
    for one, other in zip(stack.read_all(), before, strict=True):
        np.testing.assert_array_equal(one[0], other[0])
        assert np.abs(one[1] - other[1]).max() > 0


def test_each_model_gets_its_own_preparation_of_the_features():
    stack = make_stack()
    arrays = draw_arrays(stack, 1)
    batch = make_batch(n_preparations=2)
    stack.take_over([np.repeat(array, 2, axis=0) for array in arrays])
    first, second = take_step(stack, batch, [ALL, ALL], preparations=[0, 1])
    for prepared, expected in ((0, first), (1, second)):
        stack.take_over(list(arrays))
        alone = Batch(batch.features[[prepared]], batch.labels, batch.recordings)
        assert take_step(stack, alone, [ALL])[0] == pytest.approx(expected, rel=1e-5)
    assert first != pytest.approx(second, rel=1e-3)


def test_smoothing_adds_the_jumps_of_every_stage():
    batch = make_batch()
    losses = []
    for smoothing in (0.0, 0.5, 1.0):
        stack = make_stack(MSTCN, smoothing=smoothing)
        stack.take_over(draw_arrays(stack, 1))
        losses.append(take_step(stack, batch, [ALL])[0])
    assert losses[1] - losses[0] > 0
    assert losses[2] - losses[0] == pytest.approx(2 * (losses[1] - losses[0]), rel=1e-4)


def test_dropout_follows_from_its_seed():
    stack = make_stack({**LSTM, "dropout": 0.5})
    arrays = draw_arrays(stack, 1)

    def measure(seed):
        stack.take_over(list(arrays))
        stack.seed_dropout(np.array([seed, 0], dtype=np.uint32))
        return take_step(stack, make_batch(), [ALL])[0]

    assert measure(1) == measure(1) != measure(2)
    # Predictions know no dropout.
    weights = [tf.constant(array) for array in arrays[: len(stack.weight_shapes)]]
    np.testing.assert_array_equal(stack.predict(weights, make_batch().features[0]), stack.predict(weights, make_batch().features[0]))


def test_features_that_are_not_dropped_are_scaled_up():
    stack = make_stack({**LSTM, "dropout": 0.25})
    stack.seed_dropout(np.array([3, 0], dtype=np.uint32))
    dropped = stack._apply_dropout(np.ones((2, 50, LENGTH, N_FEATURES), np.float32)).numpy()
    assert set(np.unique(dropped)) == {0.0, np.float32(1 / 0.75)}
    assert (dropped == 0).mean() == pytest.approx(0.25, abs=0.03)
    # One mask for all preparations.
    np.testing.assert_array_equal(dropped[0], dropped[1])


@pytest.mark.parametrize("value", [np.nan, np.inf, -1e20])
def test_a_model_with_a_weight_that_cannot_be_computed_with_is_noticed(value):
    stack = make_stack()
    arrays = draw_arrays(stack, 3)
    arrays[1][2, 0, 0] = value
    stack.take_over(list(arrays))
    assert stack.find_usable().tolist() == [True, True, False]


def test_how_many_models_a_step_takes_changes_nothing():
    batch, losses = make_batch(), []
    values = 4 * 24 * 4 * LENGTH * 4
    for memory_bytes in (2**30, 2.5 * values / 0.4):
        stack = make_stack(memory_bytes=memory_bytes)
        stack.take_over(draw_arrays(stack, 5))
        losses.append([take_step(stack, batch, [ALL] * 5, steps=[step] * 5) for step in range(2)])
    assert stack._together == 2
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-5)


def test_as_many_models_are_loaded_as_memory_holds_copies_of_their_weights():
    n_weights = 4 * 4 * (N_FEATURES + 4 + 1) + 4 + 1
    for n_models in (1, 7):
        assert make_stack(memory_bytes=(n_models + 0.5) * 5 * 4 * n_weights / 0.6).n_at_once == n_models
    assert make_stack(memory_bytes=1.0).n_at_once == 1


def test_the_dtype_of_products_is_the_one_asked_for_or_one_that_pays():
    assert choose_product_dtype("float32") == "float32"
    assert choose_product_dtype("bfloat16") == "bfloat16"
    assert choose_product_dtype("auto") in ("float32", "bfloat16")
