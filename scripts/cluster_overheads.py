"""What handing out units of work costs, beside Dask alone; `try_slurm.py` prints it."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import Any

from behavior.compute.dask_clusters import connect
from behavior.compute.units import Work, run_units
from behavior.compute.where import Where
from behavior.progress import announce

N_UNITS, N_MESSAGES = 400, 4000
SECONDS_TO_START = 300


def measure_overheads(where: Where, folder: Path, *, n_workers: int) -> dict[str, str]:
    """Return what was measured in words, by what it is; `folder` is one that all workers see."""
    began = time.time()
    with connect(where, most_workers=n_workers, folder=folder) as place:
        place.client.wait_for_workers(n_workers, timeout=SECONDS_TO_START)
        until_workers = time.time() - began
        bare = [place.client.submit(note_start, number, key=f"bare-{number}", pure=False) for number in range(N_UNITS)]
        bare_starts = place.client.gather(bare)
    began, processor = time.time(), time.process_time()
    outcomes = run_units(_name_work(note_start, N_UNITS, folder), where)
    processor = time.process_time() - processor
    starts = [outcome for outcome in outcomes if isinstance(outcome, float)]
    if len(starts) < N_UNITS:
        raise SystemExit(f"units of nothing failed: {outcomes}")
    arrivals = _Arrivals()
    logger = logging.getLogger("behavior")
    logger.addHandler(arrivals)
    level = logger.level
    logger.setLevel(logging.INFO)
    try:
        run_units(_name_work(tell_much, n_workers, folder), where)
    finally:
        logger.setLevel(level)
        logger.removeHandler(arrivals)
    if len(arrivals.times) != N_MESSAGES * n_workers:
        raise SystemExit(f"{len(arrivals.times)} of {N_MESSAGES * n_workers} messages came home")
    rate = (len(arrivals.times) - 1) / (arrivals.times[-1] - arrivals.times[0])
    return {
        f"from the command to {n_workers} workers": f"{until_workers:.1f} s",
        "from the command to the start of the first unit": f"{min(starts) - began:.1f} s",
        "a unit that does nothing": f"{_find_step(starts):.1f} ms",
        "the same by Dask alone": f"{_find_step(bare_starts):.1f} ms",
        "processor time of a unit in the command's process, start included": f"{processor / N_UNITS * 1e3:.1f} ms",
        f"messages brought home from {n_workers} workers": f"{rate:,.0f} a second",
    }


def note_start(number: int) -> float:
    """Do nothing, and return the time at which it began."""
    return time.time()


def tell_much(number: int) -> int:
    """Say a line many times."""
    for line in range(N_MESSAGES):
        announce(f"unit {number} says line {line}, which is as long as lines are that tell what a recording lacks")
    return number


class _Arrivals(logging.Handler):
    """Notes when a message of a unit arrives."""

    def __init__(self) -> None:
        super().__init__()
        self.times: list[float] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.getMessage().startswith("unit "):
            self.times.append(time.monotonic())


def _name_work(function: Any, n_units: int, folder: Path) -> Work[int, Any]:
    names = [f"unit {number}" for number in range(n_units)]
    return Work(function, range(n_units), names, folder, "measuring", "units", are_silent=True)


def _find_step(starts: list[float]) -> float:
    """Return milliseconds from one unit's start to the next, once all workers are at work."""
    ordered = sorted(starts)[len(starts) // 2 :]
    return (ordered[-1] - ordered[0]) / (len(ordered) - 1) * 1e3
