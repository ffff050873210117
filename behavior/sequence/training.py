"""Fitting a head to the labels of one behavior."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from behavior.errors import TrainingError
from behavior.metrics.frames import average_precision
from behavior.sequence.heads import build_head
from behavior.sequence.inference import predict_recording
from behavior.sequence.weighting import balance_classes
from behavior.sequence.windows import SequenceData, find_training_starts, mark_fresh_frames, take_windows

__all__ = ["FitReport", "HeadTrainer"]


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
        Average precision on the watched recordings after each epoch; empty where none were watched.
    losses
        Mean training loss of each epoch.
    """

    best_epoch: int
    epochs: int
    validation_scores: tuple[float, ...]
    losses: tuple[float, ...]


class HeadTrainer:
    """Fits heads of one setting, one after the other, without building or tracing the network again.

    Parameters
    ----------
    head
        Arguments of `heads.build_head` but `n_features`.
    n_features
        Length of a frame's vector.
    window_length
        Frames in a window.
    learning_rate
        Of the Adam optimiser (Kingma and Ba 2015, arXiv:1412.6980, with Keras's other settings).
    batch_size
        Windows in a training step.
    """

    def __init__(self, *, head: Mapping[str, Any], n_features: int, window_length: int, learning_rate: float, batch_size: int) -> None:
        self._settings = {"n_features": n_features, **head}
        self._length = window_length
        self._batch_size = batch_size
        self._model = build_head(**self._settings)
        self._optimizer = keras.optimizers.Adam(learning_rate)
        # The weights of frames hold the whole normalisation of the loss, so that frames without weight do not dilute it. XLA makes
        # recurrent layers several times slower on a CPU.
        self._model.compile(optimizer=self._optimizer, loss=keras.losses.BinaryCrossentropy(reduction="sum"), jit_compile=False)
        self._optimizer.build(self._model.trainable_variables)
        self._fresh_optimizer = [keras.ops.convert_to_numpy(variable) for variable in self._optimizer.variables]

    def fit(
        self,
        training: SequenceData,
        *,
        epochs: int,
        seed: int,
        balanced: bool = True,
        validation: SequenceData | None = None,
        patience: int = 5,
        on_epoch: Callable[[int, float | None], None] | None = None,
    ) -> FitReport:
        """Fit the head from new weights; afterwards it has those of its best epoch.

        Parameters
        ----------
        training
            What is learned from: at least one frame of each class.
        epochs
            At most so many; exactly so many where nothing is watched.
        seed
            Weights, dropout and the order of windows follow from it.
        balanced
            Whether rare frames count more (`weighting.balance_classes`).
        validation
            Recordings watched for early stopping, by their average precision over all frames.
        patience
            Epochs without a better score after which the fit stops.
        on_epoch
            Called after each epoch with its number, from 1, and the score.

        Raises
        ------
        TrainingError
            If the loss is no number any more.
        """
        self._reset(seed)
        weights = balance_classes(training.labels) if balanced else (1.0, 1.0)
        windows = _Windows(training, self._length, weights)
        order = np.random.default_rng(seed)
        scores: list[float] = []
        losses: list[float] = []
        best_epoch, best_weights = epochs, None
        for epoch in range(1, epochs + 1):
            batches = windows.shuffle(order, self._batch_size)
            losses.append(float(np.mean([float(self._model.train_on_batch(*batch)) for batch in batches])))
            if not np.isfinite(losses[-1]):
                raise TrainingError(f"the loss is no number after epoch {epoch}; lower the learning rate, or look for extreme features.")
            if validation is not None:
                guesses = [self.predict(values) for values in validation.features]
                scores.append(average_precision(np.concatenate(validation.labels), np.concatenate(guesses)))
                if scores[-1] > max(scores[:-1], default=-1.0):
                    best_epoch, best_weights = epoch, self._model.get_weights()
            if on_epoch is not None:
                on_epoch(epoch, scores[-1] if scores else None)
            if validation is not None and epoch - best_epoch >= patience:
                break
        if best_weights is not None:
            self._model.set_weights(best_weights)
        return FitReport(best_epoch, len(losses), tuple(scores), tuple(losses))

    def predict(self, features: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
        """Return the probability of the behavior in every frame of a recording (T, D), float32 of shape (T,)."""
        return predict_recording(self._model.predict_on_batch, features, length=self._length)

    def export(self) -> keras.Model:
        """Return a copy of the head as it is now, which later fits leave alone."""
        model = build_head(**self._settings)
        model.set_weights(self._model.get_weights())
        return model

    def _reset(self, seed: int) -> None:
        """Give the network the weights of a newly built one, and forget what the optimiser has gathered."""
        # Layers draw their own seeds from Python's generator, initialisers from the seeds of the layers.
        random.seed(seed)
        keras.utils.set_random_seed(seed)
        new = build_head(**self._settings)
        for variable, value in zip(self._model.variables, new.variables, strict=True):
            variable.assign(value)
        for variable, value in zip(self._optimizer.variables, self._fresh_optimizer, strict=True):
            variable.assign(value)


class _Windows:
    """The training windows of some recordings, gathered batch by batch."""

    def __init__(self, data: SequenceData, length: int, class_weights: tuple[float, float]) -> None:
        self._data = data
        self._length = length
        self._class_weights = np.array(class_weights, dtype=np.float32)
        places, weights, targets = [], [], []
        for number, labels in enumerate(data.labels):
            starts = find_training_starts(len(labels), length)
            truth = take_windows(labels, starts, length)
            seen = mark_fresh_frames(starts, length, len(labels)) & (truth >= 0)
            places += [(number, start) for start in starts]
            targets.append(np.maximum(truth, 0).astype(np.float32))
            # A window's loss is the mean over the frames that count in it.
            weights.append(np.where(seen, self._class_weights[np.maximum(truth, 0)], 0) / np.maximum(seen.sum(axis=1, keepdims=True), 1))
        self._places = np.array(places, dtype=np.int64)
        self._targets = np.concatenate(targets)
        self._weights = np.concatenate(weights).astype(np.float32)
        self._useful = np.flatnonzero(self._weights.any(axis=1))

    def shuffle(self, rng: np.random.Generator, batch_size: int) -> Sequence[tuple[npt.NDArray, npt.NDArray, npt.NDArray]] | Any:
        """Yield features (N, W, D), targets (N, W, 1) and weights (N, W) of each batch, in a new order."""
        order = rng.permutation(self._useful)
        for first in range(0, len(order), batch_size):
            chosen = order[first : first + batch_size]
            features = np.stack([self._gather(number, start) for number, start in self._places[chosen]])
            yield features, self._targets[chosen][:, :, None], self._weights[chosen] / len(chosen)

    def _gather(self, number: int, start: int) -> npt.NDArray[np.float32]:
        windows = take_windows(self._data.features[number], np.array([start]), self._length)
        return np.asarray(windows[0], dtype=np.float32)
