"""The section `search`: what `behavior search` tries, and when it gives a trial up."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from behavior.config.sections import Count, Section

__all__ = ["Pruning", "Search"]


class Pruning(Section):
    """When a trial is given up. `pruning: none` runs all of them to their end."""

    rule: Literal["median", "percentile", "none"] = Field(
        default="median",
        description="A trial is given up if its best score so far is below the median, or the percentile, of the finished trials at that "
        "epoch.",
        examples=["percentile"],
    )
    percentile: Annotated[float, Field(gt=0, lt=100)] = Field(
        default=25.0, description="The percentile of the rule `percentile`.", examples=[50]
    )
    startup_trials: Count = Field(default=5, description="Trials that are finished before any is given up.", examples=[10])
    warmup_epochs: Count = Field(default=5, description="Epochs before a trial can be given up.", examples=[2])


class Search(Section):
    """What `behavior search` tries."""

    space: Annotated[dict[str, Any], Field(min_length=1)] = Field(
        description="Keys of the study file with dots, or whole sections, each with a list of values or a range: `low` and `high`, with "
        "`step` or `log: true` if wanted.",
        examples=[{"head.units": [32, 64], "training.learning_rate": {"low": 0.0003, "high": 0.01, "log": True}}],
    )
    sampler: Literal["tpe", "grid", "random"] = Field(
        default="tpe",
        description="How settings are chosen: by the scores of earlier trials (tree-structured Parzen estimator), all, or at random.",
        examples=["grid"],
    )
    objective: Literal["average_precision", "f1", "f2"] = Field(
        default="average_precision",
        description="Mean over behaviors of the pooled out-of-fold average precision, or of F1 or F2 at the best threshold of each.",
        examples=["f1"],
    )
    beside: Literal["none", "seconds"] = Field(
        default="none",
        description="`seconds` also compares trials by how long they took: `trials.csv` says which of them no other one beats in both (the "
        "Pareto front), and `front.png` shows them. Settings are chosen by the objective alone. Trials that ran at the same time on one "
        "machine slow each other down.",
        examples=["seconds"],
    )
    pruning: Pruning = Field(default=Pruning(), description="When a trial is given up.", examples=["none", {"warmup_epochs": 2}])
    seed: Count = Field(default=0, description="Seed of the sampler.", examples=[0])

    @field_validator("pruning", mode="before")
    @classmethod
    def _rule_alone(cls, pruning: Any) -> Any:
        return {"rule": pruning or "none"} if pruning is None or isinstance(pruning, str) else pruning
