"""Heads that look back only, computed from frame to frame: what they remember of earlier frames is carried along.

Several windows go side by side, each of which began at a frame of its own: they are lanes, the first axis of what is remembered. A lane
that begins again has seen nothing. Plain NumPy, because a step of one frame is too small to be worth a call of TensorFlow.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from scipy.special import expit

__all__ = ["FrameSteps", "LstmSteps", "StepsMaker", "TcnSteps"]

Floats = npt.NDArray[np.float32]

# Keras's default, which keras-tcn uses too.
_EPSILON = np.float32(1e-3)


class FrameSteps(Protocol):
    """The steps of one network from frame to frame, in several lanes."""

    def begin(self, lane: int) -> None:
        """Let a lane forget all frames."""

    def advance(self, vector: Floats) -> Floats:
        """Return the logits (lanes, K) of the next frame, whose features are (D,)."""


# Of the weights of the plain Keras model, in its order, and a number of lanes.
StepsMaker = Callable[[Sequence[npt.NDArray[Any]], int], FrameSteps]


class _Weights:
    """The weights of a network, taken one after the other."""

    def __init__(self, weights: Sequence[npt.NDArray[Any]]) -> None:
        self._weights = list(weights)[::-1]

    def take(self, *n_axes: int) -> list[Floats]:
        """Return the next weights, one with each of these numbers of axes."""
        taken = [self._weights.pop() if self._weights else np.empty(()) for _ in n_axes]
        if any(weight.ndim != n for weight, n in zip(taken, n_axes, strict=True)):
            raise ValueError("its weights are not those of the head that is described")
        return [np.asarray(weight, dtype=np.float32) for weight in taken]

    def require_all_taken(self) -> None:
        if self._weights:
            raise ValueError(f"it has {len(self._weights)} weights more than the head that is described")


class _LstmLayer:
    """A layer of Hochreiter and Schmidhuber (1997) with Keras's order of gates: input, forget, cell, output."""

    def __init__(self, weights: _Weights, n_lanes: int) -> None:
        self._kernel, self._recurrent, self._bias = weights.take(2, 2, 1)
        self._state = np.zeros((n_lanes, len(self._recurrent)), dtype=np.float32)
        self._cell = np.zeros_like(self._state)

    def begin(self, lane: int) -> None:
        self._state[lane] = self._cell[lane] = 0

    def advance(self, values: Floats) -> Floats:
        gates = values @ self._kernel + self._state @ self._recurrent + self._bias
        into, forget, candidate, out = np.split(gates, 4, axis=-1)
        self._cell = expit(forget) * self._cell + expit(into) * np.tanh(candidate)
        self._state = expit(out) * np.tanh(self._cell)
        return self._state


class LstmSteps:
    """The steps of an LSTM head in one direction; what is carried are the states of its layers.

    Parameters
    ----------
    weights
        Of the plain Keras model, in its order.
    n_lanes
        Windows side by side.
    layers
        As in the head's settings.

    Raises
    ------
    ValueError
        If the weights are those of another network.
    """

    def __init__(self, weights: Sequence[npt.NDArray[Any]], n_lanes: int, *, layers: int) -> None:
        left = _Weights(weights)
        self._layers = [_LstmLayer(left, n_lanes) for _ in range(layers)]
        self._kernel, self._bias = left.take(2, 1)
        left.require_all_taken()

    def begin(self, lane: int) -> None:
        """Let a lane forget all frames."""
        for layer in self._layers:
            layer.begin(lane)

    def advance(self, vector: Floats) -> Floats:
        """Return the logits (lanes, K) of the next frame, whose features are (D,)."""
        # Shared by all lanes until it meets a state.
        values = vector[None]
        for layer in self._layers:
            values = layer.advance(values)
        return np.asarray(values @ self._kernel + self._bias)


class _Convolution:
    """A causal convolution along the frames, of which a ring buffer holds those that its taps reach; nothing was there before a window."""

    def __init__(self, kernel: Floats, bias: Floats, n_lanes: int, dilation: int) -> None:
        self._kernel, self._bias, self._dilation = kernel, bias, dilation
        self._ring = np.zeros(((len(kernel) - 1) * dilation + 1, n_lanes, kernel.shape[1]), dtype=np.float32)
        self._now = 0

    def begin(self, lane: int) -> None:
        self._ring[:, lane] = 0

    def advance(self, values: Floats) -> Floats:
        self._now = (self._now + 1) % len(self._ring)
        self._ring[self._now] = values
        total = self._bias
        for tap, factor in enumerate(self._kernel):
            before = (len(self._kernel) - 1 - tap) * self._dilation
            total = total + self._ring[(self._now - before) % len(self._ring)] @ factor
        return total


class _Block:
    """Two convolutions, each normalised, and what passes around them (Bai, Kolter and Koltun 2018, arXiv:1803.01271)."""

    def __init__(self, weights: _Weights, n_lanes: int, *, dilation: int, normalization: str) -> None:
        self._parts: list[tuple[_Convolution, Callable[[Floats], Floats]]] = []
        n_inputs = n_filters = 0
        for _ in range(2):
            kernel, bias = _take_convolution(weights, normalization)
            self._parts.append((_Convolution(kernel, bias, n_lanes, dilation), _take_normalization(weights, normalization)))
            n_inputs, n_filters = n_inputs or kernel.shape[1], kernel.shape[2]
        self._matching = weights.take(3, 1) if n_inputs != n_filters else None

    def begin(self, lane: int) -> None:
        for convolution, _ in self._parts:
            convolution.begin(lane)

    def advance(self, values: Floats) -> tuple[Floats, Floats]:
        """Return what the next block gets, and what is added to the result."""
        inner = values
        for convolution, normalize in self._parts:
            inner = np.maximum(normalize(convolution.advance(inner)), 0)
        if self._matching is not None:
            kernel, bias = self._matching
            values = values @ kernel[0] + bias
        return np.maximum(values + inner, 0), inner


class TcnSteps:
    """The steps of a causal TCN head; what is carried are the last frames that each convolution reaches.

    Parameters
    ----------
    weights
        Of the plain Keras model, in its order.
    n_lanes
        Windows side by side.
    layers, normalization
        As in the head's settings.
    dilations
        Of the blocks of each layer.

    Raises
    ------
    ValueError
        If the weights are those of another network.
    """

    def __init__(
        self, weights: Sequence[npt.NDArray[Any]], n_lanes: int, *, layers: int, dilations: Sequence[int], normalization: str
    ) -> None:
        left = _Weights(weights)
        self._layers = [
            [_Block(left, n_lanes, dilation=dilation, normalization=normalization) for dilation in dilations] for _ in range(layers)
        ]
        self._kernel, self._bias = left.take(2, 1)
        left.require_all_taken()

    def begin(self, lane: int) -> None:
        """Let a lane forget all frames."""
        for blocks in self._layers:
            for block in blocks:
                block.begin(lane)

    def advance(self, vector: Floats) -> Floats:
        """Return the logits (lanes, K) of the next frame, whose features are (D,)."""
        values = vector[None]
        for blocks in self._layers:
            skipped: list[Floats] = []
            for block in blocks:
                values, inner = block.advance(values)
                skipped.append(inner)
            values = np.sum(skipped, axis=0)
        return np.asarray(values @ self._kernel + self._bias)


def _take_convolution(weights: _Weights, normalization: str) -> tuple[Floats, Floats]:
    if normalization != "weight":
        kernel, bias = weights.take(3, 1)
        return kernel, bias
    direction, gain, bias = weights.take(3, 1, 1)
    # `tcn.normalize_kernel`, once.
    norm = np.sqrt(np.square(direction).sum(axis=(0, 1)))
    return direction * (gain / np.maximum(norm, np.float32(1e-12))), bias


def _take_normalization(weights: _Weights, normalization: str) -> Callable[[Floats], Floats]:
    """Return what is done to the result of a convolution, (lanes, F)."""
    if normalization == "batch":
        gamma, beta, mean, variance = weights.take(1, 1, 1, 1)
        scale = gamma / np.sqrt(variance + _EPSILON)
        return lambda values: values * scale + (beta - mean * scale)
    if normalization == "layer":
        gamma, beta = weights.take(1, 1)

        def normalize(values: Floats) -> Floats:
            centred = values - values.mean(axis=-1, keepdims=True)
            variance = np.square(centred).mean(axis=-1, keepdims=True)
            return np.asarray(centred / np.sqrt(variance + _EPSILON) * gamma + beta, dtype=np.float32)

        return normalize
    return lambda values: values
