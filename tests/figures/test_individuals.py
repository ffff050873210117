"""Pictures of individuals: every query and guess has its place, and figures hold what they were given."""

from __future__ import annotations

import numpy as np
import pytest

from behavior.figures.individuals import (
    ShownGuess,
    ShownQuery,
    draw_answers,
    draw_few_shot,
    draw_individuals_confusion,
    draw_members,
)
from behavior.figures.rendering import render_png

RED, BLUE = (200, 0, 0), (0, 0, 200)


def fill(color: tuple[int, int, int], size: int = 40) -> np.ndarray:
    return np.full((size, size, 3), color, dtype=np.uint8)


def count(picture: np.ndarray, color: tuple[int, int, int]) -> int:
    return int((picture == color).all(axis=2).sum())


def test_guesses_are_beside_their_query() -> None:
    guesses = [ShownGuess(fill(BLUE), "a name that is much longer than its place", 0.5), ShownGuess(fill(BLUE), "b", 0.25)]
    picture = draw_answers([ShownQuery(fill(RED), "query", "new", True, guesses), ShownQuery(fill(RED, 200), "q", "b", False, [])], size=32)
    assert count(picture, RED) == 2 * 32 * 32 and count(picture, BLUE) == 2 * 32 * 32
    assert np.flatnonzero((picture == RED).all(axis=2).any(axis=0)).max() < np.flatnonzero((picture == BLUE).all(axis=2).any(axis=0)).min()
    with pytest.raises(ValueError, match="no queries"):
        draw_answers([])


def test_each_individual_has_a_row_of_at_most_so_many_pictures() -> None:
    picture = draw_members({"a": [fill(RED)] * 9, "b": [fill(BLUE)]}, {"a": "9 images", "b": "1 image"}, n_shown=4, size=20)
    assert count(picture, RED) == 4 * 400 and count(picture, BLUE) == 400


def test_the_matrix_has_counts_for_few_names_and_none_for_many() -> None:
    counts = np.array([[3, 1, 0], [0, 0, 0], [0, 0, 5]])
    figure = draw_individuals_confusion(counts, ["a", "b", "$c$"], title="left")
    assert sorted(text.get_text() for text in figure.axes[0].texts) == ["1", "3", "5"]
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ["a", "b", "$c$"]
    many = draw_individuals_confusion(np.eye(90, dtype=int), [f"animal with a long name {number}" for number in range(90)])
    assert not many.axes[0].texts and len(many.axes[0].get_xticklabels()) <= 40
    assert render_png(figure, dpi=40).startswith(b"\x89PNG")


def test_curves_are_over_the_number_of_images() -> None:
    figure = draw_few_shot([1, 2, 5], {"map_at_5": [0.5, 0.6, float("nan")], "top_1": [0.4, 0.5, 0.6]})
    lines = figure.axes[0].lines
    assert [line.get_label() for line in lines] == ["map_at_5", "top_1"]
    assert lines[1].get_ydata().tolist() == [0.4, 0.5, 0.6]
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ["1", "2", "5"]
