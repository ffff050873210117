"""The section `search`: what `behavior search` tries, and when it gives a trial up."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from behavior.config.sections import Count, Section

__all__ = ["Pruning", "Search"]


class Pruning(Section):
    """When a trial is given up: its best running score lies below the median (or percentile) of the finished trials at that epoch."""

    rule: Literal["median", "percentile", "none"] = "median"
    percentile: Annotated[float, Field(gt=0, lt=100)] = 25.0
    startup_trials: Count = 5
    warmup_epochs: Count = 5


class Search(Section):
    """What `behavior search` tries; `workflows.search_space` says what a space may hold.

    Attributes
    ----------
    space
        By dotted key of the study file, or name of a whole section, a list of values or a range `{low: 1, high: 3}`.
    objective
        Mean over behaviors of the pooled out-of-fold average precision, or of F-beta at the threshold that suits each best.
    """

    space: Annotated[dict[str, Any], Field(min_length=1)]
    sampler: Literal["tpe", "grid", "random"] = "tpe"
    objective: Literal["average_precision", "f1", "f2"] = "average_precision"
    pruning: Pruning = Pruning()
    seed: Count = 0

    @field_validator("pruning", mode="before")
    @classmethod
    def _rule_alone(cls, pruning: Any) -> Any:
        return {"rule": pruning or "none"} if pruning is None or isinstance(pruning, str) else pruning
