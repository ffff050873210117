"""The networks that turn windows of features into a probability per frame and behavior.

Each kind is a module of its own that describes the same network twice: as a plain Keras model, which is what a bundle holds, and as a
pass through the stacked weights of many such models, which is what training runs. Adding one is one module and one line in `HEADS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import keras
from keras import layers
from tcn import TCN

from behavior.errors import ModelError
from behavior.files.keras_archives import load_network
from behavior.sequence.frame_steps import StepsMaker
from behavior.sequence.lstm import LstmKind
from behavior.sequence.mstcn import MstcnKind
from behavior.sequence.stacking import StackedRun
from behavior.sequence.tcn import TcnKind
from behavior.sequence.transformer import TransformerKind

__all__ = ["HEADS", "HeadKind", "build_head", "find_steps", "load_head", "run_head", "save_head"]


class HeadKind(Protocol):
    """One kind of network, described twice; settings are `n_outputs` and those of its section in the study file that shape the network.

    Attributes
    ----------
    RECURRENT
        Whether it steps from frame to frame. Small steps of many models are then taken together; otherwise each model's own
        products are large enough, and its values stay in the processor's cache.
    """

    RECURRENT: bool

    @staticmethod
    def build(windows: Any, *_: Any, **settings: Any) -> list[Any]:
        """Return the logits (N, W, n_outputs) of each stage of a plain Keras network on `windows`; the last stage's are the result."""

    @staticmethod
    def run(run: StackedRun, windows: Any, *_: Any, **settings: Any) -> list[Any]:
        """Return the same of stacked models, (M, N, W, n_outputs) for `windows` (M or 1, N, W, D).

        The run's weights are in the order of the plain model's `weights`.
        """

    @staticmethod
    def find_steps(*_: Any, **settings: Any) -> StepsMaker | None:
        """Return what makes the steps from frame to frame of a network that looks back only; None where it looks at later frames."""

    @staticmethod
    def count_values(*_: Any, **settings: Any) -> int:
        """Return about how many numbers a training step keeps for one frame in one model; memory is planned with it."""


HEADS: Mapping[str, type[HeadKind]] = {"lstm": LstmKind, "tcn": TcnKind, "mstcn": MstcnKind, "transformer": TransformerKind}


def build_head(*, n_features: int, kind: str, dropout: float, n_outputs: int = 1, **settings: Any) -> keras.Model:
    """Return a network from windows (N, W, n_features) to probabilities (N, W, n_outputs).

    Dropout on the features, then what `kind` names, then a sigmoid for every frame and behavior.

    Parameters
    ----------
    n_features
        Length of a frame's vector.
    kind
        A name in `HEADS`.
    dropout
        Share of the features that a training step does not see.
    n_outputs
        Behaviors that the network answers for.
    **settings
        What the kind of head asks for.
    """
    windows = keras.Input((None, n_features), dtype="float32")
    stages = HEADS[kind].build(layers.Dropout(dropout)(windows), n_outputs=n_outputs, **settings)
    return keras.Model(windows, layers.Activation("sigmoid")(stages[-1]), name=kind)


def run_head(run: StackedRun, windows: Any, *, kind: str, n_outputs: int, **settings: Any) -> list[Any]:
    """Return the logits (M, N, W, n_outputs) of each stage of stacked models for `windows` (M or 1, N, W, D), without dropout."""
    stages = HEADS[kind].run(run, windows, n_outputs=n_outputs, **settings)
    run.require_all_taken()
    return stages


def find_steps(*, kind: str, **settings: Any) -> StepsMaker | None:
    """Return what makes the steps from frame to frame of a network that looks back only; None where it looks at later frames.

    Parameters
    ----------
    kind, **settings
        Arguments of `build_head`.
    """
    return HEADS[kind].find_steps(**settings)


def save_head(model: keras.Model, path: Path) -> None:
    """Write `model` to `path`, whose suffix is `.keras`."""
    model.save(path)


def load_head(path: Path) -> keras.Model:
    """Return the network in the `.keras` file at `path`; no code in the file is run.

    Raises
    ------
    ModelError
        If the file is missing, damaged, asks for code of its own or for more weights than it holds, or has weights that are not finite.
    """
    return load_network(path, custom_objects={"TCN": TCN}, error=ModelError, advice="train again or copy the whole bundle")
