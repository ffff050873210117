"""Ethograms of many recordings beneath each other, read back from their artists."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from behavior.figures.ethogram_raster import RasterRow, draw_ethogram_raster, fill_pages
from behavior.figures.rendering import render_png, render_svg

NAMES = ["groom", "rear"]


def make_row(name: str = "A", n_frames: int = 50, **fields: Any) -> RasterRow:
    rng = np.random.default_rng(0)
    return RasterRow(name, np.arange(n_frames) / 10, rng.random((n_frames, 2)) < 0.3, **fields)


def test_a_raster_has_a_strip_for_each_rater_the_decision_and_the_probability() -> None:
    labels = np.zeros((50, 2), dtype=np.int8)
    labels[30:] = -1
    rows = [
        make_row(probabilities=np.full((50, 2), 0.5, dtype=np.float32), labels={"": labels, "anna": labels}, group="saline"),
        make_row("B", 20, group="drug"),
    ]
    figure = draw_ethogram_raster(rows, NAMES, title="all")
    (axes,) = figure.axes
    assert [text.get_text() for text in axes.texts] == ["people", "anna", "decided", "probability", "decided"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["A\nsaline", "B\ndrug"]
    assert axes.get_xlim() == (0, 5)
    (image,) = axes.images
    # Half way from white to the behavior's colour.
    np.testing.assert_allclose(image.get_array()[:, 0], [[0.5, 0.7235, 0.849], [0.9176, 0.6843, 0.5]], atol=2e-3)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [*NAMES, "not labelled by anyone"]
    assert len(axes.lines) == 1


def test_pages_are_filled_in_order() -> None:
    rows = [make_row(str(number), 5, probabilities=np.zeros((5, 2))) for number in range(20)]
    pages = fill_pages(rows, 2)
    assert [row for page in pages for row in page] == rows
    assert len(pages) == 2
    assert all(draw_ethogram_raster(page, NAMES).get_size_inches()[1] <= 9.5 for page in pages)
    assert [len(page) for page in fill_pages(rows[:2], 200)] == [1, 1]


def test_the_same_picture_is_the_same_file() -> None:
    first, second = (render_svg(draw_ethogram_raster([make_row()], NAMES)) for _ in range(2))
    assert first == second
    assert b"</svg>" in first
    assert render_png(draw_ethogram_raster([make_row()], NAMES), dpi=40).startswith(b"\x89PNG")


@pytest.mark.parametrize(("rows", "names"), [([], NAMES), ([make_row()], ["groom"]), ([make_row()], [])])
def test_what_cannot_be_drawn_is_refused(rows: list[RasterRow], names: list[str]) -> None:
    with pytest.raises(ValueError, match="expected"):
        draw_ethogram_raster(rows, names)


def test_of_more_bouts_than_a_printer_resolves_close_ones_are_one() -> None:
    decided = np.zeros((100_000, 2), dtype=bool)
    decided[::5] = True
    decided[50_000:60_000] = False
    time_s = np.arange(100_000) / 10
    figure = draw_ethogram_raster([RasterRow("A", time_s, decided)], NAMES)
    (first, *_) = [spans for spans in figure.axes[0].collections if len(spans.get_paths()) > 1]
    starts, stops = (
        [float(limit) for limit in limits] for limits in zip(*(path.get_extents().intervalx for path in first.get_paths()), strict=True)
    )
    np.testing.assert_allclose(starts, [0, 6000])
    np.testing.assert_allclose(stops, [4999.6, 9999.6])
