"""Colours, line styles, and figures as files."""

from __future__ import annotations

import io

import numpy as np
from matplotlib import rcParams
from matplotlib.figure import Figure
from matplotlib.image import imread

from behavior.figures.rendering import COLORS, LINE_STYLES, NotebookFigure, get_color, get_line_style, render_png, render_svg


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
