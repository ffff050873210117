"""Statistics on disk: the tables, what they say in words, and their pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from behavior.config import Arena
from behavior.errors import OutputError
from behavior.files.atomic import make_folder, replacing, require_writable, write_text
from behavior.recording import Annotation, Labels, Recording
from behavior.statistics.groups import Correction

__all__ = [
    "FIGURES_FOLDER",
    "STATISTICS_SUMMARY",
    "Described",
    "Description",
    "StatisticsTables",
    "prepare_statistics_folder",
    "remove_what_was_not_made",
    "write_summary",
    "write_tables",
]

STATISTICS_SUMMARY = "statistics.md"
FIGURES_FOLDER = "figures"
TABLE_FILES = {"bouts": "statistics.csv", "transitions": "transitions.csv", "zones": "zones.csv", "groups": "groups.csv"}
# What pictures of recordings that are described no more would be called.
PICTURE_NAMES = ("ethogram_raster*", "time_curves*", "transition_graph*", "trajectory_*", "bout_lengths*")


@dataclass(frozen=True)
class Described:
    """One recording, and what is known about it.

    Attributes
    ----------
    annotation
        What was decided.
    recording
        Its row of the manifest, or one with nothing but its name.
    labels
        What people saw, by rater.
    positions
        Where the animal is, (T, 2) in pixels, NaN where nobody knows; None without a track.
    """

    annotation: Annotation
    recording: Recording
    labels: Mapping[str, Labels]
    positions: npt.NDArray[np.float64] | None

    @property
    def name(self) -> str:
        """The recording's id."""
        return self.annotation.recording

    @property
    def group(self) -> str:
        """The recording's group; empty where nobody says."""
        return self.recording.group

    @property
    def animal(self) -> str:
        """The animal that was filmed."""
        return self.recording.animal or self.name

    def get_values(self, *, of_labels: bool) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_] | None]:
        """Return what is described, (T, B): what was decided, or the labels that count; and which of it was observed, None for all."""
        if not of_labels:
            return self.annotation.ethogram.values, None
        values = self.choose_labels().values
        return values == 1, values != -1

    def choose_labels(self) -> Labels:
        """Return the labels that count: those of the manifest's plain column, or the first rater's."""
        return self.labels[""] if "" in self.labels else next(iter(self.labels.values()))

    def mark(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return `table` with the columns `recording` and `group` before all others."""
        marked = table.copy()
        marked.insert(0, "recording", self.name)
        marked.insert(1, "group", self.group)
        return marked


@dataclass
class StatisticsTables:
    """The tables that are written, in the order of `TABLE_FILES`; None where there is nothing to say."""

    bouts: pd.DataFrame
    transitions: pd.DataFrame
    zones: pd.DataFrame | None = None
    groups: pd.DataFrame | None = None


@dataclass(frozen=True)
class Description:
    """All that pictures and summary are made from.

    Attributes
    ----------
    tables
        What is written.
    described
        The recordings.
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
        Sentences on what the tables leave out.
    """

    tables: StatisticsTables
    described: Sequence[Described]
    bin_s: float | None
    arena: Arena
    body_parts: tuple[str, ...]
    correction: Correction = "holm"
    of_labels: bool = False
    notes: Sequence[str] = field(default_factory=tuple)

    @property
    def behaviors(self) -> tuple[str, ...]:
        """Names, in the order of the ethograms."""
        return self.described[0].annotation.behaviors

    @property
    def groups(self) -> list[str]:
        """Groups in the order of the recordings; the only one is "" where nobody says."""
        return list(dict.fromkeys(found.group for found in self.described))

    @property
    def animals(self) -> dict[str, str]:
        """Animal by recording."""
        return {found.name: found.animal for found in self.described}


def prepare_statistics_folder(out: Path, *, overwrite: bool) -> None:
    """Make the folder `out`; OutputError if it holds statistics already and `overwrite` is not set."""
    make_folder(out)
    if (out / STATISTICS_SUMMARY).exists() and not overwrite:
        raise OutputError(f"{out}: holds statistics already ({STATISTICS_SUMMARY}); give another --out, or --overwrite to replace them.")
    require_writable(out)


def write_tables(out: Path, tables: StatisticsTables) -> list[Path]:
    """Write the tables to the folder `out` and return their paths; numbers have ten digits at most."""
    paths = []
    for name, file in TABLE_FILES.items():
        table: pd.DataFrame | None = getattr(tables, name)
        if table is None:
            continue
        paths.append(out / file)
        with replacing(out / file) as temporary:
            table.to_csv(temporary, index=False, lineterminator="\n", float_format="%.10g", encoding="utf-8")
    return paths


def remove_what_was_not_made(out: Path, made: Sequence[Path]) -> None:
    """Remove tables and pictures of statistics that these replace, and that have no successor among `made`."""
    candidates = [out / file for file in TABLE_FILES.values()]
    for name in PICTURE_NAMES:
        candidates += [*(out / FIGURES_FOLDER).glob(f"{name}.png"), *(out / FIGURES_FOLDER).glob(f"{name}.svg")]
    for path in candidates:
        if path not in made:
            path.unlink(missing_ok=True)


def write_summary(out: Path, text: str) -> Path:
    """Write the summary, which comes last: who finds it finds all else."""
    write_text(out / STATISTICS_SUMMARY, text)
    return out / STATISTICS_SUMMARY
