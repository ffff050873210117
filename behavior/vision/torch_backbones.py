"""A backbone of PyTorch as a module, by what is known of it."""

from __future__ import annotations

from typing import Any

from behavior.vision.backbones import BackboneSpecification
from behavior.vision.torch_networks import build_torch_network

__all__ = ["build_specified"]


def build_specified(specification: BackboneSpecification) -> tuple[Any, tuple[int, ...]]:
    """Return the module of a backbone, and the shape of its input, as `torch_networks.build_torch_network` does."""
    assert specification.torch is not None
    return build_torch_network(
        specification.torch,
        identity=specification.torch_identity,
        colors=specification.preprocessing,
        pooling=specification.pooling,
    )
