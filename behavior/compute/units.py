"""Units of work, one after the other or many at a time: a recording, a group of models, a trial.

A unit leaves its result in the shared folder and returns what fits in a line. It can be done again: what is there already is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from behavior.compute.where import Where
from behavior.errors import BehaviorError
from behavior.progress import Advance, report_progress

__all__ = ["Work", "run_units"]

Unit = TypeVar("Unit")
Result = TypeVar("Result")
Returned = TypeVar("Returned", covariant=True)


@dataclass(frozen=True)
class Work(Generic[Unit, Returned]):
    """What is to be done to each of some units.

    Attributes
    ----------
    function
        A function that a module has under its name, or a partial one; it, the units and the results are what `messages.encode` takes.
        A file that a unit names is named by its absolute path.
    units, names
        What it is called with, and what a user calls each.
    folder
        Where results are kept, which every worker has to see.
    title, noun
        What is being done, and what the units are, in the plural, for the progress display.
    are_silent
        Whether units do not show themselves how far they are.
    """

    function: Callable[[Unit], Returned]
    units: Sequence[Unit]
    names: Sequence[str]
    folder: Path
    title: str
    noun: str
    are_silent: bool = False


def run_units(work: Work[Unit, Result], where: Where) -> list[Result | BehaviorError]:
    """Return for each unit what the function returned, or why no worker could do it.

    What workers announce is announced here. However this ends, their processes end with it, also if this process is killed.

    Raises
    ------
    UsageError
        If the cluster cannot be used, or a worker is not fit for the work: it has another version, or does not see the folder.
    BehaviorError
        If the scheduler is gone; and whatever the function raises, at once.
    """
    done: dict[int, Result | BehaviorError] = {}
    if not work.units:
        return []
    is_told = work.are_silent or not where.is_here
    with report_progress(work.title, total=len(work.units), unit=work.noun) if is_told else _no_display() as advance:
        if where.is_here:
            for number, unit in enumerate(work.units):
                done[number] = work.function(unit)
                advance(1)
        else:
            # Dask takes a second to load, which work in this process need not wait for.
            from behavior.compute.dask_runs import run_on_dask

            done.update(run_on_dask(work, where, advance))
    return [done[number] for number in range(len(work.units))]


@contextmanager
def _no_display() -> Iterator[Advance]:
    yield lambda count, note="": None
