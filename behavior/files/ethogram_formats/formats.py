"""The formats that ethograms are exported to, by the names that users type."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from behavior.files.ethogram_formats.boris_events import write_boris_aggregated, write_boris_tabular
from behavior.files.ethogram_formats.boris_project import collect_observation, write_boris_project
from behavior.files.ethogram_formats.bouts import collect_bouts, write_bouts
from behavior.files.ethogram_formats.entry import Entry
from behavior.files.ethogram_formats.frame_labels import write_deepethogram, write_simba
from behavior.files.ethogram_formats.nwb import write_nwb
from behavior.files.ethogram_formats.parquet import write_parquet

__all__ = ["FORMATS", "EthogramFormat"]


def _keep(entry: Entry, path: Path) -> Entry:
    return entry


@dataclass(frozen=True)
class EthogramFormat:
    """A format to export to.

    Attributes
    ----------
    title
        What people call it.
    file_name
        Where a file goes below the folder for exports; one with `{recording}` in it is written for each recording, another for all.
    write
        Writes the file from what `collect` returned for each of its recordings.
    collect
        Returns what the file at a path needs of a recording.
    requires
        Package that has to be installed, and the extra that installs it; None where nothing is.
    """

    title: str
    file_name: str
    write: Callable[[Path, Sequence[Any]], None]
    collect: Callable[[Entry, Path], Any] = _keep
    requires: tuple[str, str] | None = None

    @property
    def is_for_all(self) -> bool:
        """Whether one file holds all recordings."""
        return "{recording}" not in self.file_name

    def find_path(self, folder: Path, recording: str) -> Path:
        """Return where the file with a recording in it goes."""
        return folder / self.file_name.replace("{recording}", recording)


FORMATS = {
    "bouts": EthogramFormat("table of bouts", "bouts.csv", write_bouts, collect_bouts),
    "boris": EthogramFormat("BORIS project", "ethograms.boris", write_boris_project, collect_observation),
    "boris_tabular": EthogramFormat("BORIS tabular events", "boris_tabular/{recording}.csv", write_boris_tabular),
    "boris_aggregated": EthogramFormat("BORIS aggregated events", "boris_aggregated/{recording}.csv", write_boris_aggregated),
    "deepethogram": EthogramFormat("DeepEthogram labels", "deepethogram/{recording}_labels.csv", write_deepethogram),
    "simba": EthogramFormat("SimBA targets", "simba/{recording}.csv", write_simba),
    "nwb": EthogramFormat("NWB", "nwb/{recording}.nwb", write_nwb, requires=("pynwb", "nwb")),
    "parquet": EthogramFormat("Parquet", "parquet/{recording}.parquet", write_parquet, requires=("pyarrow", "parquet")),
}
