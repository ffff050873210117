"""Actograms and periodograms: what is drawn where."""

from __future__ import annotations

import numpy as np
import pytest

from behavior.figures.actogram import PeriodogramPanel, draw_actograms, draw_periodograms
from behavior.figures.rendering import render_png

DAYS = ["01 Mar", "02 Mar", "03 Mar"]


def test_a_day_stands_on_the_left_of_its_row_and_on_the_right_of_the_row_before() -> None:
    # One bin an hour; the animal is active in hour 3 of the second day alone.
    values = np.zeros((1, 72))
    values[0, 27] = 1
    figure = draw_actograms(values, np.zeros(72, dtype=bool), ["run"], DAYS)
    axes = figure.axes[0]
    found = []
    for collection in axes.collections:
        vertices = collection.get_paths()[0].vertices if collection.get_paths() else np.zeros((0, 2))
        if len(vertices) and np.ptp(vertices[:, 1]) > 0.5 and np.ptp(vertices[:, 0]) > 20:
            high = vertices[vertices[:, 1] < np.ceil(vertices[:, 1].max()) - 0.5]
            found.append((int(vertices[:, 1].min()), sorted({float(x) for x in high[:, 0]})))
    assert found == [(0, [27.0, 28.0]), (1, [3.0, 4.0])]
    assert [label.get_text() for label in axes.get_yticklabels()] == DAYS


def test_pictures_have_a_panel_for_each_subject() -> None:
    values = np.random.default_rng(0).random((4, 400))
    values[:, 100:150] = np.nan
    figure = draw_actograms(values, np.arange(400) % 144 < 72, list("abcd"), DAYS, title="m$1")
    assert [axes.get_title(loc="left") for axes in figure.axes if axes.get_visible()] == list("abcd")
    assert render_png(figure).startswith(b"\x89PNG")


def test_a_subject_that_is_never_shown_is_drawn() -> None:
    assert render_png(draw_actograms(np.zeros((1, 24)), np.zeros(24, dtype=bool), ["run"], DAYS[:1]))
    assert render_png(draw_actograms(np.full((1, 24), np.nan), np.zeros(24, dtype=bool), ["run"], DAYS[:1]))


def test_periodograms_say_period_and_p() -> None:
    panel = PeriodogramPanel(np.linspace(30, 18, 50), np.linspace(0, 0.4, 50), 23.5, 0.001, 0.2)
    figure = draw_periodograms({"run": panel, "groom": PeriodogramPanel(panel.periods_h, panel.power, 20.0, 0.31, 0.2)})
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["run: 23.50 h, p = 0.001 or less", "groom: 20.00 h, p = 0.310"]
    assert render_png(figure)


def test_words_beneath_a_narrow_picture_stay_within_it() -> None:
    panel = PeriodogramPanel(np.linspace(30, 18, 50), np.linspace(0, 0.4, 50), 23.5, 0.001, 0.2)
    for figure in (draw_actograms(np.ones((1, 24)), np.zeros(24, dtype=bool), ["run"], DAYS[:1]), draw_periodograms({"run": panel})):
        figure.draw_without_rendering()
        box = next(text for text in figure.texts if "\n" in text.get_text()).get_window_extent()
        assert 0 <= box.x0 < box.x1 <= figure.bbox.width


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(ValueError, match="expected"):
        draw_actograms(np.zeros((2, 24)), np.zeros(24, dtype=bool), ["run"], DAYS)
    with pytest.raises(ValueError, match="no periodograms"):
        draw_periodograms({})
