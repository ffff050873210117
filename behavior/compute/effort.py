"""What computing takes: seconds on the clock, seconds of the processor, and energy where the processor tells."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

__all__ = ["NOTHING", "POWERCAP", "Effort", "EffortMeter", "measure_effort", "measure_step", "record_steps"]

# Where Linux shows the energy counters of Intel's and AMD's processors (running average power limit); readable for root alone on many
# systems, and not there on others.
POWERCAP = Path("/sys/class/powercap")
# The smallest counters hold 262 kJ and wrap around in less than an hour at full load.
_SECONDS_BETWEEN_READINGS = 60.0


@dataclass(frozen=True)
class Effort:
    """What a stretch of work took.

    Attributes
    ----------
    seconds
        On the clock.
    processor_seconds
        Of this process, over all of its threads.
    joules
        Of all processors of the machine, whoever used them; None where they do not tell.

    Examples
    --------
    >>> Effort(2.0, 3.0) + Effort(1.0, 1.0, 40.0)
    Effort(seconds=3.0, processor_seconds=4.0, joules=None)
    """

    seconds: float
    processor_seconds: float
    joules: float | None = None

    def __add__(self, other: Effort) -> Effort:
        joules = None if self.joules is None or other.joules is None else self.joules + other.joules
        return Effort(self.seconds + other.seconds, self.processor_seconds + other.processor_seconds, joules)

    def __sub__(self, part: Effort) -> Effort:
        joules = None if self.joules is None or part.joules is None else self.joules - part.joules
        return Effort(self.seconds - part.seconds, self.processor_seconds - part.processor_seconds, joules)

    def __truediv__(self, number: int) -> Effort:
        return Effort(self.seconds / number, self.processor_seconds / number, None if self.joules is None else self.joules / number)

    def as_mapping(self) -> dict[str, float]:
        """Return the figures by name, without joules where they are not known."""
        return {
            "seconds": self.seconds,
            "processor_seconds": self.processor_seconds,
            **({} if self.joules is None else {"joules": self.joules}),
        }

    @classmethod
    def from_mapping(cls, stored: Any) -> Effort | None:
        """Return what `as_mapping` gave; None for anything else."""
        if not isinstance(stored, Mapping) or not {"seconds", "processor_seconds"} <= stored.keys() <= {
            field.name for field in fields(cls)
        }:
            return None
        is_usable = all(isinstance(value, int | float) and math.isfinite(value) for value in stored.values())
        return cls(**{name: float(value) for name, value in stored.items()}) if is_usable else None


NOTHING = Effort(0.0, 0.0, 0.0)


class EffortMeter:
    """Measures what work takes from here on.

    Parameters
    ----------
    powercap
        Folder of the energy counters.
    """

    def __init__(self, powercap: Path = POWERCAP) -> None:
        self._energy = _EnergyMeter(powercap)
        self._began, self._processor_began = time.perf_counter(), time.process_time()

    def read(self) -> Effort:
        """Return what it took so far."""
        return Effort(time.perf_counter() - self._began, time.process_time() - self._processor_began, self._energy.read())

    def stop(self) -> None:
        """Stop watching the energy counters."""
        self._energy.stop()


class MeasuredEffort:
    """What a block of work took, which is known once the block is over.

    Attributes
    ----------
    effort
        Nothing until then.
    """

    def __init__(self) -> None:
        self.effort = NOTHING


@contextmanager
def measure_effort(powercap: Path = POWERCAP) -> Iterator[MeasuredEffort]:
    """Measure what the work within takes, also where it fails; the energy is that of the whole machine meanwhile.

    Parameters
    ----------
    powercap
        Folder of the energy counters.

    >>> with measure_effort() as measured:
    ...     total = sum(range(1000))
    >>> measured.effort.seconds > 0
    True
    """
    measured = MeasuredEffort()
    meter = EffortMeter(powercap)
    try:
        yield measured
    finally:
        measured.effort = meter.read()
        meter.stop()


class _StepRecord:
    """Efforts by step, and of each step that is under way what the steps within it took."""

    def __init__(self) -> None:
        self.efforts: dict[str, Effort] = {}
        self.inner: list[Effort] = []


# Of this thread alone: what other threads do meanwhile is not among its steps.
_record: ContextVar[_StepRecord | None] = ContextVar("_record", default=None)


@contextmanager
def record_steps() -> Iterator[Mapping[str, Effort]]:
    """Yield what the steps within take, by name: those that `measure_step` names, in this thread.

    >>> with record_steps() as steps:
    ...     with measure_step("train"):
    ...         with measure_step("predict"):
    ...             total = sum(range(2_000_000))
    >>> list(steps), steps["train"].processor_seconds < steps["predict"].processor_seconds
    (['predict', 'train'], True)
    """
    record = _StepRecord()
    token = _record.set(record)
    try:
        yield record.efforts
    finally:
        _record.reset(token)


@contextmanager
def measure_step(name: str) -> Iterator[None]:
    """Add what the work within takes to the step `name` of the record around it, and take it from the step that it is a part of."""
    record = _record.get()
    if record is None:
        yield
        return
    record.inner.append(NOTHING)
    meter = EffortMeter()
    try:
        yield
    finally:
        whole = meter.read()
        meter.stop()
        record.efforts[name] = record.efforts.get(name, NOTHING) + (whole - record.inner.pop())
        if record.inner:
            record.inner[-1] += whole


class _EnergyMeter:
    """Sums the energy counters of all processors, and reads them often enough to notice each time that one wraps around."""

    def __init__(self, powercap: Path) -> None:
        self._counters = _find_counters(powercap)
        self._last = {counter: _read(counter / "energy_uj") for counter in self._counters}
        self._microjoules: int | None = 0 if self._counters and None not in self._last.values() else None
        self._ended, self._adding = threading.Event(), threading.Lock()
        self._thread = threading.Thread(target=self._watch, daemon=True) if self._microjoules is not None else None
        if self._thread is not None:
            self._thread.start()

    def read(self) -> float | None:
        """Return the joules so far; None where a counter could not be read."""
        with self._adding:
            self._add()
            return None if self._microjoules is None else self._microjoules / 1e6

    def stop(self) -> None:
        """Stop watching."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(_SECONDS_BETWEEN_READINGS):
            with self._adding:
                self._add()

    def _add(self) -> None:
        for counter in self._counters:
            before, now = self._last[counter], _read(counter / "energy_uj")
            if before is None or now is None or self._microjoules is None:
                self._microjoules = None
                return
            span = _read(counter / "max_energy_range_uj") if now < before else 0
            if span is None:
                self._microjoules = None
                return
            self._microjoules += now - before + span
            self._last[counter] = now


def _find_counters(powercap: Path) -> list[Path]:
    """Return the counters of whole processors; those of their parts are in them."""
    try:
        return sorted(path for path in powercap.iterdir() if path.name.startswith("intel-rapl:") and path.name.count(":") == 1)
    except OSError:
        return []


def _read(path: Path) -> int | None:
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
