"""One search in one storage, shared by any number of workers that may die at any moment.

Optuna's storages give two guarantees that everything here follows from: trials get their numbers in the order in which they are made,
and a trial appears with all that it is made with. A worker that wants work therefore makes a trial that says so, looks at all others,
and withdraws where a trial with a lower number has the right to it; so no more trials are run than were asked for, and none twice.

A trial that failed and does not say why was left by a worker that died. The next worker that looks runs it again, with its setting.
"""

from __future__ import annotations

import os
import socket
import threading
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.trial import FrozenTrial, Trial, TrialState, create_trial
from sqlalchemy import make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from behavior.errors import UsageError
from behavior.files.temporary import is_alive
from behavior.progress import show_address
from behavior.search.journal import open_journal

__all__ = ["DEFAULT_FILE", "FINISHED", "JOURNAL", "REPEATS", "SharedSearch", "TakenOverError", "is_given_up", "is_owed", "open_search"]

FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)
DEFAULT_FILE = "search.db"
JOURNAL = "journal:"
SECONDS_BETWEEN_BEATS = 30
# A worker that has shown no sign of life for so long is gone. Databases go by their own clock, journal files by those of several hosts.
DATABASE_GRACE_SECONDS = 150
JOURNAL_GRACE_SECONDS = 600.0
# A setting that ends every process that tries it, by its memory for example, is given up in the end.
MOST_DEATHS = 3
OPENING_ATTEMPTS = 10

# What trials carry: who runs them, the setting of the grid that is theirs, the trial that they repeat, why they failed.
HOST, PID, STARTED, SEEN = "host", "pid", "started", "seen"
CELL, REPEATS, REASON, WITHDRAWN, INTERRUPTED = "cell", "repeats", "reason", "withdrawn", "interrupted"


class TakenOverError(Exception):
    """Another worker held this one for dead, as after a suspended machine wakes up, and has its trial now."""


class SharedSearch:
    """A search in a storage.

    Attributes
    ----------
    study
        Optuna's.
    address
        Storage and name in words, for messages.
    """

    def __init__(self, storage: BaseStorage, study: optuna.Study, *, address: str) -> None:
        self.study, self.address = study, address
        self._storage = storage
        self._id = storage.get_study_id_from_name(study.study_name)
        # Journal files have no heartbeats; there, trials say themselves when they were last seen.
        self._has_heartbeats = not isinstance(storage, JournalStorage)

    def bind(self, optimised: Mapping[str, str]) -> None:
        """Tie the search to what it optimises.

        Parameters
        ----------
        optimised
            Texts or hashes by what they are of.

        Raises
        ------
        UsageError
            If the storage has another search under this name.
        """
        for _ in range(2):
            known = self.study.user_attrs
            missing = {name: text for name, text in optimised.items() if name not in known}
            if not missing:
                break
            for name, text in missing.items():
                self.study.set_user_attr(name, text)
        other = [name for name, text in optimised.items() if known.get(name) != text]
        if other:
            raise UsageError(
                f"{self.address}: already holds a search with a different {' and a different '.join(other)}, which cannot be continued "
                "with this one; give another --storage or --name, or undo the change to continue it."
            )

    def list_trials(self) -> list[FrozenTrial]:
        """Return all trials by number, without those that were withdrawn before they began. Not to be changed."""
        return [trial for trial in self._list_all() if WITHDRAWN not in trial.user_attrs]

    def bury_dead(self) -> list[int]:
        """Fail the trials of workers that are gone and return their numbers; they are owed from then on."""
        before = {trial.number for trial in self._list_all() if trial.state == TrialState.RUNNING}
        if self._has_heartbeats:
            with _without_warnings():
                optuna.storages.fail_stale_trials(self.study)
        for trial in self._list_all():
            if trial.state == TrialState.RUNNING and (_is_gone(trial.user_attrs) or self._is_silent(trial)):
                # Where another worker was quicker to bury it, or its own finished it this moment, there is nothing to do.
                with suppress(optuna.exceptions.UpdateFinishedTrialError):
                    self._storage.set_trial_state_values(self._find_id(trial), TrialState.FAIL)
        return sorted(before & {trial.number for trial in self._list_all() if trial.state == TrialState.FAIL})

    def claim(
        self,
        limit: int,
        *,
        distributions: Mapping[str, BaseDistribution],
        cells: Sequence[Mapping[str, Any]] | None = None,
    ) -> Trial | None:
        """Return a trial that is this worker's to run, alive for as long as `keep_alive` says so; None where nothing is left to begin.

        Parameters
        ----------
        limit
            Number of trials that are to be complete or pruned in the end, by all workers together.
        distributions
            Of every key that is searched.
        cells
            The settings of a grid, each to be run once, in this order; None where a sampler chooses.
        """
        while True:
            trials = self.list_trials()
            if sum(_counts(trial) for trial in trials) >= limit:
                return None
            owed = next((trial for trial in trials if is_owed(trial, trials)), None)
            attributes: dict[str, Any] = {**_describe_self(), SEEN: time.time()}
            setting: Mapping[str, Any] = {}
            if owed is not None:
                attributes |= {REPEATS: owed.number, **({CELL: owed.user_attrs[CELL]} if CELL in owed.user_attrs else {})}
                setting = owed.params
            elif cells is not None:
                taken = {trial.user_attrs.get(CELL) for trial in trials}
                free = next((cell for cell in range(len(cells)) if cell not in taken), None)
                if free is None:
                    return None
                attributes[CELL], setting = free, cells[free]
            template = create_trial(
                state=TrialState.RUNNING,
                params=dict(setting),
                distributions={key: distributions[key] for key in setting},
                user_attrs=attributes,
            )
            trial_id = self._storage.create_new_trial(self._id, template_trial=template)
            self._beat(trial_id)
            # Optuna gives out trials of its own making only; this is what it does with those.
            trial = Trial(self.study, trial_id)
            if self._is_mine(trial.number, attributes, limit):
                return trial
            self.withdraw(trial)

    def is_repeated(self, trial: Trial) -> bool:
        """Tell whether another trial has the very setting of this one, which it does not repeat for a dead worker."""
        trials = self.list_trials()
        mine = next(other for other in trials if other.number == trial.number)
        if REPEATS in mine.user_attrs or CELL in mine.user_attrs:
            return False
        return any(other.params == mine.params for other in trials if other.number != mine.number)

    @contextmanager
    def keep_alive(self, trial: Trial) -> Iterator[None]:
        """Show other workers that this one is at work on `trial`."""
        done = threading.Event()
        trial_id = self._storage.get_trial_id_from_study_id_trial_number(self._id, trial.number)
        heart = threading.Thread(target=self._beat_until, args=(trial_id, done), name="heartbeat", daemon=True)
        heart.start()
        try:
            yield
        finally:
            done.set()
            heart.join()

    def finish(self, trial: Trial, score: float | None) -> None:
        """Store the score of a trial, or that it was pruned; TakenOverError where it was held for dead."""
        state = TrialState.PRUNED if score is None else TrialState.COMPLETE
        if self.study.tell(trial, values=score, state=state, skip_if_finished=True).state != state:
            raise TakenOverError

    def fail(self, trial: Trial, reason: str) -> None:
        """Store why a trial came to nothing; it is not run again."""
        self._end(trial, REASON, reason)

    def interrupt(self, trial: Trial) -> None:
        """Leave a trial to be run again, no fault of its setting."""
        self._end(trial, INTERRUPTED, True)

    def withdraw(self, trial: Trial) -> None:
        """Give a trial up that another worker has the right to."""
        self._end(trial, WITHDRAWN, True)

    def _end(self, trial: Trial, attribute: str, value: Any) -> None:
        try:
            trial.set_user_attr(attribute, value)
        except optuna.exceptions.UpdateFinishedTrialError:
            raise TakenOverError from None
        self.study.tell(trial, state=TrialState.FAIL, skip_if_finished=True)

    def _is_mine(self, number: int, attributes: Mapping[str, Any], limit: int) -> bool:
        earlier = [trial for trial in self.list_trials() if trial.number < number]
        if sum(_counts(trial) for trial in earlier) >= limit:
            return False
        if REPEATS in attributes:
            return all(trial.user_attrs.get(REPEATS) != attributes[REPEATS] for trial in earlier)
        return CELL not in attributes or all(trial.user_attrs.get(CELL) != attributes[CELL] for trial in earlier)

    def _list_all(self) -> list[FrozenTrial]:
        return sorted(self._storage.get_all_trials(self._id, deepcopy=False), key=lambda trial: trial.number)

    def _find_id(self, trial: FrozenTrial) -> int:
        return self._storage.get_trial_id_from_study_id_trial_number(self._id, trial.number)

    def _is_silent(self, trial: FrozenTrial) -> bool:
        return not self._has_heartbeats and time.time() - trial.user_attrs.get(SEEN, 0.0) > JOURNAL_GRACE_SECONDS

    def _beat(self, trial_id: int) -> None:
        if self._has_heartbeats:
            self._storage.record_heartbeat(trial_id)
        else:
            self._storage.set_trial_user_attr(trial_id, SEEN, time.time())

    def _beat_until(self, trial_id: int, done: threading.Event) -> None:
        while not done.wait(SECONDS_BETWEEN_BEATS):
            # A beat that a busy storage misses is made up by the next; what is really wrong with it, the trial itself runs into.
            with suppress(optuna.exceptions.OptunaError, SQLAlchemyError, OSError):
                self._beat(trial_id)


def open_search(storage: str | None, name: str, *, folder: Path) -> SharedSearch:
    """Open the search `name` in a storage, both made where they are missing.

    Parameters
    ----------
    storage
        `journal:FILE`, the address of a database, or None for an SQLite file in `folder`.

    Raises
    ------
    UsageError
        If there can be no such storage, or it cannot be reached. Messages show the address without its password.
    OutputError
        If a journal cannot be written to.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    address = storage if storage is not None else f"sqlite:///{(folder / DEFAULT_FILE).resolve()}"
    if address.startswith(JOURNAL):
        shown, opened = address, open_journal(Path(address.removeprefix(JOURNAL)))
    elif "://" in address:
        shown, opened = show_address(address), _open_database(address)
    else:
        raise UsageError(
            f"--storage {show_address(address)}: expected journal:FILE, sqlite:///FILE or the address of a database such as "
            "postgresql://user@host/name."
        )
    study = optuna.create_study(storage=opened, study_name=name, direction="maximize", load_if_exists=True)
    return SharedSearch(opened, study, address=f"{shown} ({name!r})")


def is_owed(trial: FrozenTrial, trials: Sequence[FrozenTrial]) -> bool:
    """Tell whether a trial was left by a worker that died, or was stopped, and nobody has begun to run it again."""
    if trial.state != TrialState.FAIL or {REASON, WITHDRAWN} & set(trial.user_attrs):
        return False
    return not is_given_up(trial, trials) and all(other.user_attrs.get(REPEATS) != trial.number for other in trials)


def is_given_up(trial: FrozenTrial, trials: Sequence[FrozenTrial]) -> bool:
    """Tell whether a trial is the last of several with one setting whose workers all died."""
    by_number = {other.number: other for other in trials}
    deaths, current = 0, by_number.get(trial.number)
    while current is not None and current.state == TrialState.FAIL and REASON not in current.user_attrs:
        deaths += INTERRUPTED not in current.user_attrs
        current = by_number.get(current.user_attrs.get(REPEATS, -1))
    return deaths >= MOST_DEATHS


def _counts(trial: FrozenTrial) -> bool:
    return trial.state in (*FINISHED, TrialState.RUNNING)


def _open_database(address: str) -> BaseStorage:
    # Several workers of one SQLite file take turns.
    options = {"connect_args": {"timeout": 120}} if address.startswith("sqlite") else {}
    url, shown = _parse_address(address), show_address(address)
    for attempt in range(OPENING_ATTEMPTS):
        try:
            with _without_warnings():
                database = RDBStorage(
                    address, engine_kwargs=options, heartbeat_interval=SECONDS_BETWEEN_BEATS, grace_period=DATABASE_GRACE_SECONDS
                )
        except ImportError as error:
            missing = getattr(error.__cause__, "name", None) or error.name or "see its documentation"
            raise UsageError(f"{shown}: needs a driver that is not installed ({missing}); pip install it.") from None
        except (DBAPIError, optuna.exceptions.OptunaError) as error:
            # Two workers that make the same tables at the same time get into each other's way once.
            if attempt + 1 == OPENING_ATTEMPTS:
                reason = _explain(error, url)
                raise UsageError(f"{shown}: the database cannot be used ({reason}); see that it runs and you may write to it.") from None
            time.sleep(0.1 * (attempt + 1))
        except (ArgumentError, TypeError, ValueError) as error:
            # A driver's own rules, and what it makes of options behind a question mark.
            raise UsageError(f"{shown}: is not an address that its driver takes ({_explain(error, url)}); correct it.") from None
        except RuntimeError as error:
            raise UsageError(f"{shown}: was made by another version of Optuna ({_explain(error, url)}); give another --storage.") from None
        else:
            # Keeps finished trials in memory.
            return optuna.storages.get_storage(database)
    raise AssertionError("the last attempt returns or raises")


def _parse_address(address: str) -> URL:
    shown = show_address(address)
    advice = "one is postgresql://user@host/name, and marks such as @ and / in a password are written as %40 and %2F"
    try:
        url = make_url(address)
        url.get_dialect()
    except (ArgumentError, ValueError) as error:
        reason = "its port is not a number" if not isinstance(error, ArgumentError) else str(error).replace(address, shown)
        raise UsageError(f"--storage {shown}: is not an address of a database ({reason}); {advice}.") from None
    except ImportError as error:
        raise UsageError(f"--storage {shown}: needs a driver that is not installed ({error.name}); pip install it.") from None
    return url


def _explain(error: Exception, url: URL) -> str:
    """Return the first line of what went wrong, without what is secret in an address."""
    reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
    values = [value for values in url.normalized_query.values() for value in values]
    for secret in filter(None, (url.password, *values)):
        reason = reason.replace(str(secret), "***")
    return reason


def _describe_self() -> dict[str, Any]:
    return {HOST: socket.gethostname(), PID: os.getpid(), STARTED: _read_start(os.getpid())}


def _is_gone(worker: Mapping[str, Any]) -> bool:
    """Tell whether a process of this host is gone, or its number is another's now; of other hosts nobody here knows."""
    if worker.get(HOST) != socket.gethostname():
        return False
    pid, started = int(worker[PID]), worker.get(STARTED, "")
    return not is_alive(pid) or bool(started and (now := _read_start(pid)) and now != started)


def _read_start(pid: int) -> str:
    """Return when a process started, in the system's own words; empty where it does not say."""
    try:
        # Linux, proc(5): after the name, which may hold anything, in brackets, the twentieth word.
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


@contextmanager
def _without_warnings() -> Iterator[None]:
    """Heartbeats are marked as experimental in Optuna since 2021, and it says so each time."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        yield
