"""What all figures share: colours, and the way to bytes."""

from __future__ import annotations

import io
import re
from typing import Literal

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.figure import Figure
from matplotlib.text import Text

__all__ = [
    "COLORS",
    "INK",
    "LINE_STYLES",
    "MUTED",
    "NotebookFigure",
    "PlainFigure",
    "get_animal_color",
    "get_color",
    "get_line_style",
    "render_png",
    "render_svg",
    "style_axes",
]

# The palette of Okabe and Ito (2008), Color Universal Design, without its black and with its yellow last: it is too light for lines
# on white. Told apart with any of the usual colour blindnesses.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#F0E442")
LINE_STYLES = ("-", "--", ":", "-.")
INK = "#222222"
# What XML 1.0 has no place for, and a name may hold; a sign in its place says so.
_NOT_XML, _REPLACEMENT = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]"), "\N{REPLACEMENT CHARACTER}".encode()
MUTED = "#8A8A8A"


# Sharp enough for a page of a notebook.
NOTEBOOK_DPI = 100
# Of what is in an SVG as pixels.
_SVG_DPI = 200


class PlainFigure(Figure):
    """A figure whose words stand in it as they are: names are users', and a dollar sign in one does not begin a formula."""

    def draw(self, renderer: RendererBase) -> None:
        """Draw the figure."""
        # Labels of ticks are made meanwhile.
        with rc_context({"text.parse_math": False}):
            for text in self.findobj(Text):
                text.set_parse_math(False)
            super().draw(renderer)


class NotebookFigure(PlainFigure):
    """A figure that a notebook shows as a picture; one of matplotlib alone needs pyplot for that, which keeps global state."""

    def _repr_png_(self) -> bytes:
        return render_png(self, dpi=NOTEBOOK_DPI)


def get_color(index: int) -> str:
    """Return the colour of behavior number `index`; they repeat after seven."""
    return COLORS[index % len(COLORS)]


def get_animal_color(index: int) -> str:
    """Return the colour of animal number `index`: seven colours, then the same lighter, then darker; they repeat after 21.

    >>> get_animal_color(0), get_animal_color(7), get_animal_color(14)
    ('#0072B2', '#80b9d9', '#003959')
    """
    color = COLORS[index % len(COLORS)]
    turn = index // len(COLORS) % 3
    if turn == 0:
        return color
    target = 255 if turn == 1 else 0
    return "#" + "".join(f"{(int(color[place : place + 2], 16) + target + 1) // 2:02x}" for place in (1, 3, 5))


def get_line_style(index: int) -> str:
    """Return the line style of behavior number `index`, so that seven colours and four styles tell 28 behaviors apart."""
    return LINE_STYLES[index // len(COLORS) % len(LINE_STYLES)]


def style_axes(axes: Axes, *, lines: Literal["both", "x", "y"] = "both") -> None:
    """Draw pale grid lines behind what the axes show, and no frame above or on the right."""
    axes.grid(axis=lines, color="#E6E6E6", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def render_png(figure: Figure, *, dpi: int = 150) -> bytes:
    """Return `figure` as a PNG file's bytes, the same for the same figure."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=dpi, metadata={"Software": None})
    return file.getvalue()


def render_svg(figure: Figure) -> bytes:
    """Return `figure` as an SVG file's bytes, the same for the same figure."""
    file = io.BytesIO()
    # Names of parts are random otherwise.
    with rc_context({"svg.hashsalt": "behavior"}):
        figure.savefig(file, format="svg", dpi=_SVG_DPI, metadata={"Date": None})
    return _NOT_XML.sub(_REPLACEMENT, file.getvalue())
