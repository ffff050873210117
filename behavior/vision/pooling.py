"""How what a network says of the parts of an image becomes one vector of the image."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from behavior.errors import WeightsError

__all__ = ["Pooling", "PoolingPlan", "plan_pooling", "pool_with_keras", "pool_with_openvino"]

Pooling = Literal["cls", "mean", "both"]
_LONGEST_VECTOR = 2**16


@dataclass(frozen=True)
class PoolingPlan:
    """What is done to an output of a network.

    Attributes
    ----------
    axes
        Those of the parts of an image, over which a mean is taken.
    n_first
        How many of the parts, the first ones, are no places in the image: the vector of the whole, and registers.
    takes_first, takes_mean
        Whether the first part, and the mean of the places, are in the vector.
    n_features
        Length of the vector, D.
    """

    axes: tuple[int, ...]
    n_first: int
    takes_first: bool
    takes_mean: bool
    n_features: int


def plan_pooling(
    shape: Sequence[int | None] | None, pooling: Pooling | None, *, channels_first: bool, input_size: int, n_frames: int | None, source: str
) -> PoolingPlan:
    """Return how an output of some shape becomes one vector (N, D).

    Parameters
    ----------
    shape
        (N, D), (N, T, D) of a transformer's tokens, or of a map of features, (N, H, W, D) or (N, D, H, W), in a clip with one axis more.
    pooling
        As in a study file; None for a network that gives vectors.
    channels_first
        Whether a map of features has its channels before its places.
    input_size
        Side of the image in pixels: places are a square grid of patches of equal size.
    n_frames
        Frames of a clip, whose tokens are all places but for those that a grid does not explain; None for an image.
    source
        What begins the sentence of an error.

    Raises
    ------
    WeightsError
        If there is no such vector.

    Examples
    --------
    >>> plan_pooling((None, 261, 384), "both", channels_first=True, input_size=224, n_frames=None, source="dino.onnx").n_first
    5
    """
    found = "of a length that is not known" if shape is None else f"of shape {_describe_shape(shape)}"
    if shape is None or len(shape) < 2 or len(shape) > 5:
        raise WeightsError(f"{source}: its output is {found}, expected one vector an image; export it with such an output.")
    if len(shape) == 2:
        if pooling is not None:
            raise WeightsError(f"{source}: gives one vector an image, so that pooling: {pooling} has nothing to choose from; leave it out.")
        return PoolingPlan((), 0, False, False, _require_length(shape[1], source))
    if pooling is None:
        raise WeightsError(
            f"{source}: its output has shape {_describe_shape(shape)}, expected one vector an image; choose pooling: mean, cls or both, or "
            "end the network with a layer such as GlobalAveragePooling2D."
        )
    if len(shape) > 3:
        if pooling != "mean":
            raise WeightsError(f"{source}: gives a map of features, which has no vector of the whole image; choose pooling: mean.")
        axes = tuple(range(2, len(shape))) if channels_first else tuple(range(1, len(shape) - 1))
        return PoolingPlan(axes, 0, False, True, _require_length(shape[1] if channels_first else shape[-1], source))
    n_first = _count_first(shape[1], input_size) if n_frames is None else 1 if pooling != "mean" else 0
    if pooling != "mean" and n_first == 0:
        raise WeightsError(
            f"{source}: its {shape[1] or 'parts'} parts are the places of a grid, and none is of the whole image; choose pooling: mean."
        )
    length = _require_length(shape[2], source)
    return PoolingPlan((1,), n_first, pooling != "mean", pooling != "cls", 2 * length if pooling == "both" else length)


def _count_first(n_parts: int | None, input_size: int) -> int:
    """Return how many parts come before those of the largest grid of patches, all of one size in whole pixels, that there are parts for."""
    if n_parts is None:
        return 1
    sides = (side for side in range(math.isqrt(n_parts), 0, -1) if input_size % side == 0)
    return n_parts - next(sides) ** 2


def _require_length(length: int | None, source: str) -> int:
    if length is None or not 1 <= length <= _LONGEST_VECTOR:
        found = "of a length that is not known" if length is None else f"of {length:,} numbers"
        raise WeightsError(f"{source}: gives vectors {found}, expected 1 to {_LONGEST_VECTOR:,}; export it with such an output.")
    return length


def _describe_shape(shape: Sequence[int | None]) -> str:
    return f"({', '.join(str(length) for length in shape)})"


def pool_with_keras(output: Any, plan: PoolingPlan) -> Any:
    """Return the vectors (N, D) of an output, a Keras tensor, pooled by a plan."""
    from keras import ops

    if not plan.axes:
        return output
    vectors = [output[:, 0]] if plan.takes_first else []
    if plan.takes_mean:
        vectors.append(ops.mean(output[:, plan.n_first :] if plan.n_first else output, axis=plan.axes))
    return ops.concatenate(vectors, axis=-1) if len(vectors) > 1 else vectors[0]


def pool_with_openvino(output: Any, plan: PoolingPlan, opset: Any) -> Any:
    """Return the node of the vectors (N, D) of an output, a node of an OpenVINO network, pooled by a plan; `opset` makes nodes."""
    if not plan.axes:
        return output
    vectors = []
    if plan.takes_first:
        vectors.append(opset.gather(output, opset.constant(0), opset.constant(1)))
    if plan.takes_mean:
        if plan.n_first:
            start, stop, step, axis = ([value] for value in (plan.n_first, 2**31 - 1, 1, 1))
            output = opset.slice(output, *(opset.constant(value) for value in (start, stop, step, axis)))
        vectors.append(opset.reduce_mean(output, opset.constant(list(plan.axes)), keep_dims=False))
    return opset.concat(vectors, axis=1) if len(vectors) > 1 else vectors[0]
