"""A Keras network over windows, as a model of whole recordings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from behavior.sequence.inference import predict_recording
from behavior.sequence.windows import find_prediction_starts

__all__ = ["WindowedNetwork"]


class _Network(Protocol):
    """The part of a Keras model that predicting takes."""

    @property
    def input_shape(self) -> Any: ...

    @property
    def output_shape(self) -> Any: ...

    def predict_on_batch(self, windows: npt.NDArray[np.float32], /) -> Any: ...


class WindowedNetwork:
    """A network that is applied to overlapping windows (`contracts.FrameModel`).

    Parameters
    ----------
    network
        From windows (N, W, D) to probabilities (N, W, K).
    length
        Vectors in a window.

    Attributes
    ----------
    n_features, n_outputs
        Length of a frame's vector, D, and number of behaviors, K.

    Raises
    ------
    ValueError
        If the network takes or gives something else than windows.
    """

    def __init__(self, network: _Network, length: int) -> None:
        self.network = network
        self.n_features = _find_width(network.input_shape, "input")
        self.n_outputs = _find_width(network.output_shape, "output")
        self._length = length

    def predict(self, features: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
        """Return the probabilities (T, K) of a recording (T, D)."""
        return predict_recording(self.network.predict_on_batch, features, length=self._length)

    def find_reach(self, first: int, last: int, n_vectors: int) -> tuple[int, int]:
        """Return the vectors [start, stop) of the windows that reach those from `first` to `last`."""
        starts = find_prediction_starts(n_vectors, self._length)
        reaching = starts[(starts <= last) & (starts + self._length > first)]
        return int(reaching[0]), min(int(reaching[-1]) + self._length, n_vectors)

    def predict_variants(self, variants: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
        """Return the probabilities (V, T, K) of several forms of the features of one stretch, (V, T, D)."""

        def predict(places: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
            # Windows of row numbers stand for those of all variants.
            windows = variants[:, places[..., 0].astype(np.intp)].astype(np.float32)
            n_variants, n_windows = windows.shape[:2]
            predicted = np.asarray(self.network.predict_on_batch(windows.reshape(n_variants * n_windows, *windows.shape[2:])))
            return predicted.reshape(n_variants, n_windows, *predicted.shape[1:])

        n_vectors = variants.shape[1]
        return predict_recording(predict, np.arange(n_vectors, dtype=np.float32)[:, None], length=self._length)


def _find_width(shape: Sequence[int | None], what: str) -> int:
    if not isinstance(shape, tuple) or len(shape) != 3 or not isinstance(shape[-1], int):
        raise ValueError(f"its {what} has shape {shape}, expected windows of vectors")
    return shape[-1]
