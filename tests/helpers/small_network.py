"""A network of two stages that is trained in seconds: what the tests of fine-tuning share."""

from __future__ import annotations

import keras

SIZE = 16


def make_network(seed: int = 0) -> keras.Sequential:
    """Return the network with weights drawn by `seed`."""
    keras.utils.set_random_seed(seed)
    return keras.Sequential(
        [
            keras.Input((SIZE, SIZE, 3)),
            keras.layers.Conv2D(4, 3, strides=2, name="early_convolution"),
            keras.layers.BatchNormalization(name="early_normalization"),
            keras.layers.ReLU(name="early_activation"),
            keras.layers.Conv2D(6, 3, name="late_convolution"),
            keras.layers.BatchNormalization(name="late_normalization"),
            keras.layers.ReLU(name="late_activation"),
            keras.layers.GlobalAveragePooling2D(name="pool"),
        ]
    )
