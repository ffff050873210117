"""BORIS's tables of events have its own columns, and bouts that survive its rounding."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from behavior.files.cells import format_table
from behavior.files.ethogram_formats.entry import Entry

OVERLAPPING = [[1, 0], [1, 1], [1, 1], [0, 1]]


def test_boris_tables_have_the_columns_of_boris_itself(
    make_entry: Callable[..., Entry], write_entries: Callable[..., Path], shared_data: Path, tmp_path: Path
) -> None:
    real = (shared_data / "formats" / "simba" / "boris_v8_tabular_example_head.csv").read_text().splitlines()[0].split(",")
    tabular = list(csv.DictReader(write_entries("boris_tabular", tmp_path, make_entry(OVERLAPPING)).open(encoding="utf-8", newline="")))
    # Time offset came with 8.9.
    assert [column for column in tabular[0] if column != "Time offset (s)"] == real
    assert [(row["Behavior"], row["Behavior type"], row["Time"], row["Image index"]) for row in tabular] == [
        ("grooming", "START", "0.000", "0"),
        ("mid rearing", "START", "0.040", "1"),
        ("grooming", "STOP", "0.120", "3"),
        ("mid rearing", "STOP", "0.160", "4"),
    ]
    aggregated = list(
        csv.DictReader(write_entries("boris_aggregated", tmp_path, make_entry(OVERLAPPING)).open(encoding="utf-8", newline=""))
    )
    assert [(row["Start (s)"], row["Stop (s)"], row["Duration (s)"]) for row in aggregated] == [
        ("0.000", "0.120", "0.120"),
        ("0.040", "0.160", "0.120"),
    ]
    assert aggregated[0]["Media file name"] == "/lab/videos/mouse 01.mp4"
    assert (tmp_path / "boris_tabular" / "mouse_01.csv").read_bytes().endswith(b"\r\n")


@pytest.mark.parametrize("name", ["boris_tabular", "boris_aggregated"])
def test_bouts_survive_that_boris_rounds_to_milliseconds(
    make_entry: Callable[..., Entry], write_entries: Callable[..., Path], read_back: Callable[..., np.ndarray], name: str, tmp_path: Path
) -> None:
    entry = make_entry(np.arange(90)[:, np.newaxis] % 7 < 3, fps=30.0)
    path = write_entries(name, tmp_path, entry)
    header, *rows = list(csv.reader(path.read_text().splitlines()))
    times = [header.index(column) for column in header if column in ("Time", "Start (s)", "Stop (s)")]
    rows = [[f"{float(cell):.3f}" if column in times else cell for column, cell in enumerate(row)] for row in rows]
    path.write_text(format_table(header, rows))
    np.testing.assert_array_equal(read_back(name, path, entry), entry.annotation.ethogram.values)
