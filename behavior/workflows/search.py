"""`behavior search`: tries settings of a study on recordings that the models of each fold have not seen, and keeps the best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from behavior.config import Search
from behavior.errors import UsageError
from behavior.files.atomic import make_folder, require_writable
from behavior.files.study import open_study
from behavior.learning.seen_recordings import refuse_seen_recordings
from behavior.search.results import SearchResult
from behavior.search.sampling import FreshSampler, make_pruner
from behavior.search.space import read_space
from behavior.search.storage import open_search
from behavior.search.trials import (
    DEFAULT_TRIALS,
    SETTINGS,
    SearchWorker,
    explain_end,
    hash_data,
    hash_settings,
    make_shelf,
    run_trials,
)

__all__ = ["SearchOutcome", "search_study"]


OBJECTIVES = ("average_precision", "f1", "f2")


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

    Raises
    ------
    UsageError
        If the study has no space that can be searched, or the storage has another search of this name.
    TrainingError
        If trial after trial fails.
    """
    study, recordings = open_study(path)
    if study.search is None:
        raise UsageError(
            f"{path}: has no section 'search'; add one such as search: {{space: {{head.units: [32, 64], windows.length: [150, 300]}}}}."
        )
    search = _choose_objectives(study.search, objectives)
    space = read_space(study, search, source=path)
    cells = space.list_settings() if search.sampler == "grid" else None
    limit = trials or (len(cells) if cells is not None else DEFAULT_TRIALS)
    training = [recording for recording in recordings if recording.split == "train"]
    refuse_seen_recordings(space.list_feature_studies(), training, command="search")
    make_folder(out)
    require_writable(out)
    get_data = make_shelf(training)
    optimised = hash_data(study, (get_data(one) for one in space.list_feature_studies()))
    shared = open_search(storage, name, folder=out)
    shared.bind({SETTINGS: hash_settings(study, search), **optimised})
    shared.study.sampler, shared.study.pruner = FreshSampler(space, search), make_pruner(search.pruning)
    worker = SearchWorker(space, search, shared, limit if cells is None else min(limit, len(cells)), out, get_data)
    try:
        is_time_up = run_trials(worker, cells, timeout_s)
    finally:
        result = worker.summarise(is_end=True)
    return SearchOutcome(result, worker.failures, explain_end(result, is_time_up=is_time_up))


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
