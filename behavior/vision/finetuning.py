"""Training a backbone on labelled crops: first a small head on the frozen network, then the network's last stage too."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from behavior.errors import TrainingError
from behavior.metrics.frames import average_precision
from behavior.vision.augmentation import WindowAugmenter
from behavior.vision.backbones import BackboneSpecification, build_network
from behavior.vision.preprocessing import Preprocessing, preprocess
from behavior.vision.unfreezing import list_layers, thaw_layers

if TYPE_CHECKING:
    import keras

__all__ = ["CropWindows", "Finetuner", "StageReport", "open_network"]

# Logits beyond it are as sure as float32 can say.
MOST_CERTAIN = 60.0

Floats = npt.NDArray[np.float32]


class Progress(Protocol):
    """Is told that `count` more crops went through the network, and how it goes."""

    def __call__(self, count: int, note: str = "") -> None:
        """Move the display on."""


@dataclass(frozen=True)
class CropWindows:
    """Labelled frames, each with the frames around it that are looked at together.

    Attributes
    ----------
    images
        Crops that windows are made of, uint8 RGB of shape (F, S, S, 3); may be mapped from a file.
    frames
        For each window the W rows of `images` that it shows, in order; int64 of shape (N, W).
    labels
        Of the labelled frame: 1, 0, or -1 for frames that nobody labelled, int8 of shape (N, B).
    """

    images: npt.NDArray[np.uint8]
    frames: npt.NDArray[np.int64]
    labels: npt.NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.frames)

    def count_crops(self) -> int:
        """Return how many different crops the windows show."""
        return len(np.unique(self.frames))

    def read(self, windows: npt.NDArray[np.intp]) -> npt.NDArray[np.uint8]:
        """Return the crops of some windows, by index: uint8 of shape (N, W, S, S, 3)."""
        return np.asarray(self.images[self.frames[windows]])


@dataclass(frozen=True)
class StageReport:
    """How one stage went.

    Attributes
    ----------
    scores
        Average precision on the validation recordings, float64 of shape (E + 1, B): before the first epoch and after each; NaN for a
        behavior that does not occur there. Empty without validation recordings.
    accuracies
        Share of the validation labels that are decided right at 0.5, laid out as `scores`.
    losses
        Mean loss of each of the E epochs.
    learning_rates
        Of each of the E epochs.
    best_epoch
        Whose weights were kept; 0 where no epoch improved on what was there before.
    """

    scores: npt.NDArray[np.float64]
    accuracies: npt.NDArray[np.float64]
    losses: tuple[float, ...]
    learning_rates: tuple[float, ...]
    best_epoch: int


def open_network(specification: BackboneSpecification, weights: str, *, seed: int) -> keras.Model:
    """Return the network of a backbone, as `build_network`; what it draws itself, such as which blocks are skipped, comes from `seed`."""
    import keras

    keras.utils.set_random_seed(seed)
    return build_network(specification, weights)


class Finetuner:
    """A network with a head of a sigmoid per behavior on it, and what trains the two.

    Parameters
    ----------
    network
        Maps preprocessed images (N, S, S, C) to vectors (N, D); is changed by `fit_backbone`.
    preprocessing, n_channels
        What its images are (`BackboneSpecification`).
    n_outputs
        Number of behaviors B.
    window
        Frames W that are looked at together.
    pooling
        "mean" of a window's vectors, or "concatenate", which sees their order.
    dropout
        Share of the pooled vector that the head does not see in training.
    batch_size
        Windows in a step.
    augmenter
        Changes the training crops; None for none.
    seed
        Of weights, order and dropout. The same seed gives the same weights on the same machine.
    """

    def __init__(
        self,
        network: keras.Model,
        *,
        preprocessing: Preprocessing,
        n_channels: int = 3,
        n_outputs: int,
        window: int = 1,
        pooling: str = "mean",
        dropout: float = 0.2,
        batch_size: int = 32,
        augmenter: WindowAugmenter | None = None,
        seed: int = 0,
    ) -> None:
        import keras

        self._network = network
        self._preprocessing: Preprocessing = preprocessing
        self._n_channels = n_channels
        self._n_outputs = n_outputs
        self._window = window
        self._size = int(network.input_shape[1])
        self._batch_size = batch_size
        self._augmenter = augmenter
        self._note = ""
        seeds = [int(value >> 1) for value in np.random.SeedSequence(seed).generate_state(3)]
        self._rng = np.random.default_rng(seeds[0])
        n_features = int(network.output_shape[-1])
        vectors = keras.Input((window, n_features))
        pooled = keras.ops.mean(vectors, axis=1) if pooling == "mean" else keras.layers.Flatten()(vectors)
        # Backbones differ in the scale of their features by orders of magnitude, and one learning rate is to do for all.
        scaled = keras.layers.LayerNormalization(center=False, scale=False)(pooled)
        kept = keras.layers.Dropout(dropout, seed=seeds[1])(scaled)
        initializer = keras.initializers.GlorotUniform(seed=seeds[2])
        self._head = keras.Model(vectors, keras.layers.Dense(n_outputs, kernel_initializer=initializer)(kept), name="head")
        self._embedder = self._make_embedder()

    def fit_head(
        self,
        training: CropWindows,
        validation: CropWindows | None,
        weights: Floats,
        *,
        learning_rate: float,
        epochs: int,
        patience: int,
        on_progress: Progress,
    ) -> StageReport:
        """Train the head on what the network, as it is, makes of the crops, changed again in every epoch.

        Parameters
        ----------
        training
            N training windows, which are shuffled over all recordings.
        validation
            What early stopping scores, by the mean over behaviors of their average precision, as the crops are; None to run all epochs
            and keep the last.
        weights
            How much each label counts, float32 of shape (N, B): 0 where it is -1, or the head is not trained on the behavior.
        patience
            Epochs without improvement after which to stop.

        Raises
        ------
        TrainingError
            If the loss is not a number.
        """
        self._compile(self._head, learning_rate)
        embedded = self._embed_frames(validation, on_progress) if validation is not None else None

        def fit_batch(windows: npt.NDArray[np.uint8], target: Floats) -> float:
            return float(self._head.train_on_batch(self._embed(self._change(windows)), target))

        def predict() -> Floats:
            assert embedded is not None
            return self._answer(*embedded)

        return self._fit(self._head, training, validation, weights, fit_batch, predict, epochs, patience, None, on_progress)

    def fit_backbone(
        self,
        training: CropWindows,
        validation: CropWindows | None,
        weights: Floats,
        *,
        layers: Sequence[keras.layers.Layer],
        freeze_batch_normalization: bool = True,
        learning_rate: float,
        epochs: int,
        patience: int,
        plateau: int | None = None,
        on_progress: Progress,
    ) -> StageReport:
        """Train `layers` of the network, and the head, together.

        Parameters
        ----------
        training, validation, weights, patience
            As in `fit_head`.
        layers
            Those of `choose_layers`; all others stay as they are.
        freeze_batch_normalization
            Whether batch normalisation stays as it is everywhere and uses its running statistics, as in inference. A batch of one small
            study is not what these were measured on.
        plateau
            Epochs without improvement, again and again, after which the learning rate is halved; None for never.
        """
        import keras

        chosen = {id(layer) for layer in layers}
        thaw_layers(self._network)
        for layer in list_layers(self._network):
            is_frozen_norm = freeze_batch_normalization and isinstance(layer, keras.layers.BatchNormalization)
            layer.trainable = id(layer) in chosen and not is_frozen_norm
        full = self._make_full()
        self._compile(full, learning_rate)

        def fit_batch(windows: npt.NDArray[np.uint8], target: Floats) -> float:
            return float(full.train_on_batch(self._change(windows), target))

        def predict() -> Floats:
            assert validation is not None
            return self.predict(validation, on_progress=on_progress)

        report = self._fit(full, training, validation, weights, fit_batch, predict, epochs, patience, plateau, on_progress)
        # Whoever saves the network wants none of this in the file.
        thaw_layers(self._network)
        return report

    def predict(self, windows: CropWindows, *, on_progress: Progress | None = None) -> Floats:
        """Return the probabilities of the behaviors in each window, float32 of shape (N, B)."""
        return self._answer(*self._embed_frames(windows, on_progress))

    def _fit(
        self,
        model: keras.Model,
        training: CropWindows,
        validation: CropWindows | None,
        weights: Floats,
        fit_batch: Callable[[npt.NDArray[np.uint8], Floats], float],
        predict: Callable[[], Floats],
        epochs: int,
        patience: int,
        plateau: int | None,
        on_progress: Progress,
    ) -> StageReport:
        targets = np.concatenate([(training.labels == 1).astype(np.float32), weights], axis=1)
        # Only behaviors that the head is trained on are scored: those with a weight.
        columns = np.flatnonzero((weights > 0).any(axis=0))

        def score() -> npt.NDArray[np.float64]:
            assert validation is not None
            found = np.full((2, self._n_outputs), np.nan)
            predicted = predict()
            for column in columns:
                shown = validation.labels[:, column]
                found[0, column] = average_precision(shown, predicted[:, column])
                found[1, column] = _rate_accuracy(shown, predicted[:, column])
            return found

        self._note = ""
        scored = [score()] if validation is not None else []
        losses: list[float] = []
        rates: list[float] = []
        best_epoch, best = 0, model.get_weights()
        told = ""
        for epoch in range(1, epochs + 1):
            total = 0.0
            for part in self._shuffle(len(training)):
                loss = fit_batch(training.read(part), targets[part])
                if not np.isfinite(loss):
                    raise TrainingError(f"the loss became {loss} in epoch {epoch}, expected a number; lower the learning rate.")
                total += loss * len(part)
                self._note = f"epoch {epoch}{told}"
                on_progress(len(part) * self._window, self._note)
            losses.append(total / len(training))
            rates.append(float(model.optimizer.learning_rate))
            if validation is None:
                best_epoch = epoch
                continue
            scored.append(score())
            means = [_average(values[0]) for values in scored]
            told = f", average precision {means[-1]:.3f}"
            if means[-1] > means[best_epoch]:
                best_epoch, best = epoch, model.get_weights()
            if epoch - best_epoch >= patience:
                break
            if plateau is not None and epoch > best_epoch and (epoch - best_epoch) % plateau == 0:
                model.optimizer.learning_rate = rates[-1] / 2
        if validation is not None:
            model.set_weights(best)
        both = np.array(scored).reshape(-1, 2, self._n_outputs)
        return StageReport(both[:, 0], both[:, 1], tuple(losses), tuple(rates), best_epoch)

    def _change(self, windows: npt.NDArray[np.uint8]) -> Floats:
        return self._augmenter.augment(windows) if self._augmenter is not None else windows.astype(np.float32)

    def _shuffle(self, count: int) -> Iterator[npt.NDArray[np.intp]]:
        order = self._rng.permutation(count)
        for start in range(0, count, self._batch_size):
            yield order[start : start + self._batch_size]

    def _embed(self, windows: Floats) -> Floats:
        """Return the vectors (N, W, D) of changed windows (N, W, S, S, 3)."""
        images = windows.reshape(-1, *windows.shape[2:])
        return self._run(self._embedder, lambda part: images[part], len(images)).reshape(*windows.shape[:2], -1)

    def _embed_frames(self, windows: CropWindows, on_progress: Progress | None) -> tuple[Floats, npt.NDArray[np.intp]]:
        """Return the vectors (K, D) of all images that `windows` show, each embedded once, and for each window its W rows of them."""
        shown, rows = np.unique(windows.frames, return_inverse=True)
        vectors = self._run(self._embedder, lambda part: windows.images[shown[part]].astype(np.float32), len(shown), on_progress)
        return vectors, rows.reshape(windows.frames.shape)

    def _answer(self, vectors: Floats, rows: npt.NDArray[np.intp]) -> Floats:
        """Return what the head makes of windows of `vectors` (K, D), given by their rows (N, W): probabilities (N, B)."""
        logits = self._run(self._head, lambda part: vectors[rows[part]], len(rows))
        return (1.0 / (1.0 + np.exp(-np.clip(logits, -MOST_CERTAIN, MOST_CERTAIN)))).astype(np.float32)

    def _run(
        self, model: keras.Model, read: Callable[[npt.NDArray[np.intp]], npt.NDArray], count: int, on_progress: Progress | None = None
    ) -> Floats:
        """Return what `model` makes of `count` rows, which `read` returns by their numbers."""
        outputs = np.empty((count, int(model.output_shape[-1])), dtype=np.float32)
        for start in range(0, count, self._batch_size):
            part = np.arange(start, min(start + self._batch_size, count))
            outputs[part] = np.asarray(model.predict_on_batch(read(part)))
            if on_progress is not None:
                on_progress(len(part), self._note)
        return outputs

    def _make_embedder(self) -> keras.Model:
        import keras

        image = keras.Input((self._size, self._size, 3), dtype="float32")
        vectors = self._network(preprocess(image, self._preprocessing, n_channels=self._n_channels), training=False)
        embedder = keras.Model(image, vectors, name="embedder")
        # XLA makes these networks slower on a CPU.
        embedder.compile(jit_compile=False)
        return embedder

    def _make_full(self) -> keras.Model:
        import keras

        windows = keras.Input((self._window, self._size, self._size, 3), dtype="float32")
        images = keras.ops.reshape(windows, (-1, self._size, self._size, 3))
        vectors = self._network(preprocess(images, self._preprocessing, n_channels=self._n_channels))
        return keras.Model(windows, self._head(keras.ops.reshape(vectors, (-1, self._window, vectors.shape[-1]))), name="full")

    def _compile(self, model: keras.Model, learning_rate: float) -> None:
        import keras

        model.compile(optimizer=keras.optimizers.Adam(learning_rate), loss=_weigh_loss, jit_compile=False)


def _weigh_loss(target: Any, logits: Any) -> Any:
    """Return the binary cross-entropy, weighted, over the number of labels that weigh anything.

    `target` (N, 2 B) has the labels, then their weights.
    """
    from keras import ops

    labels, weights = ops.split(target, 2, axis=-1)
    # log(1 + exp(x)) - x y: the cross-entropy of a sigmoid, without its overflow.
    losses = ops.softplus(logits) - logits * labels
    return ops.sum(weights * losses) / ops.maximum(ops.sum(ops.cast(weights > 0, "float32")), 1.0)


def _rate_accuracy(labels: npt.NDArray[np.int8], probabilities: Floats) -> float:
    """Return the share of the labels 1 and 0 that are decided right at 0.5; NaN where there is none."""
    known = labels >= 0
    return float(np.mean((probabilities[known] >= 0.5) == (labels[known] == 1))) if known.any() else np.nan


def _average(scores: npt.NDArray[np.float64]) -> float:
    """Return the mean over the behaviors that have a score; -1 where none has."""
    return float(np.nanmean(scores)) if np.isfinite(scores).any() else -1.0
