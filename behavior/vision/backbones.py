"""The networks that turn a crop into a vector, each with its input size, channel order and preprocessing.

Adding one is one entry in `BACKBONES`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from behavior.errors import UsageError, WeightsError, suggest_nearest
from behavior.files.keras_archives import load_network, refusing_missing_weights, require_finite_weights
from behavior.vision.keras_archives import read_archive
from behavior.vision.openfield import build_openfield, openfield_weights_path
from behavior.vision.squeezenet import build_squeezenet

__all__ = [
    "BACKBONES",
    "IMAGENET",
    "KERAS_FILE",
    "PACKAGED",
    "RANDOM",
    "RANDOM_SEED",
    "BackboneSpecification",
    "Preprocessing",
    "build_backbone",
    "build_network",
    "find_backbone",
    "identify_weights",
    "imagenet_path",
    "preprocess",
]

RANDOM_SEED = 0
IMAGENET, PACKAGED, RANDOM = "imagenet", "packaged", "random"
KERAS_FILE = "keras_file"
ARCHIVE_SUFFIX = ".keras"
# The mean of ImageNet's pixels in blue, green, red order, which networks that came from Caffe have subtracted.
CAFFE_MEAN = (103.939, 116.779, 123.68)
# The mean and the spread of ImageNet's pixels between 0 and 1, in red, green, blue order, as torchvision has them.
TORCH_MEAN, TORCH_SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
# What red, green and blue weigh in a grey value (ITU-R BT.601).
GREY_WEIGHTS = (0.299, 0.587, 0.114)

Preprocessing = Literal["raw", "symmetric", "caffe", "torch"]


@dataclass(frozen=True)
class BackboneSpecification:
    """What is known of a backbone before it is built.

    Attributes
    ----------
    name
        What a study file calls it.
    input_size
        Height and width of its input in pixels.
    preprocessing
        What happens to RGB values from 0 to 255: "raw" nothing (the network may have it inside), "symmetric" scaled to [-1, 1],
        "caffe" turned to blue, green, red order with ImageNet's mean subtracted, "torch" scaled to [0, 1], less ImageNet's mean, over
        its spread.
    n_features
        Length of the vector that it makes of an image; None for a file of the user's, which has to be loaded to know.
    n_parameters
        Number of its weights; None likewise.
    make
        Builds the network, of those that are not from `keras.applications`.
    application
        Name in `keras.applications`, of those that are from there.
    imagenet_file
        Name of its ImageNet weights where Keras publishes them.
    n_channels
        3, or 1 for a network on grey images.
    archive
        The `.keras` file that holds the network and its weights, of those that are from a file of the user's.
    """

    name: str
    input_size: int
    preprocessing: Preprocessing
    n_features: int | None = None
    n_parameters: int | None = None
    make: Callable[[], Any] | None = None
    application: str | None = None
    imagenet_file: str | None = None
    n_channels: int = 3
    archive: Path | None = None

    def build(self) -> Any:
        """Return the network, from preprocessed images (N, S, S, C) to vectors (N, D): with random weights, or the archive's own."""
        if self.make is not None:
            return self.make()
        import keras

        make = getattr(keras.applications, str(self.application))
        return make(include_top=False, weights=None, pooling="avg", input_shape=(self.input_size, self.input_size, 3))


def _from_applications(
    application: str, n_features: int, n_parameters: int, input_size: int, preprocessing: Preprocessing, imagenet_file: str
) -> BackboneSpecification:
    return BackboneSpecification(
        application.lower(),
        input_size=input_size,
        preprocessing=preprocessing,
        n_features=n_features,
        n_parameters=n_parameters,
        application=application,
        imagenet_file=imagenet_file,
    )


# Keras's names for its files: what follows the network's name in most of them.
NO_TOP = "weights_tf_dim_ordering_tf_kernels_notop.h5"

BACKBONES: Mapping[str, BackboneSpecification] = {
    specification.name: specification
    for specification in (
        _from_applications("ResNet50V2", 2048, 23_564_800, 224, "symmetric", f"resnet50v2_{NO_TOP}"),
        _from_applications("InceptionResNetV2", 1536, 54_336_736, 299, "symmetric", f"inception_resnet_v2_{NO_TOP}"),
        _from_applications("ResNet50", 2048, 23_587_712, 224, "caffe", f"resnet50_{NO_TOP}"),
        _from_applications("VGG16", 512, 14_714_688, 224, "caffe", f"vgg16_{NO_TOP}"),
        _from_applications("InceptionV3", 2048, 21_802_784, 299, "symmetric", f"inception_v3_{NO_TOP}"),
        # Keras builds the preprocessing into the following four.
        _from_applications("MobileNetV3Small", 576, 939_120, 224, "raw", "weights_mobilenet_v3_small_224_1.0_float_no_top_v2.h5"),
        _from_applications("MobileNetV3Large", 960, 2_996_352, 224, "raw", "weights_mobilenet_v3_large_224_1.0_float_no_top_v2.h5"),
        _from_applications("EfficientNetV2B0", 1280, 5_919_312, 224, "raw", "efficientnetv2-b0_notop.h5"),
        _from_applications("ConvNeXtTiny", 768, 27_820_128, 224, "raw", "convnext_tiny_notop.h5"),
        BackboneSpecification(
            "squeezenet", input_size=227, preprocessing="caffe", n_features=512, n_parameters=722_496, make=build_squeezenet
        ),
        BackboneSpecification("openfield", input_size=64, preprocessing="raw", n_features=128, n_parameters=323_824, make=build_openfield),
    )
}


def find_backbone(name: str, *, weights: str | None = None, preprocessing: Preprocessing | None = None) -> BackboneSpecification:
    """Return the backbone called `name`.

    Parameters
    ----------
    weights
        As in a study file; only the backbone `keras_file` needs it, whose network and input size are in that file.
    preprocessing
        Taken instead of the backbone's own.

    Raises
    ------
    UsageError
        If there is no such backbone or preprocessing, with the nearest name.
    WeightsError
        If the file of a `keras_file` does not hold a network from an image of one size to one output.
    """
    if name == KERAS_FILE:
        specification = _describe_archive(weights)
    elif name in BACKBONES:
        specification = BACKBONES[name]
    else:
        known = [*BACKBONES, KERAS_FILE]
        raise UsageError(f"backbone {name!r} is not known{suggest_nearest(name, known)} (known: {', '.join(known)}).")
    if preprocessing is None:
        return specification
    known = list(get_args(Preprocessing))
    if preprocessing not in known:
        raise UsageError(
            f"preprocessing {preprocessing!r} is not known{suggest_nearest(preprocessing, known)} (known: {', '.join(known)})."
        )
    if specification.n_channels == 1 and preprocessing in ("caffe", "torch"):
        raise UsageError(f"{weights}: takes grey images, and preprocessing {preprocessing} is one of colors; give raw or symmetric.")
    return replace(specification, preprocessing=preprocessing)


def _describe_archive(weights: str | None) -> BackboneSpecification:
    if weights is None or weights in (IMAGENET, PACKAGED, RANDOM):
        given = "nothing" if weights is None else weights
        raise UsageError(
            f"backbone {KERAS_FILE!r} is a network of your own: found {given} as its weights, expected the path of a .keras file."
        )
    path = Path(weights)
    network = read_archive(path)
    expected = "expected a network from one square image of a fixed size to one vector; wrap it in such a keras.Model and save that."
    if network.n_inputs != 1 or network.n_outputs != 1:
        raise WeightsError(f"{path}: found {network.n_inputs} inputs and {network.n_outputs} outputs, {expected}")
    if network.input_size is None:
        raise WeightsError(f"{path}: found no square input of a fixed size, {expected}")
    if network.n_channels is None:
        raise WeightsError(f"{path}: its input has neither three colors nor one, {expected}")
    return BackboneSpecification(
        KERAS_FILE,
        input_size=network.input_size,
        preprocessing="raw",
        make=partial(_load_archive, path),
        n_channels=network.n_channels,
        archive=path,
    )


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


def build_backbone(specification: BackboneSpecification, weights: str, *, precision: str = "float32") -> Any:
    """Return a Keras model from uint8 or float RGB images (N, S, S, 3) in 0 to 255 to float32 vectors (N, D), preprocessing included.

    Parameters
    ----------
    precision
        "float32", or "bfloat16": then the network computes in bfloat16 on weights that are kept in float32.

    Raises
    ------
    WeightsError
        If the weights are missing, cannot be downloaded or do not fit the network.
    """
    import keras

    policy = keras.config.dtype_policy()
    try:
        if precision == "bfloat16":
            keras.config.set_dtype_policy("mixed_bfloat16")
        network = build_network(specification, weights)
    finally:
        keras.config.set_dtype_policy(policy)
    if precision == "bfloat16" and specification.archive is not None:
        for layer in network._flatten_layers(include_self=False):
            layer.dtype_policy = keras.DTypePolicy("mixed_bfloat16")
    network.trainable = False
    image = keras.Input((specification.input_size, specification.input_size, 3), dtype="float32")
    vectors = network(preprocess(image, specification.preprocessing, n_channels=specification.n_channels), training=False)
    return keras.Model(image, keras.ops.cast(vectors, "float32"), name=specification.name)


def build_network(specification: BackboneSpecification, weights: str) -> Any:
    """Return the Keras network alone, weights loaded, from preprocessed images (N, S, S, C) to vectors (N, D).

    Raises
    ------
    WeightsError
        If the weights are missing, cannot be downloaded or do not fit the network.
    """
    if weights == RANDOM and specification.archive is None:
        import keras

        keras.utils.set_random_seed(RANDOM_SEED)
        return specification.build()
    network = specification.build()
    if specification.archive is None:
        _load_weights(specification, network, _find_weights_file(specification, weights))
    return network


def preprocess(image: Any, preprocessing: Preprocessing, *, n_channels: int = 3) -> Any:
    """Return RGB images (N, S, S, 3) in 0 to 255, arrays or Keras tensors, as a network with that preprocessing expects them."""
    from keras import ops

    if n_channels == 1:
        image = ops.sum(image * np.array(GREY_WEIGHTS, dtype=np.float32), axis=-1, keepdims=True)
    if preprocessing == "symmetric":
        return image / 127.5 - 1.0
    if preprocessing == "caffe":
        return ops.flip(image, axis=-1) - np.array(CAFFE_MEAN, dtype=np.float32)
    if preprocessing == "torch":
        mean, spread = (255 * np.array(values, dtype=np.float32) for values in (TORCH_MEAN, TORCH_SPREAD))
        return (image - mean) / spread
    return image


def _load_weights(specification: BackboneSpecification, network: Any, path: Path) -> None:
    complaint = f"{path}: these weights do not fit {specification.name} without its top"
    advice = "check that the file belongs to it."
    if path.suffix.lower() == ARCHIVE_SUFFIX:
        stored = read_archive(path).layers
        expected = tuple(type(operation).__name__ for operation in network.operations)
        # Keras would take what fits of a larger network and say nothing of the rest.
        if stored != expected:
            raise WeightsError(f"{complaint} (found {len(stored)} layers, expected {len(expected)} of certain kinds); {advice}")
    try:
        with refusing_missing_weights():
            network.load_weights(str(path))
    except Exception as error:
        # Keras and h5py raise whatever a damaged file leads them to.
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        raise WeightsError(f"{complaint} ({reason}); {advice}") from error
    require_finite_weights(network, path, error=WeightsError, advice=advice.rstrip("."))


def _load_archive(path: Path) -> Any:
    advice = "save one that is made of Keras's own layers and needs no code"
    network = load_network(path, custom_objects={}, error=WeightsError, advice=advice)
    shape = tuple(network.output_shape) if isinstance(network.output_shape, tuple) else ()
    if len(shape) != 2 or shape[1] is None:
        raise WeightsError(
            f"{path}: its output has shape {network.output_shape}, expected one vector an image; end the network with a layer such as "
            "GlobalAveragePooling2D."
        )
    return network


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
