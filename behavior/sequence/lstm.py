"""The LSTM head: layers whose units halve from one to the next, in one direction or both."""

from __future__ import annotations

from functools import partial
from typing import Any

import keras
from keras import ops

from behavior.sequence.frame_steps import LstmSteps, StepsMaker
from behavior.sequence.stacking import StackedRun, add_dense, add_lstm

__all__ = ["LstmKind"]


class LstmKind:
    """`layers` LSTM layers of `units`, `units` / 2, ... units, a dense layer per frame."""

    RECURRENT = True

    @staticmethod
    def build(windows: Any, *, n_outputs: int, layers: int, units: int, bidirectional: bool = False) -> list[Any]:
        """Return the logits of a plain Keras network on `windows`, one stage."""
        values = windows
        for layer in range(layers):
            recurrent = keras.layers.LSTM(max(units // 2**layer, 1), return_sequences=True)
            values = keras.layers.Bidirectional(recurrent)(values) if bidirectional else recurrent(values)
        return [keras.layers.Dense(n_outputs)(values)]

    @staticmethod
    def run(run: StackedRun, windows: Any, *, n_outputs: int, layers: int, units: int, bidirectional: bool = False) -> list[Any]:
        """Return the logits of stacked models for `windows` (M or 1, N, W, D)."""
        values = windows
        for _ in range(layers):
            forward = add_lstm(run, values)
            values = ops.concatenate([forward, add_lstm(run, values, reverse=True)], axis=-1) if bidirectional else forward
        return [add_dense(run, values)]

    @staticmethod
    def find_steps(*, layers: int, bidirectional: bool = False, **_: Any) -> StepsMaker | None:
        """Return what makes the steps from frame to frame; None in both directions."""
        return None if bidirectional else partial(LstmSteps, layers=layers)

    @staticmethod
    def count_values(*, n_outputs: int, layers: int, units: int, bidirectional: bool = False) -> int:
        """Return about how many numbers a training step keeps for one frame in one model."""
        return sum(24 * max(units // 2**layer, 1) for layer in range(layers)) * (2 if bidirectional else 1)
