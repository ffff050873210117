"""A Keras network over windows, as a model of whole recordings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, cast

import numpy as np
import numpy.typing as npt

from behavior.row_blocks import RowBlocks
from behavior.sequence.contracts import FrameStream
from behavior.sequence.frame_steps import StepsMaker
from behavior.sequence.frame_streams import StepStream, WindowStream
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
    make_steps
        What makes the network's steps from frame to frame (`heads.find_steps`); None for one that looks at later frames.

    Attributes
    ----------
    n_features, n_outputs
        Length of a frame's vector, D, and number of behaviors, K.

    Raises
    ------
    ValueError
        If the network takes or gives something else than windows.
    """

    def __init__(self, network: _Network, length: int, make_steps: StepsMaker | None = None) -> None:
        self.network = network
        self.n_features = _find_width(network.input_shape, "input")
        self.n_outputs = _find_width(network.output_shape, "output")
        self._length = length
        self._make_steps = make_steps

    def predict(self, features: npt.NDArray[np.floating] | RowBlocks) -> npt.NDArray[np.float32]:
        """Return the probabilities (T, K) of a recording (T, D)."""
        return predict_recording(self.network.predict_on_batch, features, length=self._length, looks_back=self._looks_back)

    def find_reach(self, first: int, last: int, n_vectors: int) -> tuple[int, int]:
        """Return the vectors [start, stop) of the windows that reach those from `first` to `last`."""
        starts = find_prediction_starts(n_vectors, self._length, looks_back=self._looks_back)
        reaching = starts[(starts <= last) & (starts + self._length > first)]
        return int(reaching[0]), last + 1 if self._looks_back else min(int(reaching[-1]) + self._length, n_vectors)

    @property
    def _looks_back(self) -> bool:
        return self._make_steps is not None

    @property
    def n_ahead(self) -> int:
        """A window, or none for a network that looks back only."""
        return 0 if self._looks_back else self._length

    def start_stream(self) -> FrameStream:
        """Return what predicts a recording vector by vector; ValueError if the network's weights are not those of its steps."""
        if self._make_steps is None:
            return WindowStream(self.network.predict_on_batch, self._length, self.n_outputs)
        make_steps, weights = self._make_steps, cast(Any, self.network).get_weights()
        return StepStream(lambda n_lanes: make_steps(weights, n_lanes), self._length, self.n_outputs)

    def predict_variants(self, variants: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
        """Return the probabilities (V, T, K) of several forms of the features of one stretch, (V, T, D)."""

        def predict(places: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
            # Windows of row numbers stand for those of all variants.
            windows = variants[:, places[..., 0].astype(np.intp)].astype(np.float32)
            n_variants, n_windows = windows.shape[:2]
            predicted = np.asarray(self.network.predict_on_batch(windows.reshape(n_variants * n_windows, *windows.shape[2:])))
            return predicted.reshape(n_variants, n_windows, *predicted.shape[1:])

        n_vectors = variants.shape[1]
        places = np.arange(n_vectors, dtype=np.float32)[:, None]
        return predict_recording(predict, places, length=self._length, looks_back=self._looks_back)


def _find_width(shape: Sequence[int | None], what: str) -> int:
    if not isinstance(shape, tuple) or len(shape) != 3 or not isinstance(shape[-1], int):
        raise ValueError(f"its {what} has shape {shape}, expected windows of vectors")
    return shape[-1]
