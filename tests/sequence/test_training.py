"""Models fitted side by side: each becomes what it would have become alone, as a plain Keras model with its own windows."""

import copy
import functools
import json
import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.utils.class_weight import compute_class_weight

from behavior.metrics.frames import average_precision
from behavior.sequence.batches import WindowTable
from behavior.sequence.heads import build_head
from behavior.sequence.inference import WINDOWS_AT_ONCE, predict_recording
from behavior.sequence.plans import FitCallbacks, ModelPlan
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


def plan(training, *, validation=(), predicted=(), epochs=2, outputs=(0,), seed=0, preparation=0):
    return ModelPlan(tuple(outputs), tuple(training), tuple(validation), tuple(predicted), epochs, seed, preparation)


def predict_alone(head, model, features):
    """Return what a plain Keras model of `head` predicts for a recording."""
    looks_back = head["kind"] == "lstm" or head.get("causal", False)
    return predict_recording(model.predict_on_batch, features, length=LENGTH, looks_back=looks_back)


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
    """The Keras head, trained with Keras's Adam on copies of those windows of each batch that a plan trains on, and on no others."""

    def __init__(self, head, *, n_outputs):
        settings = {name: value for name, value in head.items() if name != "smoothing"}
        self.model = build_head(n_features=N_FEATURES, n_outputs=n_outputs, **settings)
        # The logits of every stage go into a sigmoid; the loss is on all of them.
        self._staged = keras.Model(
            self.model.input, [layer.input for layer in self.model.layers if isinstance(layer, keras.layers.Activation)]
        )
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
        for position, column in enumerate(plan.outputs):
            truth = np.concatenate([data.labels[index][:, column] for index in plan.training])
            if len(np.unique(truth[truth >= 0])) == 2:
                balance[position] = compute_class_weight("balanced", classes=np.array([0, 1]), y=truth[truth >= 0])
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
        chosen = [
            position for position, index in enumerate(batch.recordings) if useful[position] for _ in range(plan.training.count(index))
        ]
        if not chosen:
            return None
        labels = labels[chosen]
        visible = labels >= 0
        weights = np.where(labels == 1, balance[:, 1], balance[:, 0]) * visible / np.maximum(visible.sum(axis=1, keepdims=True), 1)
        truth = np.maximum(labels, 0).astype(np.float32)
        loss, gradients = self._differentiate(batch.features[plan.preparation][chosen], truth, (weights / len(chosen)).astype(np.float32))
        optimizer.apply(gradients)
        return float(loss)


CONTRACT = {
    # Each answers for a behavior of its own; the first sees windows in some of the batches only, the third one recording twice.
    "lstm": (LSTM, [plan((1,), outputs=(0,), predicted=(0,)), plan((0, 3), outputs=(1,)), plan((0, 0, 2), outputs=(0,), predicted=(3, 1))]),
    # For all three behaviors, one of which cannot be learned.
    "tcn": (
        TCN,
        [plan((1,), outputs=(0, 1, 2)), plan((0, 2, 2, 2, 3), outputs=(0, 1, 2)), plan((4, 0), outputs=(0, 1, 2), predicted=(0, 4))],
    ),
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
    trainer = share(head, n_outputs=len(plans[0].outputs))
    initial = [trainer.draw_weights(seed) for seed in range(len(plans))]
    fitted = trainer.fit(data, plans, seed=SEED, initial=initial)
    alone = PlainModel(head, n_outputs=len(plans[0].outputs))
    n_skipped, n_steps = 0, 0
    for one, start, ours in zip(plans, initial, fitted, strict=True):
        losses = alone.train(data, one, start)
        expected = alone.model.get_weights()
        assert max(np.abs(after - before).max() for after, before in zip(expected, start, strict=True)) > RATE
        for values, theirs, weight in zip(ours.weights, expected, alone.model.weights, strict=True):
            # Batch normalisation takes away what a bias before it adds: its gradient is rounding alone, and it moves the means a little.
            lost = {"bias": 0.02, "moving_mean": 1e-3} if "residual_block" in weight.path and "matching" not in weight.path else {}
            tolerance = lost.get(weight.path.rpartition("/")[2], 1e-4)
            np.testing.assert_allclose(values, theirs, rtol=1e-3, atol=tolerance, err_msg=weight.path)
        for recording, values in ours.probabilities.items():
            expected = predict_alone(head, alone.model, data.features[one.preparation][recording])
            np.testing.assert_allclose(values, expected, rtol=0, atol=1e-3)
        assert set(ours.probabilities) == set(one.predicted)
        known = [[loss for loss in steps if loss is not None] for steps in losses]
        np.testing.assert_allclose(ours.report.losses, [np.mean(steps) for steps in known], rtol=1e-3)
        n_skipped += sum(loss is None for steps in losses for loss in steps)
        n_steps = max(n_steps, sum(map(len, known)))
    assert n_skipped > 0
    assert n_steps >= 6


def share(head, **changes):
    return share_trainer(json.dumps(head), **{"n_outputs": 1, **changes})


VALIDATED = [
    plan((1, 2), validation=(0,), predicted=(4, 0), epochs=12, outputs=(0,), seed=1),
    plan((0, 2, 3), validation=(1,), predicted=(4,), epochs=12, outputs=(1,), seed=2),
    plan((0, 1), validation=(2, 3), predicted=(3,), epochs=12, outputs=(0,), seed=3),
    # No validation recording.
    plan((0, 1, 2, 3), predicted=(4, 1), epochs=4, outputs=(1,), seed=4),
]
BRIEFLY = [replace(one, epochs=4 - number % 2) for number, one in enumerate(VALIDATED)]
LENGTHS = (60, 41, 50, 65, 30)


# Tracing a TCN takes longest, so that there is one, with an output for each behavior.
ALL_OUTPUTS = (0, 1, 2)


def share_for(head):
    return share(head, n_outputs=len(choose_outputs(head)))


def choose_outputs(head):
    return ALL_OUTPUTS if head is TCN else (0,)


def choose_plans(head):
    return VALIDATED if head is not TCN else [replace(one, outputs=ALL_OUTPUTS) for one in BRIEFLY]


@functools.cache
def draw_weights(trainer, seed):
    """Building a network to draw its weights is slow."""
    return trainer.draw_weights(seed)


def fit_validated(trainer, plans=VALIDATED, *, on_epoch=None, follow=None, keep=None, **options):
    initial = [draw_weights(trainer, one.seed) for one in plans]
    given = {"seed": SEED, "patience": 2, "initial": initial, **options}
    return trainer.fit(make_data(LENGTHS), plans, callbacks=FitCallbacks(on_epoch, follow, keep), **given)


@pytest.mark.parametrize(
    "head",
    [pytest.param(STILL, id="lstm"), pytest.param(DROPPING, id="lstm with dropout"), pytest.param(TCN, id="tcn", marks=pytest.mark.slow)],
)
def test_a_model_does_not_depend_on_those_beside_it(head):
    """Whether they are there, and whether they have stopped."""
    trainer = share_for(head)
    plans = choose_plans(head)
    epochs = []
    together = fit_validated(trainer, plans, patience=1, on_epoch=lambda number, learning, reports: epochs.append(learning))
    assert epochs[0] == [0, 1, 2, 3]
    assert len({model.report.epochs for model in together}) > 1
    for number, model in enumerate(together):
        assert model.report.epochs == sum(number in learning for learning in epochs)
    for numbers in ((0,), (1,), (2,), (3,), (2, 0)) if head is not TCN else ((1,), (2, 0)):
        alone = fit_validated(trainer, [plans[number] for number in numbers], patience=1)
        for number, model in zip(numbers, alone, strict=True):
            # Sums over several models are added up in another order.
            assert_same(model, together[number], atol=1e-5)
    assert count_traces(trainer) == 1


def test_how_many_models_a_step_takes_together_changes_nothing():
    expected = fit_validated(share(DROPPING))
    values = 4 * 24 * 4 * LENGTH * BATCH_SIZE
    trainer = make_trainer(DROPPING, memory_gib=3.2 * values / 0.4 / 2**30)
    assert trainer._stack._together == 3
    for model, alone in zip(fit_validated(trainer), expected, strict=True):
        assert_same(model, alone, atol=1e-5)
    assert count_traces(trainer) == 1


def test_a_setting_is_traced_once_whatever_drops_out_and_whatever_comes_next():
    trainer = share(STILL)
    for plans in (VALIDATED, VALIDATED[:1]):
        fit_validated(trainer, plans, patience=1)
    trainer.fit(make_data((25, 31)), [plan((0, 1), predicted=(0,))], seed=0)
    assert count_traces(trainer) == 1
    assert trainer._stack._predict_some.experimental_get_tracing_count() == 1


def test_each_model_stops_on_its_own_score_and_keeps_its_best_weights():
    trainer = share(STILL)
    data = make_data(LENGTHS)
    shown = []
    fitted = fit_validated(
        trainer, on_epoch=lambda number, learning, reports: shown.append((number, [report.epochs for report in reports]))
    )
    assert [number for number, _ in shown] == list(range(1, len(shown) + 1))
    assert shown[-1][1] == [model.report.epochs for model in fitted]
    for one, model in zip(VALIDATED, fitted, strict=True):
        report = model.report
        assert report.problem == ""
        assert len(report.losses) == report.epochs
        if not one.validation:
            assert (report.validation_scores, report.best_epoch, report.epochs) == ((), one.epochs, one.epochs)
            continue
        assert len(report.validation_scores) == report.epochs == min(report.best_epoch + 2, one.epochs)
        assert report.best_epoch == np.argmax(report.validation_scores) + 1
        truth = np.concatenate([data.labels[index][:, one.outputs[0]] for index in one.validation])
        predicted = np.concatenate([trainer.predict(model.weights, data.features[0][index])[:, 0] for index in one.validation])
        assert average_precision(truth, predicted) == pytest.approx(report.validation_scores[report.best_epoch - 1], abs=1e-6)
        # The weights are those of as many epochs without a validation recording.
        fixed = plan(one.training, predicted=one.predicted, epochs=report.best_epoch, outputs=one.outputs, seed=one.seed)
        (again,) = trainer.fit(data, [fixed], seed=SEED)
        for kept, expected in zip(model.weights, again.weights, strict=True):
            np.testing.assert_allclose(kept, expected, rtol=0, atol=1e-5)
    assert any(model.report.best_epoch < model.report.epochs < 12 for model in fitted)


def test_the_best_weights_of_a_shared_head_are_those_with_the_best_mean_over_what_is_there_to_see():
    data = make_data(LENGTHS)
    # The validation recording shows the first behavior alone; the third is nowhere.
    data.labels[0][:, 1] = 0
    trainer = share(TCN, n_outputs=3)
    one = plan((1, 2, 3), validation=(0,), epochs=3, outputs=(0, 1, 2))
    (model,) = trainer.fit(data, [one], seed=SEED)
    predicted = trainer.predict(model.weights, data.features[0][0])
    best = model.report.validation_scores[model.report.best_epoch - 1]
    assert best == max(model.report.validation_scores) == pytest.approx(average_precision(data.labels[0][:, 0], predicted[:, 0]), abs=1e-6)
    data.labels[0][:, 1] = make_recording(60, 0)[1][:, 1]
    (model,) = trainer.fit(data, [one], seed=SEED)
    predicted = trainer.predict(model.weights, data.features[0][0])
    expected = np.mean([average_precision(data.labels[0][:, column], predicted[:, column]) for column in (0, 1)])
    assert max(model.report.validation_scores) == pytest.approx(expected, abs=1e-6)


def test_what_is_followed_is_what_the_best_weights_so_far_say():
    trainer = share(STILL)
    followed = []
    fitted = fit_validated(
        trainer,
        follow=lambda epoch, predictions: followed.append((epoch, {number: dict(values) for number, values in predictions.items()})),
    )
    assert [epoch for epoch, _ in followed] == list(range(1, max(model.report.epochs for model in fitted) + 1))
    for number, model in enumerate(fitted):
        best = model.report.best_epoch
        for epoch, predictions in followed:
            assert set(predictions[number]) == set(VALIDATED[number].predicted)
            same = all(np.allclose(values, model.probabilities[index], rtol=0, atol=1e-5) for index, values in predictions[number].items())
            assert same or epoch < best
        assert all(
            np.array_equal(followed[best - 1][1][number][index], values)
            or np.allclose(followed[best - 1][1][number][index], values, rtol=0, atol=1e-5)
            for index, values in model.probabilities.items()
        )

    class EnoughError(Exception):
        pass

    def stop(epoch, predictions):
        if epoch == 2:
            raise EnoughError

    with pytest.raises(EnoughError):
        fit_validated(trainer, follow=stop)
    for model, again in zip(fitted, fit_validated(trainer), strict=True):
        assert_same(model, again)


@pytest.mark.parametrize(("head", "at"), [(DROPPING, 1), (DROPPING, 4), (TCN, 2)], ids=["early", "late", "with moving statistics"])
def test_a_fit_goes_on_from_a_state_as_if_it_had_not_been_broken_off(head, at):
    trainer = share_for(head)
    states = []
    plans = choose_plans(head)
    whole = fit_validated(trainer, plans, patience=1, keep=lambda make: states.append(copy.deepcopy(make())))
    state = states[at - 1]
    assert state.epoch == at
    # Something else in between.
    trainer.fit(make_data((30, 30)), [plan((0, 1), seed=9, outputs=choose_outputs(head))], seed=3)
    epochs = []
    resumed = fit_validated(trainer, plans, patience=1, resume=state, on_epoch=lambda number, learning, reports: epochs.append(number))
    assert epochs == list(range(at + 1, len(states) + 1))
    for model, again in zip(whole, resumed, strict=True):
        assert_same(model, again)
        assert model.report == again.report


def test_fits_in_two_threads_take_turns():
    trainer = share(STILL)
    expected = fit_validated(trainer)
    with ThreadPoolExecutor(2) as pool:
        for fitted in pool.map(lambda plans: fit_validated(trainer, plans), [VALIDATED, VALIDATED]):
            for model, again in zip(expected, fitted, strict=True):
                assert_same(model, again)
    # Nothing of the models stays behind.
    assert all(array.shape[0] == 0 for array in trainer._stack.read_all())


def test_a_state_of_models_that_are_all_done_predicts_and_that_is_it():
    trainer = share(DROPPING)
    states = []
    whole = fit_validated(trainer, keep=lambda make: states.append(make()))
    assert not len(states[-1].active)
    for model, again in zip(whole, fit_validated(trainer, resume=states[-1]), strict=True):
        assert_same(model, again)


@pytest.mark.parametrize("where", ["its own recording", "its own preparation"])
def test_a_model_whose_loss_is_no_number_is_given_up_and_touches_no_other(where):
    trainer = share(MSTCN)
    data = make_data(LENGTHS)
    features = [values.astype(np.float32) for values in data.features[0]]
    own = int(where == "its own preparation")
    plans = [
        plan((0, 1), predicted=(3,)),
        plan((0, 2), validation=(3,), predicted=(3,), epochs=3),
        plan((1, 2), preparation=own, predicted=(3,)),
    ]
    if own:
        prepared = [features, [values * np.float32(1e20) for values in features]]
    else:
        plans[0], plans[2] = plan((0, 3), predicted=(1,)), plan((1, 2), predicted=(3,))
        features[1] = features[1] * np.float32(1e20)
        prepared = [features]
    spoilt = SequenceData(prepared, data.labels)
    states, followed = [], []
    fitted = trainer.fit(
        spoilt,
        plans,
        seed=SEED,
        callbacks=FitCallbacks(
            keep=lambda make: states.append(copy.deepcopy(make())), follow=lambda epoch, predictions: followed.append(set(predictions))
        ),
    )
    assert [model.report.problem for model in fitted[:2]] == ["", ""]
    problem = fitted[2].report.problem
    assert problem.startswith(f"the loss is not a number after epoch {fitted[2].report.epochs}; lower the learning rate")
    assert dict(fitted[2].probabilities) == {}
    assert set(followed[-1]) == {0, 1}
    clean = trainer.fit(data if own else SequenceData([features], data.labels), plans[:2], seed=SEED)
    for one, other in zip(fitted, clean, strict=False):
        assert_same(one, other)
    resumed = trainer.fit(spoilt, plans, seed=SEED, resume=states[0])
    assert [model.report.problem for model in resumed] == [model.report.problem for model in fitted]
    assert_same(resumed[1], fitted[1])


def test_a_model_that_breaks_in_the_last_step_of_all_is_given_up_too():
    """Its losses, taken before each step, are all numbers."""
    trainer = make_trainer(MSTCN, learning_rate=1e38, batch_size=100)
    data = make_data((24, 24))
    for validation in ((), (1,)):
        (model,) = trainer.fit(data, [plan((0,), validation=validation, predicted=(1,), epochs=1)], seed=0)
        assert np.isfinite(model.report.losses).all()
        assert "lower the learning rate" in model.report.problem
        assert dict(model.probabilities) == {}


def test_an_epoch_in_which_no_model_gets_better():
    trainer = share(STILL, learning_rate=1e-12, batch_size=100)
    epochs = []
    fitted = fit_validated(trainer, VALIDATED[:3], patience=3, on_epoch=lambda number, learning, reports: epochs.append(learning))
    assert epochs == [[0, 1, 2]] * 4
    for one, model in zip(VALIDATED, fitted, strict=False):
        assert (model.report.best_epoch, model.report.epochs) == (1, 4)
        for weight, start in zip(model.weights, trainer.draw_weights(one.seed), strict=True):
            np.testing.assert_allclose(weight, start, rtol=0, atol=1e-6)


def test_a_recording_that_stands_there_twice_counts_twice():
    features, labels = zip(*(make_recording(n_frames, seed) for seed, n_frames in enumerate((24, 12))), strict=True)
    # All in one batch.
    twice = SequenceData([[features[0], features[1], features[1]]], [labels[0], labels[1], labels[1]])
    once = SequenceData([features], labels)
    trainer = share_for(TCN)
    start = trainer.draw_weights(0)
    drawn, copied, plain = (
        trainer.fit(data, [plan(training, outputs=ALL_OUTPUTS)], seed=SEED, initial=[start])[0]
        for data, training in ((once, (0, 1, 1)), (twice, (0, 1, 2)), (once, (0, 1)))
    )
    np.testing.assert_allclose(drawn.report.losses, copied.report.losses, rtol=1e-5)
    for one, other, weight in zip(drawn.weights, copied.weights, trainer.export(start).weights, strict=True):
        if not weight.path.endswith(("conv1D_0/bias", "conv1D_1/bias")):
            np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4)
    assert abs(plain.report.losses[0] - drawn.report.losses[0]) > 1e-3


class OnDisk:
    """Features as a memory map has them: rows can be asked for, some at a time."""

    def __init__(self, values):
        self._values = values
        self.most = 0

    def __len__(self):
        return len(self._values)

    def __getitem__(self, rows):
        values = self._values[rows]
        self.most = max(self.most, values.size // values.shape[-1])
        assert values.dtype == np.float16
        return values

    def __array__(self, *arguments, **options):
        raise AssertionError("the features were copied as a whole")


def test_features_are_read_a_few_windows_at_a_time_and_stay_half_precision():
    data = make_data((1500, 600))
    trainer = share(STILL)
    kept = [OnDisk(values) for values in data.features[0]]
    plans = [plan((0, 1), epochs=1, predicted=(0,)), plan((1,), validation=(0,), epochs=1)]
    fitted = trainer.fit(SequenceData([kept], data.labels), plans, seed=SEED)
    assert all(0 < features.most <= WINDOWS_AT_ONCE * LENGTH for features in kept)
    for model, expected in zip(fitted, trainer.fit(data, plans, seed=SEED), strict=True):
        assert_same(model, expected)


def test_products_in_bfloat16_train_nearly_the_same_model():
    plans = [plan((0, 1, 2), epochs=4, predicted=(3,), seed=seed, outputs=(seed % 2,)) for seed in range(3)]
    data = make_data(LENGTHS)
    exact = share(STILL).fit(data, plans, seed=SEED)
    rounded = make_trainer(STILL, product_dtype="bfloat16").fit(data, plans, seed=SEED)
    for one, other in zip(exact, rounded, strict=True):
        assert all(weight.dtype == np.float32 for weight in other.weights)
        difference = max(np.abs(weight - expected).max() for weight, expected in zip(other.weights, one.weights, strict=True))
        assert 0 < difference < 0.05
        np.testing.assert_allclose(other.report.losses, one.report.losses, rtol=0.02)
        np.testing.assert_allclose(other.probabilities[3], one.probabilities[3], rtol=0, atol=0.03)


@pytest.mark.parametrize("head", [STILL, TCN, MSTCN], ids=lambda head: head["kind"])
def test_weights_go_out_to_keras_and_come_back(head):
    trainer = share_for(head)
    data = make_data(LENGTHS)
    outputs = choose_outputs(head)
    first = trainer.fit(data, [plan((0, 1), predicted=(4,), seed=5, outputs=outputs)], seed=SEED)[0]
    model = trainer.export(first.weights)
    expected = predict_alone(head, model, data.features[0][4])
    np.testing.assert_allclose(first.probabilities[4], expected, rtol=0, atol=1e-6)
    np.testing.assert_array_equal(trainer.predict(first.weights, data.features[0][4]), first.probabilities[4])
    for weight, kept in zip(model.get_weights(), first.weights, strict=True):
        np.testing.assert_array_equal(weight, kept)
    # A copy is what it was, whatever the trainer does next.
    again = trainer.fit(data, [plan((2, 3), epochs=1, outputs=outputs)], seed=0, initial=[model.get_weights()])[0]
    assert max(np.abs(after - before).max() for after, before in zip(again.weights, first.weights, strict=True)) > 1e-3
    np.testing.assert_array_equal(expected, predict_alone(head, model, data.features[0][4]))


def test_initial_weights_follow_from_the_seed_alone():
    trainer = share(STILL)
    first, other = trainer.draw_weights(3), trainer.draw_weights(4)
    keras.utils.set_random_seed(99)
    for weight, again in zip(first, trainer.draw_weights(3), strict=True):
        np.testing.assert_array_equal(weight, again)
    assert not np.array_equal(first[0], other[0])
    data = make_data((30, 30))
    drawn = trainer.fit(data, [plan((0, 1), seed=4), plan((0, 1), seed=3)], seed=0)
    given = trainer.fit(data, [plan((0, 1)), plan((0, 1))], seed=0, initial=[other, first])
    for model, expected in zip(drawn, given, strict=True):
        assert_same(model, expected)


def test_drawing_weights_leaves_all_random_numbers_of_others_as_they_are():
    """TensorFlow drops what it has prepared of every traced function where its seed is set."""
    keras.utils.set_random_seed(3)
    expected = random.random(), np.random.random(), float(tf.random.uniform(()))  # noqa: NPY002
    keras.utils.set_random_seed(3)
    share(STILL).draw_weights(4)
    assert (random.random(), np.random.random(), float(tf.random.uniform(()))) == expected  # noqa: NPY002


def test_the_order_of_windows_and_the_dropout_follow_from_the_seed():
    trainer, data = share(DROPPING), make_data(LENGTHS)
    one, other, again = (trainer.fit(data, [plan((0, 1, 2))], seed=seed)[0].report.losses for seed in (0, 1, 0))
    assert one == again
    assert one != other
    # In one batch of all windows the order makes no difference, so what is left is dropout.
    whole = share(DROPPING, batch_size=100)
    first, second = (whole.fit(data, [plan((0, 1, 2), epochs=1)], seed=seed)[0].report.losses[0] for seed in (0, 1))
    assert abs(first - second) > 1e-4


def test_as_many_models_at_once_as_fit_in_memory():
    sizes = [
        HeadTrainer(head=STILL, n_features=100, window_length=9, learning_rate=0.1, batch_size=2, memory_gib=gib).count_at_once()
        for gib in (1e-9, 0.001, 0.01)
    ]
    weights = 4 * 4 * (100 + 4 + 1) + 4 + 1
    assert sizes == [1, int(0.6 * 0.001 * 2**30 / (20 * weights)), int(0.6 * 0.01 * 2**30 / (20 * weights))]


@pytest.mark.parametrize(
    "head",
    [{**STILL, "bidirectional": True, "dropout": 0.2}, {**MSTCN, "smoothing": 0.15}, TRANSFORMER],
    ids=lambda head: head["kind"],
)
def test_every_kind_learns(head):
    data = make_data((120, 120, 120, 120))
    (model,) = make_trainer(head).fit(data, [plan((0, 1, 2), validation=(3,), predicted=(3,), epochs=12)], seed=0, patience=12)
    assert max(model.report.validation_scores) > 0.9
    assert average_precision(data.labels[3][:, 0], model.probabilities[3][:, 0]) == pytest.approx(
        max(model.report.validation_scores), abs=1e-6
    )


def first_loss(data, *, outputs=(0,), **options):
    """The loss of the first step, which the weights of a seed and the data alone decide."""
    training = range(len(data.labels))
    trainer = share(STILL, learning_rate=1e-12, batch_size=100)
    return trainer.fit(data, [plan(training, epochs=1, outputs=outputs)], seed=0, **options)[0].report.losses[0]


@pytest.mark.parametrize("balanced", [True, False])
def test_the_loss_is_the_mean_over_labelled_frames_of_each_window(balanced):
    data = make_data((48,), unlabelled=0.4)
    loss = first_loss(data, balanced=balanced)
    labels = data.labels[0][:, 0]
    negative, positive = balance_classes([labels]) if balanced else (1.0, 1.0)
    model = share(STILL, learning_rate=1e-12, batch_size=100).draw_weights(0)
    plain = build_head(n_features=N_FEATURES, **STILL)
    plain.set_weights(model)
    windows = data.features[0][0].astype(np.float32).reshape(4, LENGTH, N_FEATURES)
    expected = []
    for truth, predicted in zip(labels.reshape(4, LENGTH), np.asarray(plain(windows))[:, :, 0], strict=True):
        entropy = -np.where(truth == 1, positive * np.log(predicted), negative * np.log(1 - predicted))
        expected.append(entropy[truth >= 0].mean())
    assert loss == pytest.approx(np.mean(expected), rel=1e-4)


def test_frames_without_a_label_change_nothing_of_what_is_learned():
    data = make_data((48,))
    before = first_loss(data)
    flipped = [data.labels[0].copy() for _ in range(2)]
    flipped[1][10:20, 0] = 1 - flipped[1][10:20, 0]
    for labels in flipped:
        labels[10:20, 0] = -1
    losses = [first_loss(SequenceData(data.features, [labels])) for labels in flipped]
    assert losses[0] == losses[1]
    assert losses[0] != before


def test_a_recording_that_nobody_labelled_has_no_part_in_a_step():
    data = make_data((48,))
    other, _ = make_recording(48, 1)
    beside = SequenceData([[*data.features[0], other]], [*data.labels, np.full((48, 3), -1, dtype=np.int8)])
    assert first_loss(data) == pytest.approx(first_loss(beside), rel=1e-6)
    # Nor has one whose labels are of other behaviors alone.
    others = np.full((48, 3), -1, dtype=np.int8)
    others[:, 1] = 1
    assert first_loss(data) == pytest.approx(first_loss(SequenceData(beside.features, [*data.labels, others])), rel=1e-6)


def test_padding_of_a_short_recording_has_no_weight():
    features, labels = make_recording(8, 0)
    labels[:3], labels[3:] = 1, 0
    longer = np.concatenate([features, np.repeat(features[-1:], 4, axis=0)])
    unseen = np.concatenate([labels, np.full((4, 3), -1, dtype=np.int8)])
    assert first_loss(SequenceData([[features]], [labels])) == pytest.approx(first_loss(SequenceData([[longer]], [unseen])))


def test_frames_that_the_window_before_covered_count_once():
    """Of 18 frames in windows of 12, the last window has six that are new."""
    features, labels = make_recording(18, 0)
    labels[:9], labels[9:] = 0, 1
    apart = SequenceData([[features[:12], features[6:]]], [labels[:12], np.concatenate([np.full((6, 3), -1, dtype=np.int8), labels[12:]])])
    assert first_loss(SequenceData([[features]], [labels])) == pytest.approx(first_loss(apart), rel=1e-6)
