"""Statistics on disk: `statistics.csv` and the tables beside it, and `statistics.md`."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from behavior.files.atomic import make_folder, require_writable
from behavior.files.cells import write_table
from behavior.files.markdown import write_markdown
from behavior.files.result_folders import refuse_results
from behavior.reporting.description import StatisticsTables

__all__ = [
    "FIGURES_FOLDER",
    "STATISTICS_SUMMARY",
    "find_statistics",
    "prepare_statistics_folder",
    "write_statistics_summary",
    "write_tables",
]

STATISTICS_SUMMARY = "statistics.md"
FIGURES_FOLDER = "figures"
TABLE_FILES = {
    "bouts": "statistics.csv",
    "transitions": "transitions.csv",
    "zones": "zones.csv",
    "groups": "groups.csv",
    "audit": "audit.csv",
    "hours": "hours.csv",
    "light_dark": "light_dark.csv",
    "periods": "periods.csv",
    "cosinor": "cosinor.csv",
}
# Of any recordings, even those that are described no more.
PICTURE_NAMES = (
    "ethogram_raster*",
    "time_curves*",
    "transition_graph*",
    "trajectory_*",
    "bout_lengths*",
    "hours*",
    "actogram_*",
    "periodogram_*",
)


def prepare_statistics_folder(out: Path, *, overwrite: bool) -> None:
    """Make the folder `out`; OutputError if it holds statistics already and `overwrite` is not set."""
    make_folder(out)
    if not overwrite:
        refuse_results(out, mark=STATISTICS_SUMMARY, what="statistics", advice="give another --out, or --overwrite to replace them")
    require_writable(out)


def write_tables(out: Path, tables: StatisticsTables) -> list[Path]:
    """Write the tables to the folder `out` and return their paths; numbers have ten digits at most."""
    paths = []
    for name, file in TABLE_FILES.items():
        table: pd.DataFrame | None = getattr(tables, name)
        if table is None:
            continue
        paths.append(out / file)
        write_table(out / file, table, digits=10)
    return paths


def find_statistics(out: Path) -> list[Path]:
    """Return the tables and pictures of statistics that may be in the folder `out`, but for their summary."""
    files = [out / file for file in TABLE_FILES.values()]
    for name in PICTURE_NAMES:
        files += [*(out / FIGURES_FOLDER).glob(f"{name}.png"), *(out / FIGURES_FOLDER).glob(f"{name}.svg")]
    return files


def write_statistics_summary(out: Path, text: str) -> Path:
    """Write the summary, which comes last: who finds it finds all else."""
    write_markdown(out / STATISTICS_SUMMARY, text)
    return out / STATISTICS_SUMMARY
