"""The section `head`: a kind of network, or boosted trees, and the settings of that kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, model_validator

from behavior.config.sections import Positive, Section

__all__ = ["HEAD_KINDS", "BoostingHead", "Head", "HeadSettings", "LstmHead", "MstcnHead", "TcnHead", "TransformerHead"]


class _Head(Section):
    """What every kind of head has."""

    dropout: Annotated[float, Field(ge=0, lt=1)] = Field(
        default=0.5, description="Share of the features that a training step leaves out at random.", examples=[0.3]
    )
    share: bool = Field(default=False, description="One network for all behaviors instead of one for each.", examples=[True])


class LstmHead(_Head):
    """LSTM layers whose units halve from layer to layer, then a sigmoid per frame."""

    kind: Literal["lstm"] = Field(default="lstm", description="Kind of the head: a long short-term memory.", examples=["lstm"])
    layers: Annotated[int, Field(ge=1, le=3)] = Field(default=3, description="Number of layers.", examples=[2])
    units: Positive = Field(default=64, description="Units of the first layer.", examples=[128])
    bidirectional: bool = Field(default=False, description="Read each window in both directions.", examples=[True])


class TcnHead(_Head):
    """Temporal convolutional layers (keras-tcn) whose filters halve from layer to layer, then a sigmoid per frame."""

    kind: Literal["tcn"] = Field(description="Kind of the head: a temporal convolutional network.", examples=["tcn"])
    layers: Annotated[int, Field(ge=1, le=3)] = Field(default=1, description="Number of layers.", examples=[2])
    filters: Positive = Field(default=256, description="Filters of the first layer.", examples=[512])
    kernel_size: Annotated[int, Field(ge=2)] = Field(default=3, description="Width of each convolution.", examples=[5])
    normalization: Literal["batch", "layer", "weight", "none"] = Field(
        default="batch", description="What is normalised in each block.", examples=["layer"]
    )
    causal: bool = Field(default=True, description="A frame's probability depends on that frame and earlier ones only.", examples=[False])


class MstcnHead(_Head):
    """Stages of dilated residual convolutions (MS-TCN), each refining the probabilities of the one before."""

    kind: Literal["mstcn"] = Field(description="Kind of the head: a multi-stage temporal convolutional network.", examples=["mstcn"])
    stages: Annotated[int, Field(ge=1, le=8)] = Field(default=3, description="Number of stages.", examples=[2])
    layers: Annotated[int, Field(ge=1, le=12)] = Field(
        default=8, description="Layers of a stage; each looks twice as far as the one before.", examples=[10]
    )
    filters: Positive = Field(default=64, description="Filters of each convolution.", examples=[32])
    kernel_size: Annotated[int, Field(ge=3)] = Field(default=3, description="Width of each convolution.", examples=[5])
    smoothing: Annotated[float, Field(ge=0)] = Field(
        default=0.15, description="Weight in the loss of jumps from frame to frame.", examples=[0.0]
    )


class TransformerHead(_Head):
    """A transformer encoder whose frames attend to their neighbourhood."""

    kind: Literal["transformer"] = Field(description="Kind of the head: a transformer encoder.", examples=["transformer"])
    layers: Annotated[int, Field(ge=1, le=8)] = Field(default=2, description="Number of layers.", examples=[3])
    units: Positive = Field(default=64, description="Width of the network, a multiple of `heads`.", examples=[128])
    heads: Positive = Field(default=4, description="Number of attention heads.", examples=[8])
    span: Positive = Field(default=32, description="Frames on either side that a frame attends to.", examples=[64])

    @model_validator(mode="after")
    def _heads_divide_units(self) -> TransformerHead:
        if self.units % self.heads:
            raise ValueError(f"units {self.units} cannot be divided among {self.heads} heads; make one a multiple of the other")
        return self


class BoostingHead(Section):
    """Gradient-boosted trees on statistics of the features in windows around each frame, for each behavior its own."""

    kind: Literal["boosting"] = Field(description="Kind of the head: gradient-boosted trees, for one behavior each.", examples=["boosting"])
    windows_s: Annotated[list[Annotated[float, Field(gt=0, le=3600)]], Field(max_length=8)] = Field(
        default=[0.5, 2.0],
        description="Lengths in seconds of the windows around a frame. Trees see the frame's features, and for each window their means, "
        "their standard deviations, and the mean of its second half less that of its first.",
        examples=[[0.4, 1, 4]],
    )
    trees: Positive = Field(default=200, description="Largest number of trees; `patience` may stop training earlier.", examples=[100])
    patience: Positive = Field(
        default=20, description="Training stops after this number of trees that do not improve on the one before them.", examples=[10]
    )
    learning_rate: Annotated[float, Field(gt=0, le=1)] = Field(
        default=0.1, description="Learning rate: the share of each tree's output that is added.", examples=[0.05]
    )
    leaves: Annotated[int, Field(ge=2, le=1024)] = Field(default=15, description="Largest number of leaves of a tree.", examples=[31])
    min_frames: Positive = Field(default=20, description="Fewest training frames in a leaf.", examples=[50])
    l2: Annotated[float, Field(ge=0)] = Field(default=1.0, description="L2 regularization of the values of leaves.", examples=[10.0])
    share_per_split: Annotated[float, Field(gt=0, le=1)] = Field(
        default=0.3, description="Share of the statistics, drawn at random, that each split may use.", examples=[1.0]
    )
    frames: Positive = Field(
        default=30_000,
        description="Largest number of training frames; from more, this many are taken evenly, up to half of them of the rarer class.",
        examples=[100_000],
    )
    components: Positive = Field(
        default=256,
        description="More features than this are first reduced to this many principal components, unless `features.pca` gives a "
        "number: each one has a mean, a deviation and a difference in each window.",
        examples=[64],
    )

    @property
    def share(self) -> bool:
        """False: trees are for one behavior each."""
        return False


HeadSettings = LstmHead | TcnHead | MstcnHead | TransformerHead | BoostingHead
Head = Annotated[HeadSettings, Field(discriminator="kind")]
HEAD_KINDS: Mapping[str, type[Section]] = {
    "lstm": LstmHead,
    "tcn": TcnHead,
    "mstcn": MstcnHead,
    "transformer": TransformerHead,
    "boosting": BoostingHead,
}
