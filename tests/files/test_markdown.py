"""Tables in Markdown, as text and as what a reader makes of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from behavior.files.markdown import format_markdown_table, write_markdown


def read_table(text: str) -> list[list[str]]:
    """Return the cells of a table as a Markdown reader sees them, the rule left out."""
    lines = text.split("\n")
    rows = [re.split(r"(?<!\\)\|", line)[1:-1] for line in (lines[0], *lines[2:])]
    return [[cell.strip().replace(r"\|", "|") for cell in row] for row in rows]


def test_a_plain_table_is_as_narrow_as_its_cells() -> None:
    assert format_markdown_table(["a", "long"], [["1", ""], ["x|y", "2"]]) == "| a | long |\n|---|---|\n| 1 |  |\n| x\\|y | 2 |"


def test_an_aligned_table_has_columns_of_one_width() -> None:
    text = format_markdown_table(["Behavior", "F1"], [["rear", "0.5"], ["a|b", "12.25"]], is_aligned=True)
    assert text.split("\n") == [
        "| Behavior |    F1 |",
        "|----------|------:|",
        "| rear     |   0.5 |",
        "| a\\|b     | 12.25 |",
    ]


def test_a_table_without_rows_has_its_heading() -> None:
    assert format_markdown_table(["a"], []) == "| a |\n|---|"
    assert format_markdown_table(["a"], [], is_aligned=True) == "| a   |\n|-----|"


def test_a_row_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="a row has 1 cells, expected 2"):
        format_markdown_table(["a", "b"], [["1", "2"], ["3"]])


CELLS = st.text(st.characters(codec="ascii", exclude_characters="\\\n\r", exclude_categories=["Cc"]), max_size=8).map(str.strip)


@given(st.lists(st.tuples(CELLS, CELLS), max_size=4), st.booleans())
def test_cells_are_read_back(rows: list[tuple[str, str]], is_aligned: bool) -> None:
    text = format_markdown_table(["one", "two"], rows, is_aligned=is_aligned)
    assert read_table(text) == [["one", "two"], *map(list, rows)]
    if is_aligned:
        assert len({len(line) for line in text.split("\n")}) == 1


def test_a_name_brings_no_markup_into_a_page(tmp_path: Path) -> None:
    names = ["<script>x</script>", "<img src=x onerror=y>", "![p](http://x)", "[a][b]", "a\nb", "\x1b[2J", "p < 0.05"]
    write_markdown(tmp_path / "summary.md", "# Title\n\n" + format_markdown_table(["name"], [[name] for name in names]))
    text = (tmp_path / "summary.md").read_text()
    assert not re.search(r"<[a-z/]|(?<!\\)\][(\[]|\x1b", text)
    assert text.count("\n") == 3 + len(names)
    assert "| p < 0.05 |" in text
    assert r"a\nb" in text
