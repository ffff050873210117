"""SqueezeNet 1.1, which `keras.applications` lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras

__all__ = ["INPUT_SIZE", "build_squeezenet"]

INPUT_SIZE = 227


def build_squeezenet() -> keras.Model:
    """Build SqueezeNet 1.1 (Iandola et al. 2016, arXiv:1602.07360, and the authors' release of version 1.1) without its classifier.

    Returns
    -------
    A model with random weights, from images (N, 227, 227, 3) in Caffe's preprocessing to vectors (N, 512).
    """
    # Keras takes seconds to load, and who only asks for a backbone's name does not need it.
    import keras

    image = keras.Input((INPUT_SIZE, INPUT_SIZE, 3))
    values = keras.layers.Conv2D(64, 3, strides=2, activation="relu")(image)
    values = keras.layers.MaxPooling2D(3, strides=2)(values)
    values = _fire(_fire(values, 16, 64), 16, 64)
    values = keras.layers.MaxPooling2D(3, strides=2)(values)
    values = _fire(_fire(values, 32, 128), 32, 128)
    values = keras.layers.MaxPooling2D(3, strides=2)(values)
    values = _fire(_fire(_fire(_fire(values, 48, 192), 48, 192), 64, 256), 64, 256)
    return keras.Model(image, keras.layers.GlobalAveragePooling2D()(values), name="squeezenet")


def _fire(values: keras.KerasTensor, squeezed: int, expanded: int) -> keras.KerasTensor:
    import keras

    squeeze = keras.layers.Conv2D(squeezed, 1, activation="relu")(values)
    pointwise = keras.layers.Conv2D(expanded, 1, activation="relu")(squeeze)
    spatial = keras.layers.Conv2D(expanded, 3, padding="same", activation="relu")(squeeze)
    return keras.layers.Concatenate()([pointwise, spatial])
