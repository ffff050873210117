"""The trials of a search, run by several workers: each takes the next that nobody has taken, as separate commands would."""

from __future__ import annotations

import functools
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from behavior.compute.units import Work, run_units
from behavior.compute.where import Where
from behavior.config import Search
from behavior.errors import BehaviorError, UsageError
from behavior.files.atomic import make_folder, require_writable
from behavior.files.study import open_study
from behavior.learning.seen_recordings import refuse_seen_recordings
from behavior.search.sampling import FreshSampler, make_pruner
from behavior.search.space import read_space
from behavior.search.storage import JOURNAL, open_search
from behavior.search.trials import DEFAULT_TRIALS, SETTINGS, SearchWorker, hash_data, hash_settings, make_shelf, run_trials

__all__ = ["SearchRequest", "open_worker", "run_trials_elsewhere"]

OBJECTIVES = ("average_precision", "f1", "f2")
Cells = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class SearchRequest:
    """A search as a command asks for it.

    Attributes
    ----------
    path
        The study file.
    out, trials, storage, name, objectives
        As for `workflows.search.search_study`.
    """

    path: Path
    out: Path
    trials: int | None = None
    storage: str | None = None
    name: str = "search"
    objectives: tuple[str, ...] = ()


def open_worker(request: SearchRequest) -> tuple[SearchWorker, Cells | None]:
    """Open the search that is asked for, for one worker, and return its grid, None where a sampler draws settings.

    Raises
    ------
    UsageError
        If the study has no space that can be searched, or the storage has another search of this name.
    """
    study, recordings = open_study(request.path)
    if study.search is None:
        raise UsageError(
            f"{request.path}: has no section 'search'; add one such as "
            "search: {space: {head.units: [32, 64], windows.length: [150, 300]}}."
        )
    search = _choose_objectives(study.search, request.objectives)
    space = read_space(study, search, source=request.path)
    cells = space.list_settings() if search.sampler == "grid" else None
    limit = request.trials or (len(cells) if cells is not None else DEFAULT_TRIALS)
    training = [recording for recording in recordings if recording.split == "train"]
    refuse_seen_recordings(space.list_feature_studies(), training, command="search")
    make_folder(request.out)
    require_writable(request.out)
    get_data = make_shelf(training)
    optimised = hash_data(study, (get_data(one) for one in space.list_feature_studies()))
    shared = open_search(request.storage, request.name, folder=request.out)
    shared.bind({SETTINGS: hash_settings(study, search), **optimised})
    shared.study.sampler, shared.study.pruner = FreshSampler(space, search), make_pruner(search.pruning)
    return SearchWorker(space, search, shared, limit if cells is None else min(limit, len(cells)), request.out, get_data), cells


def _choose_objectives(search: Search, objectives: Sequence[str]) -> Search:
    """Return the section with other objectives; UsageError unless they are a score, alone or with "seconds" after it."""
    if not objectives:
        return search
    objective, *beside = objectives
    if objective not in OBJECTIVES or beside not in ([], ["seconds"]):
        raise UsageError(
            f"--objectives {','.join(objectives)}: expected one of {', '.join(OBJECTIVES)}, alone or with seconds after it, such as "
            "average_precision,seconds."
        )
    return search.model_copy(update={"objective": objective, "beside": "seconds" if beside else "none"})


def run_trials_elsewhere(worker: SearchWorker, request: SearchRequest, timeout_s: float | None, where: Where) -> bool:
    """Have trials run until none is left to begin, or the time is up, and return whether the time is up.

    Parameters
    ----------
    worker
        This process's own, which takes in what happened to the others.

    Raises
    ------
    UsageError
        If workers on other machines would share an SQLite file, whose locks network drives may not keep.
    TrainingError
        If too many trials in a row fail.
    """
    if where.cluster is not None and (request.storage or "sqlite:").startswith("sqlite:"):
        raise UsageError(
            f"--cluster: several machines cannot share an SQLite file; give --storage {JOURNAL}{request.out / 'search.journal'}, or the "
            "address of a database."
        )
    ends_at = None if timeout_s is None else time.time() + timeout_s
    while (left := worker.limit - worker.summarise().finished) > 0:
        names = [f"one of {left} trials" for _ in range(left)]
        work = Work(partial(_run_trial, request, ends_at), range(left), names, request.out, title="searching", noun="trials")
        begun = [outcome for outcome in run_units(work, where) if not isinstance(outcome, BehaviorError) and outcome[0]]
        for _, failures in begun:
            worker.failures |= failures
        if ends_at is not None and time.time() >= ends_at:
            return worker.summarise().finished < worker.limit
        # Those that are left were given up, or are another command's.
        if not begun:
            break
    return False


def _run_trial(request: SearchRequest, ends_at: float | None, number: int) -> tuple[bool, dict[str, str]]:
    """Run one trial, in a worker's process; return whether there was one left, and why it failed if it did."""
    worker, cells = _open_once(request)
    known, n_before = set(worker.failures), worker.n_run
    run_trials(worker, cells, None if ends_at is None else ends_at - time.time(), most=1)
    return worker.n_run > n_before, {name: reason for name, reason in worker.failures.items() if name not in known}


@functools.lru_cache(maxsize=1)
def _open_once(request: SearchRequest) -> tuple[SearchWorker, Cells | None]:
    """Open a search in a worker's process, which lives as long as a run."""
    return open_worker(request)
