"""Searching settings, with a stand-in for the trainings: every trial once, whatever happens to whom."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import os
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pandas as pd
import pytest
import sqlalchemy

from behavior.config import Search
from behavior.errors import TrainingError, UsageError
from behavior.files.study import open_study, read_study
from behavior.search import results, trials
from behavior.workflows.search import SearchOutcome, search_study

_spec = importlib.util.spec_from_file_location("search_stand_in", Path(__file__).with_name("search_stand_in.py"))
assert _spec is not None
assert _spec.loader is not None
stand_in = importlib.util.module_from_spec(_spec)
sys.modules["search_stand_in"] = stand_in
_spec.loader.exec_module(stand_in)

KEYS = list(stand_in.SPACE)


@pytest.fixture(autouse=True, scope="module")
def unflushed_databases() -> Iterator[None]:
    """SQLite does not wait until what it writes is on the disk; what a process that was killed wrote is there all the same."""

    def relax(connection: Any, record: Any) -> None:
        connection.execute("PRAGMA synchronous = OFF")

    sqlalchemy.event.listen(sqlalchemy.Engine, "connect", relax)
    yield
    sqlalchemy.event.remove(sqlalchemy.Engine, "connect", relax)


@pytest.fixture
def study(tmp_path: Path) -> Path:
    return stand_in.make_study(tmp_path / "study")


@pytest.fixture
def searching(monkeypatch: pytest.MonkeyPatch) -> Callable[..., SearchOutcome]:
    """Search with the stand-in; `stand_in` holds its settings. Pictures, which take as long as all else, are painted only where asked."""

    def call(
        path: Path, out: Path, *, stand_in_settings: dict[str, Any] | None = None, is_painted: bool = False, **options: Any
    ) -> SearchOutcome:
        if not is_painted:
            for name in ("draw_history", "draw_importance"):
                monkeypatch.setattr(results, name, lambda *_, **__: None)
            monkeypatch.setattr(results, "render_png", lambda figure: b"")
        monkeypatch.setattr(trials, "predict_out_of_fold", stand_in.StandIn(**(stand_in_settings or {})))
        return search_study(path, out, **options)

    return call


def read_settings(table: pd.DataFrame) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in table[KEYS].to_numpy().tolist()]


def open_storage(path: Path) -> optuna.Study:
    return optuna.load_study(study_name="search", storage=f"sqlite:///{path}")


def test_a_grid_tries_each_setting_once_and_goes_on(study, tmp_path, searching):
    stand_in.write_study(study, sampler="grid")
    out = tmp_path / "out"
    first = searching(study, out, trials=5)
    assert first.result.counts == {"complete": 5, "pruned": 0, "failed": 0, "running": 0}
    assert first.note == ""
    second = searching(study, out)
    table = pd.read_csv(out / "trials.csv")
    assert second.result.finished == second.result.limit == 12
    assert sorted(read_settings(table)) == sorted({(u, w, n) for u in (8, 16, 32) for w in (60, 120) for n in (1, 2)})
    # More of everything good: the best setting is known.
    assert second.result.setting == {"head.units": 32, "windows.length": 60, "head.layers": 2}
    assert searching(study, out).result.finished == 12
    assert len(pd.read_csv(out / "trials.csv")) == 12


def test_what_a_search_writes(study, tmp_path, searching):
    out = tmp_path / "out"
    outcome = searching(study, out, trials=10, is_painted=True)
    assert outcome.failures == {}
    table = pd.read_csv(out / "trials.csv")
    assert list(table["number"]) == list(range(10))
    assert set(table["state"]) == {"complete"}
    np.testing.assert_allclose(table["value"], table[["average_precision_groom", "average_precision_rear"]].mean(axis=1))
    assert set(table["epochs"]) == {6}
    assert set(table["pid"]) == {os.getpid()}
    assert set(table["host"]) == {socket.gethostname()}
    assert (out / "history.png").read_bytes().startswith(b"\x89PNG")
    assert (out / "importance.png").read_bytes().startswith(b"\x89PNG")
    assert outcome.result.importances.keys() <= set(KEYS)
    assert sum(outcome.result.importances.values()) == pytest.approx(1)
    summary = (out / "summary.md").read_text()
    best = table.loc[table["value"].idxmax()]
    assert f"Best: trial {best['number']} with {best['value']:.4f}" in summary
    assert "optimistic" in summary
    assert "split=test" in summary
    assert "10 of 10 trials are done: 10 complete, 0 pruned" in summary


def test_trials_are_compared_by_time_too(study, tmp_path, searching):
    stand_in.write_study(study, sampler="grid")
    out = tmp_path / "out"
    outcome = searching(study, out, is_painted=True, trials=6, objectives=["average_precision", "seconds"])
    table = pd.read_csv(out / "trials.csv")
    front = table[table["front"]].sort_values("seconds")
    assert table["value"].idxmax() in front.index or (table["value"] == table["value"].max()).sum() > 1
    assert front["seconds"].iloc[0] == table["seconds"].min()
    assert front["value"].is_monotonic_increasing
    assert (out / "front.png").read_bytes().startswith(b"\x89PNG")
    assert "No other trial beats these in both score and time: " in (out / "summary.md").read_text()
    # The same search goes on without the comparison, and leaves none of it.
    assert searching(study, out, trials=7).result.finished == outcome.result.finished + 1
    assert "front" not in pd.read_csv(out / "trials.csv")
    assert not (out / "front.png").exists()


def test_the_best_study_can_be_trained_from_where_it_lies(study, tmp_path, searching):
    out = tmp_path / "elsewhere" / "out"
    outcome = searching(study, out, trials=6)
    best, recordings = open_study(out / "best.yaml")
    assert best.search is None
    assert [recording.id for recording in recordings] == ["a", "b", "c"]
    assert best.head.units == outcome.result.setting["head.units"]
    assert best.windows.length == outcome.result.setting["windows.length"]
    source = read_study(study)
    assert (best.recordings, best.cache, best.training) == (source.recordings, source.cache, source.training)


def test_no_setting_is_drawn_twice_and_a_stopped_search_goes_on_as_it_would_have(study, tmp_path, searching):
    stand_in.write_study(study, seed=3, epochs=1)
    searching(study, tmp_path / "whole", trials=12)
    searching(study, tmp_path / "parts", trials=4)
    searching(study, tmp_path / "parts", trials=12)
    whole, parts = (pd.read_csv(tmp_path / name / "trials.csv") for name in ("whole", "parts"))
    assert len(set(read_settings(whole))) == 12
    assert read_settings(whole) == read_settings(parts)
    stand_in.write_study(study, seed=4, epochs=1)
    other = searching(study, tmp_path / "other", trials=3)
    assert read_settings(other.result.table) != read_settings(whole)[:3]


def test_a_search_ends_when_every_setting_was_tried(study, tmp_path, searching):
    stand_in.write_study(study, epochs=1)
    outcome = searching(study, tmp_path / "out", trials=50)
    assert outcome.result.finished == len(set(read_settings(outcome.result.table))) == 12
    assert "no other setting" in outcome.note


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_ranges_are_searched_within_their_ends(study, tmp_path, searching, sampler):
    space = {"training.learning_rate": {"low": "1e-4", "high": 0.01, "log": True}, "head.dropout": {"low": 0.1, "high": 0.5, "step": 0.2}}
    stand_in.write_study(study, space={**space, "head.units": {"low": 8, "high": 64, "log": True}}, sampler=sampler, epochs=1)
    table = searching(study, tmp_path / "out", trials=14).result.table
    assert table["training.learning_rate"].between(1e-4, 1e-2).all()
    assert table["training.learning_rate"].nunique() == 14
    assert set(table["head.dropout"].round(9)) <= {0.1, 0.3, 0.5}
    assert table["head.units"].between(8, 64).all()
    assert read_study(tmp_path / "out" / "best.yaml").training.learning_rate == table.loc[table["value"].idxmax(), "training.learning_rate"]


def test_hopeless_trials_are_pruned(study, tmp_path, searching):
    stand_in.write_study(study, sampler="grid", pruning={"rule": "median", "startup_trials": 3, "warmup_epochs": 2})
    outcome = searching(study, tmp_path / "out", stand_in_settings={"hopeless": (8,)})
    table = outcome.result.table.iloc[3:]
    hopeless = table[table["head.units"] == 8]
    assert len(hopeless)
    pruned = hopeless[hopeless["state"] == "pruned"]
    assert len(pruned) >= len(hopeless) - 1
    assert set(pruned["epochs"]) == {2}
    assert outcome.result.setting["head.units"] == 32
    assert outcome.result.finished == 12
    assert "pruned" in (tmp_path / "out" / "summary.md").read_text()


def test_nothing_is_pruned_where_that_is_not_wanted(study, tmp_path, searching):
    outcome = searching(study, tmp_path / "out", trials=7, stand_in_settings={"hopeless": (8,)})
    assert outcome.result.counts["complete"] == 7
    assert 8 in set(outcome.result.table["head.units"])


def test_a_failing_setting_is_named_and_the_search_goes_on(study, tmp_path, searching):
    stand_in.write_study(study, sampler="grid", seed=1)
    outcome = searching(study, tmp_path / "out", stand_in_settings={"failing": (32,)})
    table = outcome.result.table
    failed = table[table["state"] == "failed"]
    assert set(failed["head.units"]) == {32}
    assert len(failed) == 4
    assert outcome.result.counts == {"complete": 8, "pruned": 0, "failed": 4, "running": 0}
    assert set(failed["reason"]) == {"the loss of 32 units is not finite"}
    assert len(outcome.failures) == 4
    assert "the loss of 32 units is not finite" in (tmp_path / "out" / "summary.md").read_text()


def test_a_search_of_which_everything_fails_stops(study, tmp_path, searching):
    with pytest.raises(TrainingError, match=r"3 trials in a row failed, the last because no behavior could be trained in any fold"):
        searching(study, tmp_path / "out", stand_in_settings={"unlearned": (8, 16, 32)})
    assert list(pd.read_csv(tmp_path / "out" / "trials.csv")["state"]) == ["failed"] * 3
    assert not (tmp_path / "out" / "best.yaml").exists()


def test_what_nobody_foresaw_is_not_hidden(study, tmp_path, monkeypatch):
    def explode(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(trials, "predict_out_of_fold", explode)
    with pytest.raises(ZeroDivisionError):
        search_study(study, tmp_path / "out")
    assert list(pd.read_csv(tmp_path / "out" / "trials.csv")["reason"]) == ["ZeroDivisionError: by zero"]


def test_a_stopped_trial_is_run_again(study, tmp_path, searching):
    with pytest.raises(KeyboardInterrupt):
        searching(study, tmp_path / "out", trials=6, stand_in_settings={"stop_in_call": 3})
    table = pd.read_csv(tmp_path / "out" / "trials.csv")
    assert list(table["state"]) == ["complete", "complete", "failed"]
    outcome = searching(study, tmp_path / "out", trials=6)
    table = outcome.result.table
    assert outcome.result.counts == {"complete": 6, "pruned": 0, "failed": 0, "running": 0}
    assert table.loc[2, "reason"] == "it was stopped; run again as trial 3"
    assert table.loc[3, "repeats"] == 2
    assert read_settings(table.loc[[2]]) == read_settings(table.loc[[3]])


def test_the_time_can_be_limited(study, tmp_path, searching):
    outcome = searching(study, tmp_path / "out", trials=6, timeout_s=0)
    assert outcome.result.finished == 0
    assert "time is up" in outcome.note


@pytest.mark.parametrize(
    ("storage", "sampler"), [("sqlite:///{}/search.db", "tpe"), pytest.param("journal:{}/search.journal", "grid", marks=pytest.mark.slow)]
)
def test_two_workers_share_the_trials(study, tmp_path, searching, storage, sampler):
    stand_in.write_study(study, sampler=sampler)
    options, log = {"trials": 11, "storage": storage.format(tmp_path)}, tmp_path / "log.txt"
    outs = [tmp_path / "one", tmp_path / "two"]
    settings = {"log": str(log), "seconds": 0.03}
    worker = stand_in.start_worker(study, outs[0], options, **settings)
    try:
        # This process, which has everything loaded, is the second worker once the first has begun.
        deadline = time.monotonic() + 100
        while worker.poll() is None and not log.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        searching(study, outs[1], stand_in_settings=settings, **options)
        output = worker.communicate(timeout=100)
    finally:
        worker.kill()
    assert worker.returncode == 0, output
    # The one that ends last has seen all that both have done.
    table = max((pd.read_csv(out / "trials.csv") for out in outs), key=lambda found: (found["state"] == "complete").sum())
    assert Counter(table["state"]) == {"complete": 11}
    assert set(table["pid"]) == {worker.pid, os.getpid()}
    # What was trained is what the table says, nothing twice.
    assert len(log.read_text().splitlines()) == len(set(log.read_text().splitlines())) == 11
    assert len(set(read_settings(table))) == 11


def test_a_killed_search_goes_on_and_runs_its_trial_again(study, tmp_path, searching):
    out, log = tmp_path / "out", tmp_path / "log.txt"
    worker = stand_in.start_worker(study, out, {"trials": 6}, seconds=0.2, log=str(log))
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and (not log.exists() or len(log.read_text().splitlines()) < 2):
        time.sleep(0.02)
    time.sleep(0.3)
    worker.kill()
    worker.communicate()
    before = open_storage(out / "search.db").get_trials()
    assert [trial.state.name for trial in before] == ["COMPLETE", "RUNNING"]
    outcome = searching(study, out, trials=6)
    table = outcome.result.table
    assert outcome.result.counts == {"complete": 6, "pruned": 0, "failed": 0, "running": 0}
    assert table.loc[1, "reason"] == "its process died; run again as trial 2"
    assert table.loc[2, "repeats"] == 1
    assert read_settings(table.loc[[1]]) == read_settings(table.loc[[2]])
    assert len(set(read_settings(table))) == 6
    assert len(before[1].intermediate_values) < 6


@pytest.mark.parametrize("what", ["settings", "features", "labels"])
def test_trials_of_something_else_are_not_mixed_in(study, tmp_path, searching, what):
    searching(study, tmp_path / "out", trials=2)
    if what == "settings":
        stand_in.write_study(study, space={**stand_in.SPACE, "head.units": [8, 16]})
    elif what == "labels":
        text = (study.parent / "b.csv").read_text()
        (study.parent / "b.csv").write_text(text[:-2] + str(1 - int(text[-2])) + "\n")
    else:
        other = stand_in.make_study(tmp_path / "other", seed=0)
        features = np.load(other.parent / "b.npy")
        features[7, 1] += 1
        np.save(study.parent / "b.npy", features)
        from behavior.workflows.import_features import import_features

        for left in (study.parent / "cache").glob("b.*"):
            left.unlink()
        import_features(study, [study.parent / "b.npy"], name="motifs", fps=25.0)
    with pytest.raises(UsageError, match=rf"already holds a search with a different {what}, which cannot be continued with this one"):
        searching(study, tmp_path / "out", trials=4)
    # Under another name both have their place.
    assert searching(study, tmp_path / "out", trials=2, name="second").result.finished == 2


def test_how_trials_are_given_up_may_change(study, tmp_path, searching):
    searching(study, tmp_path / "out", trials=2)
    stand_in.write_study(study, pruning="median", seed=7)
    assert searching(study, tmp_path / "out", trials=4).result.finished == 4


def test_the_command(study, tmp_path, monkeypatch, run):
    monkeypatch.setattr(trials, "predict_out_of_fold", stand_in.StandIn())
    done = run(
        "search", study, "--trials", 3, "--out", tmp_path / "out", "--storage", f"journal:{tmp_path}/j.log", "--timeout", "1h", "--json"
    )
    assert done.status == 0, done.err
    printed = json.loads(done.out)
    assert len(printed["rows"]) == printed["complete"] == printed["trials"] == 3
    assert printed["best"]["setting"].keys() == set(KEYS)
    assert "trial 2 complete" in done.err
    assert "Optuna" not in done.err
    assert "[I " not in done.err
    again = run("search", study, "--trials", 3, "--out", tmp_path / "out", "--storage", f"journal:{tmp_path}/j.log")
    assert again.status == 0
    assert "3 trials were done before" in again.err
    assert "head.units" in again.out


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--timeout", "soon"], "--timeout soon: expected"),
        (["--storage", "x"], "expected journal:FILE"),
        (["--objectives", "seconds"], "--objectives seconds: expected one of average_precision, f1, f2, alone or with seconds after it"),
    ],
)
def test_unusable_arguments_end_with_status_2(study, tmp_path, run, arguments, expected):
    done = run("search", study, "--out", tmp_path / "out", *arguments)
    assert done.status == 2
    assert expected in done.err


def test_failures_and_interruptions_have_their_statuses(study, tmp_path, monkeypatch, run):
    monkeypatch.setattr(trials, "predict_out_of_fold", stand_in.StandIn(failing=(8,)))
    stand_in.write_study(study, sampler="grid")
    done = run("search", study, "--out", tmp_path / "out")
    assert done.status == 1
    assert "4 failed" in done.err
    monkeypatch.setattr(trials, "predict_out_of_fold", stand_in.StandIn(stop_in_call=2))
    stopped = run("search", study, "--out", tmp_path / "stopped")
    assert stopped.status == 130
    assert "search resume" in stopped.err
    assert (tmp_path / "stopped" / "best.yaml").is_file()


def test_a_study_without_a_space_is_told_so(study, tmp_path, run):
    content = json.loads(study.read_text())
    study.write_text(json.dumps({**content, "search": None}))
    done = run("search", study, "--out", tmp_path / "out")
    assert done.status == 2
    assert "has no section 'search'" in done.err


def test_labels_that_show_nothing_cannot_be_searched_on(study, tmp_path, searching):
    for name in "abc":
        lines = (study.parent / f"{name}.csv").read_text().splitlines()
        (study.parent / f"{name}.csv").write_text("\n".join([lines[0], *(f"{frame},0,0" for frame in range(len(lines) - 1))]) + "\n")
    with pytest.raises(UsageError, match="no frame of any training recording is labelled with a behavior"):
        searching(study, tmp_path / "out")


def test_the_search_section_has_plain_defaults():
    settings = Search(space={"head.units": [1]})
    assert (settings.sampler, settings.objective, settings.pruning.rule) == ("tpe", "average_precision", "median")
    assert dataclasses.is_dataclass(SearchOutcome)


def test_real_trainings_are_searched_and_their_best_is_trained(study, tmp_path):
    from behavior.workflows.train import train_model

    content = json.loads(study.read_text())
    small = {"head": {"kind": "lstm", "layers": 1, "units": 4}, "windows": {"length": 60}, "training": {"epochs": 2, "learning_rate": 0.01}}
    study.write_text(json.dumps({**content, **small, "search": {"space": {"head.units": [3, 4]}, "sampler": "grid"}}))
    outcome = search_study(study, tmp_path / "out")
    assert outcome.failures == {}
    assert outcome.result.counts["complete"] == 2
    assert outcome.result.table["value"].between(0, 1).all()
    assert set(outcome.result.table["epochs"]) == {2}
    assert train_model(tmp_path / "out" / "best.yaml", tmp_path / "model").behaviors == ["groom", "rear"]
