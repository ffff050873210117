"""Fitting many heads of one setting side by side: each sees every batch, and learns from the windows that are its own."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf
from keras import ops

from behavior.metrics.frames import average_precision
from behavior.sequence.batches import Batch, WindowTable
from behavior.sequence.heads import HEADS, build_head, run_head
from behavior.sequence.inference import predict_recording
from behavior.sequence.losses import compare_frames, measure_jumps
from behavior.sequence.stacking import StackedRun
from behavior.sequence.weighting import balance_classes, count_classes
from behavior.sequence.windows import SequenceData

__all__ = ["FitReport", "HeadTrainer", "ModelPlan", "TrainedModel", "TrainingState", "choose_product_dtype"]

# Adam's as Keras sets them.
FIRST_DECAY, SECOND_DECAY, EPSILON = 0.9, 0.999, 1e-7
# Weights, gradients, Adam's two moments, best weights.
COPIES_OF_WEIGHTS = 5
# Of the memory; the rest is for what a step keeps for its gradients.
SHARE_FOR_WEIGHTS = 0.6
# So much faster bfloat16 products have to be to be worth their rounding.
WORTHWHILE_SPEEDUP = 1.5


@dataclass(frozen=True)
class ModelPlan:
    """What one of the models does.

    Attributes
    ----------
    outputs
        Columns of the labels that it answers for.
    learned
        Recordings that it learns from; one that stands there twice counts twice.
    watched
        Recordings that decide when it stops, by the mean over behaviors of average precision; () for a fixed number of epochs.
    predicted
        Recordings whose probabilities are wanted.
    epochs
        At most so many; exactly so many where nothing is watched.
    seed
        Its initial weights follow from it.
    preparation
        Which of the prepared features are its input.
    """

    outputs: tuple[int, ...]
    learned: tuple[int, ...]
    watched: tuple[int, ...]
    predicted: tuple[int, ...]
    epochs: int
    seed: int
    preparation: int = 0


@dataclass(frozen=True)
class FitReport:
    """What a fit did.

    Attributes
    ----------
    best_epoch
        The epoch whose weights the model now has, from 1.
    epochs
        How many were run.
    validation_scores
        Mean over behaviors of average precision on the watched recordings after each epoch; empty where none were watched.
    losses
        Mean training loss of each epoch.
    problem
        Why there is no usable model; "" where there is one.
    """

    best_epoch: int
    epochs: int
    validation_scores: tuple[float, ...]
    losses: tuple[float, ...]
    problem: str = ""


@dataclass(frozen=True)
class TrainedModel:
    """One fitted model: how it came about, its weights as the plain Keras model has them, what it says (T, K) about recordings."""

    report: FitReport
    weights: tuple[npt.NDArray[np.float32], ...]
    probabilities: Mapping[int, npt.NDArray[np.float32]]


@dataclass
class TrainingState:
    """A group of models in the middle of their training, as plain arrays: what a run needs to go on where it was.

    Attributes
    ----------
    epoch
        Epochs that are finished.
    active
        Which models of the group still learn, shape (A,).
    variables
        Weights and both moments of the active ones, arrays (A, ...).
    steps
        How often each of them was moved, shape (A,).
    best
        Weights of the best epoch of all models of the group, arrays (M, ...).
    scores, losses
        Of each model after each epoch that it ran.
    problems
        Why models were given up, by their place in the group.
    """

    epoch: int
    active: npt.NDArray[np.int64]
    variables: list[npt.NDArray[np.float32]]
    steps: npt.NDArray[np.float32]
    best: list[npt.NDArray[np.float32]]
    scores: list[list[float]]
    losses: list[list[float]]
    problems: dict[int, str] = field(default_factory=dict)


class HeadTrainer:
    """Fits heads of one setting side by side; the computation is traced once, however many models and whichever remain.

    Parameters
    ----------
    head
        Arguments of `heads.build_head` but `n_features` and `n_outputs`, and `smoothing` where stages are smoothed.
    n_features
        Length of a frame's vector.
    n_outputs
        Behaviors that one model answers for.
    window_length
        Frames in a window.
    learning_rate
        Of the Adam optimiser (Kingma and Ba 2015, arXiv:1412.6980, with Keras's other settings).
    batch_size
        Windows in a training step.
    product_dtype
        "float32" or "bfloat16": in what the factors of matrix products are.
    memory_gib
        As many models are trained at once as fit in about so much memory.
    """

    def __init__(
        self,
        *,
        head: Mapping[str, Any],
        n_features: int,
        window_length: int,
        learning_rate: float,
        batch_size: int,
        n_outputs: int = 1,
        product_dtype: str = "float32",
        memory_gib: float = 3.0,
    ) -> None:
        settings = dict(head)
        self._dropout = float(settings["dropout"])
        self._smoothing = float(settings.pop("smoothing", 0.0))
        self._settings = {"n_features": n_features, "n_outputs": n_outputs, **settings}
        self._passed = {name: value for name, value in settings.items() if name != "dropout"} | {"n_outputs": n_outputs}
        self._length = window_length
        self._batch_size = batch_size
        self._learning_rate = learning_rate
        self._product_dtype = product_dtype
        self._memory_bytes = memory_gib * 2**30
        model = build_head(**self._settings)
        self._shapes = [tuple(weight.shape) for weight in model.weights]
        trainable = {id(weight) for weight in model.trainable_weights}
        self._trainable = [index for index, weight in enumerate(model.weights) if id(weight) in trainable]
        self._dropout_seed = keras.random.SeedGenerator(0)
        self._variables: list[tf.Variable] = []
        self._moments: list[tf.Variable] = []
        self._together = self._count_together()
        self._prepare_functions()

    def count_at_once(self) -> int:
        """Return how many models may be trained side by side, going by the memory that their weights and optimisers take."""
        weights = 4 * COPIES_OF_WEIGHTS * sum(int(np.prod(shape)) for shape in self._shapes)
        return max(int(SHARE_FOR_WEIGHTS * self._memory_bytes // weights), 1)

    def _count_together(self) -> int:
        """Return how many models a step takes together, going by the memory that their values take."""
        kind = HEADS[str(self._passed["kind"])]
        if not kind.RECURRENT:
            return 1
        settings = {name: value for name, value in self._passed.items() if name != "kind"}
        kept = 4 * kind.count_values(**settings) * self._length * self._batch_size
        return max(int((1 - SHARE_FOR_WEIGHTS) * self._memory_bytes // kept), 1)

    def fit(
        self,
        data: SequenceData,
        plans: Sequence[ModelPlan],
        *,
        seed: int,
        balanced: bool = True,
        patience: int = 5,
        on_epoch: Callable[[int, Sequence[int], Sequence[FitReport]], None] | None = None,
        follow: Callable[[int, Mapping[int, Mapping[int, npt.NDArray[np.float32]]]], None] | None = None,
        initial: Sequence[Sequence[npt.NDArray[np.float32]]] | None = None,
        resume: TrainingState | None = None,
        keep: Callable[[Callable[[], TrainingState]], None] | None = None,
    ) -> list[TrainedModel]:
        """Fit one model for each of `plans`, all at once: see `count_at_once` for how many that may be.

        Parameters
        ----------
        data
            Every recording that any plan names.
        plans
            Each with at least one frame of both classes among what it learns, for at least one of its outputs.
        seed
            The order of windows and dropout follow from it.
        balanced
            Whether rare frames count more (`weighting.balance_classes`).
        patience
            Epochs without a better score after which a model stops.
        on_epoch
            Called after each epoch with its number, from 1, the plans still learning in it, and the reports of all plans so far.
        follow
            Called after each epoch with its number and what the best weights so far of each plan say about what it predicts, by plan
            and recording. What it raises ends the training.
        initial
            Weights to start from instead of those that the seeds draw, for each plan.
        resume
            A state that `keep` was offered in an earlier run of the same plans, to go on from.
        keep
            Called after each epoch with a function that returns the state.
        """
        table = WindowTable(data, self._length)
        weighing = _Weighing(data, plans, balanced=balanced)
        state = resume or self._begin(plans, initial)
        self._load(state)
        followed: dict[int, Mapping[int, npt.NDArray[np.float32]]] = {}
        while len(state.active):
            learning = state.active.tolist()
            self._run_epoch(table, state, weighing, seed=seed)
            improved = self._judge(data, state, plans, patience=patience)
            if on_epoch is not None:
                on_epoch(state.epoch, learning, [_report(state, number, plan) for number, plan in enumerate(plans)])
            if follow is not None:
                usable = [number for number in (improved if followed else range(len(plans))) if number not in state.problems]
                followed.update(self._predict_best(data, state, plans, usable))
                follow(state.epoch, followed)
            if keep is not None:
                keep(lambda: self._save(state))
        usable = [number for number in range(len(plans)) if number not in state.problems]
        predicted = self._predict_best(data, state, plans, usable)
        return [
            TrainedModel(_report(state, number, plan), tuple(weight[number] for weight in state.best), predicted.get(number, {}))
            for number, plan in enumerate(plans)
        ]

    def predict(self, weights: Sequence[npt.NDArray[np.float32]], features: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
        """Return what the model with the given weights says about a recording (T, D), float32 of shape (T, K)."""
        stacked = [tf.constant(weight[None]) for weight in weights]
        return predict_recording(partial(self._predict_windows, stacked), features, length=self._length)[0]

    def export(self, weights: Sequence[npt.NDArray[np.float32]]) -> keras.Model:
        """Return the plain Keras model with the given weights."""
        model = build_head(**self._settings)
        model.set_weights(list(weights))
        return model

    def draw_weights(self, seed: int) -> list[npt.NDArray[np.float32]]:
        """Return the weights of a newly built model."""
        # Layers draw their own seeds from Python's generator, initialisers from the seeds of the layers.
        random.seed(seed)
        keras.utils.set_random_seed(seed)
        return list(build_head(**self._settings).get_weights())

    def _begin(self, plans: Sequence[ModelPlan], initial: Sequence[Sequence[npt.NDArray[np.float32]]] | None) -> TrainingState:
        drawn = initial or [self.draw_weights(plan.seed) for plan in plans]
        weights = [np.stack(parts).astype(np.float32) for parts in zip(*drawn, strict=True)]
        moments = [np.zeros_like(weights[index]) for index in self._trainable for _ in range(2)]
        return TrainingState(
            epoch=0,
            active=np.arange(len(plans)),
            variables=[*weights, *moments],
            steps=np.zeros(len(plans), dtype=np.float32),
            best=[weight.copy() for weight in weights],
            scores=[[] for _ in plans],
            losses=[[] for _ in plans],
        )

    def _load(self, state: TrainingState) -> None:
        for variable, value in zip([*self._variables, *self._moments], state.variables, strict=True):
            variable.assign(value)
        # They live in the variables now; two copies of them would count against the memory that models are planned with.
        state.variables = []

    def _save(self, state: TrainingState) -> TrainingState:
        return replace(state, variables=[variable.numpy() for variable in (*self._variables, *self._moments)])

    def _run_epoch(self, table: WindowTable, state: TrainingState, weighing: _Weighing, *, seed: int) -> None:
        """Show every window once to every model that still learns."""
        state.epoch += 1
        active = state.active
        constants = [tf.constant(values[active]) for values in (weighing.preparations, weighing.columns, weighing.class_weights)]
        total, n_steps = np.zeros(len(active)), np.zeros(len(active))
        rng = np.random.default_rng([seed, state.epoch])
        self._dropout_seed.state.assign(rng.integers(2**32, size=2, dtype=np.uint32))
        for batch in table.draw(rng, self._batch_size):
            counts = weighing.count(batch)[active]
            windows = self._drop(batch.features)
            losses = [
                self._step(windows, batch.labels, first, *constants, counts, state.steps) for first in range(0, len(active), self._together)
            ]
            loss = np.concatenate([part.numpy() for part in losses])
            moved = counts.any(axis=1)
            state.steps += moved
            total += np.where(moved, loss, 0.0)
            n_steps += moved
        for number, loss in zip(active, total / np.maximum(n_steps, 1), strict=True):
            state.losses[number].append(float(loss))
            if not np.isfinite(loss):
                state.problems[int(number)] = (
                    f"the loss is no number after epoch {state.epoch}; lower the learning rate, or look for extreme features"
                )

    def _judge(self, data: SequenceData, state: TrainingState, plans: Sequence[ModelPlan], *, patience: int) -> list[int]:
        """Score what is watched, keep the weights of models that are better than ever, and drop those that are done; return the former."""
        places = {int(number): place for place, number in enumerate(state.active)}
        usable = [number for number in places if number not in state.problems]

        def gather(numbers: Sequence[int]) -> list[Any]:
            chosen = np.array([places[number] for number in numbers], dtype=np.int64)
            return [tf.gather(variable, chosen) for variable in self._variables]

        watching = [number for number in usable if plans[number].watched]
        seen = self._predict(data, plans, watching, gather, recordings=lambda plan: plan.watched)
        improved = [number for number in usable if not plans[number].watched]
        for number in watching:
            state.scores[number].append(_score(data, plans[number], seen[number]))
            if state.scores[number][-1] > max(state.scores[number][:-1], default=-1.0):
                improved.append(number)
        for best, value in zip(state.best, gather(improved), strict=True):
            best[improved] = value.numpy()
        done = [number for number in places if number in state.problems or _is_done(state, number, plans[number], patience)]
        if done:
            staying = np.array([number not in done for number in state.active])
            for variable in (*self._variables, *self._moments):
                variable.assign(tf.boolean_mask(variable, staying))
            state.active, state.steps = state.active[staying], state.steps[staying]
        return sorted(improved)

    def _predict_best(
        self, data: SequenceData, state: TrainingState, plans: Sequence[ModelPlan], numbers: Sequence[int]
    ) -> dict[int, Mapping[int, npt.NDArray[np.float32]]]:
        def gather(chosen: Sequence[int]) -> list[Any]:
            return [tf.constant(best[list(chosen)]) for best in state.best]

        return self._predict(data, plans, numbers, gather, recordings=lambda plan: plan.predicted)

    def _predict(
        self,
        data: SequenceData,
        plans: Sequence[ModelPlan],
        numbers: Sequence[int],
        gather: Callable[[Sequence[int]], list[Any]],
        *,
        recordings: Callable[[ModelPlan], tuple[int, ...]],
    ) -> dict[int, Mapping[int, npt.NDArray[np.float32]]]:
        """Return what models say about recordings (T, K), those that look at the same ones taken together."""
        together: dict[tuple[int, tuple[int, ...]], list[int]] = {}
        for number in numbers:
            together.setdefault((plans[number].preparation, recordings(plans[number])), []).append(number)
        found: dict[int, dict[int, npt.NDArray[np.float32]]] = {number: {} for number in numbers}
        for (preparation, wanted), members in together.items():
            weights = gather(members)
            for recording in wanted:
                values = predict_recording(
                    partial(self._predict_windows, weights),
                    data.features[preparation][recording],
                    length=self._length,
                )
                for place, number in enumerate(members):
                    found[number][recording] = values[place]
        return dict(found)

    def _prepare_functions(self) -> None:
        """Make the variables, with as many models as will come, and what is traced with them."""
        self._variables = [_make_variable(shape) for shape in self._shapes]
        self._moments = [_make_variable(self._shapes[index]) for index in self._trainable for _ in range(2)]
        n_features = int(self._settings["n_features"])
        n_outputs = int(self._settings["n_outputs"])
        # One model at a time is said to be one, which lets it use the operations of a plain network.
        together = 1 if self._together == 1 else None
        windows = tf.TensorSpec((None, None, self._length, n_features))
        weights = [tf.TensorSpec((together, *shape)) for shape in self._shapes]
        self._predict_some = tf.function(
            self._compute_probabilities,
            autograph=False,
            input_signature=[weights, tf.TensorSpec((1, None, self._length, n_features))],
        )
        self._drop = tf.function(self._drop_features, autograph=False, input_signature=[windows])
        self._step = tf.function(
            self._take_step,
            autograph=False,
            input_signature=[
                windows,
                tf.TensorSpec((None, self._length, None), tf.int8),
                tf.TensorSpec((), tf.int32),
                tf.TensorSpec((None,), tf.int32),
                tf.TensorSpec((None, n_outputs), tf.int32),
                tf.TensorSpec((None, n_outputs, 2)),
                tf.TensorSpec((None, None)),
                tf.TensorSpec((None,)),
            ],
        )

    def _predict_windows(self, weights: Sequence[Any], windows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return the probabilities (M, N, W, K) of `windows` (N, W, D) by models with the stacked `weights`."""
        shared = tf.constant(windows[None])
        n_models = weights[0].shape[0]
        parts = [
            self._predict_some([weight[first : first + self._together] for weight in weights], shared).numpy()
            for first in range(0, n_models, self._together)
        ]
        return np.concatenate(parts)

    def _compute_probabilities(self, weights: Sequence[Any], windows: Any) -> Any:
        run = StackedRun(weights, training=False, product_dtype=self._product_dtype)
        return ops.sigmoid(run_head(run, windows, **self._passed)[-1])

    def _drop_features(self, features: Any) -> Any:
        """Return `features` (G, N, W, D) after dropout; one mask serves all models, since each alone sees ordinary dropout."""
        if not self._dropout:
            return features
        drawn = keras.random.uniform(ops.shape(features)[1:], seed=self._dropout_seed)
        return features * ops.cast(drawn >= self._dropout, "float32") / (1.0 - self._dropout)

    def _take_step(
        self,
        features: Any,
        labels: Any,
        first: Any,
        preparations: Any,
        columns: Any,
        class_weights: Any,
        counts: Any,
        steps: Any,
    ) -> Any:
        """Move those models from `first` on that a step takes together, where they count a window of the batch; return their losses."""
        some = ops.arange(first, ops.minimum(first + self._together, ops.shape(counts)[0]))
        counts = ops.take(counts, some, axis=0)
        # Features that all models share stay one array.
        windows = ops.cond(ops.shape(features)[0] > 1, lambda: ops.take(features, ops.take(preparations, some), axis=0), lambda: features)
        windows.set_shape((1 if self._together == 1 else None, *features.shape[1:]))
        truth = ops.transpose(ops.cast(ops.take(labels, ops.take(columns, some, axis=0), axis=2), "float32"), (2, 0, 1, 3))
        # Reading whole variables would make TensorFlow copy them at the next write.
        weights = [variable.sparse_read(some) for variable in self._variables]
        if self._together == 1:
            for weight in weights:
                weight.set_shape((1, *weight.shape[1:]))
        trained = [weights[index] for index in self._trainable]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(trained)
            run = StackedRun(weights, training=True, seen=counts, product_dtype=self._product_dtype)
            losses: Any = 0.0
            for logits in run_head(run, windows, **self._passed):
                losses += compare_frames(logits, truth, class_weights=ops.take(class_weights, some, axis=0), counts=counts)
                if self._smoothing:
                    losses += self._smoothing * measure_jumps(logits, truth, counts=counts)
            total = ops.sum(losses)
        gradients = tape.gradient(total, trained)
        moved = ops.cast(ops.any(counts > 0, axis=1), "float32")
        variables = [self._variables[index] for index in self._trainable]
        _move(
            variables, some, gradients, self._moments, moved=moved, steps=ops.take(steps, some) + moved, learning_rate=self._learning_rate
        )
        for index, value in run.updates.items():
            self._variables[index].scatter_update(tf.IndexedSlices(value, some))
        return losses


class _Weighing:
    """What each plan counts, and how much, as arrays over plans."""

    def __init__(self, data: SequenceData, plans: Sequence[ModelPlan], *, balanced: bool) -> None:
        self.n_preparations = len(data.features)
        self.preparations = np.array([plan.preparation for plan in plans], dtype=np.int32)
        self.columns = np.array([plan.outputs for plan in plans], dtype=np.int32)
        self.class_weights = np.zeros((*self.columns.shape, 2), dtype=np.float32)
        self._counts = np.zeros((len(plans), len(data.labels)), dtype=np.float32)
        for number, plan in enumerate(plans):
            np.add.at(self._counts[number], list(plan.learned), 1)
            for place, column in enumerate(plan.outputs):
                labels = [data.labels[index][:, column] for index in plan.learned]
                # A behavior that cannot be learned here weighs nothing beside those that can.
                if all(count_classes(labels)):
                    self.class_weights[number, place] = balance_classes(labels) if balanced else (1.0, 1.0)

    def count(self, batch: Batch) -> npt.NDArray[np.float32]:
        """Return how often each plan counts each window of `batch`, float32 of shape (M, N): never one without a frame for it."""
        visible: npt.NDArray[np.bool_] = np.any(batch.labels >= 0, axis=1)
        learnable = self.class_weights.any(axis=2)
        useful = (visible[:, self.columns] & learnable).any(axis=2).T
        return np.where(useful, self._counts[:, batch.recordings], 0.0).astype(np.float32)


def choose_product_dtype(precision: str) -> str:
    """Return "float32" or "bfloat16" for `precision` ("auto", or one of the two): auto is what a short trial shows to pay here."""
    if precision != "auto":
        return precision
    seconds = {}
    for dtype in ("float32", "bfloat16"):
        values = tf.cast(tf.ones((1024, 1024)), dtype)
        tf.matmul(values, values)
        times = []
        for _ in range(5):
            began = time.perf_counter()
            tf.matmul(values, values).numpy()
            times.append(time.perf_counter() - began)
        seconds[dtype] = min(times)
    return "bfloat16" if seconds["float32"] / seconds["bfloat16"] >= WORTHWHILE_SPEEDUP else "float32"


def _make_variable(shape: tuple[int, ...]) -> tf.Variable:
    return tf.Variable(np.zeros((0, *shape), dtype=np.float32), shape=(None, *shape), trainable=False)


def _move(
    variables: Sequence[Any], some: Any, gradients: Sequence[Any], moments: Sequence[Any], *, moved: Any, steps: Any, learning_rate: float
) -> None:
    """Take one step of Adam (Kingma and Ba 2015, algorithm 1, in the order of its section 2's last remark) where `moved` is 1.

    The models are those at the places `some` of the variables.
    """
    rate = moved * learning_rate * ops.sqrt(1.0 - SECOND_DECAY**steps) / (1.0 - FIRST_DECAY ** ops.maximum(steps, 1.0))
    for number, (variable, gradient) in enumerate(zip(variables, gradients, strict=True)):
        first, second = moments[2 * number : 2 * number + 2]
        shape = (-1, *[1] * (len(variable.shape) - 1))
        mask = ops.reshape(moved, shape)
        old_first, old_second = first.sparse_read(some), second.sparse_read(some)
        new_first = old_first + (gradient - old_first) * (mask * (1.0 - FIRST_DECAY))
        new_second = old_second + (ops.square(gradient) - old_second) * (mask * (1.0 - SECOND_DECAY))
        first.scatter_update(tf.IndexedSlices(new_first, some))
        second.scatter_update(tf.IndexedSlices(new_second, some))
        variable.scatter_sub(tf.IndexedSlices(new_first * ops.reshape(rate, shape) / (ops.sqrt(new_second) + EPSILON), some))


def _score(data: SequenceData, plan: ModelPlan, predicted: Mapping[int, npt.NDArray[np.float32]]) -> float:
    """Return the mean over behaviors of average precision on what the plan watches, over those that show there."""
    probabilities = np.concatenate([predicted[index] for index in plan.watched])
    truth = np.concatenate([data.labels[index][:, list(plan.outputs)] for index in plan.watched])
    scores = [average_precision(truth[:, place], probabilities[:, place]) for place in range(len(plan.outputs))]
    known = [score for score in scores if np.isfinite(score)]
    return float(np.mean(known)) if known else -1.0


def _is_done(state: TrainingState, number: int, plan: ModelPlan, patience: int) -> bool:
    if state.epoch >= plan.epochs:
        return True
    return bool(plan.watched) and state.epoch - _find_best_epoch(state, number, plan) >= patience


def _find_best_epoch(state: TrainingState, number: int, plan: ModelPlan) -> int:
    scores = state.scores[number]
    return int(np.argmax(scores)) + 1 if plan.watched and scores else len(state.losses[number])


def _report(state: TrainingState, number: int, plan: ModelPlan) -> FitReport:
    return FitReport(
        best_epoch=_find_best_epoch(state, number, plan),
        epochs=len(state.losses[number]),
        validation_scores=tuple(state.scores[number]),
        losses=tuple(state.losses[number]),
        problem=state.problems.get(number, ""),
    )
