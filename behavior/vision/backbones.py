"""The networks that turn a crop into a vector, each with its input size, channel order and preprocessing.

Adding one is one entry in `BACKBONES`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from behavior.errors import UsageError, WeightsError, suggest_nearest
from behavior.files.keras_archives import load_network, refusing_missing_weights, require_finite_weights
from behavior.vision.backbone_weights import IMAGENET, PACKAGED, RANDOM, RANDOM_SEED, find_weights_file
from behavior.vision.clips import Clip
from behavior.vision.convnet import CONVNET, DEFAULT_FILTERS, DEFAULT_INPUT_SIZE, build_convnet, count_parameters
from behavior.vision.keras_archives import read_archive
from behavior.vision.network_files import NETWORK_SUFFIXES, NetworkFile, describe_network_file
from behavior.vision.openfield import build_openfield
from behavior.vision.pooling import Pooling, plan_pooling, pool_with_keras
from behavior.vision.preprocessing import ColorNormalization, Preprocessing, preprocess
from behavior.vision.squeezenet import build_squeezenet
from behavior.vision.torch_descriptions import name_network, split_name
from behavior.vision.torch_networks import LIBRARIES, PRETRAINED, TorchDescription, TorchNetwork

__all__ = [
    "BACKBONES",
    "FILE",
    "BackboneSpecification",
    "build_backbone",
    "build_network",
    "find_backbone",
    "require_keras",
]

# What feature caches and models call a network in a .keras file, and study files of earlier versions.
FILE, KERAS_FILE = "file", "keras_file"
ARCHIVE_SUFFIX = ".keras"
PREPROCESSINGS = ("raw", "symmetric", "caffe", "torch")


@dataclass(frozen=True)
class BackboneSpecification:
    """What is known of a backbone before it is built.

    Attributes
    ----------
    name
        What feature caches call it.
    input_size
        Height and width of its input in pixels.
    preprocessing
        What happens to RGB values from 0 to 255: "raw" nothing (the network may have it inside), "symmetric" scaled to [-1, 1],
        "caffe" turned to blue, green, red order with ImageNet's mean subtracted, "torch" scaled to [0, 1], less ImageNet's mean, over
        its spread; or with a mean and a spread of its own.
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
    pooling
        How its vector is made of what it says of the parts of an image; None where the network makes one.
    file
        The file that holds the network and its weights, of those that are the user's own.
    torch
        The network of a library of PyTorch.
    torch_identity
        What tells its weights from all others.
    clip
        What a network on clips looks at; None for one on images.
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
    pooling: Pooling | None = None
    file: NetworkFile | None = None
    torch: TorchNetwork | None = None
    torch_identity: str = ""
    clip: Clip | None = None

    @property
    def is_keras(self) -> bool:
        """Whether Keras can run it."""
        return self.torch is None and (self.file is None or self.file.is_keras)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of an image, (S, S, 3), or of a clip, (F, S, S, 3)."""
        image = (self.input_size, self.input_size, 3)
        return image if self.clip is None else (self.clip.frames, *image)

    def build(self) -> Any:
        """Return the network, from preprocessed images (N, S, S, C) to vectors (N, D): with random weights, or those of its file."""
        if self.file is not None:
            return _load_archive(self, self.file.path)
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


def _size_convnet(input_size: int | None, sizes: Mapping[str, Any]) -> BackboneSpecification:
    """Return the network that is trained from scratch, of the sizes that are given."""
    filters, kernel_size = tuple(sizes.get("filters", DEFAULT_FILTERS)), sizes.get("kernel_size", 3)
    size = input_size or DEFAULT_INPUT_SIZE
    if size >> len(filters) < 1:
        raise UsageError(
            f"backbone {CONVNET!r} halves its input {len(filters)} times, and {size} pixels are too few for that; give fewer "
            "convnet.filters, or a larger input_size."
        )
    return BackboneSpecification(
        CONVNET,
        input_size=size,
        preprocessing="raw",
        n_features=filters[-1],
        n_parameters=count_parameters(filters, kernel_size),
        make=partial(build_convnet, **{**sizes, "filters": filters, "input_size": size}),
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
        _size_convnet(None, {}),
    )
}


def find_backbone(
    name: str,
    *,
    weights: str | None = None,
    preprocessing: Preprocessing | None = None,
    pooling: Pooling | None = None,
    input_size: int | None = None,
    clip: tuple[int | None, int] | None = None,
    convnet: Mapping[str, Any] | None = None,
    describe: Callable[[TorchNetwork], TorchDescription] | None = None,
) -> BackboneSpecification:
    """Return the backbone called `name`.

    Parameters
    ----------
    weights
        As in a study file; only the backbone `file` needs it, whose network and input size are in that file.
    preprocessing, pooling
        Taken instead of the backbone's own.
    input_size
        Side of the images in pixels, for a network that takes any.
    clip
        Frames of a clip, None for the network's own number, and stride from one to the next, of a network on clips.
    convnet
        Sizes of the network `convnet`, as `build_convnet` takes them; a file of its weights has its own.
    describe
        Returns what is known of a network of timm or transformers; where None, there is no use for one.

    Raises
    ------
    UsageError
        If there is no such backbone or preprocessing, with the nearest name, or it does not fit the backbone.
    WeightsError
        If the file of a `file` does not hold a network from an image to one output.
    """
    if convnet and name != CONVNET:
        raise UsageError(f"backbone {name!r} has sizes of its own, and found convnet, which is for {CONVNET!r}; leave it out.")
    if name == CONVNET:
        specification = _find_convnet(weights, pooling, input_size, clip, convnet or {})
    elif name in (FILE, KERAS_FILE):
        specification = replace(_describe_file(weights, input_size, clip), pooling=pooling)
    elif split_name(name) is not None:
        specification = _find_torch(name, weights or PRETRAINED, pooling, input_size, clip, describe)
    elif name in BACKBONES:
        specification = BACKBONES[name]
        _refuse_choices(specification, pooling, input_size, clip)
    else:
        known = [*BACKBONES, FILE, *(f"{library}/NAME" for library in LIBRARIES)]
        raise UsageError(f"backbone {name!r} is not known{suggest_nearest(name, known)} (known: {', '.join(known)}).")
    if preprocessing is None:
        return specification
    if isinstance(preprocessing, str) and preprocessing not in PREPROCESSINGS:
        raise UsageError(
            f"preprocessing {preprocessing!r} is not known{suggest_nearest(preprocessing, PREPROCESSINGS)} (known: "
            f"{', '.join(PREPROCESSINGS)})."
        )
    if specification.n_channels == 1 and preprocessing not in ("raw", "symmetric"):
        kind = preprocessing if isinstance(preprocessing, str) else "with a mean and a std"
        raise UsageError(f"{weights}: takes grey images, and preprocessing {kind} is one of colors; give raw or symmetric.")
    return replace(specification, preprocessing=preprocessing)


def _find_convnet(
    weights: str | None, pooling: Pooling | None, input_size: int | None, clip: tuple[int | None, int] | None, sizes: Mapping[str, Any]
) -> BackboneSpecification:
    """Return the network that is trained from scratch: of the sizes that are given, or the trained one in a file."""
    specification = _size_convnet(input_size, sizes)
    _refuse_choices(specification, pooling, input_size, clip)
    if weights is None or weights in (IMAGENET, PACKAGED, RANDOM, PRETRAINED) or Path(weights).suffix.lower() != ARCHIVE_SUFFIX:
        return specification
    trained = replace(_describe_file(weights, input_size, clip), name=CONVNET)
    if sizes:
        raise UsageError(f"backbone {CONVNET!r} has the sizes of the network in {weights}, and found convnet; leave it out.")
    return trained


def _find_torch(
    name: str,
    weights: str,
    pooling: Pooling | None,
    input_size: int | None,
    clip: tuple[int | None, int] | None,
    describe: Callable[[TorchNetwork], TorchDescription] | None,
) -> BackboneSpecification:
    if describe is None:
        raise UsageError(f"backbone {name!r} is a network of PyTorch, and here is use for one of Keras only; choose another.")
    frames, stride = clip or (None, 1)
    network = name_network(name, weights, input_size=input_size, n_frames=frames)
    description = describe(network)
    if description.n_frames is None and clip is not None:
        raise UsageError(f"backbone {name!r} looks at single images, and found clip; leave it out, or choose a network on clips.")
    return BackboneSpecification(
        name,
        input_size=description.input_size,
        preprocessing=ColorNormalization(description.mean, description.spread),
        n_features=description.n_features if pooling is None else None,
        n_parameters=description.n_parameters,
        pooling=pooling,
        torch=network,
        torch_identity=description.identity,
        clip=None if description.n_frames is None else Clip(description.n_frames, stride),
    )


def _refuse_choices(
    specification: BackboneSpecification, pooling: Pooling | None, input_size: int | None, clip: tuple[int | None, int] | None
) -> None:
    """Raise UsageError where something is chosen that is fixed in a network of Keras, which pools by the mean."""
    if clip is not None:
        raise UsageError(f"backbone {specification.name!r} looks at single images, and found clip; leave it out.")
    if pooling not in (None, "mean"):
        raise UsageError(
            f"backbone {specification.name!r} makes a map of features, and has no vector of the whole image; leave out pooling: {pooling}."
        )
    if input_size not in (None, specification.input_size):
        raise UsageError(
            f"backbone {specification.name!r} takes images of {specification.input_size} pixels, found input_size: {input_size}; leave it "
            "out."
        )


def _describe_file(weights: str | None, input_size: int | None, clip: tuple[int | None, int] | None) -> BackboneSpecification:
    if weights is None or weights in (IMAGENET, PACKAGED, RANDOM):
        given = "nothing" if weights is None else weights
        raise UsageError(
            f"backbone {FILE!r} is a network of your own: found {given} as its weights, expected the path of a file, "
            f"{', '.join(NETWORK_SUFFIXES)}."
        )
    frames, stride = clip or (None, 1)
    file = describe_network_file(Path(weights), input_size=input_size, n_frames=frames)
    if file.n_frames is None and clip is not None:
        raise UsageError(f"{file.path}: takes single images, and found clip; leave it out.")
    return BackboneSpecification(
        KERAS_FILE if file.is_keras else FILE,
        input_size=file.input_size,
        preprocessing="raw",
        n_channels=file.n_channels,
        file=file,
        clip=None if file.n_frames is None else Clip(file.n_frames, stride),
    )


def require_keras(specification: BackboneSpecification, *, user: str) -> BackboneSpecification:
    """Return a backbone that Keras can run; UsageError, which says that `user` needs one, for any other."""
    if not specification.is_keras:
        raise UsageError(
            f"backbone {specification.name!r} is not a Keras network, and {user} needs one; choose one that `behavior backbones` lists, "
            "or a .keras file."
        )
    return specification


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
    if precision == "bfloat16" and specification.file is not None:
        for layer in network._flatten_layers(include_self=False):
            layer.dtype_policy = keras.DTypePolicy("mixed_bfloat16")
    network.trainable = False
    image = keras.Input(specification.input_shape, dtype="float32")
    vectors = network(preprocess(image, specification.preprocessing, n_channels=specification.n_channels), training=False)
    return keras.Model(image, keras.ops.cast(vectors, "float32"), name=specification.name)


def build_network(specification: BackboneSpecification, weights: str) -> Any:
    """Return the Keras network alone, weights loaded, from preprocessed images (N, S, S, C) to vectors (N, D).

    Raises
    ------
    WeightsError
        If the weights are missing, cannot be downloaded or do not fit the network.
    """
    if weights == RANDOM and specification.file is None:
        import keras

        keras.utils.set_random_seed(RANDOM_SEED)
        return specification.build()
    network = specification.build()
    if specification.file is None:
        _load_weights(specification, network, find_weights_file(specification, weights))
    return network


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


def _load_archive(specification: BackboneSpecification, path: Path) -> Any:
    import keras

    advice = "save one that is made of Keras's own layers and needs no code"
    network = load_network(path, custom_objects={}, error=WeightsError, advice=advice)
    shape = tuple(network.output_shape) if isinstance(network.output_shape, tuple) else None
    size = specification.input_size
    n_frames = None if specification.clip is None else specification.clip.frames
    plan = plan_pooling(shape, specification.pooling, channels_first=False, input_size=size, n_frames=n_frames, source=str(path))
    return keras.Model(network.inputs, pool_with_keras(network.outputs[0], plan)) if plan.axes else network
