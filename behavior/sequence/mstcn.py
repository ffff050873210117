"""The multi-stage TCN head: MS-TCN (Abu Farha and Gall 2019, arXiv:1903.01945), each stage refining the probabilities of the last."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from behavior.sequence.stacking import StackedRun, add_convolution, add_dense

__all__ = ["MstcnKind"]


class MstcnKind:
    """`stages` of `layers` dilated residual convolutions that see both ways; the dilation doubles from layer to layer.

    The first stage reads the features, a later one the probabilities of the stage before. The loss
    on probabilities that jump from frame to frame is training's, and so is its weight `smoothing`.
    """

    RECURRENT = False

    @staticmethod
    def build(windows: Any, *, n_outputs: int, stages: int, layers: int, filters: int, kernel_size: int) -> list[Any]:
        """Return the logits of each stage of a plain Keras network on `windows`."""
        logits: list[Any] = []
        for _ in range(stages):
            values = keras.layers.Activation("sigmoid")(logits[-1]) if logits else windows
            values = keras.layers.Dense(filters)(values)
            for layer in range(layers):
                inner = keras.layers.Conv1D(filters, kernel_size, padding="same", dilation_rate=2**layer, kernel_initializer="he_normal")(
                    values
                )
                inner = keras.layers.Dense(filters)(keras.layers.ReLU()(inner))
                values = keras.layers.Add()([values, inner])
            logits.append(keras.layers.Dense(n_outputs)(values))
        return logits

    @staticmethod
    def run(
        run: StackedRun,
        windows: Any,
        *,
        n_outputs: int,
        stages: int,
        layers: int,
        filters: int,
        kernel_size: int,
    ) -> list[Any]:
        """Return the logits of each stage of stacked models for `windows` (M or 1, N, W, D)."""
        logits: list[Any] = []
        for _ in range(stages):
            values = add_dense(run, ops.sigmoid(logits[-1]) if logits else windows)
            for layer in range(layers):
                inner = add_convolution(run, values, kernel_size=kernel_size, dilation=2**layer, causal=False)
                values = values + add_dense(run, ops.relu(inner))
            logits.append(add_dense(run, values))
        return logits

    @staticmethod
    def find_steps(**_: Any) -> None:
        """Return None: each frame sees later ones."""

    @staticmethod
    def count_values(*, n_outputs: int, stages: int, layers: int, filters: int, kernel_size: int) -> int:
        """Return about how many numbers a training step keeps for one frame in one model."""
        # As measured on a processor.
        return (5 * stages * layers // 2 + 8) * filters + 4 * stages * n_outputs
