"""The section `finetune`: how a backbone is trained on the crops of a study."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from behavior.config.sections import Count, Positive, Section

__all__ = ["Augmentation", "Finetune"]

Rate = Annotated[float, Field(gt=0)]


class Augmentation(Section):
    """What is changed at random in the crops that are learned from; 0 leaves a change out.

    Attributes
    ----------
    rotation
        Degrees to either side: any direction by default, a few degrees where crops are turned to the body axis anyway.
    shift, zoom
        Shares of the crop's side.
    brightness
        Share of the range of pixel values.
    shear
        Pixels for each row.
    """

    rotation: Annotated[float, Field(ge=0, le=180)] | None = None
    flip: bool = True
    shift: Annotated[float, Field(ge=0, le=0.5)] = 0.05
    zoom: Annotated[float, Field(ge=0, le=0.5)] = 0.1
    brightness: Annotated[float, Field(ge=0, le=0.5)] = 0.1
    shear: Annotated[float, Field(ge=0, le=0.5)] = 0.05


class Finetune(Section):
    """How `behavior finetune` trains a backbone: a head on it as it is, then its last stage as well.

    Attributes
    ----------
    frames_per_recording
        Labelled frames to learn from at most in each recording, drawn so that behaviors and background are about as frequent.
    watched_frames
        Labelled frames at most, evenly spaced, of the recording that early stopping watches.
    window, stride
        Frames around the labelled one that are looked at together, and the step between them.
    unfreeze
        "auto" for the backbone's last stage, "all", a number of layers, or the beginning of a layer's name, from which on.
    head_epochs, head_learning_rate
        Of the first stage.
    epochs, learning_rate
        Of the second stage.
    """

    frames_per_recording: Positive = 1000
    watched_frames: Positive = 2000
    window: Positive = 1
    stride: Positive = 1
    pooling: Literal["mean", "concatenate"] = "mean"
    unfreeze: int | str = "auto"
    freeze_batch_normalization: bool = True
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.2
    head_epochs: Positive = 10
    head_learning_rate: Rate = 0.001
    epochs: Positive = 10
    learning_rate: Rate = 0.0001
    patience: Positive = 3
    batch_size: Positive = 32
    class_weights: Literal["balanced", "none"] = "balanced"
    augmentation: Augmentation = Augmentation()
    seed: Count = 0

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
