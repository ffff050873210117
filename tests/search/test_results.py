"""What a search leaves for people, from trials whose scores are known."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pandas as pd
import pytest
from optuna.distributions import IntDistribution
from optuna.trial import TrialState, create_trial

from behavior.config import Search, Study, parse_section
from behavior.files.study import read_study
from behavior.search.results import SearchResult, summarise_search, write_search
from behavior.search.space import SearchSpace, read_space

UNITS = IntDistribution(1, 64)


class Shared:
    """Stands in for the storage: trials in memory."""

    def __init__(self, trials: list[optuna.trial.FrozenTrial]) -> None:
        self.study = optuna.create_study(direction="maximize")
        self.study.add_trials(trials)

    def list_trials(self) -> list[optuna.trial.FrozenTrial]:
        return self.study.get_trials()


def make_trial(units: int, score: float | None, state: TrialState = TrialState.COMPLETE, **attributes: Any) -> optuna.trial.FrozenTrial:
    scores = {} if score is None else {"scores": {"groom": score - 0.1, "rear": score + 0.1}}
    trial = create_trial(
        state=state,
        value=score,
        params={"head.units": units},
        distributions={"head.units": UNITS},
        user_attrs={"host": "here", "pid": 7, **scores, **attributes},
        intermediate_values={1: 0.1, 2: 0.2},
    )
    if state.is_finished():
        trial.datetime_start, trial.datetime_complete = datetime(2024, 1, 1, 12, 0, 0), datetime(2024, 1, 1, 12, 1, 30)
    return trial


def make_space(folder: Path, **settings: Any) -> tuple[SearchSpace, Search]:
    content = {
        "behaviors": ["groom", "rear"],
        "streams": ["motifs"],
        "search": {"space": {"head.units": {"low": 1, "high": 64}}, **settings},
    }
    study = parse_section(Study, content, source=folder / "study.yaml")
    assert study.search is not None
    return read_space(study, study.search, source=folder / "study.yaml"), study.search


def summarise(folder: Path, trials: list[optuna.trial.FrozenTrial], *, limit: int = 20) -> tuple[SearchResult, SearchSpace, Search]:
    space, search = make_space(folder)
    return summarise_search(Shared(trials), space, search, limit=limit), space, search


TRIALS = [
    make_trial(8, 0.5),
    make_trial(16, 0.75),
    make_trial(4, 0.2, TrialState.PRUNED),
    make_trial(32, None, TrialState.FAIL, reason="the loss is not finite."),
    make_trial(16, 0.75),
    # Its worker died, and it was run again as the next.
    make_trial(24, None, TrialState.FAIL),
    make_trial(24, 0.6, repeats=5),
]


def test_the_best_is_the_first_of_the_highest(tmp_path: Path) -> None:
    result, _, _ = summarise(tmp_path, TRIALS)
    assert (result.best, result.score, result.setting) == (1, 0.75, {"head.units": 16})
    # What was run again is no failure.
    assert result.counts == {"complete": 4, "pruned": 1, "failed": 1, "running": 0}
    assert result.finished == 5
    # Fewer than eight complete trials say nothing about what scores depend on.
    assert result.importances == {}


def test_each_trial_has_a_row(tmp_path: Path) -> None:
    table = summarise(tmp_path, TRIALS)[0].table
    assert list(table.columns) == [
        "number", "state", "value", "head.units", "average_precision_groom", "average_precision_rear", "epochs", "seconds", "host", "pid",
        "repeats", "reason",
    ]  # fmt: skip
    assert table["state"].tolist() == ["complete", "complete", "pruned", "failed", "complete", "failed", "complete"]
    np.testing.assert_allclose(table["average_precision_rear"][:3], [0.6, 0.85, 0.3])
    assert table["seconds"].tolist() == [90.0] * 7
    assert table["epochs"].tolist() == [2] * 7
    assert table["reason"].tolist() == ["", "", "", "the loss is not finite.", "", "its process died; run again as trial 6", ""]
    assert table["repeats"].tolist()[-1] == 5


def test_importances_add_up_and_need_differing_scores(tmp_path: Path) -> None:
    result, _, _ = summarise(tmp_path, [make_trial(units, units / 64) for units in range(1, 11)])
    assert result.importances == {"head.units": pytest.approx(1.0)}
    assert summarise(tmp_path, [make_trial(units, 0.5) for units in range(1, 11)])[0].importances == {}


def test_an_empty_search_has_no_best(tmp_path: Path) -> None:
    result, space, search = summarise(tmp_path, [make_trial(8, None, TrialState.RUNNING)])
    assert (result.best, result.setting, result.finished, result.counts["running"]) == (None, {}, 0, 1)
    assert np.isnan(result.score)
    write_search(tmp_path, result, space, search, address="sqlite:///search.db ('search')")
    assert "- No trial is complete yet." in (tmp_path / "summary.md").read_text()
    assert not (tmp_path / "best.yaml").exists()
    assert not (tmp_path / "history.png").exists()


def test_what_is_written_can_be_read(tmp_path: Path) -> None:
    result, space, search = summarise(tmp_path, TRIALS)
    write_search(tmp_path, result, space, search, address="sqlite:///search.db ('search')")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["best.yaml", "history.png", "summary.md", "trials.csv"]
    assert pd.read_csv(tmp_path / "trials.csv")["number"].tolist() == list(range(7))
    best = read_study(tmp_path / "best.yaml")
    assert best.head.units == 16
    assert best.search is None
    assert (tmp_path / "best.yaml").read_text().startswith("# Trial 1 of a search, the best of 5: average precision 0.7500,\n")
    lines = (tmp_path / "summary.md").read_text().splitlines()
    assert lines[2] == "- 5 of 20 trials are done: 4 complete, 1 pruned. 1 failed, 0 running."
    assert "- Best: trial 1 with 0.7500: head.units 16 (`best.yaml`)." in lines
    assert "- Storage: sqlite:///search.db ('search'); `optuna-dashboard` shows it live." in lines
    assert "- Trial 3 failed: the loss is not finite." in lines
    start = lines.index("## The best 4")
    assert lines[start + 2 :] == [
        "| trial | average_precision | head.units |",
        "|---|---|---|",
        "| 1 | 0.7500 | 16 |",
        "| 4 | 0.7500 | 16 |",
        "| 6 | 0.6000 | 24 |",
        "| 0 | 0.5000 | 8 |",
    ]


def test_pictures_can_be_left_out(tmp_path: Path) -> None:
    result, space, search = summarise(tmp_path, TRIALS)
    write_search(tmp_path, result, space, search, address="", with_pictures=False)
    assert not (tmp_path / "history.png").exists()
