"""Which layers of a backbone are trained further: by default its last stage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from behavior.errors import UsageError, suggest_nearest
from behavior.vision.convnet import CONVNET

if TYPE_CHECKING:
    import keras

__all__ = ["ALL", "AUTO", "choose_layers", "list_layers", "thaw_layers"]

AUTO, ALL = "auto", "all"
# What `auto` unfreezes: from the first layer whose name begins so, or this number of the last layers.
LAST_STAGES: Mapping[str, str | int] = {
    "resnet50v2": "conv5_",
    "resnet50": "conv5_",
    "inceptionresnetv2": "mixed_7a",
    "inceptionv3": "mixed8",
    "vgg16": "block5_",
    "mobilenetv3small": "expanded_conv_8_",
    "mobilenetv3large": "expanded_conv_12_",
    "efficientnetv2b0": "block6a_",
    "convnexttiny": "convnext_tiny_downsampling_block_2",
    # Its layers have no names of their own; the last two fire modules and the pooling.
    "squeezenet": 9,
    "openfield": ALL,
    CONVNET: ALL,
}
# Of an unknown network: the last layers with this share of all that have weights.
UNKNOWN_SHARE = 0.25


def choose_layers(network: keras.Model, unfreeze: str | int, *, backbone: str = "") -> list[keras.layers.Layer]:
    """Return the layers of `network` that are to be trained, in order; what was frozen in it is not any more.

    Parameters
    ----------
    unfreeze
        "all"; a number of layers, counted from the last one; the beginning of a layer's name: that layer and all after it; or "auto":
        the last stage of a backbone that is known here, the last quarter of the layers with weights of another network.
    backbone
        Name of the backbone, for "auto".

    Raises
    ------
    UsageError
        If there are no such layers, or none of them has weights that can be trained.
    """
    thaw_layers(network)
    layers = list_layers(network)
    wanted = unfreeze
    if wanted == AUTO:
        wanted = LAST_STAGES.get(backbone, AUTO)
    if wanted == ALL:
        chosen = layers
    elif wanted == AUTO:
        weighty = [place for place, layer in enumerate(layers) if layer.weights]
        chosen = layers[weighty[int(len(weighty) * (1 - UNKNOWN_SHARE))] :] if weighty else []
    elif isinstance(wanted, int):
        chosen = layers[-wanted:] if wanted else []
    else:
        names = _name_layers(network)
        first = next((place for place, path in enumerate(names) if any(name.startswith(wanted) for name in path)), None)
        if first is None:
            known = list(dict.fromkeys(name for path in names for name in path))
            raise UsageError(
                f"finetune.unfreeze is {unfreeze!r}, and no layer of {backbone or network.name} has a name that begins so"
                f"{suggest_nearest(wanted, known)}; its last ones are {', '.join(known[-5:])}."
            )
        chosen = layers[first:]
    if not any(_can_learn(layer) for layer in chosen):
        raise UsageError(
            f"finetune.unfreeze is {unfreeze!r}, and none of these layers of {backbone or network.name} has weights to train; give more of "
            "its last layers, the beginning of a layer's name, or all."
        )
    return chosen


def thaw_layers(network: keras.Model) -> None:
    """Let all layers of a network be trained, those of networks within it too, which Keras does not always reach."""
    import keras

    network.trainable = True
    for layer in network.layers:
        layer.trainable = True
        if isinstance(layer, keras.Model):
            thaw_layers(layer)


def list_layers(network: keras.Model) -> list[keras.layers.Layer]:
    """Return the layers of a network in order, inputs left out, those of networks within it in their place."""
    return [layer for layer, _ in _walk(network, ())]


def _name_layers(network: keras.Model) -> list[tuple[str, ...]]:
    return [names for _, names in _walk(network, ())]


def _walk(network: keras.Model, above: tuple[str, ...]) -> Iterator[tuple[keras.layers.Layer, tuple[str, ...]]]:
    import keras

    for layer in network.layers:
        if isinstance(layer, keras.Model):
            yield from _walk(layer, (*above, layer.name))
        elif not isinstance(layer, keras.layers.InputLayer):
            yield layer, (*above, layer.name)


def _can_learn(layer: keras.layers.Layer) -> bool:
    """Tell whether a layer has weights that gradients change, other than those of a normalisation."""
    import keras

    return bool(layer.trainable_weights) and not isinstance(layer, keras.layers.BatchNormalization)
