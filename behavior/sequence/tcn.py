"""The TCN head: keras-tcn's temporal convolutional network (Bai, Kolter and Koltun 2018, arXiv:1803.01271), layer on layer."""

from __future__ import annotations

from functools import partial
from typing import Any

import keras
from keras import ops
from tcn import TCN

from behavior.sequence.frame_steps import StepsMaker, TcnSteps
from behavior.sequence.stacking import StackedRun, add_batch_normalization, add_convolution, add_dense, add_layer_normalization

__all__ = ["TcnKind", "WeightNormalizedConv1D", "normalize_kernel"]

DILATIONS = (1, 2, 4, 8, 16, 32)


def normalize_kernel(direction: Any, gain: Any) -> Any:
    """Return gain x direction / |direction|, one norm per filter (Salimans and Kingma 2016, arXiv:1602.07868, equation 2).

    Parameters
    ----------
    direction
        Shape (..., kernel_size, C, F).
    gain
        Shape (..., F).
    """
    norm = ops.sqrt(ops.sum(ops.square(direction), axis=(-3, -2), keepdims=True))
    return direction * (gain[..., None, None, :] / ops.maximum(norm, 1e-12))


@keras.saving.register_keras_serializable(package="behavior")
class WeightNormalizedConv1D(keras.layers.Layer):
    """A convolution along the frames whose filters have a length of their own; arguments as those of Keras's Conv1D.

    The lengths start as those of the freshly drawn filters, so that a new layer computes what Conv1D would.
    """

    def __init__(self, filters: int, kernel_size: int, *, dilation_rate: int = 1, padding: str = "causal", **options: Any) -> None:
        super().__init__(**options)
        self.filters, self.kernel_size, self.dilation_rate, self.padding = filters, kernel_size, dilation_rate, padding

    def build(self, input_shape: Any) -> None:
        """Make the weights for values (N, W, C)."""
        shape = (self.kernel_size, input_shape[-1], self.filters)
        self.direction = self.add_weight(shape=shape, initializer="he_normal", name="direction")
        self.gain = self.add_weight(shape=(self.filters,), initializer="ones", name="gain")
        self.bias = self.add_weight(shape=(self.filters,), initializer="zeros", name="bias")
        self.gain.assign(ops.sqrt(ops.sum(ops.square(self.direction), axis=(0, 1))))

    def call(self, values: Any) -> Any:
        """Return the convolution (N, W, filters) of `values` (N, W, C)."""
        kernel = normalize_kernel(ops.convert_to_tensor(self.direction), ops.convert_to_tensor(self.gain))
        reach = (self.kernel_size - 1) * self.dilation_rate
        before = reach if self.padding == "causal" else reach // 2
        padded = ops.pad(values, [[0, 0], [before, reach - before], [0, 0]])
        return ops.conv(padded, kernel, padding="valid", dilation_rate=self.dilation_rate) + self.bias

    def compute_output_shape(self, input_shape: Any) -> tuple[Any, ...]:
        """Return the shape of `call`'s result."""
        return (*input_shape[:-1], self.filters)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make the layer again."""
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "dilation_rate": self.dilation_rate,
            "padding": self.padding,
        }


class TcnKind:
    """`layers` TCNs of `filters`, `filters` / 2, ... filters, a dense layer per frame."""

    RECURRENT = False

    @staticmethod
    def build(
        windows: Any, *, n_outputs: int, layers: int, filters: int, kernel_size: int, normalization: str, causal: bool = True
    ) -> list[Any]:
        """Return the logits of a plain Keras network on `windows`, one stage."""
        values = windows
        padding = "causal" if causal else "same"
        for layer in range(layers):
            width = max(filters // 2**layer, 1)
            if normalization == "weight":
                values = _add_weight_normalized(values, filters=width, kernel_size=kernel_size, padding=padding)
                continue
            values = TCN(
                nb_filters=width,
                kernel_size=kernel_size,
                padding=padding,
                return_sequences=True,
                use_batch_norm=normalization == "batch",
                use_layer_norm=normalization == "layer",
            )(values)
        return [keras.layers.Dense(n_outputs)(values)]

    @staticmethod
    def run(
        run: StackedRun,
        windows: Any,
        *,
        n_outputs: int,
        layers: int,
        filters: int,
        kernel_size: int,
        normalization: str,
        causal: bool = True,
    ) -> list[Any]:
        """Return the logits of stacked models for `windows` (M or 1, N, W, D)."""
        values = windows
        for layer in range(layers):
            width = max(filters // 2**layer, 1)
            skipped = 0.0
            for dilation in DILATIONS:
                inner = values
                for _ in range(2):
                    kernel = None
                    if normalization == "weight":
                        kernel = normalize_kernel(*run.take(2))
                    inner = add_convolution(run, inner, kernel_size=kernel_size, dilation=dilation, causal=causal, kernel=kernel)
                    if normalization == "batch":
                        inner = add_batch_normalization(run, inner)
                    elif normalization == "layer":
                        inner = add_layer_normalization(run, inner)
                    inner = ops.relu(inner)
                if values.shape[-1] != width:
                    values = add_convolution(run, values, kernel_size=1, dilation=1, causal=False)
                skipped = skipped + inner
                values = ops.relu(values + inner)
            values = skipped
        return [add_dense(run, values)]

    @staticmethod
    def find_steps(*, layers: int, normalization: str, causal: bool = True, **_: Any) -> StepsMaker | None:
        """Return what makes the steps from frame to frame; None where convolutions see both ways."""
        return partial(TcnSteps, layers=layers, dilations=DILATIONS, normalization=normalization) if causal else None

    @staticmethod
    def count_values(*, n_outputs: int, layers: int, filters: int, kernel_size: int, normalization: str, causal: bool = True) -> int:
        """Return about how many numbers a training step keeps for one frame in one model."""
        # As measured on a processor, for kernels of 3 to 5: nearly nothing is kept for each tap.
        kept = {"batch": 7, "layer": 9}.get(normalization, 5)
        return sum(len(DILATIONS) * (kept + 1) * max(filters // 2**layer, 1) for layer in range(layers))


def _add_weight_normalized(values: Any, *, filters: int, kernel_size: int, padding: str) -> Any:
    """Return what keras-tcn's TCN computes, with weight normalisation, which it has lost."""
    skipped = []
    for dilation in DILATIONS:
        inner = values
        for _ in range(2):
            inner = WeightNormalizedConv1D(filters, kernel_size, dilation_rate=dilation, padding=padding)(inner)
            inner = keras.layers.ReLU()(inner)
        if values.shape[-1] != filters:
            values = keras.layers.Conv1D(filters, 1, kernel_initializer="he_normal")(values)
        skipped.append(inner)
        values = keras.layers.ReLU()(keras.layers.Add()([values, inner]))
    return keras.layers.Add()(skipped)
