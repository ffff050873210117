"""What every kind of head offers: something that trains it as planned, and something that predicts with what was trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from behavior.row_blocks import RowBlocks
from behavior.sequence.plans import FitCallbacks, ModelPlan, TrainedModel, TrainingState
from behavior.sequence.windows import SequenceData

__all__ = ["FrameModel", "FrameStream", "HeadWeights", "StateShapes", "Trainer"]

# What a kind of head keeps of one trained model, in an order of its own.
HeadWeights = Sequence[npt.NDArray[Any]]


@dataclass(frozen=True)
class StateShapes:
    """What the state of models in training consists of, for one model.

    Attributes
    ----------
    weights
        Shapes of its weights.
    moments
        Shapes of what the optimiser keeps.
    """

    weights: Sequence[tuple[int, ...]]
    moments: Sequence[tuple[int, ...]]


class FrameStream(Protocol):
    """Predicts one recording, or a stretch without a gap, as its prepared features come: what `FrameModel.predict` would."""

    def advance(self, vector: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
        """Take the next vector (D,), and return the probabilities (N, K) of the frames that have them now, in their order."""

    def finish(self) -> npt.NDArray[np.float32]:
        """Return the probabilities (N, K) of the frames that are left, which nothing follows."""


class FrameModel(Protocol):
    """One trained model, from the prepared features of frames to probabilities.

    Attributes
    ----------
    n_features
        Length of a frame's vector, D.
    n_outputs
        Number of behaviors that it answers for, K.
    n_ahead
        Vectors that have to follow one before its probabilities are known; 0 for a model that looks back only.
    """

    @property
    def n_features(self) -> int:
        """Length of a frame's vector, D."""

    @property
    def n_outputs(self) -> int:
        """Number of behaviors, K."""

    @property
    def n_ahead(self) -> int:
        """Vectors that have to follow one before its probabilities are known."""

    def predict(self, features: npt.NDArray[np.floating] | RowBlocks) -> npt.NDArray[np.float32]:
        """Return the probabilities (T, K) of a recording, or a stretch without a gap, (T, D)."""

    def find_reach(self, first: int, last: int, n_vectors: int) -> tuple[int, int]:
        """Return the vectors [start, stop), of `n_vectors`, on which the probabilities of those from `first` to `last` depend.

        Predicted alone, they get the same probabilities from `first` to `last` as within the whole.
        """

    def start_stream(self) -> FrameStream:
        """Return what predicts a recording vector by vector, to the same numbers as `predict` but for rounding."""

    def predict_variants(self, variants: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
        """Return the probabilities (V, T, K) of several forms of the features of one stretch, (V, T, D)."""


class Trainer(Protocol):
    """Trains models of one kind and setting."""

    @property
    def state_shapes(self) -> StateShapes | None:
        """What a state that `callbacks.keep` is offered consists of; None where models are trained too quickly to keep any."""

    def count_at_once(self) -> int:
        """Return how many models may be trained side by side."""

    def fit(
        self,
        data: SequenceData,
        plans: Sequence[ModelPlan],
        *,
        seed: int,
        balanced: bool = True,
        patience: int = 5,
        resume: TrainingState | None = None,
        callbacks: FitCallbacks = ...,
    ) -> list[TrainedModel]:
        """Train one model for each of `plans`, at most as many as `count_at_once` says.

        Parameters
        ----------
        data
            Every recording that any plan names.
        plans
            Each with at least one frame of both classes in its training recordings, for at least one of its outputs.
        seed
            What is drawn for all models together follows from it.
        balanced
            Whether rare frames count more (`weighting.balance_classes`).
        patience
            Epochs without a better score after which a model stops.
        resume
            A state that `callbacks.keep` was offered in an earlier run of the same plans.
        callbacks
            What is called after epochs.
        """

    def predict(self, weights: HeadWeights, features: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
        """Return the probabilities that the model with the given weights predicts for a recording (T, D), float32 of shape (T, K)."""

    def make_model(self, weights: HeadWeights) -> FrameModel:
        """Return the model with the given weights, as it is kept and predicts elsewhere."""
