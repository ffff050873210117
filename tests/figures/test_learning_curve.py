"""Scores against the number of training recordings, read back from the picture's artists."""

from __future__ import annotations

import numpy as np
import pytest

from behavior.figures.learning_curve import draw_labelling_curves, draw_learning_curve
from behavior.figures.rendering import get_color, render_png


def test_each_behavior_has_a_line_and_a_shade() -> None:
    curves = {
        "groom": (np.array([2, 4]), np.array([0.4, 0.6]), np.array([0.3, 0.5]), np.array([0.5, 0.7])),
        "rear": (np.array([2, 8]), np.array([0.2, np.nan]), np.array([0.1, np.nan]), np.array([0.3, np.nan])),
    }
    figure = draw_learning_curve(curves)
    (axes,) = figure.axes
    groom, rear = axes.lines
    assert (groom.get_label(), groom.get_color()) == ("groom", get_color(0))
    np.testing.assert_array_equal(groom.get_ydata(), [0.4, 0.6])
    np.testing.assert_array_equal(rear.get_xdata(), [2, 8])
    shade = axes.collections[0].get_paths()[0].vertices
    assert (shade[:, 1].min(), shade[:, 1].max()) == pytest.approx((0.3, 0.7))
    # A tick at each number of recordings that was tried.
    assert axes.get_xticks().tolist() == [2, 4, 8]
    assert render_png(figure, dpi=40).startswith(b"\x89PNG")


def test_no_curves_are_refused() -> None:
    with pytest.raises(ValueError, match="no curves"):
        draw_learning_curve({})


def test_each_way_has_its_runs_and_their_mean() -> None:
    minutes = np.array([1.0, 4.0])
    curves = {"queue": (minutes, np.array([[0.2, 0.6], [0.4, 0.8]])), "random clips": (minutes, np.array([[0.1, 0.5]]))}
    figure = draw_labelling_curves(curves, complete=0.8)
    (axes,) = figure.axes
    labelled = {line.get_label(): line for line in axes.lines if not str(line.get_label()).startswith("_")}
    np.testing.assert_allclose(labelled["queue"].get_ydata(), [0.3, 0.7])
    np.testing.assert_array_equal(labelled["random clips"].get_xdata(), minutes)
    assert sorted({float(line.get_ydata()[0]) for line in axes.lines if line.get_linestyle() == ":"}) == pytest.approx([0.72, 0.8])
    assert render_png(figure, dpi=40).startswith(b"\x89PNG")
    with pytest.raises(ValueError, match="no curves"):
        draw_labelling_curves({}, complete=0.8)
