"""Text tables: encodings, delimiters, headers, cells."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from behavior.errors import LabelError
from behavior.files.text_tables import Row, TextTable, find_delimiter, find_encoding, format_row, make_table, parse_number

PATH = Path("a.csv")


def table_of(*rows: tuple[str, ...], header_line: int | None = None) -> TextTable | None:
    def open_rows() -> Iterator[Row]:
        yield from enumerate(rows, start=1)

    return make_table(PATH, open_rows, ",", header_line=header_line)


def test_the_header_is_the_first_row_with_anything_in_it_unless_it_is_given() -> None:
    table = table_of((), ("", ""), ("frame", "Grooming", ""), ("0", "1"))
    assert table is not None
    assert (table.header, list(table.rows)) == (("frame", "Grooming"), [(4, ("0", "1"))])
    assert list(table.rows) == list(table.rows)
    assert [table.find_column("x", "grooming"), table.find_column("frame"), table.find_column("x")] == [1, 0, None]
    lower = table_of(("title", ""), ("a", "b"), ("1", "2"), header_line=2)
    assert lower is not None
    assert (lower.header, list(lower.rows)) == (("a", "b"), [(3, ("1", "2"))])
    assert table_of((), ("", "")) is None
    assert table_of(("a",), header_line=7) is None


def test_blank_lines_at_the_end_and_empty_cells_after_the_header_are_left_out() -> None:
    table = table_of(("a", "b"), ("1", "2", ""), (), ("3", "4"), (), ())
    assert table is not None
    assert list(table.rows) == [(2, ("1", "2")), (3, ()), (4, ("3", "4"))]
    wider = table_of(("a", "b"), ("1", "2", "3"))
    assert wider is not None
    assert list(wider.rows) == [(2, ("1", "2", "3"))]
    # In a table of one column, a blank line is an empty cell.
    narrow = table_of(("a",), ("1",), (), ())
    assert narrow is not None
    assert list(narrow.rows) == [(2, ("1",)), (3, ()), (4, ())]


def test_two_columns_of_one_name_are_refused() -> None:
    with pytest.raises(LabelError, match=r"a\.csv: line 1 has two columns named 'a', expected one"):
        table_of(("a", "b", "a"))
    assert table_of(("", "a", "")) is not None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_encodings_are_found(encoding: str) -> None:
    content = "Säubern".encode(encoding)
    found = find_encoding(content)
    assert found is not None
    assert content.decode(found) == "Säubern"


def test_a_character_that_is_cut_is_still_utf_8_and_a_zero_byte_is_no_text() -> None:
    assert find_encoding("ä".encode()[:1]) == "utf-8"
    assert find_encoding(b"a\0b") is None


@pytest.mark.parametrize(("line", "delimiter"), [("a,b", ","), ("a;b,c;d", ";"), ("a\tb", "\t"), ('"a,b,c";d', ";"), ("a", ","), ("", ",")])
def test_the_most_frequent_delimiter_outside_quotes_counts(line: str, delimiter: str) -> None:
    assert find_delimiter(line) == delimiter


@pytest.mark.parametrize(
    ("cell", "delimiter", "number"),
    [("1.5", ",", 1.5), ("1,5", ";", 1.5), ("1,5", ",", None), ("1_000", ",", None), ("", ",", None), ("x", ";", None), ("1e3", ",", 1e3)],
)
def test_numbers_may_have_a_decimal_comma_where_commas_do_not_separate(cell: str, delimiter: str, number: float | None) -> None:
    assert parse_number(cell, delimiter) == number


@given(cells=st.lists(st.text(st.characters(codec="utf-8", exclude_categories=("C",)), max_size=5), min_size=2, max_size=4))
def test_a_written_row_is_read_back(cells: list[str]) -> None:
    assert next(csv.reader(io.StringIO(format_row(cells)))) == cells
