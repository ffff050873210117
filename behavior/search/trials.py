"""Running the trials of a search: scoring a setting, pruning, counting failures, and ending."""

from __future__ import annotations

import gc
import hashlib
import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import optuna
from optuna.trial import Trial

from behavior.config import Search, Study
from behavior.errors import BehaviorError, TrainingError
from behavior.learning.learning_data import LearningData, load_learning_data
from behavior.learning.out_of_fold import predict_out_of_fold
from behavior.learning.requirements import require_positives
from behavior.metrics.frames import average_precision
from behavior.postprocess.fitting import THRESHOLDS, Candidates, choose_settings
from behavior.progress import announce
from behavior.recording import Labels, Recording
from behavior.search.results import SCORES, SearchResult, summarise_search, write_search
from behavior.search.space import FEATURE_SECTIONS, SearchSpace, describe_setting
from behavior.search.storage import SharedSearch, TakenOverError, is_owed

__all__ = [
    "DEFAULT_TRIALS",
    "MOST_FAILURES",
    "MOST_FAILURES_AT_START",
    "MOST_FEATURE_SETS",
    "SECONDS_BETWEEN_PICTURES",
    "SECONDS_WORTH_CLEARING",
    "SETTINGS",
    "SearchWorker",
    "explain_end",
    "hash_data",
    "hash_settings",
    "make_shelf",
    "run_trials",
    "score_behaviors",
]


DEFAULT_TRIALS = 50


# What a search is tied to, besides its features and labels.
SETTINGS = "settings"


# Failures in a row after which the fault is not the settings'; fewer before the first success.
MOST_FAILURES_AT_START = 3


MOST_FAILURES = 10


# Feature sets that are held in memory, of those that a search chooses among.
MOST_FEATURE_SETS = 2


SECONDS_BETWEEN_PICTURES = 10.0


SECONDS_WORTH_CLEARING = 2.0


@dataclass
class SearchWorker:
    """What one worker of a search works with, and what happened to it.

    Attributes
    ----------
    space, search
        What is searched, and how.
    shared
        The trials of all workers.
    limit
        Number of trials that are to be complete or pruned in the end.
    out
        Folder for tables and figures.
    get_data
        Loads the features and labels for a study (`make_shelf`).
    failures
        Why trials of this worker failed, by "trial N".
    in_a_row
        Failures since the last trial that did not fail.
    drawn_at
        When figures were last drawn, by `time.monotonic`.
    n_run
        Trials that this worker has run to their end.
    """

    space: SearchSpace
    search: Search
    shared: SharedSearch
    limit: int
    out: Path
    get_data: Callable[[Study], LearningData]
    failures: dict[str, str] = field(default_factory=dict)
    in_a_row: int = 0
    drawn_at: float = float("-inf")
    n_run: int = 0

    def summarise(self, *, is_end: bool = False) -> SearchResult:
        """Write how far the search is, and return it; figures, which take a moment, are drawn again now and then and at the end."""
        with_pictures = is_end or time.monotonic() - self.drawn_at > SECONDS_BETWEEN_PICTURES
        result = summarise_search(self.shared, self.space, self.search, limit=self.limit)
        write_search(self.out, result, self.space, self.search, address=self.shared.address, with_pictures=with_pictures)
        if with_pictures:
            self.drawn_at = time.monotonic()
        return result


def score_behaviors(
    objective: str, labels: npt.NDArray[np.int8], probabilities: npt.NDArray[np.floating], behaviors: Sequence[str]
) -> dict[str, float]:
    """Return the score of each behavior over the frames of all recordings together.

    Parameters
    ----------
    objective
        average_precision; f1 or f2 at the threshold, of steps of 0.01, where it is highest.
    labels
        1, 0, or -1 for a frame that nobody labelled, shape (T, B).
    probabilities
        Shape (T, B); NaN where no model was trained for the behavior, which counts as decided negative.
    behaviors
        B names.

    Returns
    -------
    Scores of the behaviors that have a positive frame: 0 for one that no model was trained for.
    """
    columns = [column for column in range(len(behaviors)) if (labels[:, column] == 1).any()]
    if objective == "average_precision":
        scores = np.array([average_precision(labels[:, column], probabilities[:, column]) for column in columns])
    else:
        candidates = Candidates(THRESHOLDS, np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.int64))
        scores = choose_settings(
            [probabilities[:, columns]],
            [labels[:, columns]],
            candidates=[candidates] * len(columns),
            fallback=[(0.5, 0, 0)] * len(columns),
            beta={"f1": 1.0, "f2": 2.0}[objective],
        ).scores
    return {behaviors[column]: float(score) for column, score in zip(columns, np.nan_to_num(scores, nan=0.0), strict=True)}


def run_trials(
    worker: SearchWorker, cells: Sequence[Mapping[str, Any]] | None, timeout_s: float | None, *, most: int | None = None
) -> bool:
    """Run trials until none is left to begin, or the time is up; return whether the time is up.

    Parameters
    ----------
    cells
        The settings of a grid; None where a sampler draws them.
    timeout_s
        Begin no trial after this many seconds.
    most
        How many are run at most, for one of several workers who each take what is left.

    Raises
    ------
    TrainingError
        If too many trials in a row fail.
    """
    shared = worker.shared
    began = time.monotonic()
    result = first = worker.summarise()
    if result.finished and most is None:
        announce(f"{result.finished} trials were done before; resuming from there")
    # No bar: training shows one for the trial that is being run.
    n_before = worker.n_run
    while timeout_s is None or time.monotonic() - began < timeout_s:
        if worker.n_run - n_before == most:
            return False
        _bury_dead(shared)
        if _is_exhausted(worker):
            return False
        trial = shared.claim(worker.limit, distributions=worker.space.distributions, cells=cells)
        if trial is None:
            return False
        trial_began = time.monotonic()
        is_counted = _run_trial(worker, trial)
        result = worker.summarise()
        worker.n_run += is_counted
        if is_counted:
            pace = (time.monotonic() - began) / max(result.finished - first.finished, 1)
            _announce_trial(result, trial.number, seconds_left=pace * (result.limit - result.finished))
        if worker.in_a_row >= (MOST_FAILURES if result.finished else MOST_FAILURES_AT_START):
            raise TrainingError(
                f"{worker.space.source}: {worker.in_a_row} trials in a row failed, the last because "
                f"{list(worker.failures.values())[-1]}; fix that and search again, which resumes where it left off."
            )
        if time.monotonic() - trial_began > SECONDS_WORTH_CLEARING:
            # Graphs of a trial refer to themselves, and would stay in memory next to those of the next.
            gc.collect()
    return True


def _run_trial(worker: SearchWorker, trial: Trial) -> bool:
    """Run a trial to its end, whichever that is, and return whether it was run."""
    try:
        return _end_trial(worker, trial)
    except (TakenOverError, optuna.exceptions.UpdateFinishedTrialError):
        announce(f"trial {trial.number} was taken over by another worker while this one did not answer")
        return False


def _end_trial(worker: SearchWorker, trial: Trial) -> bool:
    shared = worker.shared
    try:
        with shared.keep_alive(trial):
            setting = worker.space.suggest(trial)
            if shared.is_repeated(trial):
                shared.withdraw(trial)
                return False
            announce(f"trial {trial.number}: {describe_setting(setting)}")
            scores = _score_setting(worker, trial, setting)
            trial.set_user_attr(SCORES, scores)
    except optuna.TrialPruned:
        shared.finish(trial, None)
    except (TakenOverError, optuna.exceptions.UpdateFinishedTrialError):
        raise
    except KeyboardInterrupt:
        with suppress(TakenOverError):
            shared.interrupt(trial)
        raise
    except Exception as error:
        reason = str(error).rstrip(".") if isinstance(error, BehaviorError) else f"{type(error).__name__}: {error}"
        reason = reason.splitlines()[0]
        shared.fail(trial, reason)
        # TensorFlow has an error of its own for too little memory.
        if not isinstance(error, BehaviorError | MemoryError) and type(error).__name__ != "ResourceExhaustedError":
            raise
        worker.failures[f"trial {trial.number}"] = reason
        worker.in_a_row += 1
        return True
    else:
        shared.finish(trial, float(np.mean(list(scores.values()))))
    worker.in_a_row = 0
    return True


def _score_setting(worker: SearchWorker, trial: Trial, setting: Mapping[str, Any]) -> dict[str, float]:
    """Train a setting in every fold and return the score of each behavior; TrialPruned where the pruner ends it."""
    study = worker.space.make_study(setting)
    data = worker.get_data(study)
    labels = np.concatenate([recording.values for recording in data.labels])

    def score(probabilities: Sequence[npt.NDArray[np.float32]]) -> dict[str, float]:
        return score_behaviors(worker.search.objective, labels, np.concatenate(probabilities), data.behaviors)

    def follow(epoch: int, probabilities: list[npt.NDArray[np.float32]]) -> None:
        trial.report(float(np.mean(list(score(probabilities).values()))), epoch)
        if trial.should_prune():
            raise optuna.TrialPruned

    predicted = predict_out_of_fold(study, data, follow=follow)
    if not any(np.isfinite(values).any() for values in predicted.probabilities):
        reasons = dict.fromkeys(record.reason.rstrip(".") for record in predicted.records if record.reason)
        raise TrainingError(f"no behavior could be trained in any fold ({'; '.join(reasons)}).")
    return score(predicted.probabilities)


def _bury_dead(shared: SharedSearch) -> None:
    dead = set(shared.bury_dead())
    trials = shared.list_trials()
    for trial in trials:
        if trial.number in dead and is_owed(trial, trials):
            announce(f"trial {trial.number} was left unfinished by a process that is gone; it is run again")


def _is_exhausted(worker: SearchWorker) -> bool:
    """Return whether every setting of the space has been begun, and none is to be run again."""
    trials = worker.shared.list_trials()
    size = worker.space.size
    if size is None or any(is_owed(trial, trials) for trial in trials):
        return False
    keys = list(worker.space.distributions)
    tried = {tuple(str(trial.params[key]) for key in keys) for trial in trials if set(keys) <= set(trial.params)}
    return len(tried) >= size


def _announce_trial(result: SearchResult, number: int, *, seconds_left: float) -> None:
    row = result.table[result.table["number"] == number].iloc[0]
    scored = f" with {row['value']:.4f}" if np.isfinite(row["value"]) else ""
    reason = f" ({row['reason']})" if row["reason"] else ""
    best = "" if result.best is None else f"; best {result.score:.4f} (trial {result.best})"
    left = f", about {seconds_left / 60:.0f} minutes left" if seconds_left > 60 and result.finished < result.limit else ""
    announce(
        f"trial {number} {row['state']}{scored}{reason} after {row['epochs']} epochs in {row['seconds']:.0f} s{best}; "
        f"{result.finished} of {result.limit} done{left}"
    )


def explain_end(result: SearchResult, *, is_time_up: bool) -> str:
    """Return why a worker ended before all trials were done; empty where they are."""
    if result.finished >= result.limit:
        return ""
    left = f"{result.finished} of {result.limit} trials are done"
    if is_time_up:
        return f"{left} and the time is up; the same command resumes"
    if result.counts["running"]:
        return f"{left}; other workers are at {result.counts['running']} more"
    return f"{left}, and there is no other setting to try"


def make_shelf(recordings: Sequence[Recording]) -> Callable[[Study], LearningData]:
    """Return a function that loads the recordings for a study; the last `MOST_FEATURE_SETS` choices of features stay in memory."""
    shelf: dict[str, LearningData] = {}

    def get(study: Study) -> LearningData:
        key = json.dumps(study.model_dump(mode="json", include=set(FEATURE_SECTIONS)), sort_keys=True)
        data = shelf.pop(key, None)
        if data is None:
            while len(shelf) >= MOST_FEATURE_SETS:
                shelf.pop(next(iter(shelf)))
            data = load_learning_data(study, recordings)
        shelf[key] = data
        return data

    return get


def hash_settings(study: Study, search: Search) -> str:
    """Return a hash of what a trial's score depends on besides its setting; how trials are chosen and pruned is not part of it.

    Defaults are left out, so that a key that a later version adds does not change the hash.
    """
    kept = study.model_dump(
        mode="json", exclude={"recordings", "cache", "postprocess", "decisions", "search", "finetune"}, exclude_defaults=True
    )
    kept.get("training", {}).pop("memory_gib", None)
    kept["search"] = search.model_dump(mode="json", exclude={"pruning", "seed", "beside"}, exclude_defaults=True)
    return hashlib.blake2b(json.dumps(kept, sort_keys=True).encode(), digest_size=16).hexdigest()


def hash_data(study: Study, sets: Iterable[LearningData]) -> dict[str, str]:
    """Return hashes of all features and labels; UsageError where no frame is labelled with a behavior, so that nothing can be scored."""
    features, labels = hashlib.blake2b(digest_size=16), hashlib.blake2b(digest_size=16)
    all_labels: list[Labels] = []
    for data in sets:
        for recording, loaded, truth in zip(data.recordings, data.features, data.labels, strict=True):
            features.update(f"{recording.id} {recording.animal} {loaded.values.dtype} {loaded.values.shape}".encode())
            features.update(np.ascontiguousarray(loaded.values).data)
            if loaded.rows is not None:
                features.update(np.ascontiguousarray(loaded.rows.frames).data)
            labels.update(f"{recording.id} {truth.values.shape}".encode())
            labels.update(np.ascontiguousarray(truth.values).data)
            all_labels.append(truth)
    require_positives(study, all_labels)
    return {"features": features.hexdigest(), "labels": labels.hexdigest()}
