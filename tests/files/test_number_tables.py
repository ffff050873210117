"""Tables of numbers in text: blank rows, decimals, and the lines that errors name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from behavior.errors import PoseError
from behavior.files import number_tables
from behavior.files.number_tables import TextLayout, read_first_row, read_number_table


def test_rows_lines_and_decimals(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("name;x\n\na;1,5\n ; \n;;;\nb;-\n", encoding="utf-16")
    table = read_number_table(path, TextLayout(1, 2, "utf-16", ";", ",", missing=("-",)))
    assert len(table) == 2
    assert table.lines.tolist() == [3, 6]
    assert table.read_cells(0).tolist() == ["a", "b"]
    np.testing.assert_array_equal(table.read_numbers(1, name="x"), [1.5, np.nan])
    with pytest.raises(PoseError, match="line 3, the name: 'a' is not a number"):
        table.read_numbers(0, name="the name")


def test_the_first_row_tells_the_layout(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("frame; x ;y\n1;2,5;3\n", encoding="utf-16")
    assert read_first_row(path) == (["frame", "x", "y"], TextLayout(1, 3, "utf-16", ";", ","))
    path.write_text("frame,x\n1,2\n")
    assert read_first_row(path) == (["frame", "x"], TextLayout(1, 2, "utf-8", ",", "."))
    path.write_bytes(b"")
    assert read_first_row(path) is None


def test_text_that_is_no_table(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"a,b\n1,\xff\xfe\n")
    with pytest.raises(PoseError, match="cannot be read"):
        read_number_table(path, TextLayout(1, 2, "utf-8", ",", "."))


def test_cells_without_a_column_are_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    layout = TextLayout(1, 2, "utf-8", ",", ".")
    path.write_text("frame,x\n0,1,,,\n1,2\n")
    assert read_number_table(path, layout).read_numbers(1, name="x").tolist() == [1, 2]
    path.write_text("frame,x\n0,1\n1,2,5\n")
    with pytest.raises(PoseError, match=r"line 3 has more than the 2 cells of the header"):
        read_number_table(path, layout)
    path.write_text("frame,x\n0,1\n1,2" + ",5" * 40 + "\n")
    with pytest.raises(PoseError, match="cannot be read"):
        read_number_table(path, layout)


@pytest.mark.parametrize("more", ["", "9,x,y\n", "9,1,2,,,7\n"])
def test_long_tables_are_read_in_parts_to_the_same_cells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: str) -> None:
    path = tmp_path / "table.csv"
    path.write_text("frame,x,y\n0,1,0.1\n1,2,\n\n2,3,1e-3\n3,nan,4\n" + more, encoding="utf-8")
    layout = TextLayout(1, 6 if "7" in more else 3, "utf-8", ",", ".")
    whole = read_number_table(path, layout)
    monkeypatch.setattr(number_tables, "_LONG_BYTES", 0)
    monkeypatch.setattr(number_tables, "_ROWS_AT_ONCE", 2)
    found = read_number_table(path, layout)
    np.testing.assert_array_equal(found.lines, whole.lines)
    for column in range(3):
        assert list(map(repr, found.read_cells(column))) == list(map(repr, whole.read_cells(column)))
        assert found.read_cells(column).dtype == whole.read_cells(column).dtype


def test_a_cell_too_many_in_a_long_table_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "table.csv"
    path.write_text("frame,x\n0,1\n1,2\n2,3,4\n", encoding="utf-8")
    monkeypatch.setattr(number_tables, "_LONG_BYTES", 0)
    monkeypatch.setattr(number_tables, "_ROWS_AT_ONCE", 2)
    with pytest.raises(PoseError, match="line 4 has more than the 2 cells of the header"):
        read_number_table(path, TextLayout(1, 2, "utf-8", ",", "."))
