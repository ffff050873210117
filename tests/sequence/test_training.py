"""Models fitted side by side: each becomes what it would have become alone, as a plain Keras model with its own windows."""

import copy
import functools
import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.utils.class_weight import compute_class_weight

from behavior.metrics.frames import average_precision
from behavior.sequence.batches import WindowTable
from behavior.sequence.heads import build_head
from behavior.sequence.inference import WINDOWS_AT_ONCE, predict_recording
from behavior.sequence.plans import ModelPlan
from behavior.sequence.training import HeadTrainer
from behavior.sequence.weighting import balance_classes
from behavior.sequence.windows import SequenceData

N_FEATURES = 3
LENGTH = 12
BATCH_SIZE = 4
RATE = 0.01
SEED = 7

LSTM = {"kind": "lstm", "layers": 2, "units": 4, "dropout": 0.0}
DROPPING = {**LSTM, "layers": 1, "dropout": 0.3}
STILL = {**LSTM, "layers": 1}
TCN = {"kind": "tcn", "layers": 1, "filters": 4, "kernel_size": 3, "normalization": "batch", "causal": True, "dropout": 0.0}
MSTCN = {"kind": "mstcn", "stages": 2, "layers": 2, "filters": 4, "kernel_size": 3, "smoothing": 0.0, "dropout": 0.0}
TRANSFORMER = {"kind": "transformer", "layers": 1, "units": 8, "heads": 2, "span": 3, "dropout": 0.0}


def make_recording(n_frames, seed, *, unlabelled=0.0):
    """Features the first of which tells the first behavior, the second the second; the third behavior is everywhere absent."""
    rng = np.random.default_rng(seed)
    labels = np.zeros((n_frames, 3), dtype=np.int8)
    for column in range(2):
        for start in rng.integers(0, n_frames, max(n_frames // 25, 1)):
            labels[start : start + 10, column] = 1
    features = rng.normal(size=(n_frames, N_FEATURES)).astype(np.float16)
    features[:, :2] += 2 * labels[:, :2]
    labels[rng.random((n_frames, 3)) < unlabelled] = -1
    return features, labels


def make_data(lengths=(60, 41, 50, 65), **options):
    recordings = [make_recording(n_frames, seed, **options) for seed, n_frames in enumerate(lengths)]
    return SequenceData([[features for features, _ in recordings]], [labels for _, labels in recordings])


def make_trainer(head, **changes):
    given = {"n_features": N_FEATURES, "window_length": LENGTH, "learning_rate": RATE, "batch_size": BATCH_SIZE, **changes}
    return HeadTrainer(head=head, **given)


@functools.cache
def share_trainer(head, **changes):
    """One for each setting (as JSON), because building and tracing is what takes long."""
    return make_trainer(json.loads(head), **changes)


def plan(learned, *, watched=(), predicted=(), epochs=2, outputs=(0,), seed=0, preparation=0):
    return ModelPlan(tuple(outputs), tuple(learned), tuple(watched), tuple(predicted), epochs, seed, preparation)


def count_traces(trainer):
    return trainer._stack._step.experimental_get_tracing_count()


def assert_same(first, second, **tolerance):
    """Two trained models are the same, exactly or nearly."""
    assert first.report.best_epoch == second.report.best_epoch
    assert first.report.epochs == second.report.epochs
    assert first.report.problem == second.report.problem
    for one, other in zip(first.weights, second.weights, strict=True):
        np.testing.assert_allclose(one, other, **{"rtol": 0, "atol": 0, **tolerance})
    assert set(first.probabilities) == set(second.probabilities)
    for recording, values in first.probabilities.items():
        np.testing.assert_allclose(values, second.probabilities[recording], **{"rtol": 0, "atol": 0, **tolerance})


class PlainModel:
    """The Keras head, trained with Keras's Adam on copies of those windows of each batch that a plan learns from, and on no others."""

    def __init__(self, head, *, n_outputs):
        settings = {name: value for name, value in head.items() if name != "smoothing"}
        self.model = build_head(n_features=N_FEATURES, n_outputs=n_outputs, **settings)
        # The logits of every stage go into a sigmoid; the loss is on all of them.
        self._staged = keras.Model(self.model.input, [layer.input for layer in self.model.layers if isinstance(layer, keras.layers.Activation)])
        windows, frames = tf.TensorSpec((None, LENGTH, N_FEATURES)), tf.TensorSpec((None, LENGTH, n_outputs))
        self._differentiate = tf.function(self._compute_gradients, input_signature=[windows, frames, frames])

    def _compute_gradients(self, windows, truth, weights):
        with tf.GradientTape() as tape:
            stages = tf.nest.flatten(self._staged(windows, training=True))
            loss = tf.add_n([tf.reduce_sum(weights * tf.nn.sigmoid_cross_entropy_with_logits(truth, logits)) for logits in stages])
        return loss, tape.gradient(loss, [weight.value for weight in self.model.trainable_weights])

    def train(self, data, plan, initial):
        """Return the loss of every step, None for those with nothing to see, by epoch."""
        self.model.set_weights(initial)
        optimizer = keras.optimizers.Adam(RATE)
        optimizer.build(self.model.trainable_variables)
        balance = np.zeros((len(plan.outputs), 2), dtype=np.float32)
        for place, column in enumerate(plan.outputs):
            truth = np.concatenate([data.labels[index][:, column] for index in plan.learned])
            if len(np.unique(truth[truth >= 0])) == 2:
                balance[place] = compute_class_weight("balanced", classes=np.array([0, 1]), y=truth[truth >= 0])
        losses = []
        for epoch in range(1, plan.epochs + 1):
            rng = np.random.default_rng([SEED, epoch])
            # What dropout follows from is drawn before the order.
            rng.integers(2**32, size=2, dtype=np.uint32)
            losses.append([self._learn(batch, plan, balance, optimizer) for batch in WindowTable(data, LENGTH).draw(rng, BATCH_SIZE)])
        return losses

    def _learn(self, batch, plan, balance, optimizer):
        labels = batch.labels[:, :, list(plan.outputs)]
        useful = (labels[:, :, balance.any(axis=1)] >= 0).any(axis=(1, 2))
        chosen = [place for place, index in enumerate(batch.recordings) if useful[place] for _ in range(plan.learned.count(index))]
        if not chosen:
            return None
        labels = labels[chosen]
        visible = labels >= 0
        weights = np.where(labels == 1, balance[:, 1], balance[:, 0]) * visible / np.maximum(visible.sum(axis=1, keepdims=True), 1)
        truth = np.maximum(labels, 0).astype(np.float32)
        loss, gradients = self._differentiate(
            batch.features[plan.preparation][chosen], truth, (weights / len(chosen)).astype(np.float32)
        )
        optimizer.apply(gradients)
        return float(loss)


CONTRACT = {
    # Each answers for a behavior of its own; the first sees windows in some of the batches only, the third one recording twice.
    "lstm": (LSTM, [plan((1,), outputs=(0,), predicted=(0,)), plan((0, 3), outputs=(1,)), plan((0, 0, 2), outputs=(0,), predicted=(3, 1))]),
    # For all three behaviors, one of which cannot be learned.
    "tcn": (TCN, [plan((1,), outputs=(0, 1, 2)), plan((0, 2, 2, 2, 3), outputs=(0, 1, 2)), plan((4, 0), outputs=(0, 1, 2), predicted=(0, 4))]),
    # Of features prepared in two ways.
    "mstcn": (MSTCN, [plan((1,), preparation=1), plan((0, 2), preparation=0), plan((0, 2), preparation=1, predicted=(2,))]),
}


@pytest.mark.parametrize("name", CONTRACT)
def test_every_model_is_what_plain_keras_makes_of_its_windows(name):
    """The contract of training side by side.

    The tolerance is that of float32 rounding, as Adam passes it on: a step is the gradient divided by the gradient's own size, so where
    a gradient is next to nothing, rounding decides about a part of a step of 0.01.
    """
    head, plans = CONTRACT[name]
    data = make_data((60, 20, 50, 65, 7), unlabelled=0.2)
    data.labels[0][12:24] = -1
    # Nothing there for those who look at what can be learned.
    data.labels[3][24:36, :2] = -1
    if name == "mstcn":
        data = SequenceData([data.features[0], [1 - values[:, ::-1] / 2 for values in data.features[0]]], data.labels)
    trainer = share_trainer(json.dumps(head), n_outputs=len(plans[0].outputs))
    initial = [trainer.draw_weights(seed) for seed in range(len(plans))]
    fitted = trainer.fit(data, plans, seed=SEED, initial=initial)
    alone = PlainModel(head, n_outputs=len(plans[0].outputs))
    unseen, seen = 0, 0
    for one, start, ours in zip(plans, initial, fitted, strict=True):
        losses = alone.train(data, one, start)
        expected = alone.model.get_weights()
        assert max(np.abs(after - before).max() for after, before in zip(expected, start, strict=True)) > RATE
        for values, theirs, weight in zip(ours.weights, expected, alone.model.weights, strict=True):
            # Batch normalisation takes away what a bias before it adds: its gradient is rounding and nothing else.
            lost = head.get("normalization") == "batch" and weight.path.endswith(("conv1D_0/bias", "conv1D_1/bias"))
            np.testing.assert_allclose(values, theirs, rtol=1e-3, atol=0.02 if lost else 1e-4, err_msg=weight.path)
        for recording, said in ours.probabilities.items():
            expected = predict_recording(alone.model.predict_on_batch, data.features[one.preparation][recording], length=LENGTH)
            np.testing.assert_allclose(said, expected, rtol=0, atol=1e-3)
        assert set(ours.probabilities) == set(one.predicted)
        known = [[loss for loss in steps if loss is not None] for steps in losses]
        np.testing.assert_allclose(ours.report.losses, [np.mean(steps) for steps in known], rtol=1e-3)
        unseen += sum(loss is None for steps in losses for loss in steps)
        seen = max(seen, sum(map(len, known)))
    assert unseen > 0
    assert seen >= 6
