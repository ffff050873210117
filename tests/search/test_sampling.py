"""What a search tries next: nothing twice, and the same after an interruption; and what it gives up."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.pruners import MedianPruner, NopPruner, PercentilePruner

from behavior.config import Search, Study, parse_section
from behavior.search.sampling import FreshSampler, make_pruner
from behavior.search.space import SearchSpace, read_space
from behavior.search.storage import open_search

GRID = {"head.units": [8, 16, 32], "windows.length": [60, 120]}


def make_search(space: dict[str, Any] | None = None, **settings: Any) -> tuple[SearchSpace, Search]:
    content = {"behaviors": ["rear"], "streams": ["motifs"], "search": {"space": space or GRID, **settings}}
    study = parse_section(Study, content, source=Path("study.yaml"))
    assert study.search is not None
    return read_space(study, study.search, source=Path("study.yaml")), study.search


def draw(space: SearchSpace, search: Search, count: int, study: optuna.Study | None = None) -> list[tuple[Any, ...]]:
    """Return `count` settings drawn one after another, each scored by its units."""
    study = study or optuna.create_study(direction="maximize")
    study.sampler = FreshSampler(space, search)
    settings = []
    for _ in range(count):
        trial = study.ask()
        setting = space.suggest(trial)
        settings.append(tuple(setting.values()))
        study.tell(trial, float(setting.get("head.units", 0)))
    return settings


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_every_setting_of_a_small_space_is_drawn_once(sampler: str) -> None:
    space, search = make_search(sampler=sampler)
    settings = draw(space, search, 6)
    assert sorted(settings) == sorted((units, length) for units in (8, 16, 32) for length in (60, 120))


def test_a_search_that_was_stopped_goes_on_as_it_would_have() -> None:
    space, search = make_search({**GRID, "training.learning_rate": {"low": 1e-4, "high": 1e-2, "log": True}})
    whole = draw(space, search, 8)
    study = optuna.create_study(direction="maximize")
    assert draw(space, search, 3, study) + draw(space, search, 5, study) == whole
    other = make_search({**GRID, "training.learning_rate": {"low": 1e-4, "high": 1e-2, "log": True}}, seed=1)[1]
    assert draw(space, other, 8) != whole


@pytest.mark.parametrize("killed", [0, 3])
@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_a_worker_that_is_killed_in_a_trial_draws_the_same_when_it_goes_on(tmp_path: Path, sampler: str, killed: int) -> None:
    space, search = make_search({**GRID, "training.learning_rate": {"low": 1e-4, "high": 1e-2, "log": True}}, sampler=sampler)

    def run(name: str, kills: Sequence[bool]) -> list[tuple[Any, ...]]:
        """Run six trials; the one of number `killed` dies, before or after its setting is drawn for each of `kills`."""
        shared = open_search("journal:" + str(tmp_path / f"{name}.log"), name, folder=tmp_path)
        shared.study.sampler = FreshSampler(space, search)
        settings: list[tuple[Any, ...]] = []
        deaths = list(kills)
        while (trial := shared.claim(6, distributions=space.distributions)) is not None:
            if len(settings) == killed and deaths:
                if deaths.pop():
                    space.suggest(trial)
                # As `bury_dead` leaves it.
                shared.study.tell(trial, state=optuna.trial.TrialState.FAIL)
                continue
            setting = space.suggest(trial)
            settings.append(tuple(setting.values()))
            shared.finish(trial, float(setting["head.units"]))
        return settings

    whole = run("whole", [])
    assert len(set(whole)) == 6
    for kills in ([False], [True, False]):
        assert run("".join(map(str, kills)), kills) == whole


def test_where_nothing_is_left_something_is_drawn_again() -> None:
    space, search = make_search({"head.units": [8, 16]})
    settings = draw(space, search, 4)
    assert sorted(settings[:2]) == [(8,), (16,)]
    assert set(settings[2:]) <= {(8,), (16,)}


def test_a_key_with_one_value_is_no_choice() -> None:
    space, search = make_search({"head.units": [8]})
    assert draw(space, search, 2) == [(8,), (8,)]


@pytest.mark.parametrize(("rule", "expected"), [("none", NopPruner), ("median", MedianPruner), ("percentile", PercentilePruner)])
def test_the_rule_of_pruning_is_that_of_the_study(rule: str, expected: type) -> None:
    _, search = make_search(pruning={"rule": rule})
    assert type(make_pruner(search.pruning)) is expected


def test_hopeless_trials_are_given_up_after_the_warm_up_alone() -> None:
    _, search = make_search(pruning={"rule": "median", "startup_trials": 2, "warmup_epochs": 3})
    study = optuna.create_study(direction="maximize", pruner=make_pruner(search.pruning))
    verdicts = []
    for score in (0.8, 0.9, 0.1):
        trial = study.ask()
        for epoch in range(1, 5):
            trial.report(score, epoch)
            verdicts.append(trial.should_prune())
        study.tell(trial, score)
    assert verdicts[:8] == [False] * 8
    # Worse than half of those before it, once the warm-up is over.
    assert verdicts[8:10] == [False] * 2
    assert verdicts[-1]
