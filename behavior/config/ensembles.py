"""The section `ensemble`: models that answer together."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from behavior.config.heads import Head
from behavior.config.sections import Backbone, FeatureSteps, Positive, Section, Windows

__all__ = ["Ensemble", "EnsembleMember"]


class EnsembleMember(Section):
    """One kind of model in an ensemble; what is not said is as in the study."""

    head: Head | None = None
    windows: Windows | None = None
    streams: Annotated[list[str], Field(min_length=1)] | None = None
    backbone: Backbone | None = None
    features: FeatureSteps | None = None


class Ensemble(Section):
    """Several models that answer together.

    Attributes
    ----------
    members
        Kinds of models; the study's own where the list is empty.
    seeds
        Models of each kind, that differ by their seed.
    bagging
        Whether each learns from recordings drawn with replacement (Breiman 1996, Bagging predictors).
    combine
        The mean of their probabilities, or the share of them that says 0.5 or more.
    """

    members: list[EnsembleMember] = Field(default=[])
    seeds: Positive = 1
    bagging: Literal["none", "recordings"] = "none"
    combine: Literal["mean", "vote"] = "mean"
