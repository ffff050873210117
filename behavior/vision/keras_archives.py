"""What a `.keras` file says of its network, read without loading Keras."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from behavior.errors import WeightsError
from behavior.files.keras_archives import read_network_config
from behavior.files.opening import explain_damage

__all__ = ["ArchivedNetwork", "read_archive"]

_ADVICE = "save the network again with `model.save('NAME.keras')` of Keras 3"
COLORS = (1, 3)


@dataclass(frozen=True)
class ArchivedNetwork:
    """The outside of a network in a `.keras` file.

    Attributes
    ----------
    input_size
        Height and width of its input in pixels; None where it takes any, or its sides differ.
    n_channels
        Number of colors of its input; None where it is not one or three.
    n_inputs, n_outputs
        How many arrays it takes and gives.
    layers
        The class names of its layers, in order; empty where they are not listed.
    n_frames
        Frames of a clip; None for a network on images.
    """

    input_size: int | None
    n_channels: int | None
    n_inputs: int
    n_outputs: int
    layers: tuple[str, ...]
    n_frames: int | None = None


def read_archive(path: Path) -> ArchivedNetwork:
    """Return what the `.keras` file at `path` says of its network.

    Raises
    ------
    WeightsError
        If the file is missing, or is not a `.keras` file.
    """
    config = read_network_config(path, error=WeightsError, advice=_ADVICE)
    # Whatever else it says, and however it says it, is Keras's matter.
    with explain_damage(path, error=WeightsError, expected="a .keras file", advice=_ADVICE):
        return _describe(config)


def _describe(config: dict[str, Any]) -> ArchivedNetwork:
    inner = config["config"]
    layers = [layer for layer in inner.get("layers", []) if isinstance(layer, dict)]
    names = tuple(str(layer.get("class_name")) for layer in layers)
    if config["class_name"] != "Sequential" and "input_layers" in inner:
        inputs = _list_tensors(inner["input_layers"])
        by_name = {layer.get("name", layer.get("config", {}).get("name")): layer for layer in layers}
        shape = by_name.get(inputs[0], {}).get("config", {}).get("batch_shape") if inputs else None
        size, colors, frames = _read_shape(shape)
        return ArchivedNetwork(size, colors, len(inputs), len(_list_tensors(inner.get("output_layers", []))), names, frames)
    first = layers[0].get("config", {}).get("batch_shape") if layers else None
    shape = first or inner.get("build_input_shape") or (config.get("build_config") or {}).get("input_shape")
    size, colors, frames = _read_shape(shape)
    return ArchivedNetwork(size, colors, 1, 1, names, frames)


def _read_shape(shape: Any) -> tuple[int | None, int | None, int | None]:
    """Return the side, the number of colors and that of frames that an input shape (N, S, S, C) or (N, F, S, S, C) has."""
    if not isinstance(shape, list | tuple) or len(shape) not in (4, 5):
        return None, None, None
    *before, height, width, colors = shape
    size = height if isinstance(height, int) and height == width else None
    frames = before[1] if len(before) > 1 and isinstance(before[1], int) else None
    # A clip of any length is none that Keras could tell from an image.
    return (None if len(before) > 1 and frames is None else size), colors if colors in COLORS else None, frames


def _list_tensors(value: Any) -> list[str]:
    """Return the names of the layers in Keras's nested lists of [layer, node, tensor]."""
    if isinstance(value, dict):
        return [name for entry in value.values() for name in _list_tensors(entry)]
    if not isinstance(value, list):
        return []
    if len(value) == 3 and isinstance(value[0], str) and isinstance(value[1], int):
        return [value[0]]
    return [name for entry in value for name in _list_tensors(entry)]
