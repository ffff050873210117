"""Cells of tables are text and numbers, and nothing that a spreadsheet would run."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from behavior.files.ethogram_formats.cells import escape_cell, format_table


@given(st.lists(st.lists(st.text(max_size=6), min_size=2, max_size=2), max_size=4))
def test_cells_come_back_but_for_what_is_escaped(rows: list[list[str]]) -> None:
    rows = [[cell.replace("\x00", "") for cell in row] for row in rows]
    text = format_table(["a", "b"], rows)
    assert list(csv.reader(io.StringIO(text, newline="")))[1:] == [[escape_cell(cell) for cell in row] for row in rows]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
def test_what_a_spreadsheet_would_run_is_escaped(start: str) -> None:
    assert escape_cell(f"{start}A1") == f"'{start}A1"
    assert escape_cell(f"A{start}1") == f"A{start}1"


def test_numbers_stay_numbers() -> None:
    assert format_table(["a", "b"], [[-1, -0.5]], line_end="\r\n") == "a,b\r\n-1,-0.5\r\n"
