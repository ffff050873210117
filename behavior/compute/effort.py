"""What computing takes: seconds on the clock, seconds of the processor, and energy where the processor tells."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["POWERCAP", "Effort", "measure_effort"]

# Where Linux shows the energy counters of Intel's and AMD's processors (running average power limit); readable for root alone on many
# systems, and not there on others.
POWERCAP = Path("/sys/class/powercap")
# The smallest counters hold 262 kJ and wrap around in less than an hour at full load.
_SECONDS_BETWEEN_READINGS = 60.0


class Effort:
    """What a stretch of work took; complete once it is over.

    Attributes
    ----------
    seconds
        On the clock.
    processor_seconds
        Of this process, over all of its threads.
    joules
        Of all processors of the machine, whoever used them; None where they do not tell.
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        self.processor_seconds = 0.0
        self.joules: float | None = None


@contextmanager
def measure_effort(powercap: Path = POWERCAP) -> Iterator[Effort]:
    """Measure what the work within takes, also where it fails; the energy is that of the whole machine meanwhile.

    Parameters
    ----------
    powercap
        Folder of the energy counters.

    >>> with measure_effort() as effort:
    ...     total = sum(range(1000))
    >>> effort.seconds > 0
    True
    """
    effort = Effort()
    meter = _EnergyMeter(powercap)
    began, processor_began = time.perf_counter(), time.process_time()
    try:
        yield effort
    finally:
        effort.seconds = time.perf_counter() - began
        effort.processor_seconds = time.process_time() - processor_began
        effort.joules = meter.stop()


class _EnergyMeter:
    """Sums the energy counters of all processors, and reads them often enough to notice each time that one wraps around."""

    def __init__(self, powercap: Path) -> None:
        self._counters = _find_counters(powercap)
        self._last = {counter: _read(counter / "energy_uj") for counter in self._counters}
        self._microjoules: int | None = 0 if self._counters and None not in self._last.values() else None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True) if self._microjoules is not None else None
        if self._thread is not None:
            self._thread.start()

    def stop(self) -> float | None:
        """Return the joules; None where a counter could not be read."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
            self._add()
        return None if self._microjoules is None else self._microjoules / 1e6

    def _watch(self) -> None:
        while not self._ended.wait(_SECONDS_BETWEEN_READINGS):
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
