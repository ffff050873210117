"""Guesses at individuals: hand-made ranks, and the bounds between the measures."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from behavior.metrics.retrieval import auroc_of_new, map_at_k, score_guesses, top_k_accuracy


@st.composite
def answers(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    n_individuals = draw(st.integers(1, 9))
    n_queries = draw(st.integers(1, 12))
    rows = [draw(st.permutations(range(n_individuals))) for _ in range(n_queries)]
    truth = draw(st.lists(st.integers(0, n_individuals), min_size=n_queries, max_size=n_queries))
    return np.array(rows), np.array(truth)


@given(answers())
def test_map_at_5_lies_between_a_fifth_of_top_5_and_top_5(answer: tuple[np.ndarray, np.ndarray]) -> None:
    mean, top_1, top_5 = map_at_k(*answer), top_k_accuracy(*answer), top_k_accuracy(*answer, k=5)
    assert top_5 / 5 - 1e-12 <= mean <= top_5 + 1e-12
    assert top_1 <= mean + 1e-12


@given(answers())
def test_it_is_the_mean_of_one_over_the_rank(answer: tuple[np.ndarray, np.ndarray]) -> None:
    values = []
    for row, one in zip(*(part.tolist() for part in answer), strict=True):
        values.append(1 / (row.index(one) + 1) if one in row[:5] else 0.0)
    assert map_at_k(*answer) == pytest.approx(np.mean(values))


def test_no_guess_is_never_right() -> None:
    assert map_at_k([[2, -1, -1], [-1, -1, -1]], [2, 0]) == 0.5
    assert np.isnan(map_at_k(np.zeros((0, 5)), np.zeros(0)))
    assert map_at_k(np.zeros((2, 0)), [0, 1]) == 0


def test_new_against_known_counts_pairs() -> None:
    assert auroc_of_new([0.5, 0.5, 0.1, 0.7], [True, False, False, False]) == pytest.approx((0.5 + 1 + 0) / 3)
    assert np.isnan(auroc_of_new([0.1, 0.2], [False, False]))
    scores = score_guesses([[0, 1], [1, 0], [0, 1]], [0, 0, -1], [0.1, 0.2, 0.9])
    assert scores == {"map_at_5": 0.75, "top_1": 0.5, "top_5": 1.0, "auroc_of_new": 1.0}


def test_wrong_arrays_are_refused() -> None:
    for guesses, truth, k, sentence in (
        ([[0, 1]], [0, 1], 5, "guesses and truth have shapes"),
        ([[0, 1]], [-1], 5, "no true individual"),
        ([[1, 1]], [1], 5, "guessed twice"),
        ([[0, 1]], [0], 0, "k is 0"),
    ):
        with pytest.raises(ValueError, match=sentence):
            map_at_k(guesses, truth, k=k)
    with pytest.raises(ValueError, match="novelty and is_new"):
        auroc_of_new([0.1], [True, False])
