"""The sections `postprocess` and `decisions`: from probabilities to an ethogram, and what of that is fitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field, field_validator, model_validator

from behavior.config.sections import Count, Fraction, Seconds, Section

__all__ = ["Decisions", "Postprocess", "spread_over_behaviors"]


class Postprocess(Section):
    """From probabilities to an ethogram; every value is one for all behaviors, or one for each by name."""

    threshold: Fraction | dict[str, Fraction] = 0.5
    closing_frames: Count | dict[str, Count] | None = None
    closing_s: Seconds | dict[str, Seconds] | None = None
    min_bout_frames: Count | dict[str, Count] | None = None
    min_bout_s: Seconds | dict[str, Seconds] | None = None

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
    """What of the way from probabilities to an ethogram is fitted, on predictions of recordings that their models had not seen.

    Attributes
    ----------
    fit
        What is searched for; the rest is taken from the section `postprocess`.
    beta
        Recall counts beta times as much as precision in the F-beta that is maximised.
    threshold_for
        A threshold of its own for each behavior, or one for all that maximises the mean over behaviors.
    calibration
        How probabilities are turned into shares of positive frames before that.
    nested
        In cross-validation, `folds` fits on the out-of-fold predictions of the other recordings, whose models had seen the fold that
        is scored; `pairs` on predictions of models that had seen neither.
    """

    fit: list[Literal["threshold", "closing", "min_bout"]] = Field(default=["threshold", "closing", "min_bout"])
    beta: Annotated[float, Field(gt=0, le=100)] = 1.0
    threshold_for: Literal["behavior", "all"] = "behavior"
    calibration: Literal["none", "isotonic", "logistic"] = "none"
    nested: Literal["folds", "pairs"] = "folds"

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
