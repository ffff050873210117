"""`behavior search`: tries settings of a study on recordings that the models of each fold have not seen, and keeps the best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from behavior.compute.where import HERE, Where
from behavior.search.results import SearchResult
from behavior.search.shared_trials import SearchRequest, open_worker, run_trials_elsewhere
from behavior.search.trials import explain_end, run_trials

__all__ = ["SearchOutcome", "search_study"]


@dataclass(frozen=True)
class SearchOutcome:
    """What one worker has to report when it ends.

    Attributes
    ----------
    result
        How far the search is.
    failures
        Why trials of this worker came to nothing, by number.
    note
        Why it ended before all trials were done; empty where they are.
    """

    result: SearchResult
    failures: dict[str, str]
    note: str


def search_study(
    path: Path,
    out: Path,
    *,
    trials: int | None = None,
    storage: str | None = None,
    name: str = "search",
    timeout_s: float | None = None,
    objectives: Sequence[str] = (),
    where: Where = HERE,
) -> SearchOutcome:
    """Search the space of the study at `path`; a search that was stopped, by whatever means, goes on.

    Parameters
    ----------
    out
        Folder for the results, which may be that of other workers on the same search.
    trials
        Number of trials that are to be complete or pruned in the end, those of earlier runs and of other workers among them. By default
        50, or the whole grid.
    storage
        Where trials are kept, as `open_search` takes it; an SQLite file in `out` by default.
    name
        Name of the search in the storage.
    timeout_s
        Begin no trial after so many seconds.
    objectives
        Instead of the study's: one of average_precision, f1 and f2, and "seconds" after it where trials are compared by time too.
    where
        Where work runs; a unit is a trial.

    Raises
    ------
    UsageError
        If the study has no space that can be searched, or the storage has another search of this name.
    TrainingError
        If trial after trial fails.
    """
    request = SearchRequest(path, out, trials, storage, name, tuple(objectives))
    worker, cells = open_worker(request)
    try:
        if where.is_here:
            is_time_up = run_trials(worker, cells, timeout_s)
        else:
            is_time_up = run_trials_elsewhere(worker, request, timeout_s, where)
    finally:
        result = worker.summarise(is_end=True)
    return SearchOutcome(result, worker.failures, explain_end(result, is_time_up=is_time_up))
