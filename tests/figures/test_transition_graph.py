"""Arrows between behaviors, read back from their artists."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.patches import FancyArrowPatch

from behavior.figures.transition_graph import draw_transition_graph

NAMES = ["groom", "rear"]


def test_a_graph_has_an_arrow_for_each_likely_transition() -> None:
    counts = np.array([[0, 99], [1, 1]])
    figure = draw_transition_graph({"saline": counts, "drug": np.zeros((2, 2), dtype=int)}, NAMES)
    first, second = figure.axes
    arrows = [patch for patch in first.patches if isinstance(patch, FancyArrowPatch)]
    assert sorted(round(arrow.get_linewidth(), 2) for arrow in arrows) == [2.8, 2.8, 5.0]
    assert [text.get_text() for text in first.texts] == ["100", "50", "50", *NAMES]
    assert first.get_title() == "saline: 101 transitions"
    assert [text.get_text() for text in second.texts] == NAMES


def test_rare_transitions_are_left_out() -> None:
    figure = draw_transition_graph({"": np.array([[0, 0, 98], [0, 0, 0], [2, 98, 0]])}, ["a", "b", "c"], min_probability=0.05)
    assert [text.get_text() for text in figure.axes[0].texts] == ["100", "98", "a", "b", "c"]


@pytest.mark.parametrize("counts", [{}, {"a": np.zeros((1, 1), dtype=int)}])
def test_what_cannot_be_drawn_is_refused(counts: dict[str, np.ndarray]) -> None:
    with pytest.raises(ValueError, match="expected"):
        draw_transition_graph(counts, NAMES)
