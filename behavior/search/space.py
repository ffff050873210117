"""What a search may set: the keys of a study file that it varies, and the study that each choice makes.

A space has for every key, or name of a whole section, a list of values (numbers, words, null, or whole sections) or a range of numbers
`{low: 1, high: 3}`, with `step` or with `log: true`.
"""

from __future__ import annotations

import copy
import itertools
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import Trial

from behavior.config import Search, Study, parse_section
from behavior.errors import UsageError, suggest_nearest
from behavior.files.study import resolve_paths

__all__ = ["Parameter", "SearchSpace", "describe_setting", "format_value", "list_searched", "read_space"]

# What every trial has to have in common, or its score says nothing beside the others'.
NOT_SEARCHED = {
    "recordings": "all trials are scored on the same recordings",
    "behaviors": "all trials are scored on the same behaviors",
    "cache": "it is not a setting of a model",
    "crossval": "all trials are scored in the same folds",
    "postprocess": "decisions are fitted after the search (section decisions)",
    "decisions": "they are fitted after the search",
    "search": "a search does not search itself",
    "finetune": "it makes weights, which a search may choose among (backbone.weights)",
}
# Sections that decide which features are read.
FEATURE_SECTIONS = ("streams", "crop", "backbone", "sampling")
RANGE_KEYS = ("low", "high", "step", "log")
# Up to so many combinations are all looked at before the first trial; of more, every pair of values.
MOST_COMBINATIONS = 3000


@dataclass(frozen=True)
class Parameter:
    """One key that is searched.

    Attributes
    ----------
    key
        With dots, such as `head.units`.
    distribution
        What Optuna draws from.
    values
        What the words or numbers that Optuna draws stand for, in order; None for a range that has no end of them.
    """

    key: str
    distribution: BaseDistribution
    values: Mapping[Any, Any] | None

    def get_value(self, drawn: Any) -> Any:
        """Return what the study file is to say for what was drawn."""
        return copy.deepcopy(self.values[drawn]) if isinstance(self.distribution, CategoricalDistribution) and self.values else drawn

    @property
    def examples(self) -> list[Any]:
        """What stands for all that can be drawn when settings are checked: everything, or the ends of a range."""
        if isinstance(self.distribution, CategoricalDistribution):
            return list(self.distribution.choices)
        assert isinstance(self.distribution, IntDistribution | FloatDistribution)
        return [self.distribution.low, self.distribution.high]


@dataclass(frozen=True)
class SearchSpace:
    """All settings that a search may try.

    Attributes
    ----------
    source
        The study file.
    study
        What it says where it is not searched.
    parameters
        In the order of the study file.
    """

    source: Path
    study: Study
    parameters: tuple[Parameter, ...]

    @property
    def distributions(self) -> dict[str, BaseDistribution]:
        """By key, what Optuna draws from."""
        return {parameter.key: parameter.distribution for parameter in self.parameters}

    def suggest(self, trial: Trial) -> dict[str, Any]:
        """Return what is drawn for `trial` by key; what it was made with stays."""
        drawn: dict[str, Any] = {}
        for key, distribution in self.distributions.items():
            if isinstance(distribution, IntDistribution):
                drawn[key] = trial.suggest_int(key, distribution.low, distribution.high, step=distribution.step, log=distribution.log)
            elif isinstance(distribution, FloatDistribution):
                drawn[key] = trial.suggest_float(key, distribution.low, distribution.high, step=distribution.step, log=distribution.log)
            else:
                assert isinstance(distribution, CategoricalDistribution)
                drawn[key] = trial.suggest_categorical(key, distribution.choices)
        return drawn

    @property
    def size(self) -> int | None:
        """Number of settings; None where a range has no end of values."""
        if any(parameter.values is None for parameter in self.parameters):
            return None
        return math.prod(len(parameter.values or ()) for parameter in self.parameters)

    def list_settings(self) -> list[dict[str, Any]]:
        """Return every setting once, as what would be drawn by key; UsageError where a range has no end of values."""
        for parameter in self.parameters:
            if parameter.values is None:
                raise UsageError(
                    f"{self.source}: search.space.{parameter.key} has no end of values; a grid needs a list, or a range with a step."
                )
        # Sorted, so that the order does not depend on that of the study file's lines.
        ordered = sorted(self.parameters, key=lambda parameter: parameter.key)
        keys = [parameter.key for parameter in ordered]
        return [dict(zip(keys, drawn, strict=True)) for drawn in itertools.product(*(list(one.values or ()) for one in ordered))]

    def make_study(self, setting: Mapping[str, Any]) -> Study:
        """Return the study that a setting makes, without its section `search`.

        Parameters
        ----------
        setting
            What was drawn, by key.

        Raises
        ------
        UsageError
            If there can be no such study.
        """
        content = self.study.model_dump(mode="json")
        content["search"] = None
        for parameter in self.parameters:
            if parameter.key in setting:
                _set_value(content, parameter.key, parameter.get_value(setting[parameter.key]))
        try:
            return resolve_paths(parse_section(Study, content, source=self.source), self.source.resolve().parent)
        except UsageError as error:
            reason = str(error).removeprefix(f"{self.source}: ")
            raise UsageError(f"{self.source}: search.space allows {describe_setting(setting)}; {reason}") from None

    def list_feature_studies(self) -> list[Study]:
        """Return one study for each different choice of features."""
        deciding = [parameter for parameter in self.parameters if parameter.key.split(".")[0] in FEATURE_SECTIONS]
        for parameter in deciding:
            if parameter.values is None:
                raise UsageError(
                    f"{self.source}: search.space.{parameter.key} is a range, but features are embedded for each value; list them."
                )
        keys = [parameter.key for parameter in deciding]
        drawn = itertools.product(*(list(parameter.values or ()) for parameter in deciding))
        return [self.make_study(dict(zip(keys, values, strict=True))) for values in drawn]


def list_searched(study: Study, search: Search, *, source: Path) -> list[Study]:
    """Return one study for each choice of features that a search tries; UsageError if it cannot try what it names."""
    space = read_space(study, search, source=source)
    if search.sampler == "grid":
        space.list_settings()
    return space.list_feature_studies()


def read_space(study: Study, search: Search, *, source: Path) -> SearchSpace:
    """Return the space that the section `search` of `study` describes.

    Parameters
    ----------
    source
        The study file, for messages.

    Raises
    ------
    UsageError
        If it names an unknown key, a value that the key cannot have, values that cannot go together, or what a search cannot vary.
    """
    for key in search.space:
        section = key.split(".")[0]
        if section in NOT_SEARCHED:
            raise UsageError(f"{source}: search.space.{key} cannot be searched, because {NOT_SEARCHED[section]}; take it out.")
        around = [other for other in search.space if key.startswith(f"{other}.")]
        if around:
            raise UsageError(
                f"{source}: search.space has {around[0]!r} and {key!r}, which is a part of it; write the different values of {key!r} into "
                f"the list of {around[0]!r}."
            )
    space = SearchSpace(source, study, tuple(_read_parameter(key, values, source) for key, values in search.space.items()))
    for setting in _list_checked(space.parameters):
        space.make_study(setting)
    return space


def describe_setting(setting: Mapping[str, Any]) -> str:
    """Return a setting in words, such as `head.units 64, windows.length 300`."""
    return ", ".join(f"{key} {format_value(value)}" for key, value in setting.items())


def format_value(value: Any) -> str:
    """Return a value as people read it: null as the study file has it, fractions to four digits."""
    if value is None:
        return "null"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _read_parameter(key: str, values: Any, source: Path) -> Parameter:
    location = f"{source}: search.space.{key}"
    if isinstance(values, Mapping):
        return _read_range(key, values, location)
    if not isinstance(values, list) or not values:
        raise UsageError(f"{location} is {values!r}; give a list of values such as [64, 128], or a range such as {{low: 1, high: 3}}.")
    # Databases hold plain values; sections and lists go by what they say.
    drawn = [value if value is None or isinstance(value, bool | int | float | str) else json.dumps(value) for value in values]
    for index, value in enumerate(drawn):
        if value in drawn[:index]:
            raise UsageError(f"{location} lists {value!r} twice; keep one of the two.")
    return Parameter(key, CategoricalDistribution(drawn), dict(zip(drawn, values, strict=True)))


def _read_range(key: str, values: Mapping[str, Any], location: str) -> Parameter:
    unknown = [name for name in values if name not in RANGE_KEYS]
    if unknown:
        raise UsageError(
            f"{location}: unknown key {unknown[0]!r}{suggest_nearest(str(unknown[0]), RANGE_KEYS)} (a range has: {', '.join(RANGE_KEYS)}; "
            "whole sections go in a list)."
        )
    low, high, step = (_read_number(values.get(name), f"{location}.{name}") for name in ("low", "high", "step"))
    log = values.get("log", False)
    if low is None or high is None or not low < high:
        raise UsageError(f"{location} goes from {low} to {high}; give a low below a high.")
    if not isinstance(log, bool) or (log and (low <= 0 or step is not None)) or (step is not None and step <= 0):
        raise UsageError(f"{location} has step {step} and log {log}; a step is above 0, and log: true goes with a low above 0 and no step.")
    if isinstance(low, int) and isinstance(high, int) and not isinstance(step, float):
        steps = range(low, high + 1, step or 1)
        return Parameter(key, IntDistribution(low, steps[-1], log=log, step=steps.step), {value: value for value in steps})
    if step is None:
        return Parameter(key, FloatDistribution(low, high, log=log), None)
    # In decimals, as the file has them: 0.1 + 0.2 is to be 0.3.
    start, width = Decimal(str(low)), Decimal(str(step))
    fractions = [float(start + index * width) for index in range(int((Decimal(str(high)) - start) / width) + 1)]
    return Parameter(key, FloatDistribution(low, fractions[-1], step=step), {value: value for value in fractions})


def _read_number(value: Any, location: str) -> int | float | None:
    """Return a number; YAML takes `1e-4`, which has no point, for a word."""
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool) and np.isfinite(value)):
        return value
    try:
        if isinstance(value, str) and np.isfinite(float(value)):
            return float(value)
    except ValueError:
        pass
    raise UsageError(f"{location} is {value!r}, expected a number.")


def _list_checked(parameters: Sequence[Parameter]) -> Iterator[dict[str, Any]]:
    """Yield every setting, ends standing for ranges; where those are too many, one with each pair of values."""
    examples = {parameter.key: parameter.examples for parameter in parameters}
    if math.prod(len(values) for values in examples.values()) <= MOST_COMBINATIONS:
        for drawn in itertools.product(*examples.values()):
            yield dict(zip(examples, drawn, strict=True))
        return
    first = {key: values[0] for key, values in examples.items()}
    for one, other in itertools.combinations(examples, 2):
        for here, there in itertools.product(examples[one], examples[other]):
            yield {**first, one: here, other: there}


def _set_value(content: dict[str, Any], key: str, value: Any) -> None:
    """Set a dotted key; a section that is not there, or null, is made, so that its being unknown is found like any other."""
    *sections, last = key.split(".")
    for name in sections:
        if not isinstance(content.get(name), dict):
            content[name] = {}
        content = content[name]
    content[last] = value
