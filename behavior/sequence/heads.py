"""The networks that turn windows of features into a probability per frame.

Adding one is one function and one line in `HEADS`.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras
from keras import layers
from tcn import TCN

from behavior.errors import ModelError

__all__ = ["HEADS", "build_head", "load_head", "save_head"]


def _add_lstm(values: Any, *, layers: int, units: int) -> Any:
    for layer in range(layers):
        values = keras.layers.LSTM(max(units // 2**layer, 1), return_sequences=True)(values)
    return values


def _add_tcn(values: Any, *, layers: int, filters: int, kernel_size: int, normalization: str) -> Any:
    for layer in range(layers):
        values = TCN(
            nb_filters=max(filters // 2**layer, 1),
            kernel_size=kernel_size,
            return_sequences=True,
            use_batch_norm=normalization == "batch",
            use_layer_norm=normalization == "layer",
        )(values)
    return values


HEADS: Mapping[str, Callable[..., Any]] = {"lstm": _add_lstm, "tcn": _add_tcn}


def build_head(*, n_features: int, kind: str, dropout: float, **settings: Any) -> keras.Model:
    """Return a network from windows (N, W, n_features) to probabilities (N, W, 1).

    Dropout on the features, then what `kind` names, then a sigmoid for every frame.

    Parameters
    ----------
    n_features
        Length of a frame's vector.
    kind
        A name in `HEADS`.
    dropout
        Share of the features that a training step does not see.
    **settings
        What the kind of head asks for: "lstm" layers and units, "tcn" layers, filters, kernel_size and normalization ("batch", "layer"
        or "none"); units and filters halve from layer to layer.
    """
    windows = keras.Input((None, n_features), dtype="float32")
    values = HEADS[kind](layers.Dropout(dropout)(windows), **settings)
    return keras.Model(windows, layers.Dense(1, activation="sigmoid")(values), name=kind)


def save_head(model: keras.Model, path: Path) -> None:
    """Write `model` to `path`, whose suffix is `.keras`."""
    model.save(path)


def load_head(path: Path) -> keras.Model:
    """Return the network in the `.keras` file at `path`; no code in the file is run.

    Raises
    ------
    ModelError
        If the file is missing, damaged or asks for code of its own.
    """
    try:
        return keras.models.load_model(path, custom_objects={"TCN": TCN}, compile=False, safe_mode=True)
    except (OSError, ValueError, TypeError, KeyError, zipfile.BadZipFile) as error:
        reason = str(error).partition("\n")[0]
        raise ModelError(f"{path}: this is no model that can be loaded safely ({reason}); train again or copy the whole bundle.") from error
