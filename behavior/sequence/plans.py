"""What each of the models that are trained together does, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from behavior.sequence.batches import Batch
from behavior.sequence.weighting import balance_classes, count_classes
from behavior.sequence.windows import SequenceData

__all__ = ["FitCallbacks", "FitReport", "ModelPlan", "PlanWeights", "TrainedModel", "TrainingState"]


@dataclass(frozen=True)
class ModelPlan:
    """What one of the models does. Recordings are indexes into `SequenceData`.

    Attributes
    ----------
    outputs
        Columns of the labels that it predicts.
    training
        Recordings that it is trained on; one that is listed twice counts twice.
    validation
        Recordings that decide when it stops, by the mean over behaviors of average precision; () for a fixed number of epochs.
    predicted
        Recordings whose probabilities are wanted.
    epochs
        The most epochs; the number of epochs where there are no validation recordings.
    seed
        Its initial weights follow from it.
    preparation
        Which of the prepared features are its input.
    """

    outputs: tuple[int, ...]
    training: tuple[int, ...]
    validation: tuple[int, ...]
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
        Number of epochs that were run.
    validation_scores
        Mean over behaviors of average precision on the validation recordings after each epoch; empty without any.
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
    """One trained model: its report, its weights as its kind of head keeps them, and probabilities (T, K) by recording."""

    report: FitReport
    weights: tuple[npt.NDArray[Any], ...]
    probabilities: Mapping[int, npt.NDArray[np.float32]]


@dataclass
class TrainingState:
    """A group of models in the middle of their training, as plain arrays: what a run needs to resume where it left off.

    Attributes
    ----------
    epoch
        Epochs that are finished.
    active
        Which models of the group are still trained, shape (A,).
    variables
        Weights and both moments of the active ones, arrays (A, ...).
    steps
        Number of optimiser steps of each of them, shape (A,).
    best
        Weights of the best epoch of all models of the group, arrays (M, ...).
    scores, losses
        Of each model after each epoch that it ran.
    problems
        Why models were given up, by their index in the group.
    """

    epoch: int
    active: npt.NDArray[np.int64]
    variables: list[npt.NDArray[np.float32]]
    steps: npt.NDArray[np.float32]
    best: list[npt.NDArray[np.float32]]
    scores: list[list[float]]
    losses: list[list[float]]
    problems: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class FitCallbacks:
    """What is called after each epoch of models that are trained together; what it raises ends the training.

    Attributes
    ----------
    on_epoch
        Called with the number of the epoch, from 1, the plans that were trained in it, and the reports of all plans so far.
    follow
        Called with the number of the epoch and what the best weights so far of each plan predict, by plan and recording.
    keep
        Called with a function that returns the state.
    """

    on_epoch: Callable[[int, Sequence[int], Sequence[FitReport]], None] | None = None
    follow: Callable[[int, Mapping[int, Mapping[int, npt.NDArray[np.float32]]]], None] | None = None
    keep: Callable[[Callable[[], TrainingState]], None] | None = None


class PlanWeights:
    """Which windows each plan counts, and how much, as arrays over plans.

    Attributes
    ----------
    preparations
        Index of the prepared features, int32 of shape (M,).
    columns
        Columns of the labels that are predicted, int32 of shape (M, K).
    class_weights
        Weights of a negative and of a positive frame, float32 of shape (M, K, 2); 0 for a behavior that cannot be trained.
    """

    def __init__(self, data: SequenceData, plans: Sequence[ModelPlan], *, balanced: bool) -> None:
        self.preparations = np.array([plan.preparation for plan in plans], dtype=np.int32)
        self.columns = np.array([plan.outputs for plan in plans], dtype=np.int32)
        self.class_weights = np.zeros((*self.columns.shape, 2), dtype=np.float32)
        self._counts = np.zeros((len(plans), len(data.labels)), dtype=np.float32)
        for number, plan in enumerate(plans):
            np.add.at(self._counts[number], list(plan.training), 1)
            for position, column in enumerate(plan.outputs):
                labels = [data.labels[index][:, column] for index in plan.training]
                # A behavior that cannot be trained here weighs nothing next to those that can.
                if all(count_classes(labels)):
                    self.class_weights[number, position] = balance_classes(labels) if balanced else (1.0, 1.0)

    def count(self, batch: Batch) -> npt.NDArray[np.float32]:
        """Return how often each plan counts each window of `batch`, float32 of shape (M, N): never one without a frame for it."""
        visible: npt.NDArray[np.bool_] = np.any(batch.labels >= 0, axis=1)
        is_trained = self.class_weights.any(axis=2)
        useful = (visible[:, self.columns] & is_trained).any(axis=2).T
        return np.where(useful, self._counts[:, batch.recordings], 0.0).astype(np.float32)
