"""The section `head`: a kind of network, and what that kind has to be told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, model_validator

from behavior.config.sections import Positive, Section

__all__ = ["HEAD_KINDS", "Head", "HeadSettings", "LstmHead", "MstcnHead", "TcnHead", "TransformerHead"]


class _Head(Section):
    """What every kind of head has: dropout on the features, and whether one network answers for all behaviors."""

    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.5
    share: bool = False


class LstmHead(_Head):
    """LSTM layers whose units halve from layer to layer, a sigmoid per frame."""

    kind: Literal["lstm"] = "lstm"
    layers: Annotated[int, Field(ge=1, le=3)] = 3
    units: Positive = 64
    bidirectional: bool = False


class TcnHead(_Head):
    """Temporal convolutional layers whose filters halve from layer to layer, a sigmoid per frame."""

    kind: Literal["tcn"]
    layers: Annotated[int, Field(ge=1, le=3)] = 1
    filters: Positive = 256
    kernel_size: Annotated[int, Field(ge=2)] = 3
    normalization: Literal["batch", "layer", "weight", "none"] = "batch"
    causal: bool = True


class MstcnHead(_Head):
    """Stages of dilated residual convolutions, each refining the probabilities of the one before."""

    kind: Literal["mstcn"]
    stages: Annotated[int, Field(ge=1, le=8)] = 3
    layers: Annotated[int, Field(ge=1, le=12)] = 8
    filters: Positive = 64
    kernel_size: Annotated[int, Field(ge=3)] = 3
    smoothing: Annotated[float, Field(ge=0)] = 0.15


class TransformerHead(_Head):
    """A transformer encoder whose frames attend to `span` frames on either side."""

    kind: Literal["transformer"]
    layers: Annotated[int, Field(ge=1, le=8)] = 2
    units: Positive = 64
    heads: Positive = 4
    span: Positive = 32

    @model_validator(mode="after")
    def _heads_divide_units(self) -> TransformerHead:
        if self.units % self.heads:
            raise ValueError(f"units {self.units} cannot be divided among {self.heads} heads; make one a multiple of the other")
        return self


HeadSettings = LstmHead | TcnHead | MstcnHead | TransformerHead
Head = Annotated[HeadSettings, Field(discriminator="kind")]
HEAD_KINDS: Mapping[str, type[Section]] = {"lstm": LstmHead, "tcn": TcnHead, "mstcn": MstcnHead, "transformer": TransformerHead}
