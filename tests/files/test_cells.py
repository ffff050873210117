"""Cells of tables are text and numbers, and nothing that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from behavior.errors import CrossvalError
from behavior.files.cells import escape_cell, format_table, read_table, unescape_cell, write_table


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
    assert [escape_cell(text) for text in ("-0.5", "+3", "-1e-05")] == ["-0.5", "+3", "-1e-05"]
    assert format_table(["a", "b"], [[-1, -0.5]], line_end="\r\n") == "a,b\r\n-1,-0.5\r\n"


@given(st.text(st.sampled_from("'=+-@1 a\t\n\uff1d"), max_size=6) | st.text(max_size=6))
def test_what_is_escaped_is_read_back(text: str) -> None:
    assert unescape_cell(escape_cell(text)) == text


FORMULAS = ["=cmd|' /C calc'!A0", "@x", "'=a", "-1", "NA", "", "a\nb"]


def test_a_table_is_read_back_and_runs_nothing(tmp_path: Path) -> None:
    table = pd.DataFrame({"name": FORMULAS, "=1+1": np.arange(7.0) / 3, "n": range(7)})
    write_table(tmp_path / "table.csv", table)
    text = (tmp_path / "table.csv").read_text()
    assert text.startswith("name,'=1+1,n\n'=cmd|' /C calc'!A0,0.0,0\n'@x,")
    read = read_table(tmp_path / "table.csv", text=("name",), error=CrossvalError, expected="a table", advice="write it again")
    assert read["name"].fillna("").tolist() == FORMULAS
    assert read["=1+1"].tolist() == table["=1+1"].tolist()
    assert read["n"].tolist() == table["n"].tolist()


def test_digits_are_cut_where_that_is_asked_for(tmp_path: Path) -> None:
    write_table(tmp_path / "table.csv", pd.DataFrame({"x": [1 / 3, np.nan]}), digits=3)
    assert (tmp_path / "table.csv").read_text() == 'x\n0.333\n""\n'


@pytest.mark.parametrize("content", [b"", b"\x00\xff\xfe", b"a,b\n1,2,3\n4\n", b"other\n1\n", b'"' * 999])
def test_a_damaged_table_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "table.csv").write_bytes(content)
    with pytest.raises(CrossvalError, match=r"table\.csv: cannot be read as a table .*; write it again\.$"):
        read_table(tmp_path / "table.csv", text=("name",), error=CrossvalError, expected="a table", advice="write it again")
