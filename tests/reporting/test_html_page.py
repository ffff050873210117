"""A page as one HTML file."""

from __future__ import annotations

import base64
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from behavior.reporting.html_page import Details, Listing, Page, Paragraph, Picture, Section, Table, format_page, write_page

# Elements that have no end.
VOID = {"meta", "img", "br"}


class Reader(HTMLParser):
    """Collects words and addresses, and fails on elements that are not closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.words: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "action", "data")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data.strip())


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert reader.open == []
    return reader


def make_page(words: str) -> Page:
    blocks = [
        Paragraph(words, "warning"),
        Listing([words]),
        Table([words, "n"], [[words, "1"]], caption=words, faint=frozenset({0}), may_break=True),
        Picture(b"<svg/>", "svg", words, words, is_wide=False),
        Details(words, [Paragraph(words)], text=words),
    ]
    return Page(words, words, [Section(words, blocks), Section("Last", [])], words)


@given(st.text(st.characters(exclude_categories=["C", "Z"]), max_size=30).map("w{}".format))
def test_words_stay_words(words: str) -> None:
    reader = read(format_page(make_page(words)))
    # Title twice, subtitle, contents, heading, paragraph, point, heading and cell and caption of the table, caption of the picture,
    # summary, inner text and paragraph, footer.
    assert reader.words.count(words) == 15


def test_nothing_is_fetched() -> None:
    html = format_page(make_page("<script src='http://example.org/x.js'></script>"))
    assert "<script" not in html
    assert "default-src 'none'" in html
    addresses = read(html).addresses
    assert addresses
    assert all(address.startswith(("#", "data:")) for address in addresses)


def test_a_picture_is_in_the_page() -> None:
    html = format_page(Page("t", "s", [Section("a", [Picture(b"\x89PNG content", "png", "what it shows")])]))
    found = re.search(r'src="data:image/png;base64,([^"]+)" alt="what it shows"', html)
    assert found is not None
    assert base64.b64decode(found[1]) == b"\x89PNG content"


def test_contents_lead_to_sections() -> None:
    html = format_page(Page("t", "s", [Section("Scores & more", []), Section("Ethograms", [])]))
    anchors = re.findall(r'<section id="([^"]+)"', html)
    assert read(html).addresses == [f"#{anchor}" for anchor in anchors]
    assert len(set(anchors)) == 2


def test_a_page_is_written(tmp_path: Path) -> None:
    write_page(tmp_path / "page.html", Page("Mäuse", "s"))
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert text.startswith("<!DOCTYPE html>")
    assert "<h1>Mäuse</h1>" in text
    assert list(tmp_path.iterdir()) == [tmp_path / "page.html"]


def test_a_table_has_as_many_cells_as_its_heading() -> None:
    with pytest.raises(ValueError, match="1 cells, expected 2"):
        Table(["a", "b"], [["1"]])
