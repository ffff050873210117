"""The journal of a search: a text file with a line for each thing that happened, which several processes append to.

A line that was damaged, as when two processes write at once on a network drive, is left out; Optuna itself would read no journal with one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from optuna.storages import BaseStorage, JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

from behavior.errors import OutputError, UsageError
from behavior.files.atomic import make_folder
from behavior.files.opening import require_regular_file
from behavior.progress import warn

__all__ = ["open_journal"]

# What entries have to hold, by their kind (optuna.storages.journal.JournalOperation): a study is made, deleted, described, described by
# Optuna; a trial is made, gets a parameter, ends, gets a score on the way, is described, is described by Optuna.
_NEEDED = {
    0: ("study_name", "directions"),
    1: ("study_id",),
    2: ("study_id", "user_attr"),
    3: ("study_id", "system_attr"),
    4: ("study_id", "datetime_start"),
    5: ("trial_id", "param_name", "param_value_internal", "distribution"),
    6: ("trial_id", "state", "values"),
    7: ("trial_id", "step", "intermediate_value"),
    8: ("trial_id", "user_attr"),
    9: ("trial_id", "system_attr"),
}
# Entries that others are counted from: studies and trials have no other names than their numbers.
_MAKING = (0, 1, 4)
_KIND = re.compile(rb'"op_code":\s*(\d+)')
_LONGEST_REASON = 200
_EXPECTED, _ADVICE = "the journal of a search", "give another file after journal:"


def open_journal(path: Path) -> BaseStorage:
    """Open the journal at `path`, made where there is none; a line that is damaged is left out, with a warning that names it.

    Raises
    ------
    UsageError
        If the file is something else, or its damage leaves open which trial later lines are about.
    OutputError
        If it cannot be written to.
    """
    make_folder(path.resolve().parent)
    # This lock is a file that only one process can make, which network drives keep to where they do not keep to others.
    lock = JournalFileOpenLock(str(path))
    backend = None
    try:
        if path.exists() and not path.is_dir():
            require_regular_file(path, error=UsageError, expected=_EXPECTED, advice=_ADVICE)
        backend = _Journal(path, lock)
        lock.acquire()
        try:
            backend.mend()
        finally:
            lock.release()
        return JournalStorage(backend)
    except OSError as error:
        reason = error.strerror or error
        raise OutputError(f"{path}: cannot be used as a journal ({reason}); choose a file that you may write to.") from error
    except (ArithmeticError, AssertionError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        line = "" if backend is None else f", line {backend.line}"
        reason = " ".join(str(error).split())[:_LONGEST_REASON]
        raise UsageError(f"{path}{line}: is not a journal of a search ({reason}); {_ADVICE}.") from error


@dataclass
class _Damage:
    """Lines that cannot be used as a whole, from 1, and the first whose loss leaves open what others are about."""

    lines: list[int] = field(default_factory=list)
    decisive: int | None = None


class _Journal(JournalFileBackend):
    """Optuna's journal file, without the lines that are damaged.

    Attributes
    ----------
    line
        The line that was read last, from 1.
    """

    def __init__(self, path: Path, lock: JournalFileOpenLock) -> None:
        super().__init__(str(path), lock_obj=lock)
        self._path = path
        self.line = 1
        # How many entries were read at last, where the next line begins, and its number.
        self._end = 0, 0, 1

    def read_logs(self, log_number_from: int) -> Iterator[dict[str, Any]]:
        """Yield the entries from number `log_number_from` on."""
        n_read, offset, self.line = self._end if self._end[0] == log_number_from else (0, 0, 1)
        with self._path.open("rb") as file:
            file.seek(offset)
            for line in file:
                # Another process is writing it.
                if not line.endswith(b"\n"):
                    break
                for entry in _read_entries(line)[0]:
                    n_read += 1
                    if n_read > log_number_from:
                        yield entry
                offset += len(line)
                self.line += 1
        # Not if the reader stopped in the middle of a line.
        self._end = n_read, offset, self.line

    def mend(self) -> None:
        """Warn of damaged lines; cut off a last one that was left unfinished, behind which nothing can be written.

        Raises
        ------
        UsageError
            If the file is something else, or its damage leaves open which trial later lines are about. It then stays as it is.
        """
        content = self._path.read_bytes()
        whole = content.rfind(b"\n") + 1
        lines = content[: whole or None].removesuffix(b"\n").split(b"\n") if content else []
        if lines and not _read_entries(lines[0])[0]:
            raise UsageError(f"{self._path}, line 1: is not a journal of a search; {_ADVICE}.")
        damage = _find_damage(lines)
        if damage.decisive is not None:
            raise UsageError(
                f"{self._path}, line {damage.decisive}: is damaged, and without it nobody knows which trial later lines are about; go "
                "back to a copy of the file from before, or give another file after journal: to start a new search."
            )
        if damage.lines:
            named = " and ".join(map(str, damage.lines[:5])) + (f" and {len(damage.lines) - 5} more" if len(damage.lines) > 5 else "")
            are = "are" if len(damage.lines) > 1 else "is"
            warn(
                f"{self._path}, line{'s' if len(damage.lines) > 1 else ''} {named}: {are} damaged, as when two processes write at once on "
                f"a network drive, and {are} left out; all other lines are used. The file is not changed; to be rid of this warning, "
                "remove what is damaged while no search is running."
            )
        if whole < len(content):
            warn(f"{self._path}: its last line was left unfinished, by a full disk or a power failure, and is cut off.")
            with self._path.open("rb+") as file:
                file.truncate(whole)


def _read_entries(line: bytes) -> tuple[list[dict[str, Any]], list[bytes]]:
    """Return the entries in a line that are whole, and what is left over between them; a line that is as it should be has one."""
    try:
        text = line.decode("utf-8").strip()
    except UnicodeDecodeError:
        return [], [line]
    entries, left = [], []
    decoder = json.JSONDecoder()
    position = lost_from = 0
    while position < len(text):
        start = text.find('{"op_code"', position)
        if start < 0:
            break
        try:
            entry, end = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            position = start + 1
            continue
        position = end if _is_entry(entry) else start + 1
        if _is_entry(entry):
            left.append(text[lost_from:start])
            entries.append(entry)
            lost_from = end
    left.append(text[lost_from:])
    return entries, [part.encode() for part in left if part]


def _is_entry(entry: dict[str, Any]) -> bool:
    kind = entry["op_code"]
    if not isinstance(kind, int) or kind not in _NEEDED or not isinstance(entry.get("worker_id"), str):
        return False
    numbers = [entry[name] for name in ("study_id", "trial_id") if name in _NEEDED[kind] and name in entry]
    return all(name in entry for name in _NEEDED[kind]) and all(isinstance(number, int) for number in numbers)


def _find_damage(lines: Sequence[bytes]) -> _Damage:
    damage = _Damage()
    n_studies = n_trials = 0
    for number, line in enumerate(lines, start=1):
        entries, left = _read_entries(line)
        if left:
            damage.lines.append(number)
            if any(int(kind) in _MAKING for part in left for kind in _KIND.findall(part)):
                damage.decisive = damage.decisive or number
        for entry in entries:
            n_studies += entry["op_code"] == 0
            n_trials += entry["op_code"] == 4
            # What made it is lost.
            if damage.lines and (entry.get("study_id", 0) >= n_studies or entry.get("trial_id", -1) >= n_trials):
                damage.decisive = damage.decisive or damage.lines[-1]
    return damage
