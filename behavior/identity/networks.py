"""Small networks from a crop, or from a fingerprint of it, to a vector at length 1 in which an animal is near itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["build_cnn", "build_dense", "embed_inputs"]

N_FEATURES = 32
_N_HIDDEN = 128
# Inputs that are embedded at once.
_EMBEDDED = 256


def build_dense(n_inputs: int, *, n_features: int = N_FEATURES) -> Any:
    """Return a Keras model from standardized vectors (M, n_inputs) to unit vectors (M, n_features), with one hidden layer."""
    import keras

    vectors = keras.Input((n_inputs,), dtype="float32")
    hidden = keras.layers.Dense(_N_HIDDEN, activation="relu")(vectors)
    hidden = keras.layers.Dropout(0.1)(hidden)
    return keras.Model(vectors, keras.layers.UnitNormalization()(keras.layers.Dense(n_features)(hidden)), name="dense")


def build_cnn(shape: tuple[int, int, int], *, width: int = 16, n_features: int = N_FEATURES) -> Any:
    """Return a Keras model from prepared crops (M, *shape) to unit vectors (M, n_features): three convolutions that halve the picture.

    About 1 million products a crop at 48x24, so that two processors train some thousand crops a second.
    """
    import keras

    images = keras.Input(shape, dtype="float32")
    values = images
    for index, kernel in enumerate((5, 3, 3)):
        values = keras.layers.Conv2D(width * 2**index, kernel, strides=2, padding="same", use_bias=False)(values)
        values = keras.layers.LayerNormalization(axis=-1)(values)
        values = keras.layers.Activation("relu")(values)
    values = keras.layers.Dropout(0.1)(keras.layers.Flatten()(values))
    return keras.Model(images, keras.layers.UnitNormalization()(keras.layers.Dense(n_features)(values)), name="cnn")


def embed_inputs(
    network: Any, inputs: npt.NDArray, *, n_at_once: int = _EMBEDDED, on_progress: Callable[[int], None] | None = None
) -> npt.NDArray[np.float32]:
    """Return what a Keras model makes of inputs (M, ...), float32 of shape (M, D); `on_progress` is told how many more are done."""
    vectors = np.zeros((len(inputs), int(network.output_shape[-1])), dtype=np.float32)
    for start in range(0, len(inputs), n_at_once):
        part = inputs[start : start + n_at_once]
        # One shape, so that the graph is made once.
        padded = np.concatenate([part, np.zeros((n_at_once - len(part), *part.shape[1:]), dtype=part.dtype)])
        vectors[start : start + len(part)] = np.asarray(network.predict_on_batch(padded))[: len(part)]
        if on_progress is not None:
            on_progress(len(part))
    return vectors
