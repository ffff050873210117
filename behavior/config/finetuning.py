"""The section `finetune`: how a backbone is trained on the crops of a study."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from behavior.config.sections import Count, Positive, Section

__all__ = ["Augmentation", "Finetune"]

Rate = Annotated[float, Field(gt=0)]


class Augmentation(Section):
    """Random changes of the crops that are trained on; 0 leaves a change out, `augmentation: none` leaves out all of them."""

    rotation: Annotated[float, Field(ge=0, le=180)] | None = Field(
        default=None, description="Degrees to either side. Without it 180, and 10 for egocentric crops.", examples=[10]
    )
    flip: bool = Field(default=True, description="Mirror half of the crops left to right.", examples=[False])
    shift: Annotated[float, Field(ge=0, le=0.5)] = Field(default=0.05, description="Share of the crop's side.", examples=[0.1])
    zoom: Annotated[float, Field(ge=0, le=0.5)] = Field(
        default=0.1, description="Share of the crop's side, larger or smaller.", examples=[0.2]
    )
    brightness: Annotated[float, Field(ge=0, le=0.5)] = Field(
        default=0.1, description="Share of the range of pixel values, brighter or darker.", examples=[0.2]
    )
    shear: Annotated[float, Field(ge=0, le=0.5)] = Field(
        default=0.05, description="Pixels by which each row is shifted against the next.", examples=[0]
    )


# What `complete` sets where nothing is said: of a backbone that has learned before, and of one that is trained from scratch.
_USUAL: Mapping[str, tuple[Any, Any]] = {
    "freeze_batch_normalization": (True, False),
    "epochs": (10, 60),
    "learning_rate": (0.0001, 0.001),
    "patience": (3, 12),
    "plateau": (None, 4),
}


class Finetune(Section):
    """How `behavior finetune` trains a backbone: first a head on the frozen backbone, then its last stage too, at a lower rate.

    `convnet` without weights is trained from scratch instead: all of it at once, in what is called the second stage here.
    """

    frames_per_recording: Positive = Field(
        default=1000,
        description="Largest number of labelled frames of a recording, drawn so that behaviors and background are about as frequent.",
        examples=[500],
    )
    watched_frames: Positive = Field(
        default=2000, description="Largest number of labelled frames of the validation recording, evenly spaced.", examples=[1000]
    )
    window: Positive = Field(default=1, description="Frames around the labelled one that are read together.", examples=[5])
    stride: Positive = Field(default=1, description="Step in frames from one frame of a window to the next.", examples=[2])
    pooling: Literal["mean", "concatenate"] = Field(
        default="mean",
        description="The mean of a window's vectors, or all of them one after the other, which keeps their order.",
        examples=["concatenate"],
    )
    unfreeze: int | str = Field(
        default="auto",
        description="What the second stage trains: `auto` (the backbone's last stage), `all`, a number of layers, or the beginning of the "
        "name of the first layer.",
        examples=[20, "conv5"],
    )
    freeze_batch_normalization: bool | None = Field(
        default=None,
        description="Keep the statistics and weights of batch normalisation as they are. Without it `true`, and `false` from scratch.",
        examples=[False],
    )
    dropout: Annotated[float, Field(ge=0, lt=1)] = Field(
        default=0.2, description="Share of the vector that the head does not see in training.", examples=[0.5]
    )
    head_epochs: Positive = Field(default=10, description="Largest number of epochs of the first stage.", examples=[5])
    head_learning_rate: Rate = Field(default=0.001, description="Learning rate of the first stage.", examples=[0.001])
    epochs: Positive | None = Field(
        default=None, description="Largest number of epochs of the second stage. Without it 10, and 60 from scratch.", examples=[5]
    )
    learning_rate: Rate | None = Field(
        default=None, description="Learning rate of the second stage. Without it 0.0001, and 0.001 from scratch.", examples=[0.0001]
    )
    patience: Positive | None = Field(
        default=None,
        description="A stage stops after this number of epochs without a better validation score. Without it 3, and 12 from scratch.",
        examples=[5],
    )
    plateau: Positive | None = Field(
        default=None,
        description="The learning rate is halved after this number of epochs without a better validation score. Without it never, and 4 "
        "from scratch.",
        examples=[2],
    )
    batch_size: Positive = Field(default=32, description="Windows in a training step.", examples=[16])
    class_weights: Literal["balanced", "none"] = Field(
        default="balanced", description="`balanced` weighs the frames of a rare behavior up.", examples=["none"]
    )
    augmentation: Augmentation = Field(
        default=Augmentation(), description="Random changes of the crops.", examples=["none", {"flip": False}]
    )
    seed: Count = Field(default=0, description="Seed of everything that is drawn.", examples=[0])

    @field_validator("unfreeze", mode="before")
    @classmethod
    def _number_or_name(cls, unfreeze: Any) -> Any:
        is_number = isinstance(unfreeze, int) and not isinstance(unfreeze, bool) and unfreeze >= 1
        if not is_number and not (isinstance(unfreeze, str) and unfreeze.strip()):
            raise ValueError(f"found {unfreeze!r}; give auto, all, a number of layers such as 20, or the beginning of a layer's name")
        return unfreeze

    @field_validator("augmentation", mode="before")
    @classmethod
    def _none_at_all(cls, augmentation: Any) -> Any:
        # YAML reads an unquoted off as false.
        if augmentation in (None, False, "none", "off"):
            return {"rotation": 0, "flip": False, "shift": 0, "zoom": 0, "brightness": 0, "shear": 0}
        return augmentation

    def complete(self, *, from_scratch: bool) -> Finetune:
        """Return the settings with nothing left open but `plateau`, which may be None.

        >>> Finetune(epochs=5).complete(from_scratch=True).model_dump(include={"epochs", "patience"})
        {'epochs': 5, 'patience': 12}
        """
        usual = {name: values[from_scratch] for name, values in _USUAL.items() if getattr(self, name) is None}
        return self.model_copy(update=usual)
