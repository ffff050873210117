"""What every head does, whichever kind it is: alone as a Keras model, and side by side with others of its kind."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

from behavior.config import HEAD_KINDS
from behavior.errors import ModelError
from behavior.sequence.heads import HEADS, build_head, load_head, run_head, save_head
from behavior.sequence.stacking import StackedRun

N_FEATURES = 3
N_MODELS = 3
N_WINDOWS = 4
LENGTH = 11


def tcn(normalization, *, causal, n_outputs, layers=1, filters=4):
    names = {"layers": layers, "filters": filters, "normalization": normalization, "causal": causal, "n_outputs": n_outputs}
    return {"kind": "tcn", "kernel_size": 3, **names}


TRANSFORMER = {"kind": "transformer", "layers": 2, "units": 8, "heads": 2, "span": 3}
MSTCN = {"kind": "mstcn", "stages": 2, "layers": 3, "filters": 4, "kernel_size": 3}

SETTINGS = {
    "lstm": {"kind": "lstm", "layers": 1, "units": 4, "n_outputs": 1},
    "lstm of two layers": {"kind": "lstm", "layers": 2, "units": 5, "n_outputs": 3},
    "bidirectional lstm": {"kind": "lstm", "layers": 2, "units": 4, "bidirectional": True, "n_outputs": 1},
    "tcn, batch, causal": tcn("batch", causal=True, n_outputs=1),
    "tcn, batch": tcn("batch", causal=False, n_outputs=3),
    "tcn, layer, causal": tcn("layer", causal=True, n_outputs=3),
    "tcn, layer": tcn("layer", causal=False, n_outputs=1),
    "tcn, weight, causal": tcn("weight", causal=True, n_outputs=1),
    "tcn, weight": tcn("weight", causal=False, n_outputs=3),
    "tcn, none, causal": tcn("none", causal=True, n_outputs=1, filters=N_FEATURES),
    "tcn, none": tcn("none", causal=False, n_outputs=3, layers=2),
    "mstcn": {**MSTCN, "n_outputs": 1},
    "mstcn for three behaviors": {**MSTCN, "n_outputs": 3},
    "transformer": {**TRANSFORMER, "n_outputs": 1},
    "transformer for three behaviors": {**TRANSFORMER, "n_outputs": 3},
}


class Stack:
    """A plain model that takes the weights of one of three models at a time, and those of all three side by side."""

    def __init__(self, settings, draw_weights):
        self.settings = settings
        self.plain = build_head(n_features=N_FEATURES, dropout=0.0, **settings)
        self.each = [draw_weights(self.plain, seed) for seed in range(N_MODELS)]
        self.weights = [np.stack(values) for values in zip(*self.each, strict=True)]
        self.trained = [index for index, weight in enumerate(self.plain.weights) if weight.trainable]

    def be(self, model):
        """Return the plain model with the weights of one of the three."""
        self.plain.set_weights(self.each[model])
        return self.plain

    def run(self, windows, *, weights=None, **options):
        """Return the stages' logits and the run."""
        weights = [tf.constant(weight) for weight in self.weights] if weights is None else weights
        run = StackedRun(weights, **{"training": False, **options})
        return run_head(run, tf.constant(windows) if isinstance(windows, np.ndarray) else windows, **self.settings), run


@pytest.fixture(scope="session")
def share_stack(draw_weights):
    """One for each setting, because building takes long."""
    return functools.cache(lambda name: Stack(SETTINGS[name], draw_weights))


def measure_loss(probabilities, labels, weights):
    """Weighted binary cross-entropy, summed."""
    return tf.reduce_sum(weights * keras.ops.binary_crossentropy(np.broadcast_to(labels, probabilities.shape), probabilities))


def choose_labels(n_outputs):
    rng = np.random.default_rng(5)
    shape = (N_WINDOWS, LENGTH, n_outputs)
    return rng.integers(0, 2, shape).astype(np.float32), rng.uniform(0, 2, shape).astype(np.float32)


def test_every_network_is_in_the_contract_and_in_the_study_file():
    assert {settings["kind"] for settings in SETTINGS.values()} == set(HEADS) == set(HEAD_KINDS) - {"boosting"}


@pytest.mark.parametrize("kind", HEADS)
def test_a_head_takes_what_its_section_of_the_study_file_says(kind):
    settings = HEAD_KINDS[kind](kind=kind).model_dump(exclude={"kind", "dropout", "share", "smoothing"})
    assert HEADS[kind].count_values(n_outputs=1, **settings) > 0
    assert HEADS[kind].build(keras.Input((None, 2)), n_outputs=3, **settings)[-1].shape == (None, None, 3)


@pytest.mark.parametrize("name", SETTINGS)
class TestEveryHead:
    """The contract of a head."""

    def test_a_probability_for_every_frame_of_windows_of_any_length(self, share_stack, draw, name):
        model = share_stack(name).be(0)
        for length in (1, 2, LENGTH, 40):
            values = np.asarray(model(draw(2, length, N_FEATURES)))
            assert values.shape == (2, length, SETTINGS[name]["n_outputs"])
            assert values.dtype == np.float32
            assert ((values >= 0) & (values <= 1)).all()

    @pytest.mark.parametrize(("length", "n_inputs"), [(1, 1), (LENGTH, N_MODELS)], ids=["shared input", "input of their own"])
    def test_stacked_models_say_what_each_says_alone(self, share_stack, draw, name, n_inputs, length):
        stack = share_stack(name)
        windows = draw(n_inputs, 2, length, N_FEATURES)
        stages, run = stack.run(windows)
        assert not run.updates
        for model in range(N_MODELS):
            alone = np.asarray(stack.be(model)(windows[model % n_inputs], training=False))
            np.testing.assert_allclose(tf.sigmoid(stages[-1])[model], alone, rtol=0, atol=1e-5)

    def test_a_training_step_is_that_of_each_model_alone_on_the_windows_that_it_sees(self, share_stack, draw, name):
        stack = share_stack(name)
        # Of each kind and normalisation there are two settings: one with input that the models share, one with input of their own.
        n_inputs = (1, N_MODELS)[list(SETTINGS).index(name) % 2]
        windows = draw(n_inputs, N_WINDOWS, LENGTH, N_FEATURES)
        labels, frame_weights = choose_labels(SETTINGS[name]["n_outputs"])
        counts = np.array([[1, 1, 0, 1], [1, 0, 0, 0], [0, 1, 1, 1]], dtype=np.float32)
        weights = [tf.constant(weight) for weight in stack.weights]
        with tf.GradientTape() as tape:
            tape.watch(weights)
            stages, run = stack.run(windows, weights=weights, training=True, window_counts=tf.constant(counts))
            probabilities = tf.sigmoid(stages[-1])
            loss = measure_loss(probabilities, labels, frame_weights[None] * counts[:, :, None, None])
        gradients = tape.gradient(loss, [weights[index] for index in stack.trained])
        for model in range(N_MODELS):
            sees = counts[model] > 0
            plain = stack.be(model)
            with tf.GradientTape() as tape:
                alone = plain(windows[model % n_inputs][sees], training=True)
                loss = measure_loss(alone, labels[sees], frame_weights[sees])
            expected = tape.gradient(loss, [weight.value for weight in plain.trainable_weights])
            np.testing.assert_allclose(probabilities[model].numpy()[sees], alone, rtol=0, atol=1e-5)
            for index, (ours, theirs) in enumerate(zip(gradients, expected, strict=True)):
                tolerance = 1e-4 * max(1.0, float(np.abs(theirs).max()))
                np.testing.assert_allclose(ours[model], theirs, rtol=0, atol=tolerance, err_msg=plain.trainable_weights[index].path)
            moved = {index for index, weight in enumerate(plain.weights) if not weight.trainable}
            assert set(run.updates) == moved
            for index in moved:
                np.testing.assert_allclose(run.updates[index][model], plain.get_weights()[index], rtol=0, atol=1e-5)

    def test_products_in_bfloat16_stay_near_and_the_rest_is_float32(self, share_stack, draw, name):
        stack = share_stack(name)
        windows = draw(1, N_WINDOWS, LENGTH, N_FEATURES)
        counts = tf.ones((N_MODELS, N_WINDOWS))
        exact = stack.run(windows, training=True, window_counts=counts)[0][-1]
        stages, run = stack.run(windows, training=True, window_counts=counts, product_dtype="bfloat16")
        assert all(value.dtype == tf.float32 for value in (*stages, *run.updates.values()))
        difference = np.abs(tf.sigmoid(stages[-1]) - tf.sigmoid(exact))
        assert 0 < difference.max() < 2e-2

    def test_saved_and_loaded_it_says_the_same_to_the_last_bit(self, share_stack, draw, name, tmp_path):
        model = share_stack(name).be(1)
        save_head(model, tmp_path / "a.keras")
        loaded = load_head(tmp_path / "a.keras")
        windows = draw(2, LENGTH, N_FEATURES)
        np.testing.assert_array_equal(model(windows), loaded(windows))
        assert [weight.shape for weight in loaded.weights] == [weight.shape for weight in model.weights]

    def test_memory_is_planned_with_a_whole_number(self, name):
        settings = {key: value for key, value in SETTINGS[name].items() if key != "kind"}
        count = HEADS[SETTINGS[name]["kind"]].count_values(**settings)
        assert isinstance(count, int)
        assert count > 0


# Tracing takes seconds, so one of each that differs in how it deals with numbers of models known in the graph alone.
TRACED = ["lstm", "tcn, batch", "transformer"]
TRACED_TOO = ["bidirectional lstm", "tcn, layer, causal", "tcn, weight, causal", "mstcn"]


@pytest.mark.parametrize("name", [*TRACED, *(pytest.param(name, marks=pytest.mark.slow) for name in TRACED_TOO)])
def test_one_trace_serves_any_number_of_models_and_windows(share_stack, draw, name):
    stack = share_stack(name)
    signature = [tf.TensorSpec((None, *weight.shape[1:])) for weight in stack.weights]

    @tf.function(input_signature=[signature, tf.TensorSpec((None, None, LENGTH, N_FEATURES)), tf.TensorSpec((None, None))])
    def step(weights, windows, counts):
        with tf.GradientTape() as tape:
            tape.watch(weights)
            logits = stack.run(windows, weights=weights, training=True, window_counts=counts)[0][-1]
            loss = tf.reduce_sum(tf.square(logits))
        return logits, tape.gradient(loss, [weights[index] for index in stack.trained])

    windows = draw(N_MODELS, 2, LENGTH, N_FEATURES)
    everything, gradients = step([tf.constant(weight) for weight in stack.weights], tf.constant(windows), tf.ones((N_MODELS, 2)))
    fewer, of_fewer = step([tf.constant(weight[1:]) for weight in stack.weights], tf.constant(windows[1:]), tf.ones((N_MODELS - 1, 2)))
    np.testing.assert_allclose(everything[1:], fewer, rtol=0, atol=1e-4)
    for one, other in zip(gradients, of_fewer, strict=True):
        np.testing.assert_allclose(one[1:], other, rtol=1e-4, atol=1e-4 * max(1.0, float(np.abs(other).max())))
    shared, _ = step([tf.constant(weight) for weight in stack.weights], tf.constant(windows[:1, :1]), tf.ones((N_MODELS, 1)))
    expected = stack.run(windows[:1, :1], training=True, window_counts=tf.ones((N_MODELS, 1)))[0][-1]
    np.testing.assert_allclose(shared, expected, rtol=0, atol=1e-4)
    assert step.experimental_get_tracing_count() == 1


def test_weights_that_a_head_does_not_have_are_noticed(share_stack, draw):
    stack = share_stack("lstm")
    weights = [tf.constant(weight) for weight in stack.weights]
    windows = draw(1, 1, 2, N_FEATURES)
    with pytest.raises(ValueError, match="used 5 of 6 weights"):
        stack.run(windows, weights=[*weights, weights[-1]])
    with pytest.raises(ValueError, match="asked for weight 5 of 4"):
        stack.run(windows, weights=weights[:-1])


@pytest.mark.parametrize("content", [b"", b"not a model", b"PK\x03\x04 half an archive"])
def test_a_damaged_model_is_said(tmp_path, content):
    path = tmp_path / "a.keras"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"a\.keras: cannot be read as a \.keras file"):
        load_head(path)


def test_a_model_with_code_of_its_own_is_refused(tmp_path):
    inputs = keras.Input((None, 4))
    model = keras.Model(inputs, keras.layers.Lambda(lambda values: values * 2)(inputs))
    model.save(tmp_path / "a.keras")
    with pytest.raises(ModelError, match="loaded safely"):
        load_head(tmp_path / "a.keras")
