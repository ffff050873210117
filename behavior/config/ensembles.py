"""The section `ensemble`: several models whose predictions are combined."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from behavior.config.heads import Head
from behavior.config.sections import Backbone, FeatureSteps, Positive, Section, Windows

__all__ = ["Ensemble", "EnsembleMember"]


class EnsembleMember(Section):
    """One kind of model in an ensemble: the study, with the sections that are given here."""

    head: Head | None = Field(default=None, description="Another head.", examples=[{"kind": "mstcn"}])
    windows: Windows | None = Field(default=None, description="Other windows.", examples=[{"length": 600}])
    streams: Annotated[list[str], Field(min_length=1)] | None = Field(
        default=None, description="Other streams.", examples=[["appearance", "motion"]]
    )
    backbone: Backbone | None = Field(default=None, description="Another backbone.", examples=[{"name": "squeezenet"}])
    features: FeatureSteps | None = Field(default=None, description="Other feature steps.", examples=[{"standardize": True}])


class Ensemble(Section):
    """Several models whose predictions are combined."""

    members: list[EnsembleMember] = Field(
        default=[],
        description="The kinds of models; the study's own if the list is empty.",
        examples=[[{"head": {"kind": "lstm"}}, {"head": {"kind": "mstcn"}}]],
    )
    seeds: Positive = Field(default=1, description="Models of each kind, with different seeds.", examples=[3])
    bagging: Literal["none", "recordings"] = Field(
        default="none",
        description="`recordings` trains each model on recordings drawn with replacement (Breiman 1996, Bagging predictors).",
        examples=["recordings"],
    )
    combine: Literal["mean", "log_odds", "vote", "any"] = Field(
        default="mean",
        description="`mean` of the probabilities; `log_odds`: of their log-odds, by which a model that is sure counts more; `vote`: "
        "the share of models with 0.5 or more; or `any`: the highest probability, so that one model is enough. `any` finds more of a rare "
        "behavior, and decides more frames that do not show it.",
        examples=["log_odds", "any"],
    )
