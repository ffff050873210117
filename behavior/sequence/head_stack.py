"""The weights of many heads of one setting, and the computation that moves them all."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf
from keras import ops

from behavior.sequence.batches import Batch
from behavior.sequence.heads import HEADS, build_head, run_head
from behavior.sequence.losses import compare_frames, measure_jumps
from behavior.sequence.stacking import StackedRun

__all__ = ["HeadStack", "choose_product_dtype"]

# Adam's as Keras sets them.
FIRST_DECAY, SECOND_DECAY, EPSILON = 0.9, 0.999, 1e-7
# Weights, gradients, Adam's two moments, best weights.
COPIES_OF_WEIGHTS = 5
# The square of a larger one is not a float32 any more.
LARGEST_WEIGHT = 1e19
# Of the memory; the rest is for what a step keeps for its gradients.
SHARE_FOR_WEIGHTS = 0.6
# How many times faster bfloat16 products have to be to be worth their rounding.
WORTHWHILE_SPEEDUP = 1.5


class HeadStack:
    """The models of one setting that are loaded; their computation is traced once, however many there are.

    Parameters
    ----------
    settings
        Arguments of `heads.build_head`.
    smoothing
        How much the jumps of each stage weigh in the loss (`losses.measure_jumps`).
    window_length
        Vectors in a window.
    learning_rate, batch_size, product_dtype, memory_bytes
        As `training.HeadTrainer` takes them.
    """

    def __init__(
        self,
        settings: Mapping[str, Any],
        *,
        smoothing: float,
        window_length: int,
        learning_rate: float,
        batch_size: int,
        product_dtype: str,
        memory_bytes: float,
    ) -> None:
        self._n_features = int(settings["n_features"])
        self._n_outputs = int(settings["n_outputs"])
        self._dropout = float(settings["dropout"])
        self._passed = {name: value for name, value in settings.items() if name not in ("dropout", "n_features")}
        self._smoothing = smoothing
        self._length = window_length
        self._learning_rate = learning_rate
        self._product_dtype = product_dtype
        model = build_head(**settings)
        self.weight_shapes = [tuple(weight.shape) for weight in model.weights]
        trainable = {id(weight) for weight in model.trainable_weights}
        self.trainable = [index for index, weight in enumerate(model.weights) if id(weight) in trainable]
        self._dropout_seed = keras.random.SeedGenerator(0)
        weights = 4 * COPIES_OF_WEIGHTS * sum(int(np.prod(shape)) for shape in self.weight_shapes)
        self.n_at_once = max(int(SHARE_FOR_WEIGHTS * memory_bytes // weights), 1)
        self._together = self._count_together(batch_size, (1 - SHARE_FOR_WEIGHTS) * memory_bytes)
        self._prepare_functions()

    def _count_together(self, batch_size: int, memory_bytes: float) -> int:
        """Return how many models a step takes together, going by the memory that their values take."""
        kind = HEADS[str(self._passed["kind"])]
        if not kind.RECURRENT:
            return 1
        settings = {name: value for name, value in self._passed.items() if name != "kind"}
        kept = 4 * kind.count_values(**settings) * self._length * batch_size
        return max(int(memory_bytes // kept), 1)

    def take_over(self, arrays: list[npt.NDArray[np.float32]]) -> None:
        """Take weights and moments (A, ...) in the order in which `read_all` gives them, and remove each from `arrays`.

        A second copy of them would count against the memory that models are planned with.
        """
        variables = [*self._variables, *self._moments]
        if len(variables) != len(arrays):
            raise ValueError(f"got {len(arrays)} arrays for {len(variables)} weights and moments")
        for variable in variables:
            variable.assign(arrays.pop(0))

    def read_all(self) -> list[npt.NDArray[np.float32]]:
        """Return the weights of all models, then both of Adam's moments for each weight that is trained."""
        return [variable.numpy() for variable in (*self._variables, *self._moments)]

    def gather(self, positions: Sequence[int]) -> list[Any]:
        """Return the weights of the models at these positions, tensors (M, ...)."""
        chosen = np.array(positions, dtype=np.int64)
        return [tf.gather(variable, chosen) for variable in self._variables]

    def keep_models(self, is_kept: npt.NDArray[np.bool_]) -> None:
        """Remove the models where `is_kept`, shape (A,), is False; they take no memory or time any more."""
        positions = np.flatnonzero(is_kept)
        for variable in (*self._variables, *self._moments):
            variable.assign(tf.gather(variable, positions))

    def find_usable(self) -> npt.NDArray[np.bool_]:
        """Return which models have weights that can be computed with, shape (A,)."""
        checks = [ops.all(ops.abs(variable) < LARGEST_WEIGHT, axis=tuple(range(1, len(variable.shape)))) for variable in self._variables]
        return np.logical_and.reduce([check.numpy() for check in checks])

    def seed_dropout(self, state: npt.NDArray[np.uint32]) -> None:
        """Set what the next masks follow from, shape (2,)."""
        self._dropout_seed.state.assign(state)

    def train_on(
        self,
        batch: Batch,
        *,
        preparations: Any,
        columns: Any,
        class_weights: Any,
        counts: npt.NDArray[np.float32],
        steps: npt.NDArray[np.float32],
    ) -> npt.NDArray[np.float32]:
        """Move every model that counts a window of `batch` by one step, and return the losses, shape (A,).

        Parameters
        ----------
        preparations, columns, class_weights
            As in `plans.PlanWeights`, of the models loaded.
        counts
            How often each model counts each window, shape (A, N).
        steps
            How often each model has been moved before, shape (A,).
        """
        windows = self._apply_dropout(batch.features)
        losses = [
            self._step(windows, batch.labels, first, preparations, columns, class_weights, counts, steps)
            for first in range(0, len(counts), self._together)
        ]
        return np.concatenate([part.numpy() for part in losses])

    def predict(self, weights: Sequence[Any], windows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return the probabilities (M, N, W, K) of `windows` (N, W, D) by models with the stacked `weights`."""
        shared = tf.constant(windows[None])
        n_models = weights[0].shape[0]
        parts = [
            self._predict_some([weight[first : first + self._together] for weight in weights], shared).numpy()
            for first in range(0, n_models, self._together)
        ]
        return np.concatenate(parts)

    def _prepare_functions(self) -> None:
        """Make the variables, with as many models as will come, and what is traced with them."""
        self._variables = [_make_variable(shape) for shape in self.weight_shapes]
        self._moments = [_make_variable(self.weight_shapes[index]) for index in self.trainable for _ in range(2)]
        # A shape that says there is one model lets it use the operations of a plain network.
        together = 1 if self._together == 1 else None
        windows = tf.TensorSpec((None, None, self._length, self._n_features))
        weights = [tf.TensorSpec((together, *shape)) for shape in self.weight_shapes]
        self._predict_some = tf.function(
            self._compute_probabilities,
            autograph=False,
            input_signature=[weights, tf.TensorSpec((1, None, self._length, self._n_features))],
        )
        self._apply_dropout = tf.function(self._compute_dropout, autograph=False, input_signature=[windows])
        self._step = tf.function(
            self._take_step,
            autograph=False,
            input_signature=[
                windows,
                tf.TensorSpec((None, self._length, None), tf.int8),
                tf.TensorSpec((), tf.int32),
                tf.TensorSpec((None,), tf.int32),
                tf.TensorSpec((None, self._n_outputs), tf.int32),
                tf.TensorSpec((None, self._n_outputs, 2)),
                tf.TensorSpec((None, None)),
                tf.TensorSpec((None,)),
            ],
        )

    def _compute_probabilities(self, weights: Sequence[Any], windows: Any) -> Any:
        run = StackedRun(weights, training=False, product_dtype=self._product_dtype)
        return ops.sigmoid(run_head(run, windows, **self._passed)[-1])

    def _compute_dropout(self, features: Any) -> Any:
        """Return `features` (G, N, W, D) after dropout; one mask serves all models, since to each it is ordinary dropout."""
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
            counts, windows, truth = _leave_out_unseen(counts, windows, truth)
        trained = [weights[index] for index in self.trainable]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(trained)
            run = StackedRun(weights, training=True, window_counts=counts, product_dtype=self._product_dtype)
            losses: Any = 0.0
            for logits in run_head(run, windows, **self._passed):
                losses += compare_frames(logits, truth, class_weights=ops.take(class_weights, some, axis=0), counts=counts)
                if self._smoothing:
                    losses += self._smoothing * measure_jumps(logits, truth, counts=counts)
            total = ops.sum(losses)
        gradients = tape.gradient(total, trained)
        moved = ops.cast(ops.any(counts > 0, axis=1), "float32")
        variables = [self._variables[index] for index in self.trainable]
        _move(
            variables, some, gradients, self._moments, moved=moved, steps=ops.take(steps, some) + moved, learning_rate=self._learning_rate
        )
        for index, value in run.updates.items():
            self._variables[index].scatter_update(tf.IndexedSlices(value, some))
        return losses


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


def _leave_out_unseen(counts: Any, windows: Any, truth: Any) -> tuple[Any, Any, Any]:
    """Return `counts` (1, N), `windows` (1, N, W, D) and `truth` (1, N, W, K) of one model without the windows that it does not count.

    They would change nothing but the time that a step takes. A model that counts none keeps the first, since no layer takes an empty batch.
    """
    counted = ops.logical_or(counts[0] > 0, ops.logical_and(ops.arange(ops.shape(counts)[1]) == 0, ops.logical_not(ops.any(counts > 0))))
    chosen = tf.where(counted)[:, 0]
    return ops.take(counts, chosen, axis=1), ops.take(windows, chosen, axis=1), ops.take(truth, chosen, axis=1)


def _make_variable(shape: tuple[int, ...]) -> tf.Variable:
    return tf.Variable(np.zeros((0, *shape), dtype=np.float32), shape=(None, *shape), trainable=False)


def _move(
    variables: Sequence[Any], some: Any, gradients: Sequence[Any], moments: Sequence[Any], *, moved: Any, steps: Any, learning_rate: float
) -> None:
    """Take one step of Adam (Kingma and Ba 2015, algorithm 1, in the order of its section 2's last remark) where `moved` is 1.

    The models are those at the positions `some` of the variables.
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
