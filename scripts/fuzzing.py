"""Try many inputs of several kinds and count what comes of them: what the scripts that start with `fuzz_` share; not to be run."""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

__all__ = ["SHOWN", "run_trials"]

# Of each kind, as many failures are printed.
SHOWN = 3


def run_trials(trials: Mapping[str, Iterable[Callable[[], str]]], n_trials: int, *, fine: Sequence[str], subject: str = "seed") -> int:
    """Run trials of each kind, print a table of what came of them and the first failures; return the exit status, 1 if there are any.

    Parameters
    ----------
    trials
        By kind, what to call. A trial returns what came of it; it fails if that is not in `fine`, or if it raises anything.
    n_trials
        How many of each kind, or fewer where there are not as many.
    fine
        What may come of a trial: the columns of the table.
    subject
        What a kind is called at the head of the table.
    """
    total: Counter[str] = Counter()
    columns = (*fine, "other")
    print(f"| {subject} | inputs | {' | '.join(columns)} |\n|{'---|' * (len(columns) + 2)}")
    for kind, of_kind in trials.items():
        outcomes: Counter[str] = Counter()
        for number, trial in zip(range(n_trials), of_kind, strict=False):
            try:
                outcome = trial()
                problem = "" if outcome in fine else outcome
            # What is let through is what is looked for.
            except Exception:  # noqa: BLE001
                outcome, problem = "other", traceback.format_exc(limit=-6)
            outcomes["other" if problem else outcome] += 1
            if problem and outcomes["other"] <= SHOWN:
                print(f"{kind}, input {number}: {problem}")
        print(f"| {kind} | {outcomes.total()} | {' | '.join(str(outcomes[column]) for column in columns)} |", flush=True)
        total += outcomes
    print(f"{total.total()} inputs: " + ", ".join(f"{total[column]} {column}" for column in columns))
    return 1 if total["other"] else 0
