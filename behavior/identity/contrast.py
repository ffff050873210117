"""Training a fingerprint without labels: crops of one tracklet are one animal, tracklets seen together are two."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from behavior.identity.networks import embed_inputs
from behavior.identity.overlaps import TrackletRelations, find_coexisting

__all__ = ["CropTable", "EmbeddingTrainer", "contrast_loss", "shake_crops"]

Integers = npt.NDArray[np.int64]
Arrays = npt.NDArray[np.float32]
Change = Callable[[Arrays, np.random.Generator], Arrays]

TEMPERATURE = 0.1
# Of Adam; it falls to a tenth over each training.
_LEARNING_RATE = 2e-3


@dataclass(frozen=True)
class CropTable:
    """Crops of N tracklets, M of them.

    Attributes
    ----------
    inputs
        What a network sees of each, float32 of shape (M, ...).
    owners
        Which tracklet each is of, int64 of shape (M,).
    starts, stops
        Frames [start, stop) of each tracklet, int64 of shape (N,).
    """

    inputs: Arrays
    owners: Integers
    starts: Integers
    stops: Integers

    def __post_init__(self) -> None:
        if len(self.inputs) != len(self.owners) or len(self.starts) != len(self.stops):
            raise ValueError(
                f"{len(self.inputs)} inputs with {len(self.owners)} owners, {len(self.starts)} starts with {len(self.stops)} stops; "
                "expected as many of each"
            )
        if len(self.owners) and not 0 <= self.owners.min() <= self.owners.max() < len(self.starts):
            raise ValueError(f"owners reach from {self.owners.min()} to {self.owners.max()}, expected rows of {len(self.starts)} tracklets")


def contrast_loss(relations: Any, vectors: Any) -> Any:
    """Return the loss of a batch: each crop is to be nearer to those of its animal than to those of others.

    The mean over pairs of one animal of -log(exp(s) / (exp(s) + sum of exp(s'))), where s is the pair's cosine over a temperature of 0.1,
    and s' those of the first crop with the crops that are another animal's (InfoNCE, van den Oord et al. 2018; with several pairs a crop
    as Khosla et al. 2020). Crops with unknown relations are left out.

    Parameters
    ----------
    relations
        1 where two crops are one animal, -1 where they are two, 0 where that is unknown, of shape (M, M).
    vectors
        Unit vectors of shape (M, D).
    """
    from keras import ops

    similar = ops.matmul(vectors, ops.transpose(vectors)) / TEMPERATURE
    same = ops.cast(relations > 0.5, "float32") * (1.0 - ops.eye(ops.shape(vectors)[0], dtype="float32"))
    other = ops.cast(relations < -0.5, "float32")
    # Cosines are at most 1, so that no exponential overflows once the largest is taken off.
    exponentials = ops.exp(similar - 1.0 / TEMPERATURE)
    others = ops.sum(exponentials * other, axis=1, keepdims=True)
    counted = same * ops.cast(others > 0, "float32")
    losses = ops.log(exponentials + others) - (similar - 1.0 / TEMPERATURE)
    return ops.sum(counted * losses) / ops.maximum(ops.sum(counted), 1.0)


class EmbeddingTrainer:
    """Trains a network on what tracklets tell of each other.

    Parameters
    ----------
    network
        A Keras model from inputs to unit vectors (`networks.build_cnn`, `networks.build_dense`, or any other); it is changed.
    batch_size
        Crops in a step.
    change
        Changes the inputs of a step, such as `shake_crops`; None for none.
    seed
        Of the order of the crops and of dropout. With the network's weights: the same seed gives the same numbers on the same machine.
    """

    def __init__(self, network: Any, *, batch_size: int = 128, change: Change | None = None, seed: int = 0) -> None:
        import keras

        self.network = network
        self._batch_size = batch_size
        self._change = change
        self._rng = np.random.default_rng(seed)
        # XLA's start takes longer than this training.
        network.compile(optimizer=keras.optimizers.Adam(_LEARNING_RATE), loss=contrast_loss, jit_compile=False)

    def train(
        self,
        table: CropTable,
        relations: TrackletRelations,
        *,
        n_steps: int,
        on_progress: Callable[[int], None] | None = None,
    ) -> list[float]:
        """Take `n_steps` steps; return the loss of each.

        Every batch has crops from several moments: of tracklets that are there together, so that each crop has others to differ from.

        Parameters
        ----------
        table
            The crops.
        relations
            Of the N tracklets.
        n_steps
            How many steps.
        on_progress
            Called with 1 after each.

        Raises
        ------
        ValueError
            If no two tracklets with crops are related as two animals: there is nothing to differ from.
        """
        n_crops = np.bincount(table.owners, minlength=len(table.starts))
        rows_of = np.split(np.argsort(table.owners, kind="stable"), np.cumsum(n_crops)[:-1])
        moments = [together[n_crops[together] > 1] for together in find_coexisting(table.starts, table.stops)]
        moments = [together for together in moments if len(together) > 1]
        if not moments:
            raise ValueError("no two tracklets with crops are seen at the same time, expected at least one pair to tell apart")
        # A moment counts by what can be seen in it: its animals, and the crops of the least seen.
        weights = np.array([len(together) * np.sqrt(n_crops[together].min()) for together in moments])
        weights /= weights.sum()
        losses = []
        for step in range(n_steps):
            self.network.optimizer.learning_rate = _LEARNING_RATE * (1.0 - 0.9 * step / n_steps)
            rows: list[Integers] = []
            while sum(map(len, rows)) < self._batch_size:
                together = moments[int(self._rng.choice(len(moments), p=weights))]
                n_each = max(2, min(8, self._batch_size // (2 * len(together))))
                rows += [self._rng.choice(rows_of[tracklet], n_each) for tracklet in together]
            # All batches have one shape, so that the graph is made once.
            batch = np.concatenate(rows)[: self._batch_size]
            owners = table.owners[batch]
            inputs = table.inputs[batch] if self._change is None else self._change(table.inputs[batch], self._rng)
            target = relations.relate(owners).astype(np.float32)
            losses.append(float(self.network.train_on_batch(inputs, target)))
            if on_progress is not None:
                on_progress(1)
        return losses

    def embed(self, inputs: Arrays) -> Arrays:
        """Return the vectors of inputs (M, ...), float32 of shape (M, D)."""
        return embed_inputs(self.network, inputs)


def shake_crops(images: Arrays, rng: np.random.Generator, *, shift: int = 2, is_turned: bool = False) -> Arrays:
    """Return prepared crops (M, H, W, C) moved by up to `shift` pixels; turned round at random if it is not known where heads are.

    No crop is mirrored: an animal's sides may differ.
    """
    shaken = np.empty_like(images)
    padded = np.pad(images, ((0, 0), (shift, shift), (shift, shift), (0, 0)))
    _, height, width, _ = images.shape
    for row, (down, right) in enumerate(rng.integers(0, 2 * shift + 1, (len(images), 2)).tolist()):
        shaken[row] = padded[row, down : down + height, right : right + width]
    if is_turned:
        turned = rng.random(len(images)) < 0.5
        shaken[turned] = shaken[turned, ::-1, ::-1]
    return shaken
