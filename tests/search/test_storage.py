"""One storage for several workers: who is alive, whose trial is run again, and what is refused."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import optuna
import pytest

from behavior.errors import UsageError
from behavior.search import storage as search_storage


def leave_trial(shared: search_storage.SharedSearch, monkeypatch: pytest.MonkeyPatch, **attributes: Any) -> None:
    """Claim a trial as another process and say no more."""
    with monkeypatch.context() as patched:
        worker = {**search_storage._describe_self(), **attributes}
        patched.setattr(search_storage, "_describe_self", lambda: worker)
        if "seen" in attributes:
            patched.setattr(search_storage.time, "time", lambda: attributes["seen"])
        distributions = {"x": optuna.distributions.IntDistribution(1, 5)}
        trial = shared.claim(10, distributions=distributions)
        assert trial is not None
        trial.suggest_int("x", 1, 5)


def open_search(folder: Path, kind: str) -> search_storage.SharedSearch:
    return search_storage.open_search(f"journal:{folder}/search.journal" if kind == "journal" else None, "search", folder=folder)


@pytest.mark.parametrize("kind", ["journal", "sqlite"])
@pytest.mark.parametrize(
    ("worker", "is_dead"),
    [
        ({}, False),
        ({"pid": 2**22 + 1, "started": ""}, True),
        ({"started": "another process had the number then"}, True),
        ({"host": "elsewhere", "pid": 2**22 + 1}, False),
    ],
)
def test_who_is_taken_for_dead(tmp_path, monkeypatch, kind, worker, is_dead):
    shared = open_search(tmp_path, kind)
    leave_trial(shared, monkeypatch, **worker)
    assert shared.bury_dead() == ([0] if is_dead else [])
    claimed = shared.claim(1, distributions={"x": optuna.distributions.IntDistribution(1, 5)})
    if not is_dead:
        assert claimed is None
        return
    assert claimed is not None
    first, again = shared.list_trials()
    assert again.params == first.params
    assert again.user_attrs["repeats"] == 0
    shared.finish(claimed, 0.5)
    assert shared.claim(1, distributions={}) is None


def test_a_silent_worker_of_another_host_is_taken_for_dead_in_a_journal(tmp_path, monkeypatch):
    shared = open_search(tmp_path, "journal")
    leave_trial(shared, monkeypatch, host="elsewhere", seen=time.time() - 2 * search_storage.JOURNAL_GRACE_SECONDS)
    leave_trial(shared, monkeypatch, host="elsewhere", seen=time.time())
    assert shared.bury_dead() == [0]


def test_a_silent_worker_of_another_host_is_taken_for_dead_in_a_database(tmp_path, monkeypatch):
    monkeypatch.setattr(search_storage, "DATABASE_GRACE_SECONDS", 1)
    monkeypatch.setattr(search_storage, "SECONDS_BETWEEN_BEATS", 1)
    shared = open_search(tmp_path, "sqlite")
    leave_trial(shared, monkeypatch, host="elsewhere")
    alive = shared.claim(5, distributions={})
    assert alive is not None
    with shared.keep_alive(alive):
        time.sleep(3.2)
        assert shared.bury_dead() == [0]
    with pytest.raises(search_storage.TakenOverError):
        shared.finish(optuna.trial.Trial(shared.study, 1), 0.5)


def test_a_setting_that_kills_every_process_is_given_up(tmp_path, monkeypatch):
    shared = open_search(tmp_path, "sqlite")
    for _ in range(search_storage.MOST_DEATHS):
        leave_trial(shared, monkeypatch, pid=2**22 + 1, started="")
        assert len(shared.bury_dead()) == 1
    trials = shared.list_trials()
    assert [trial.user_attrs.get("repeats") for trial in trials] == [None, 0, 1]
    assert search_storage.is_given_up(trials[-1], trials)
    fresh = shared.claim(10, distributions={})
    assert fresh is not None
    assert "repeats" not in shared.list_trials()[-1].user_attrs


def test_who_comes_later_to_the_last_trial_withdraws(tmp_path, monkeypatch):
    first, second = open_search(tmp_path, "sqlite"), open_search(tmp_path, "sqlite")
    listed = second.list_trials
    seen: list[int] = []

    def list_late() -> list[optuna.trial.FrozenTrial]:
        # The second worker looks before the first has begun, and begins after it.
        trials = listed()
        if not seen:
            seen.append(1)
            assert first.claim(1, distributions={}) is not None
            return []
        return trials

    monkeypatch.setattr(second, "list_trials", list_late)
    assert second.claim(1, distributions={}) is None
    assert [trial.number for trial in listed()] == [0]
    assert [trial.state.name for trial in first.study.get_trials()] == ["RUNNING", "FAIL"]


@pytest.mark.parametrize(
    ("storage", "expected"),
    [
        ("search.db", "expected journal:FILE, sqlite:///FILE"),
        ("nosuch://host/name", "is not an address of a database"),
        ("sqlite:////nowhere/at/all/search.db", "cannot be used"),
    ],
)
def test_a_storage_that_cannot_be_is_refused(tmp_path, monkeypatch, storage, expected):
    monkeypatch.setattr(search_storage, "OPENING_ATTEMPTS", 1)
    with pytest.raises(UsageError, match=expected):
        search_storage.open_search(storage, "search", folder=tmp_path)


@pytest.mark.parametrize(
    "storage",
    [
        "postgres://bob:s3cretpw@127.0.0.1:1/x",
        "redis://:s3cretpw@host",
        "nosuch://bob:a/b@s3cretpw@host/name",
        "postgresql:/bob:s3cretpw@host/name",
        "postgresql:bob:s3cretpw@host/name",
        "bob:s3cretpw@host/name",
        "postgresql://bob:s3cretpw@127.0.0.1:port/x",
        "postgresql://bob:s3cretpw/x",
        "sqlite://bob:s3cretpw@host/name",
        "sqlite:////nowhere/at/all/x.db?user=bob&password=s3cretpw",
        "sqlite:///{folder}/x.db?timeout=s3cretpw",
    ],
)
def test_a_password_is_in_no_message(tmp_path, monkeypatch, storage):
    monkeypatch.setattr(search_storage, "OPENING_ATTEMPTS", 1)
    with pytest.raises(UsageError) as caught:
        search_storage.open_search(storage.replace("{folder}", str(tmp_path)), "search", folder=tmp_path)
    assert "s3cretpw" not in str(caught.value)
    assert "***" in str(caught.value)


@pytest.mark.filterwarnings("ignore:Query string argument")
def test_what_follows_a_question_mark_is_not_shown(tmp_path):
    shared = search_storage.open_search(f"sqlite:///{tmp_path}/x.db?password=s3cretpw", "search", folder=tmp_path)
    assert shared.address == f"sqlite:///{tmp_path}/x.db?*** ('search')"


def test_what_a_search_optimises_is_bound_to_its_name(tmp_path):
    open_search(tmp_path, "sqlite").bind({"settings": "a", "features": "b"})
    again = open_search(tmp_path, "sqlite")
    again.bind({"settings": "a", "features": "b"})
    with pytest.raises(UsageError, match="already holds a search with a different features, which cannot be continued with this one"):
        again.bind({"settings": "a", "features": "c"})
    with pytest.raises(UsageError, match="a different settings and a different features"):
        again.bind({"settings": "x", "features": "c"})
    # A hash that an older search lacks is added.
    again.bind({"settings": "a", "labels": "d"})
    assert again.study.user_attrs["labels"] == "d"


def test_trials_that_end_say_how(tmp_path):
    shared = open_search(tmp_path, "sqlite")
    trials = [shared.claim(10, distributions={}) for _ in range(4)]
    assert all(trial is not None for trial in trials)
    scored, failed, stopped, withdrawn = trials
    shared.finish(scored, 0.75)
    shared.fail(failed, "the loss is not finite")
    shared.interrupt(stopped)
    shared.withdraw(withdrawn)
    listed = shared.list_trials()
    assert [trial.number for trial in listed] == [0, 1, 2]
    assert [trial.state.name for trial in listed] == ["COMPLETE", "FAIL", "FAIL"]
    assert listed[0].value == 0.75
    assert listed[1].user_attrs["reason"] == "the loss is not finite"
    # A failure is a result; what was stopped is run again.
    assert [search_storage.is_owed(trial, listed) for trial in listed] == [False, False, True]
