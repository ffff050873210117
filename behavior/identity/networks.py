"""Small networks from a crop, or from a fingerprint of it, to a vector at length 1 in which an animal is near itself."""

from __future__ import annotations

from typing import Any

__all__ = ["build_cnn", "build_dense"]

N_FEATURES = 32


def build_dense(n_inputs: int, *, n_hidden: int = 128, n_features: int = N_FEATURES) -> Any:
    """Return a Keras model from standardized vectors (M, n_inputs) to unit vectors (M, n_features), with one hidden layer."""
    import keras

    vectors = keras.Input((n_inputs,), dtype="float32")
    hidden = keras.layers.Dense(n_hidden, activation="relu")(vectors)
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
