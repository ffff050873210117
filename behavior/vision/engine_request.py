"""What an engine is asked for: a backbone with its weights, and how to run it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from behavior.vision.backbones import BackboneSpecification

__all__ = ["AUTO", "BFLOAT16", "FLOAT32", "INT8", "KERAS", "OPENVINO", "TORCH", "EngineRequest"]

AUTO = "auto"
KERAS, OPENVINO, TORCH = "keras", "openvino", "torch"
FLOAT32, BFLOAT16, INT8 = "float32", "bfloat16", "int8"


@dataclass(frozen=True)
class EngineRequest:
    """A backbone with its weights, and how to run it.

    Attributes
    ----------
    specification, weights
        The backbone and its weights, as `backbones.build_backbone` takes them.
    identity
        What tells the weights from all others, as `backbone_weights.identify_weights` returns it.
    models
        Folder of the converted models and of what their checks found.
    engine
        "keras", "openvino", "torch", or "auto".
    precision
        "float32", "bfloat16", "int8", or "auto".
    batch_size
        Number of images that the network sees at once.
    n_threads
        Number of processor cores that OpenVINO may use; all of them if None.
    """

    specification: BackboneSpecification
    weights: str
    identity: str
    models: Path
    engine: str = AUTO
    precision: str = AUTO
    batch_size: int = 32
    n_threads: int | None = None

    @property
    def library(self) -> str:
        """The engine that the network was made for; OpenVINO runs each network, too."""
        return TORCH if self.specification.torch is not None else KERAS if self.specification.is_keras else OPENVINO
