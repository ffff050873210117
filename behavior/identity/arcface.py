"""Training a fingerprint on named individuals: additive angular margin (ArcFace)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from behavior.errors import TrainingError

__all__ = ["Change", "arcface_loss", "draw_balanced", "train_on_names"]

Integers = npt.NDArray[np.int64]
Change = Callable[[npt.NDArray, np.random.Generator], npt.NDArray]

# ArcFace's own are .5 and 64, for thousands of people; with few individuals such a margin keeps a small network from learning at all.
MARGIN, SCALE = 0.2, 16.0
# Images in a step.
_BATCH_SIZE = 64


def arcface_loss(names: Any, cosines: Any) -> Any:
    """Return the loss of a batch: the angle to the own individual has to be smaller than to all others by a margin.

    Softmax cross-entropy of scaled cosines, with a margin of 0.2 radians added to the angle of the right individual and a scale of 16
    (Deng et al. 2019, CVPR, equation 3).

    Parameters
    ----------
    names
        One-hot, of shape (M, N).
    cosines
        Of each crop to the centre of each individual, of shape (M, N).
    """
    from keras import ops

    cosines = ops.clip(cosines, -1.0 + 1e-6, 1.0 - 1e-6)
    # Beyond pi - margin the cosine would rise again.
    angles = ops.minimum(ops.arccos(cosines) + MARGIN, float(np.pi))
    logits = SCALE * ops.where(names > 0.5, ops.cos(angles), cosines)
    likelihoods = ops.sum(names * logits, axis=1) - ops.logsumexp(logits, axis=1)
    return -ops.mean(likelihoods)


def draw_balanced(owners: Integers, recordings: Integers, count: int, rng: np.random.Generator) -> Integers:
    """Return `count` rows of (M,) images at random: each individual as often, and each of its recordings as often, int64 of shape (count,).

    >>> rows = draw_balanced(np.array([0, 0, 0, 1]), np.array([0, 0, 1, 0]), 8000, np.random.default_rng(0))
    >>> (np.bincount(rows) / 1000).round().tolist()
    [1.0, 1.0, 2.0, 4.0]
    """
    weights = np.zeros(len(owners))
    for individual in np.unique(owners):
        own = owners == individual
        kept, places, counts = np.unique(recordings[own], return_inverse=True, return_counts=True)
        weights[own] = 1.0 / (len(kept) * counts[places])
    drawn: Integers = rng.choice(len(owners), count, p=weights / weights.sum())
    return drawn


def train_on_names(
    network: Any,
    inputs: npt.NDArray,
    owners: Integers,
    recordings: Integers,
    *,
    n_steps: int,
    learning_rate: float = 2e-3,
    change: Change | None = None,
    seed: int = 0,
) -> list[float]:
    """Train a Keras model from inputs to unit vectors, so that individuals are apart; return the loss of each step.

    Parameters
    ----------
    network
        Is changed; layers of it that are not trainable stay as they are.
    inputs
        What the network sees, of shape (M, ...).
    owners, recordings
        Individual and recording of each, int64 of shape (M,).
    n_steps
        How many steps.
    learning_rate
        Of Adam; it falls to a tenth.
    change
        Changes the inputs of a step, such as `contrast.shake_crops`; None for none.
    seed
        Of the order of images, and of the individuals' centres.

    Raises
    ------
    TrainingError
        If the loss is not a number.
    """
    import keras

    numbers = np.unique(owners, return_inverse=True)[1]
    n_individuals = int(numbers.max()) + 1
    centers = keras.layers.Dense(
        n_individuals,
        use_bias=False,
        kernel_initializer=keras.initializers.RandomNormal(seed=seed),
        kernel_constraint=keras.constraints.UnitNorm(axis=0),
    )
    model = keras.Model(network.input, centers(network.output))
    centers.kernel.assign(keras.constraints.UnitNorm(axis=0)(centers.kernel))
    # XLA's start takes longer than this training.
    model.compile(optimizer=keras.optimizers.Adam(learning_rate), loss=arcface_loss, jit_compile=False)
    rng = np.random.default_rng(seed)
    names = np.eye(n_individuals, dtype=np.float32)
    losses: list[float] = []
    for step in range(n_steps):
        model.optimizer.learning_rate = learning_rate * (1.0 - 0.9 * step / n_steps)
        rows = draw_balanced(numbers, recordings, _BATCH_SIZE, rng)
        batch = inputs[rows] if change is None else change(inputs[rows], rng)
        losses.append(float(model.train_on_batch(batch, names[numbers[rows]])))
        if not np.isfinite(losses[-1]):
            raise TrainingError(f"the loss became {losses[-1]} in step {step + 1}, expected a number; check the images.")
    return losses
