"""Colours, line styles, and figures as files."""

from __future__ import annotations

import io
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib import rc_context, rcParams
from matplotlib.figure import Figure
from matplotlib.image import imread

from behavior.figures.rendering import (
    COLORS,
    LINE_STYLES,
    NotebookFigure,
    PlainFigure,
    get_animal_color,
    get_color,
    get_line_style,
    render_png,
    render_svg,
    style_axes,
)


def draw() -> Figure:
    figure = Figure(figsize=(4, 2))
    figure.subplots().plot([0, 1], [0, 1], label="a line")
    figure.legend()
    return figure


def test_colours_and_styles_together_tell_behaviors_apart() -> None:
    looks = [(get_color(index), get_line_style(index)) for index in range(len(COLORS) * len(LINE_STYLES))]
    assert len(set(looks)) == len(looks) == 28
    assert looks[0] == (COLORS[0], "-")
    assert (get_color(28), get_line_style(28)) == looks[0]


def test_the_colours_of_21_animals_are_all_different() -> None:
    assert len({get_animal_color(index).lower() for index in range(21)}) == 21
    assert [get_animal_color(index) for index in range(7)] == list(COLORS)


def test_a_png_has_its_pixels_and_the_same_bytes_for_the_same_figure() -> None:
    first, second = (render_png(draw(), dpi=50) for _ in range(2))
    assert first == second
    pixels = imread(io.BytesIO(first))
    assert pixels.shape[:2] == (100, 200)
    assert len(np.unique(pixels.reshape(-1, pixels.shape[2]), axis=0)) > 10


def test_an_svg_has_the_same_bytes_for_the_same_figure_and_changes_no_setting() -> None:
    before = rcParams["svg.hashsalt"]
    first, second = (render_svg(draw()) for _ in range(2))
    assert first == second
    assert first.rstrip().endswith(b"</svg>")
    assert rcParams["svg.hashsalt"] == before


def test_a_notebook_shows_a_figure_that_stays_as_it_is() -> None:
    figure = NotebookFigure(figsize=(4, 2), layout="constrained")
    figure.subplots().plot([0, 1], [0, 1])
    before = render_png(figure)
    assert imread(io.BytesIO(figure._repr_png_())).shape[:2] == (200, 400)
    assert render_png(figure) == before


def draw_names(names: list[str]) -> PlainFigure:
    figure = PlainFigure(figsize=(4, 2), layout="constrained")
    axes = figure.subplots()
    for name in names:
        axes.plot([0, 1], [0, 1], label=name)
    axes.set_xticks(range(len(names)), names)
    axes.set_title(names[0])
    figure.suptitle(names[-1])
    figure.legend(loc="outside lower center")
    return figure


@pytest.mark.parametrize("names", [["groom$^$", "rear"], [r"$\frac{1}{$", "rear"], ["$5 and $10", "_^{", "\\"]])
def test_a_dollar_sign_in_a_name_begins_no_formula(names: list[str]) -> None:
    with rc_context({"svg.fonttype": "none"}):
        svg = render_svg(draw_names(names)).decode()
    words = ["".join(element.itertext()) for element in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]
    assert words.count(names[0]) >= 2
    assert render_png(draw_names(names))
    assert rcParams["text.parse_math"] is True


@pytest.mark.filterwarnings("ignore:Glyph")
def test_a_control_character_in_a_name_leaves_an_svg_well_formed() -> None:
    with rc_context({"svg.fonttype": "none"}):
        svg = render_svg(draw_names(["groom\x1b]0;x\x07", "a\u2028b"])).decode()
    words = ["".join(element.itertext()) for element in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]
    assert "groom\ufffd]0;x\ufffd" in words
    assert "a\u2028b" in words


def test_the_style_of_axes_has_lines_behind_what_is_shown_and_two_sides_of_a_frame() -> None:
    figure = Figure()
    axes = figure.subplots()
    style_axes(axes, lines="y")
    assert axes.get_axisbelow() is True
    assert [side for side, spine in axes.spines.items() if spine.get_visible()] == ["left", "bottom"]
    figure.draw_without_rendering()
    assert [axis.get_gridlines()[0].get_visible() for axis in (axes.xaxis, axes.yaxis)] == [False, True]
