"""The base of every section of a study file, the kinds of numbers in it, and the sections that stand for themselves."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

__all__ = [
    "Backbone",
    "Count",
    "Crop",
    "CrossValidation",
    "FeatureSteps",
    "Fraction",
    "Positive",
    "Seconds",
    "Section",
    "Training",
    "Windows",
]

Positive = Annotated[int, Field(ge=1)]
Count = Annotated[int, Field(ge=0)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(ge=0)]


class Section(BaseModel):
    """A part of a study file; a key that it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Crop(Section):
    """Where the animal is looked for in a frame.

    Attributes
    ----------
    body_axis
        Two body parts, the one nearer to the tail first.
    egocentric
        Whether crops are turned so that the body axis points up.
    """

    body_part: str | list[str] | None = None
    size: Annotated[int, Field(ge=8)] = 160
    min_likelihood: Fraction = 0.6
    whole_frame: bool = False
    individual: str | None = None
    body_axis: tuple[str, str] | None = None
    egocentric: bool = False

    @model_validator(mode="after")
    def _needs_a_place(self) -> Crop:
        if not self.whole_frame and not self.body_parts:
            raise ValueError("body_part is missing; name the body part that a crop is centred on, or set whole_frame: true")
        if self.egocentric and self.whole_frame:
            raise ValueError("egocentric turns the crop around the animal, and whole_frame: true has none; leave one of the two out")
        if self.egocentric and self.body_axis is None:
            raise ValueError(
                "egocentric needs a body axis; name two body parts, the one nearer to the tail first: body_axis: [tailbase, neck]"
            )
        if self.body_axis is not None and self.body_axis[0].casefold() == self.body_axis[1].casefold():
            raise ValueError(f"both ends of body_axis are {self.body_axis[0]!r}; name two body parts, the one nearer to the tail first")
        return self

    @property
    def body_parts(self) -> tuple[str, ...]:
        """The body parts whose mean is the centre of a crop."""
        if self.body_part is None:
            return ()
        return (self.body_part,) if isinstance(self.body_part, str) else tuple(self.body_part)


class Backbone(Section):
    """The network that embeds a crop, and what runs it.

    Attributes
    ----------
    name
        One of those that `behavior backbones` lists; `keras_file` is the file that `weights` names.
    weights
        imagenet, packaged, random, or the path of a weights file.
    preprocessing
        What happens to RGB values from 0 to 255 before the network sees them; the backbone's own if None.
    engine
        `auto` is a GPU through Keras where there is one, else OpenVINO.
    precision
        `auto` is bfloat16 where the processor has it natively, else float32.
    """

    name: str = "resnet50v2"
    weights: str = "imagenet"
    preprocessing: Literal["raw", "symmetric", "caffe", "torch"] | None = None
    engine: Literal["auto", "keras", "openvino"] = "auto"
    precision: Literal["auto", "float32", "bfloat16", "int8"] = "auto"
    batch_size: Positive = 32


class FeatureSteps(Section):
    """What is done to features before a head sees them, fitted on training recordings alone.

    Attributes
    ----------
    standardize
        Divides each feature by its standard deviation.
    pca
        Number of principal components that are kept, or the share of variance that they have to explain.
    """

    average: Positive = 1
    standardize: bool = False
    pca: int | float | None = None

    @field_validator("pca", mode="before")
    @classmethod
    def _number_or_share(cls, pca: Any) -> Any:
        is_number = isinstance(pca, int | float) and not isinstance(pca, bool)
        if pca is not None and not (is_number and (0 < pca < 1 or (isinstance(pca, int) and pca >= 1))):
            raise ValueError(
                f"found {pca!r}; give a whole number of components such as 64, or a share of variance between 0 and 1 such as 0.95"
            )
        return pca


class Windows(Section):
    """The stretches of a recording that a head sees at once."""

    length: Positive = 300


class Training(Section):
    """How a head is fitted."""

    learning_rate: Annotated[float, Field(gt=0)] = 0.001
    batch_size: Positive = 8
    epochs: Positive = 50
    patience: Positive = 5
    class_weights: Literal["balanced", "none"] = "balanced"
    seed: Count = 0
    precision: Literal["auto", "float32", "bfloat16"] = "float32"
    memory_gib: Annotated[float, Field(gt=0)] = 3.0


class CrossValidation(Section):
    """What a fold leaves out, and what its early stopping watches."""

    leave_out: Literal["recording", "animal"] = "recording"
    early_stopping_on: Literal["inner", "fold"] = "inner"
