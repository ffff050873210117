"""What each of the models that are fitted together does, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from behavior.sequence.batches import Batch
from behavior.sequence.weighting import balance_classes, count_classes
from behavior.sequence.windows import SequenceData

__all__ = ["FitReport", "ModelPlan", "PlanWeights", "TrainedModel", "TrainingState"]


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


class PlanWeights:
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
