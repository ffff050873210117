"""Confusion matrices and curves of precision against recall, read back from their artists."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

from behavior.figures import draw_confusion, draw_precision_recall
from behavior.metrics import average_precision


def read_texts(figure: Figure) -> list[str]:
    legends = [text.get_text() for legend in figure.legends for text in legend.get_texts()]
    return legends + [text.get_text() for axes in figure.axes for text in axes.texts]


def test_a_confusion_matrix_shows_counts_and_shares() -> None:
    figure = draw_confusion({"grooming": (90, 10, 1, 3), "absent": (50, 0, 0, 0), **{f"b{i}": (1, 1, 1, 1) for i in range(4)}})
    grooming, absent = figure.axes[:2]
    assert [text.get_text() for text in grooming.texts] == ["90\n90.0%", "10\n10.0%", "1\n25.0%", "3\n75.0%"]
    np.testing.assert_allclose(grooming.images[0].get_array(), [[0.9, 0.1], [0.25, 0.75]])
    assert [text.get_text() for text in absent.texts][2:] == ["0\nno frames", "0\nno frames"]
    assert [axes.get_title() for axes in figure.axes if axes.get_visible()] == ["grooming", "absent", "b0", "b1", "b2", "b3"]


def test_the_area_under_the_drawn_curve_is_average_precision() -> None:
    rng = np.random.default_rng(0)
    labels = rng.choice(np.array([-1, 0, 1], dtype=np.int8), 400)
    probabilities = np.round(np.clip(0.3 * (labels == 1) + rng.random(400), 0, 1), 2)
    figure = draw_precision_recall({"grooming": (labels, probabilities)})
    curve = figure.axes[0].lines[0]
    recall, precision = curve.get_xdata(), curve.get_ydata()
    assert curve.get_drawstyle() == "steps-post"
    expected = average_precision(labels, probabilities)
    assert -np.sum(np.diff(recall) * precision[:-1]) == pytest.approx(expected)
    prevalence = np.mean(labels[labels != -1])
    assert read_texts(figure)[0] == f"grooming: average precision {expected:.3f}, prevalence {prevalence:.3f}"


def test_behaviors_without_a_curve_say_why() -> None:
    curves = {
        "absent": (np.zeros(3, dtype=np.int8), np.zeros(3)),
        "unknown": (np.ones(3, dtype=np.int8), np.full(3, np.nan)),
    }
    texts = read_texts(draw_precision_recall(curves))
    assert texts[:2] == [
        "absent: no curve, no frame is labelled positive",
        "unknown: no curve, no frame labelled positive has a probability",
    ]


def test_no_behaviors_are_refused() -> None:
    with pytest.raises(ValueError, match="no behaviors"):
        draw_confusion({})
    with pytest.raises(ValueError, match="no behaviors"):
        draw_precision_recall({})
