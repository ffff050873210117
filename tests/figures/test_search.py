from __future__ import annotations

import numpy as np
import pytest

from behavior.figures.rendering import render_png
from behavior.figures.search import draw_front, draw_history, draw_importance


def test_the_history_shows_scores_and_the_best_until_then() -> None:
    scores = np.array([0.3, 0.5, 0.1, 0.4, 0.6])
    pruned = np.array([False, False, True, False, False])
    figure = draw_history(np.array([0, 1, 2, 4, 5]), scores, pruned, score="average precision", title="Search")
    finished, best, given_up = figure.axes[0].lines
    np.testing.assert_array_equal(finished.get_xdata(), [0, 1, 4, 5])
    np.testing.assert_array_equal(best.get_ydata(), [0.3, 0.5, 0.5, 0.6])
    np.testing.assert_array_equal(given_up.get_ydata(), [0.1])
    assert figure.axes[0].get_ylabel() == "Average precision"
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["finished", "best so far", "pruned (last score)"]
    assert render_png(figure).startswith(b"\x89PNG")


def test_a_history_of_pruned_trials_alone_has_no_best() -> None:
    figure = draw_history(np.array([3]), np.array([np.nan]), np.array([True]), score="f1")
    assert len(figure.axes[0].lines) == 1
    render_png(figure)


@pytest.mark.parametrize("numbers", [np.array([], dtype=int), np.array([1, 2])])
def test_a_history_needs_trials_of_one_shape(numbers: np.ndarray) -> None:
    with pytest.raises(ValueError, match="shapes"):
        draw_history(numbers, np.zeros(len(numbers) and 3), np.zeros(len(numbers), dtype=bool), score="f1")


def test_the_most_important_setting_is_on_top() -> None:
    figure = draw_importance({"head.units": 0.2, "windows.length": 0.7, "head.layers": 0.1})
    axes = figure.axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["head.layers", "head.units", "windows.length"]
    assert [bar.get_width() for bar in axes.patches] == [0.1, 0.2, 0.7]
    render_png(figure)
    render_png(draw_importance({"head.units": 0.0}))
    with pytest.raises(ValueError, match="no importances"):
        draw_importance({})


def test_the_front_goes_from_the_quickest_to_the_best() -> None:
    seconds, scores = np.array([30.0, 10.0, 20.0, 40.0]), np.array([0.6, 0.4, 0.3, 0.7])
    on_front = np.array([True, True, False, True])
    figure = draw_front(seconds, scores, on_front, np.array([7, 8, 9, 11]), score="f1", title="Search")
    others, line, dots = figure.axes[0].lines
    np.testing.assert_array_equal(others.get_xdata(), [20.0])
    np.testing.assert_array_equal(line.get_xdata(), [10.0, 30.0, 40.0])
    np.testing.assert_array_equal(dots.get_ydata(), [0.4, 0.6, 0.7])
    assert [text.get_text() for text in figure.axes[0].texts] == ["8", "7", "11"]
    assert render_png(figure)
    with pytest.raises(ValueError, match="expected one"):
        draw_front(seconds[:0], scores, on_front, np.arange(4), score="f1")
