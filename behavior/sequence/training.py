"""Training many heads of one setting side by side: all get every batch, and each is trained on the windows that are its own."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from behavior.compute.effort import measure_step
from behavior.metrics.frames import average_precision
from behavior.sequence.batches import WindowTable
from behavior.sequence.contracts import StateShapes
from behavior.sequence.head_stack import HeadStack
from behavior.sequence.heads import build_head, find_steps
from behavior.sequence.inference import predict_recording
from behavior.sequence.plans import FitCallbacks, FitReport, ModelPlan, PlanWeights, TrainedModel, TrainingState
from behavior.sequence.windowed_network import WindowedNetwork
from behavior.sequence.windows import SequenceData

__all__ = ["HeadTrainer"]

NO_CALLBACKS = FitCallbacks()


class HeadTrainer:
    """Trains heads of one setting side by side; the computation is traced once, however many models and whichever remain.

    Parameters
    ----------
    head
        Arguments of `heads.build_head` but `n_features` and `n_outputs`, and `smoothing` where stages are smoothed.
    n_features
        Length of a frame's vector.
    n_outputs
        Number of behaviors that one model predicts.
    window_length
        Frames in a window.
    learning_rate
        Of the Adam optimiser (Kingma and Ba 2015, arXiv:1412.6980, with Keras's other settings).
    batch_size
        Windows in a training step.
    product_dtype
        "float32" or "bfloat16": in what the factors of matrix products are.
    memory_gib
        About how much memory the models that are trained at once may take.
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
        smoothing = float(settings.pop("smoothing", 0.0))
        self._settings = {"n_features": n_features, "n_outputs": n_outputs, **settings}
        self._make_steps = find_steps(**self._settings)
        self._length = window_length
        self._batch_size = batch_size
        self._fitting = threading.Lock()
        self._stack = HeadStack(
            self._settings,
            smoothing=smoothing,
            window_length=window_length,
            learning_rate=learning_rate,
            batch_size=batch_size,
            product_dtype=product_dtype,
            memory_bytes=memory_gib * 2**30,
        )

    @property
    def state_shapes(self) -> StateShapes:
        """Shapes of one model's weights, in the order of the plain Keras model, and of both of Adam's moments of each that is trained."""
        weights = list(self._stack.weight_shapes)
        return StateShapes(weights, [weights[index] for index in self._stack.trainable for _ in range(2)])

    def count_at_once(self) -> int:
        """Return how many models may be trained side by side, going by the memory that their weights and optimisers take."""
        return self._stack.n_at_once

    def fit(
        self,
        data: SequenceData,
        plans: Sequence[ModelPlan],
        *,
        seed: int,
        balanced: bool = True,
        patience: int = 5,
        initial: Sequence[Sequence[npt.NDArray[np.float32]]] | None = None,
        resume: TrainingState | None = None,
        callbacks: FitCallbacks = NO_CALLBACKS,
    ) -> list[TrainedModel]:
        """Train one model for each of `plans`, all at once: see `count_at_once` for how many that may be.

        Parameters
        ----------
        data
            Every recording that any plan names.
        plans
            Each with at least one frame of both classes in its training recordings, for at least one of its outputs.
        seed
            The order of windows and dropout follow from it.
        balanced
            Whether rare frames count more (`weighting.balance_classes`).
        patience
            Epochs without a better score after which a model stops.
        initial
            Weights to start from instead of those that the seeds draw, for each plan.
        resume
            A state that `callbacks.keep` was offered in an earlier run of the same plans.
        callbacks
            What is called after each epoch.
        """
        table = WindowTable(data, self._length)
        weighing = PlanWeights(data, plans, balanced=balanced)
        # What is fitted is in the stack, of which there is one.
        with self._fitting:
            state = resume or self._begin(plans, initial)
            self._stack.take_over(state.variables)
            followed: dict[int, Mapping[int, npt.NDArray[np.float32]]] = {}
            while len(state.active):
                training = state.active.tolist()
                self._run_epoch(table, state, weighing, seed=seed)
                improved = self._judge(data, state, plans, patience=patience)
                if callbacks.on_epoch is not None:
                    callbacks.on_epoch(state.epoch, training, [_report(state, number, plan) for number, plan in enumerate(plans)])
                if callbacks.follow is not None:
                    usable = [number for number in (improved if followed else range(len(plans))) if number not in state.problems]
                    followed.update(self._predict_best(data, state, plans, usable))
                    callbacks.follow(state.epoch, followed)
                if callbacks.keep is not None:
                    callbacks.keep(lambda: replace(state, variables=self._stack.read_all()))
            usable = [number for number in range(len(plans)) if number not in state.problems]
            predicted = self._predict_best(data, state, plans, usable)
            return [
                TrainedModel(_report(state, number, plan), tuple(weight[number] for weight in state.best), predicted.get(number, {}))
                for number, plan in enumerate(plans)
            ]

    def predict(self, weights: Sequence[npt.NDArray[np.float32]], features: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
        """Return the probabilities that the model with the given weights predicts for a recording (T, D), float32 of shape (T, K)."""
        stacked = [tf.constant(weight[None]) for weight in weights]
        predict = partial(self._stack.predict, stacked)
        return predict_recording(predict, features, length=self._length, looks_back=self._make_steps is not None)[0]

    def make_model(self, weights: Sequence[npt.NDArray[np.float32]]) -> WindowedNetwork:
        """Return the model with the given weights, which a bundle holds."""
        return WindowedNetwork(self.export(weights), self._length, self._make_steps)

    def export(self, weights: Sequence[npt.NDArray[np.float32]]) -> keras.Model:
        """Return the plain Keras model with the given weights."""
        model = build_head(**self._settings)
        model.set_weights(list(weights))
        return model

    def draw_weights(self, seed: int) -> list[npt.NDArray[np.float32]]:
        """Return the weights of a newly built model."""
        # Layers draw their seeds from Python's generator, and initialisers theirs from the layers. Keras's set_random_seed would also make
        # TensorFlow prepare every traced function again, which takes seconds.
        state = random.getstate()
        random.seed(seed)
        try:
            return list(build_head(**self._settings).get_weights())
        finally:
            random.setstate(state)

    def _begin(self, plans: Sequence[ModelPlan], initial: Sequence[Sequence[npt.NDArray[np.float32]]] | None) -> TrainingState:
        weights = [np.empty((len(plans), *shape), dtype=np.float32) for shape in self._stack.weight_shapes]
        for number, plan in enumerate(plans):
            drawn = initial[number] if initial else self.draw_weights(plan.seed)
            for weight, values in zip(weights, drawn, strict=True):
                weight[number] = values
        # Unlike `zeros_like`, `zeros` takes no memory before something is written.
        moments = [np.zeros(weights[index].shape, dtype=np.float32) for index in self._stack.trainable for _ in range(2)]
        return TrainingState(
            epoch=0,
            active=np.arange(len(plans)),
            variables=[*weights, *moments],
            steps=np.zeros(len(plans), dtype=np.float32),
            best=[weight.copy() for weight in weights],
            scores=[[] for _ in plans],
            losses=[[] for _ in plans],
        )

    def _run_epoch(self, table: WindowTable, state: TrainingState, weighing: PlanWeights, *, seed: int) -> None:
        """Show every window once to every model that is still trained."""
        state.epoch += 1
        active = state.active
        constants = {
            "preparations": weighing.preparations[active],
            "columns": weighing.columns[active],
            "class_weights": weighing.class_weights[active],
        }
        total, n_steps = np.zeros(len(active)), np.zeros(len(active))
        rng = np.random.default_rng([seed, state.epoch])
        self._stack.seed_dropout(rng.integers(2**32, size=2, dtype=np.uint32))
        for batch in table.draw(rng, self._batch_size):
            counts = weighing.count(batch)[active]
            loss = self._stack.train_on(batch, counts=counts, steps=state.steps, **constants)
            moved = counts.any(axis=1)
            state.steps += moved
            total += np.where(moved, loss, 0.0)
            n_steps += moved
        # The last step may break a model without any loss that says so.
        usable = np.isfinite(total) & self._stack.find_usable()
        for number, loss, is_usable in zip(active, total / np.maximum(n_steps, 1), usable, strict=True):
            state.losses[number].append(float(loss))
            if not is_usable:
                state.problems[int(number)] = (
                    f"the loss is not a number after epoch {state.epoch}; lower the learning rate, or look for extreme features"
                )

    def _judge(self, data: SequenceData, state: TrainingState, plans: Sequence[ModelPlan], *, patience: int) -> list[int]:
        """Score the validation recordings, keep the weights of models that are better than before, and remove those that are done.

        Returns
        -------
        The models whose weights were kept.
        """
        positions = {int(number): position for position, number in enumerate(state.active)}
        usable = [number for number in positions if number not in state.problems]

        def gather(numbers: Sequence[int]) -> list[Any]:
            return self._stack.gather([positions[number] for number in numbers])

        validated = [number for number in usable if plans[number].validation]
        predictions = self._predict(data, plans, validated, gather, recordings=lambda plan: plan.validation)
        improved = [number for number in usable if not plans[number].validation]
        for number in validated:
            state.scores[number].append(_score(data, plans[number], predictions[number]))
            if state.scores[number][-1] > max(state.scores[number][:-1], default=-1.0):
                improved.append(number)
        for best, value in zip(state.best, gather(improved), strict=True):
            best[improved] = value.numpy()
        done = [number for number in positions if number in state.problems or _is_done(state, number, plans[number], patience)]
        if done:
            is_kept = np.array([number not in done for number in state.active])
            self._stack.keep_models(is_kept)
            state.active, state.steps = state.active[is_kept], state.steps[is_kept]
        return sorted(improved)

    def _predict_best(
        self, data: SequenceData, state: TrainingState, plans: Sequence[ModelPlan], numbers: Sequence[int]
    ) -> dict[int, Mapping[int, npt.NDArray[np.float32]]]:
        def gather(chosen: Sequence[int]) -> list[Any]:
            return [tf.constant(best[list(chosen)]) for best in state.best]

        with measure_step("predict"):
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
        """Return probabilities (T, K) by model and recording; models of the same recordings predict together."""
        together: dict[tuple[int, tuple[int, ...]], list[int]] = {}
        for number in numbers:
            together.setdefault((plans[number].preparation, recordings(plans[number])), []).append(number)
        predictions: dict[int, dict[int, npt.NDArray[np.float32]]] = {number: {} for number in numbers}
        for (preparation, predicted), members in together.items():
            weights = gather(members)
            for recording in predicted:
                values = predict_recording(
                    partial(self._stack.predict, weights),
                    data.features[preparation][recording],
                    length=self._length,
                    looks_back=self._make_steps is not None,
                )
                for position, number in enumerate(members):
                    predictions[number][recording] = values[position]
        return dict(predictions)


def _score(data: SequenceData, plan: ModelPlan, predicted: Mapping[int, npt.NDArray[np.float32]]) -> float:
    """Return the mean of average precision on the validation recordings, over the behaviors that occur there; -1 where none does."""
    probabilities = np.concatenate([predicted[index] for index in plan.validation])
    truth = np.concatenate([data.labels[index][:, list(plan.outputs)] for index in plan.validation])
    scores = [average_precision(truth[:, column], probabilities[:, column]) for column in range(len(plan.outputs))]
    known = [score for score in scores if np.isfinite(score)]
    return float(np.mean(known)) if known else -1.0


def _is_done(state: TrainingState, number: int, plan: ModelPlan, patience: int) -> bool:
    if state.epoch >= plan.epochs:
        return True
    return bool(plan.validation) and state.epoch - _find_best_epoch(state, number, plan) >= patience


def _find_best_epoch(state: TrainingState, number: int, plan: ModelPlan) -> int:
    scores = state.scores[number]
    return int(np.argmax(scores)) + 1 if plan.validation and scores else len(state.losses[number])


def _report(state: TrainingState, number: int, plan: ModelPlan) -> FitReport:
    return FitReport(
        best_epoch=_find_best_epoch(state, number, plan),
        epochs=len(state.losses[number]),
        validation_scores=tuple(state.scores[number]),
        losses=tuple(state.losses[number]),
        problem=state.problems.get(number, ""),
    )
