"""What came of a live run."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from behavior.live.recorders import Recorder
from behavior.live.session import LiveTally

__all__ = ["LiveResult", "SourceResult", "collect_source"]


@dataclass(frozen=True)
class SourceResult:
    """What came of one source.

    Attributes
    ----------
    tally
        Of frames.
    captured, gaps
        Frames that were recorded, and how often the source broke off and came back.
    reason
        Why it ended, where it was neither over nor stopped.
    error
        What went wrong with it, a sentence; "" for nothing.
    """

    tally: LiveTally
    captured: int = 0
    gaps: int = 0
    reason: str = ""
    error: str = ""

    def find_latency(self, percentile: float) -> float | None:
        """Return a percentile of the seconds from capture to probability; None where no frame has one."""
        return float(np.percentile(self.tally.latencies_s, percentile)) if self.tally.latencies_s else None


@dataclass(frozen=True)
class LiveResult:
    """What came of the sources of a live run, by their names."""

    sources: dict[str, SourceResult] = field(default_factory=dict)

    @property
    def recordings(self) -> dict[str, int | str]:
        """Frames of each recording that is finished, or why it has no ethogram, by its name."""
        return dict(sorted(pair for source in self.sources.values() for pair in source.tally.recordings.items()))

    @property
    def failures(self) -> dict[str, str]:
        """Why a source ended early, or a recording has no ethogram, by its name."""
        failed = {name: source.error for name, source in self.sources.items() if source.error}
        return failed | {name: outcome for name, outcome in self.recordings.items() if isinstance(outcome, str)}

    @property
    def is_any_finished(self) -> bool:
        """Whether some recording has its ethogram."""
        return any(not isinstance(outcome, str) for outcome in self.recordings.values())


def collect_source(recorder: Recorder) -> SourceResult:
    """Return what came of a source that is over."""
    tally = recorder.tally
    error = str(recorder.errors[-1]) if recorder.errors else ""
    return SourceResult(recorder.session.tally, tally.captured, tally.gaps, "" if error else recorder.reason, error)
