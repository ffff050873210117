"""The sections `postprocess` and `decisions`: from probabilities to an ethogram, with given or with fitted settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field, field_validator, model_validator

from behavior.config.sections import Count, Fraction, Seconds, Section

__all__ = ["Decisions", "Postprocess", "spread_over_behaviors"]


class Postprocess(Section):
    """From probabilities to an ethogram. Every value is one for all behaviors, or one for each by name."""

    threshold: Fraction | dict[str, Fraction] = Field(
        default=0.5, description="A frame is positive from this probability on.", examples=[0.5, {"grooming": 0.4}]
    )
    closing_frames: Count | dict[str, Count] | None = Field(
        default=None,
        description="`n` fills gaps of at most n - 1 frames between two positives, and adds nothing before the first or after the last.",
        examples=[5, {"grooming": 9, "mid_rearing": 3}],
    )
    closing_s: Seconds | dict[str, Seconds] | None = Field(
        default=None, description="The same in seconds, instead of `closing_frames`.", examples=[0.5]
    )
    min_bout_frames: Count | dict[str, Count] | None = Field(
        default=None, description="Bouts of fewer frames are removed, after closing.", examples=[4]
    )
    min_bout_s: Seconds | dict[str, Seconds] | None = Field(
        default=None, description="The same in seconds, instead of `min_bout_frames`.", examples=[0.3]
    )

    @model_validator(mode="after")
    def _frames_or_seconds(self) -> Postprocess:
        for frames, seconds in (("closing_frames", "closing_s"), ("min_bout_frames", "min_bout_s")):
            if getattr(self, frames) is not None and getattr(self, seconds) is not None:
                raise ValueError(f"{frames} and {seconds} are both given; keep one of them")
        return self

    def thresholds(self, behaviors: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return the threshold of each behavior, float32 of shape (B,)."""
        return spread_over_behaviors(self.threshold, behaviors, default=0.5).astype(np.float32)

    def closing(self, behaviors: Sequence[str], fps: float) -> npt.NDArray[np.int64]:
        """Return the closing length of each behavior in frames, int64 of shape (B,)."""
        return _in_frames(self.closing_frames, self.closing_s, behaviors, fps)

    def min_bouts(self, behaviors: Sequence[str], fps: float) -> npt.NDArray[np.int64]:
        """Return the shortest bout of each behavior in frames, int64 of shape (B,)."""
        return _in_frames(self.min_bout_frames, self.min_bout_s, behaviors, fps)


class Decisions(Section):
    """What is fitted on out-of-fold predictions instead of given in `postprocess`. Without this section, nothing is fitted."""

    fit: list[Literal["threshold", "closing", "min_bout"]] = Field(
        default=["threshold", "closing", "min_bout"],
        description="What is fitted; the rest is taken from `postprocess`.",
        examples=[["threshold"]],
    )
    beta: Annotated[float, Field(gt=0, le=100)] = Field(
        default=1.0,
        description="The F-beta score that is maximised: recall counts beta times as much as precision. 2 prefers recall.",
        examples=[2],
    )
    threshold_for: Literal["behavior", "all"] = Field(
        default="behavior",
        description="One threshold for each behavior, or one for all that maximises the mean over behaviors.",
        examples=["all"],
    )
    calibration: Literal["none", "isotonic", "logistic"] = Field(
        default="none",
        description="How probabilities are first turned into shares of positive frames. The calibrated probabilities are the ones stored.",
        examples=["isotonic"],
    )
    nested: Literal["folds", "pairs"] = Field(
        default="folds",
        description="In `crossval`: `folds` fits on the out-of-fold predictions of the other recordings, whose models were trained on the "
        "fold that is scored; `pairs` trains a model for every pair of recordings, so that they were trained on neither.",
        examples=["pairs"],
    )

    @field_validator("fit")
    @classmethod
    def _each_once(cls, fit: list[str]) -> list[str]:
        if len(set(fit)) < len(fit):
            raise ValueError(f"{', '.join(sorted({name for name in fit if fit.count(name) > 1}))} is named more than once")
        return fit

    @model_validator(mode="after")
    def _fits_something(self) -> Decisions:
        if not self.fit and self.calibration == "none":
            raise ValueError("fit is empty and calibration is none, so nothing is fitted; name something, or leave the section out")
        return self

    def keep_given(self, postprocess: Postprocess) -> Postprocess:
        """Return what of `postprocess` counts although something is fitted; what is fitted is not set there.

        >>> Decisions(fit=["closing", "min_bout"]).keep_given(Postprocess(threshold=0.4, closing_s=1)).model_dump(exclude_unset=True)
        {'threshold': 0.4}
        """
        given = postprocess.model_dump(exclude_none=True)
        return Postprocess.model_validate(
            {key: value for key, value in given.items() if key.removesuffix("_s").removesuffix("_frames") not in self.fit}
        )


def spread_over_behaviors(
    value: float | Mapping[str, float] | None, behaviors: Sequence[str], *, default: float
) -> npt.NDArray[np.float64]:
    """Return one number per behavior, shape (B,), from one for all or one for each by name; `default` for those not named."""
    if isinstance(value, Mapping):
        return np.array([value.get(name, default) for name in behaviors], dtype=np.float64)
    return np.full(len(behaviors), default if value is None else value, dtype=np.float64)


def _in_frames(frames: Any, seconds: Any, behaviors: Sequence[str], fps: float) -> npt.NDArray[np.int64]:
    if seconds is not None:
        return np.rint(spread_over_behaviors(seconds, behaviors, default=0) * fps).astype(np.int64)
    return spread_over_behaviors(frames, behaviors, default=0).astype(np.int64)
