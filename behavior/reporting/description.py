"""Ethograms with what is known of their recordings, and the tables that describe them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from behavior.config import Arena
from behavior.frame_times import measure_recorded
from behavior.recording import Annotation, Labels, Recording
from behavior.statistics.clock import HOUR_S
from behavior.statistics.day_grid import MINUTE_S, DayGrid
from behavior.statistics.groups import Correction
from behavior.statistics.rhythms import Periodogram

__all__ = ["ACTIVITY", "AnimalDays", "DescribedRecording", "Description", "StatisticsTables"]

# What is measured where the animal was tracked, beside behaviors.
ACTIVITY = "activity"


@dataclass(frozen=True)
class DescribedRecording:
    """One recording, and what is known about it.

    Attributes
    ----------
    annotation
        What was decided.
    row
        Its row of the manifest, or one with nothing but its name.
    labels
        What people saw, by rater.
    positions
        Where the animal is, float64 of shape (T, 2) in pixels, NaN where it is unknown; None without a track.
    observed
        Frames in which the model could see the animal, bool of shape (T,); None for all (`embedding.unmeasured.find_observed`).
    """

    annotation: Annotation
    row: Recording
    labels: Mapping[str, Labels]
    positions: npt.NDArray[np.float64] | None
    observed: npt.NDArray[np.bool_] | None = None

    @property
    def name(self) -> str:
        """The recording's id."""
        return self.annotation.recording

    @property
    def group(self) -> str:
        """The recording's group; empty if unknown."""
        return self.row.group

    @property
    def animal(self) -> str:
        """The animal in the recording."""
        return self.row.animal or self.name

    @property
    def recorded_s(self) -> float:
        """How many seconds were recorded, without gaps."""
        return measure_recorded(self.annotation.time_s, self.annotation.fps)

    def get_values(self, *, of_labels: bool) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_] | None]:
        """Return what is described, (T, B): what was decided, or the labels that count; and which of it was observed, None for all."""
        if of_labels:
            values = self.choose_labels().values
            return values == 1, values != -1
        decided = self.annotation.ethogram.values
        return decided, None if self.observed is None else np.repeat(self.observed[:, None], decided.shape[1], axis=1)

    def choose_labels(self) -> Labels:
        """Return the labels that count: those of the manifest's plain column, or the first rater's."""
        return self.labels[""] if "" in self.labels else next(iter(self.labels.values()))

    def mark(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return `table` with the columns `recording`, `group` and `animal` before all others."""
        marked = table.copy()
        marked.insert(0, "recording", self.name)
        marked.insert(1, "group", self.group)
        marked.insert(2, "animal", self.animal)
        return marked


@dataclass(frozen=True)
class AnimalDays:
    """What one animal did, in one group, on days that begin at midnight.

    Attributes
    ----------
    animal, group
        Which.
    midnight
        When the first day begins, by the clock.
    subjects
        Each a pair: "activity" and its unit, or "behavior" and its name.
    grid
        Amounts of the subjects, minute by minute from `midnight` on.
    lit_share
        Which share of a day the lights are on; NaN where that is not known.
    periodograms
        By subject; those of series that are too short, or the same everywhere, are missing (`statistics.rhythms.find_period`).
    notes
        Sentences on its clock.
    """

    animal: str
    group: str
    midnight: datetime
    subjects: tuple[tuple[str, str], ...]
    grid: DayGrid
    lit_share: float = float("nan")
    periodograms: Mapping[tuple[str, str], Periodogram] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @cached_property
    def span_h(self) -> float:
        """Hours from the first minute with something observed to the last one."""
        seen = np.flatnonzero(self.grid.observed_s.any(axis=0))
        return (seen[-1] + 1 - seen[0]) * MINUTE_S / HOUR_S if len(seen) else 0.0

    @property
    def name(self) -> str:
        """The animal, and its group where it has one."""
        return f"{self.animal} ({self.group})" if self.group else self.animal


@dataclass(frozen=True)
class StatisticsTables:
    """The tables that describe recordings, in the order in which they are written.

    Attributes
    ----------
    bouts, transitions
        As `statistics.bouts` and `statistics.transitions` make them, with the columns recording, group and animal before all others.
    zones
        As `statistics.zones` makes them, likewise; None where no recording has a track.
    groups
        Comparison of groups; None where there are no groups.
    audit
        As `audits.summarize_audit` makes it; None where nothing was audited.
    hours, light_dark, periods, cosinor
        As `day_tables.tabulate_days` makes them; None where no recording says when it began, or they have nothing to say.
    """

    bouts: pd.DataFrame
    transitions: pd.DataFrame
    zones: pd.DataFrame | None = None
    groups: pd.DataFrame | None = None
    audit: pd.DataFrame | None = None
    hours: pd.DataFrame | None = None
    light_dark: pd.DataFrame | None = None
    periods: pd.DataFrame | None = None
    cosinor: pd.DataFrame | None = None


@dataclass(frozen=True)
class Description:
    """All that pictures and summary are made from.

    Attributes
    ----------
    tables
        What is written.
    recordings
        The recordings, in the order of the manifest.
    bin_s
        Length of time bins in seconds; None without bins.
    arena
        Where the animals could go.
    body_parts
        Whose track tells where the animal is.
    correction
        Of p values.
    of_labels
        Whether the tables are about what people labelled.
    notes
        Sentences on what should be known of the tables.
    left_out
        Sentences on what the tables, their means or the comparison of groups do not hold.
    days
        Days of each animal in each group, where recordings say when they began.
    """

    tables: StatisticsTables
    recordings: Sequence[DescribedRecording]
    bin_s: float | None
    arena: Arena
    body_parts: tuple[str, ...]
    correction: Correction = "holm"
    of_labels: bool = False
    notes: Sequence[str] = field(default_factory=tuple)
    left_out: Sequence[str] = field(default_factory=tuple)
    days: Sequence[AnimalDays] = field(default_factory=tuple)

    @property
    def behaviors(self) -> tuple[str, ...]:
        """Names, in the order of the ethograms."""
        return self.recordings[0].annotation.behaviors

    @property
    def groups(self) -> list[str]:
        """Groups in the order of the recordings; the only one is "" where none is known."""
        return list(dict.fromkeys(recording.group for recording in self.recordings))

    @property
    def animals(self) -> dict[str, str]:
        """Animal by recording."""
        return {recording.name: recording.animal for recording in self.recordings}
