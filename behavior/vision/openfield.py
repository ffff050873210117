"""`openfield`: a small network for a mouse seen from above, whose weights ship with the package.

It was trained by ``scripts/train_openfield.py`` to tell a rendered mouse's posture from one crop; what it has learned to look at
is what it embeds.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from behavior.errors import WeightsError

if TYPE_CHECKING:
    import keras

__all__ = ["EMBEDDING_SIZE", "INPUT_SIZE", "build_openfield", "openfield_weights_path"]

INPUT_SIZE = 64
EMBEDDING_SIZE = 128


def build_openfield() -> keras.Model:
    """Build the network, with random weights.

    Returns
    -------
    A model from crops, float RGB from 0 to 255 of shape (N, 64, 64, 3), to embeddings, float32 of shape (N, 128), each feature with
    a mean near 0 and a spread near 1 on rendered scenes. Preprocessing is inside: a crop's brightness and contrast are taken out.
    """
    # Keras takes seconds to load, and who only asks where the weights are does not need it.
    import keras

    crops = keras.Input((INPUT_SIZE, INPUT_SIZE, 3), name="crops")
    x = keras.layers.Rescaling(1 / 64.0, offset=-2.0, name="rescale")(crops)
    x = keras.layers.LayerNormalization(axis=(1, 2, 3), center=False, scale=False, epsilon=1e-3, name="standardize")(x)
    x = _convolve(x, 16, "stem", kernel_size=5, strides=2)
    for filters in (32, 64):
        x = _convolve(x, filters, f"shrink_{filters}", strides=2)
        x = keras.layers.Add(name=f"add_{filters}")([x, _convolve(x, filters, f"refine_{filters}")])
    x = _convolve(x, 96, "shrink_96", strides=2)
    # Flattened, not averaged: where the head is says where the mouse is heading.
    x = keras.layers.Flatten(name="flatten")(x)
    x = keras.layers.Dense(EMBEDDING_SIZE, use_bias=False, name="project")(x)
    x = keras.layers.BatchNormalization(scale=False, dtype="float32", name="embedding")(x)
    return keras.Model(crops, x, name="openfield")


def openfield_weights_path() -> Path:
    """Return where the packaged weights are; WeightsError if the installation lacks them."""
    path = Path(str(files("behavior.vision") / "weights" / "openfield.weights.h5"))
    if not path.is_file():
        raise WeightsError(f"{path}: the packaged weights of openfield are missing; install the package again.")
    return path


def _convolve(x: keras.KerasTensor, filters: int, name: str, *, kernel_size: int = 3, strides: int = 1) -> keras.KerasTensor:
    import keras

    x = keras.layers.Conv2D(filters, kernel_size, strides=strides, padding="same", use_bias=False, name=f"{name}_convolution")(x)
    x = keras.layers.BatchNormalization(name=f"{name}_normalization")(x)
    return keras.layers.ReLU(name=f"{name}_activation")(x)
