"""The media files that rows of BORIS's tables name, and the order in which they were played, as far as the events tell it.

Tables before version 8 have no column Source: an aggregated one names each video in the rows of its events only, sorted by subject, and
does not name a video without events at all.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

__all__ = ["MediaTimes"]


class MediaTimes:
    """Media files in order of appearance, each with the times of its first and last event.

    Examples
    --------
    >>> media = MediaTimes()
    >>> for file, at in (("late.mp4", 200.0), ("early.mp4", 10.0), ("late.mp4", 190.0)):
    ...     media.add(file, at)
    >>> media.list_in_order(), media.spans["late.mp4"]
    (('early.mp4', 'late.mp4'), (190.0, 200.0))
    """

    def __init__(self) -> None:
        self._spans: dict[str, tuple[float, float]] = {}

    def add(self, file: str, at: float | None) -> None:
        """Take an event on `file` at so many seconds; None if it has no time."""
        first, last = self._spans.get(file, (math.inf, -math.inf))
        self._spans[file] = (first, last) if at is None else (min(first, at), max(last, at))

    @property
    def spans(self) -> Mapping[str, tuple[float, float]]:
        """Seconds of the first and last event on each file; none for files whose events have no times."""
        return {file: span for file, span in self._spans.items() if span[0] <= span[1]}

    def list_in_order(self) -> tuple[str, ...]:
        """Return the files by their first events; in order of appearance if the events on some have no times."""
        if len(self.spans) < len(self._spans):
            return tuple(self._spans)
        return tuple(sorted(self._spans, key=lambda file: self._spans[file][0]))
