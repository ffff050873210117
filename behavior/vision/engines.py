"""What runs a backbone on batches of crops."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

__all__ = ["Engine", "KerasEngine"]


class Engine(Protocol):
    """Embeds crops, always in batches of one size, so that equal crops get equal vectors wherever they stand."""

    name: str
    precision: str
    batch_size: int
    n_features: int

    def embed(self, images: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Return the vectors (N, D) float32 of RGB `images` (N, S, S, 3) uint8; N is anything from 0."""


class KerasEngine:
    """Runs a Keras model, on whatever device Keras finds, in float32.

    Parameters
    ----------
    model
        Maps RGB images (N, S, S, 3) in 0 to 255 to vectors (N, D).
    batch_size
        A last, smaller batch is filled up with black images whose vectors are dropped: the arithmetic of a batch of another size
        differs in its last bits.
    """

    name = "keras"
    precision = "float32"

    def __init__(self, model: Any, *, batch_size: int) -> None:
        self.batch_size = batch_size
        self.n_features = int(model.output_shape[-1])
        self._input_size = int(model.input_shape[1])
        self._model = model
        # XLA makes these networks slower on a CPU.
        self._model.compile(jit_compile=False)

    def embed(self, images: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Return the vectors (N, D) float32 of RGB `images` (N, S, S, 3) uint8."""
        vectors = np.empty((len(images), self.n_features), dtype=np.float32)
        batch = np.zeros((self.batch_size, self._input_size, self._input_size, 3), dtype=np.float32)
        for start in range(0, len(images), self.batch_size):
            count = min(self.batch_size, len(images) - start)
            batch[:count] = images[start : start + count]
            batch[count:] = 0
            vectors[start : start + count] = np.asarray(self._model.predict_on_batch(batch))[:count]
        return vectors
