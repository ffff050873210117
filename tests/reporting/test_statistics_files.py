"""Statistics on disk: what is written, what is refused, and what an earlier run left."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from behavior.errors import OutputError
from behavior.reporting.description import StatisticsTables
from behavior.reporting.statistics_files import (
    find_statistics,
    prepare_statistics_folder,
    write_statistics_summary,
    write_tables,
)

TABLE = pd.DataFrame({"recording": ["a"], "value": [1 / 3]})


def test_a_folder_is_made_and_refused_when_it_holds_statistics(tmp_path: Path) -> None:
    out = tmp_path / "new" / "statistics"
    prepare_statistics_folder(out, overwrite=False)
    assert out.is_dir()
    # Tables alone are of a run that did not come to its end.
    write_tables(out, StatisticsTables(TABLE, TABLE))
    prepare_statistics_folder(out, overwrite=False)
    write_statistics_summary(out, "# Statistics\n")
    with pytest.raises(OutputError, match=r"holds statistics already \(statistics\.md\)"):
        prepare_statistics_folder(out, overwrite=False)
    prepare_statistics_folder(out, overwrite=True)


def test_tables_are_written_with_ten_digits_and_those_that_are_not_there_left_out(tmp_path: Path) -> None:
    paths = write_tables(tmp_path, StatisticsTables(TABLE, TABLE, groups=TABLE))
    assert [path.name for path in paths] == ["statistics.csv", "transitions.csv", "groups.csv"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["groups.csv", "statistics.csv", "transitions.csv"]
    assert (tmp_path / "statistics.csv").read_bytes() == b"recording,value\na,0.3333333333\n"


def test_files_of_statistics_are_told_from_others(tmp_path: Path) -> None:
    (tmp_path / "figures").mkdir()
    pictures = ["trajectory_gone.png", "trajectory_gone.svg", "time_curves.png", "ethogram_raster_2.svg", "mine.png"]
    for name in ("zones.csv", "statistics.csv", "notes.txt", *(f"figures/{picture}" for picture in pictures)):
        (tmp_path / name).touch()
    files = {path.relative_to(tmp_path).as_posix() for path in find_statistics(tmp_path) if path.exists()}
    assert files == {"zones.csv", "statistics.csv", *(f"figures/{picture}" for picture in pictures[:-1])}


def test_the_summary_is_where_it_is_said_to_be(tmp_path: Path) -> None:
    path = write_statistics_summary(tmp_path, "# Statistics\n")
    assert path == tmp_path / "statistics.md"
    assert path.read_text() == "# Statistics\n"
