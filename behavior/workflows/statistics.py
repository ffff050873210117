"""`behavior stats`: describes what ethograms show, in tables that statistics programs read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from behavior.files.ethograms import find_ethograms
from behavior.files.result_folders import replace_results
from behavior.reporting.statistics_figures import write_pictures
from behavior.reporting.statistics_files import (
    STATISTICS_SUMMARY,
    find_statistics,
    prepare_statistics_folder,
    write_statistics_summary,
    write_tables,
)
from behavior.reporting.statistics_gathering import (
    StatisticsRequest,
    StatisticsResult,
    gather_statistics,
    open_statistics_sources,
)
from behavior.reporting.statistics_summary import format_statistics

__all__ = ["describe_ethograms"]


def describe_ethograms(
    paths: Sequence[Path],
    out: Path,
    *,
    request: StatisticsRequest | None = None,
    with_figures: bool = True,
    overwrite: bool = False,
) -> StatisticsResult:
    """Describe the ethograms at `paths` in the folder `out`.

    Parameters
    ----------
    paths
        `*_ethogram.csv` files or folders of them.
    request
        What is wanted of them; their bouts and transitions alone where None.
    with_figures
        Draw pictures too.
    overwrite
        Replace statistics that `out` holds already.

    Raises
    ------
    UsageError
        If the study or a manifest cannot be read, or the ethograms cannot be described together (`gather_statistics`).
    EthogramError
        If there is no ethogram at `paths`.
    OutputError
        If `out` holds statistics already and `overwrite` is not set.
    """
    sources = open_statistics_sources(request or StatisticsRequest())
    ethograms = find_ethograms(paths)
    prepare_statistics_folder(out, overwrite=overwrite)
    result = gather_statistics(ethograms, sources)
    with replace_results(out, mark=STATISTICS_SUMMARY, find_earlier=find_statistics) as folder:
        write_tables(folder, result.description.tables)
        if with_figures:
            write_pictures(folder, result.description)
        write_statistics_summary(folder, format_statistics(result.description))
    return result
