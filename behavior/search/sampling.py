"""How a search chooses what to try next, and what to give up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.pruners import BasePruner, MedianPruner, NopPruner, PercentilePruner
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.trial import FrozenTrial

from behavior.config import Pruning, Search
from behavior.search.space import SearchSpace
from behavior.search.storage import REPEATS

__all__ = ["FreshSampler", "make_pruner"]

# The estimator proposes the same setting again and again where it likes it; so often it is asked for another.
MOST_DRAWS = 10
# Spaces of up to so many settings are looked through for one that is left.
MOST_LISTED = 100_000


class FreshSampler(BaseSampler):
    """Draws a setting that no trial has had, as long as there is one.

    Trials of one setting and seed come to the same score, so a second one would say nothing. What is drawn depends on the seed, the
    trials before it, and how many of these did not repeat that of a dead worker. So the search of one worker that is killed and started
    again goes on as it would have, and several workers do not draw the same; what these draw depends on who is quicker.
    """

    def __init__(self, space: SearchSpace, search: Search) -> None:
        self._space, self._search = space, search

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Return all keys: they are drawn together."""
        return {key: distribution for key, distribution in self._space.distributions.items() if not distribution.single()}

    def sample_relative(self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]) -> dict[str, Any]:
        """Return a setting."""
        if not search_space:
            return {}
        trials = study.get_trials(deepcopy=False)
        seeds = np.random.SeedSequence([self._search.seed, _count_drawn_before(trial, trials)])
        inner = self._make_inner(int(seeds.generate_state(1)[0]))
        tried = {_freeze(other.params, search_space) for other in trials if other.number != trial.number}
        setting: dict[str, Any] = {}
        for _ in range(MOST_DRAWS):
            setting = dict(inner.sample_relative(study, trial, search_space))
            for key, distribution in search_space.items():
                if key not in setting:
                    setting[key] = inner.sample_independent(study, trial, key, distribution)
            if _freeze(setting, search_space) not in tried:
                return setting
        if (self._space.size or MOST_LISTED + 1) <= MOST_LISTED:
            left = [one for one in self._space.list_settings() if _freeze(one, search_space) not in tried]
            if left:
                return {key: left[int(np.random.default_rng(seeds).integers(len(left)))][key] for key in search_space}
        return setting

    def sample_independent(self, study: optuna.Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution) -> Any:
        """Return one value; Optuna asks for one alone where `sample_relative` left it out, which it does not."""
        return self._make_inner(trial.number).sample_independent(study, trial, param_name, param_distribution)

    def _make_inner(self, seed: int) -> BaseSampler:
        if self._search.sampler == "tpe":
            # A constant liar: settings that other workers are at count as bad until their score is known, so that they spread.
            return TPESampler(seed=seed, multivariate=True, constant_liar=True)
        return RandomSampler(seed=seed)


def make_pruner(pruning: Pruning) -> BasePruner:
    """Return what gives up hopeless trials."""
    settings = {"n_startup_trials": pruning.startup_trials, "n_warmup_steps": pruning.warmup_epochs}
    if pruning.rule == "median":
        return MedianPruner(**settings)
    return PercentilePruner(pruning.percentile, **settings) if pruning.rule == "percentile" else NopPruner()


def _count_drawn_before(trial: FrozenTrial, trials: Sequence[FrozenTrial]) -> int:
    """Return how many settings were drawn before that of a trial, which may repeat one whose worker died."""
    by_number = {other.number: other for other in trials}
    while REPEATS in trial.user_attrs:
        trial = by_number[trial.user_attrs[REPEATS]]
    return sum(REPEATS not in other.user_attrs for other in trials if other.number < trial.number)


def _freeze(setting: Mapping[str, Any], keys: Iterable[str]) -> tuple[str | None, ...]:
    """Return what two equal settings have in common; fractions with a step are not the same to the last digit however computed."""
    frozen = []
    for key in keys:
        value = setting.get(key)
        frozen.append((f"{value:.12g}" if isinstance(value, float) else repr(value)) if key in setting else None)
    return tuple(frozen)
