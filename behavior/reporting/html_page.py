"""A page of text, tables and pictures as one HTML file that needs nothing else, not even the internet."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import ClassVar, Literal

from jinja2 import Environment, StrictUndefined

from behavior.files.atomic import write_text

__all__ = ["Block", "Details", "Listing", "Page", "Paragraph", "Picture", "Section", "Table", "format_page", "write_page"]

_MEDIA_TYPES = {"svg": "image/svg+xml", "png": "image/png", "jpeg": "image/jpeg"}


@dataclass(frozen=True)
class Paragraph:
    """Words; a `warning` stands out, a `note` stands back."""

    kind: ClassVar[str] = "paragraph"
    words: str
    tone: Literal["plain", "note", "warning"] = "plain"


@dataclass(frozen=True)
class Listing:
    """One point beneath the other."""

    kind: ClassVar[str] = "listing"
    points: Sequence[str]


@dataclass(frozen=True)
class Table:
    """Cells as they are shown.

    Attributes
    ----------
    heading
        Names of the columns.
    rows
        Cells, as many in each row as there are columns.
    caption
        Stands above; may be empty.
    n_names
        How many columns, from the left, hold words and not numbers.
    faint
        Numbers of the rows that stand back, such as comparisons beneath what they are compared with.
    may_break
        Whether numbers may be broken over lines where the page is narrow.
    """

    kind: ClassVar[str] = "table"
    heading: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str = ""
    n_names: int = 1
    faint: frozenset[int] = frozenset()
    may_break: bool = False

    def __post_init__(self) -> None:
        wrong = [row for row in self.rows if len(row) != len(self.heading)]
        if wrong:
            raise ValueError(f"a row has {len(wrong[0])} cells, expected {len(self.heading)}, as the heading has")


@dataclass(frozen=True)
class Picture:
    """A picture file's bytes.

    Attributes
    ----------
    description
        What it shows, for those who do not see it.
    caption
        Stands beneath; may be empty.
    is_wide
        Whether it takes the page's whole width.
    """

    kind: ClassVar[str] = "picture"
    content: bytes
    media: Literal["svg", "png", "jpeg"]
    description: str
    caption: str = ""
    is_wide: bool = True

    @property
    def address(self) -> str:
        """The picture itself, as an address."""
        return f"data:{_MEDIA_TYPES[self.media]};base64,{base64.b64encode(self.content).decode('ascii')}"


@dataclass(frozen=True)
class Details:
    """Blocks that are shown on request; `text` is shown as it is, line by line."""

    kind: ClassVar[str] = "details"
    summary: str
    blocks: Sequence[Block] = ()
    text: str = ""


Block = Paragraph | Listing | Table | Picture | Details


@dataclass(frozen=True)
class Section:
    """A heading and what stands beneath it."""

    title: str
    blocks: Sequence[Block]

    @property
    def anchor(self) -> str:
        """The heading's place in the page."""
        return "".join(letter if letter.isalnum() else "-" for letter in self.title.casefold())


@dataclass(frozen=True)
class Page:
    """A whole page; `footer` is its last line."""

    title: str
    subtitle: str
    sections: Sequence[Section] = field(default_factory=tuple)
    footer: str = ""


def format_page(page: Page) -> str:
    """Return the HTML of `page`; nothing in its words is taken for HTML."""
    source = files("behavior.reporting").joinpath("templates", "page.html").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(source).render(page=page)


def write_page(path: Path, page: Page) -> None:
    """Write `page` to `path`, whole or not at all; OutputError if the file cannot be written."""
    write_text(path, format_page(page))
