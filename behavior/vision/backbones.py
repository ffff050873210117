"""The networks that turn a crop into a vector, each with its input size, channel order and preprocessing.

Adding one is one entry in `BACKBONES`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from behavior.errors import UsageError, WeightsError, suggest_nearest
from behavior.vision.openfield import openfield_weights_path

__all__ = ["BACKBONES", "RANDOM_SEED", "BackboneSpecification", "build_backbone", "find_backbone", "identify_weights", "imagenet_path"]

RANDOM_SEED = 0
IMAGENET, PACKAGED, RANDOM = "imagenet", "packaged", "random"
# The mean of ImageNet's pixels in blue, green, red order, which networks that came from Caffe have subtracted.
CAFFE_MEAN = (103.939, 116.779, 123.68)

Preprocessing = Literal["raw", "symmetric", "caffe"]


@dataclass(frozen=True)
class BackboneSpecification:
    """What is known of a backbone before it is built.

    Attributes
    ----------
    name
        What a study file calls it.
    n_features
        Length of the vector that it makes of an image.
    input_size
        Height and width of its input in pixels.
    preprocessing
        What happens to RGB values from 0 to 255: "raw" nothing, "symmetric" scaled to [-1, 1], "caffe" turned to blue, green, red order
        with ImageNet's mean subtracted.
    make
        Builds the network, of those that are not from `keras.applications`.
    application
        Name in `keras.applications`, of those that are from there.
    imagenet_file
        Name of its ImageNet weights where Keras publishes them.
    """

    name: str
    n_features: int
    input_size: int
    preprocessing: Preprocessing
    make: Callable[[], Any] | None = None
    application: str | None = None
    imagenet_file: str | None = None

    def build(self) -> Any:
        """Return the network without weights, from preprocessed images (N, S, S, 3) to vectors (N, D)."""
        if self.make is not None:
            return self.make()
        import keras

        return getattr(keras.applications, str(self.application))(include_top=False, weights=None, pooling="avg")


def _make_squeezenet() -> Any:
    """SqueezeNet 1.1 (Iandola et al. 2016, arXiv:1602.07360, and the authors' release of version 1.1), without its classifier."""
    import keras
    from keras import layers

    def fire(values: Any, squeezed: int, expanded: int) -> Any:
        squeeze = layers.Conv2D(squeezed, 1, activation="relu")(values)
        pointwise = layers.Conv2D(expanded, 1, activation="relu")(squeeze)
        spatial = layers.Conv2D(expanded, 3, padding="same", activation="relu")(squeeze)
        return layers.Concatenate()([pointwise, spatial])

    image = keras.Input((227, 227, 3))
    values = layers.Conv2D(64, 3, strides=2, activation="relu")(image)
    values = layers.MaxPooling2D(3, strides=2)(values)
    values = fire(fire(values, 16, 64), 16, 64)
    values = layers.MaxPooling2D(3, strides=2)(values)
    values = fire(fire(values, 32, 128), 32, 128)
    values = layers.MaxPooling2D(3, strides=2)(values)
    values = fire(fire(fire(fire(values, 48, 192), 48, 192), 64, 256), 64, 256)
    return keras.Model(image, layers.GlobalAveragePooling2D()(values), name="squeezenet")


def _make_openfield() -> Any:
    from behavior.vision.openfield import build_openfield

    return build_openfield()


BACKBONES: Mapping[str, BackboneSpecification] = {
    specification.name: specification
    for specification in (
        BackboneSpecification(
            "resnet50v2",
            n_features=2048,
            input_size=224,
            preprocessing="symmetric",
            application="ResNet50V2",
            imagenet_file="resnet50v2_weights_tf_dim_ordering_tf_kernels_notop.h5",
        ),
        BackboneSpecification(
            "inceptionresnetv2",
            n_features=1536,
            input_size=299,
            preprocessing="symmetric",
            application="InceptionResNetV2",
            imagenet_file="inception_resnet_v2_weights_tf_dim_ordering_tf_kernels_notop.h5",
        ),
        BackboneSpecification("squeezenet", n_features=512, input_size=227, preprocessing="caffe", make=_make_squeezenet),
        BackboneSpecification("openfield", n_features=128, input_size=64, preprocessing="raw", make=_make_openfield),
    )
}


def find_backbone(name: str) -> BackboneSpecification:
    """Return the backbone called `name`; UsageError with the nearest name where there is none."""
    if name not in BACKBONES:
        raise UsageError(f"backbone {name!r} is not known{suggest_nearest(name, BACKBONES)} (known: {', '.join(BACKBONES)}).")
    return BACKBONES[name]


def identify_weights(specification: BackboneSpecification, weights: str, *, hash_file: Callable[[Path], str]) -> str:
    """Return what tells these weights from all others, without building the network.

    Parameters
    ----------
    weights
        "imagenet", "packaged", "random" or the path of a weights file.
    hash_file
        Returns the hash of a file's content.

    Raises
    ------
    UsageError
        If the backbone does not come with such weights.
    WeightsError
        If the file is missing.
    """
    if weights == RANDOM:
        return f"random, seed {RANDOM_SEED}"
    if weights == IMAGENET:
        if specification.imagenet_file is None:
            hint = "weights: packaged" if specification.name == "openfield" else "the path of a weights file"
            raise UsageError(f"backbone {specification.name!r} has no ImageNet weights that Keras could fetch; give {hint} instead.")
        return specification.imagenet_file
    if weights == PACKAGED:
        if specification.name != "openfield":
            raise UsageError(
                f"no weights for backbone {specification.name!r} come with the package; only 'openfield' has weights: packaged."
            )
        return hash_file(openfield_weights_path())
    path = Path(weights)
    if not path.is_file():
        raise WeightsError(f"{path}: no such weights file; give imagenet, packaged, random or the path of a file that is there.")
    return hash_file(path)


def build_backbone(specification: BackboneSpecification, weights: str) -> Any:
    """Return a Keras model from uint8 or float RGB images (N, S, S, 3) in 0 to 255 to float32 vectors (N, D), preprocessing included.

    Raises
    ------
    WeightsError
        If the weights are missing, cannot be downloaded or do not fit the network.
    """
    import keras

    if weights == RANDOM:
        keras.utils.set_random_seed(RANDOM_SEED)
    network = specification.build()
    if weights != RANDOM:
        path = _find_weights_file(specification, weights)
        try:
            network.load_weights(str(path))
        except (ValueError, OSError, KeyError, TypeError) as error:
            reason = str(error).partition("\n")[0]
            raise WeightsError(
                f"{path}: these weights do not fit {specification.name} without its top ({reason}); check that the file belongs to it."
            ) from error
    network.trainable = False
    image = keras.Input((specification.input_size, specification.input_size, 3), dtype="float32")
    return keras.Model(image, network(_preprocess(image, specification.preprocessing), training=False), name=specification.name)


def _preprocess(image: Any, preprocessing: Preprocessing) -> Any:
    from keras import ops

    if preprocessing == "symmetric":
        return image / 127.5 - 1.0
    if preprocessing == "caffe":
        return ops.flip(image, axis=-1) - np.array(CAFFE_MEAN, dtype=np.float32)
    return image


def _find_weights_file(specification: BackboneSpecification, weights: str) -> Path:
    if weights == PACKAGED:
        return openfield_weights_path()
    if weights != IMAGENET:
        return Path(weights)
    path = imagenet_path(specification)
    if path.is_file():
        return path
    import keras

    try:
        # Keras knows the address and the checksum of the file; it leaves a verified copy in its folder.
        getattr(keras.applications, str(specification.application))(include_top=False, weights="imagenet", pooling="avg")
    except Exception as error:
        raise WeightsError(
            f"{specification.name}: its ImageNet weights {path.name} are not in {path.parent}, where Keras looks, and could not be "
            "downloaded; put the file there from a machine with internet, or use a backbone that works offline: openfield (weights: "
            "packaged), squeezenet with a weights file, or any backbone with weights: PATH."
        ) from error
    return path


def imagenet_path(specification: BackboneSpecification) -> Path:
    """Return where Keras keeps the ImageNet weights of a backbone, downloaded or not."""
    folder = Path(os.environ.get("KERAS_HOME", Path.home() / ".keras")) / "models"
    return folder / str(specification.imagenet_file)
