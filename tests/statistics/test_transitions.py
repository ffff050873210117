"""Which bout follows which."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from behavior.recording import find_bouts
from behavior.statistics import count_transitions, find_probabilities, make_bin_edges, tabulate_transitions


def spell(word: str, behaviors: str = "AB") -> np.ndarray:
    """Return which behaviors are shown, (T, B), from a letter for each frame: lower case where both are, "." where none is."""
    return np.array([[letter == name or letter == "x" for name in behaviors] for letter in word])


def count(word: str, **arguments: np.ndarray) -> list[list[int]]:
    values = spell(word)
    return count_transitions(values, np.arange(len(values) + 1.0), **arguments)[0].tolist()


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("A.B.A.AB", [[1, 2], [1, 0]]),
        ("AABB", [[0, 1], [0, 0]]),
        ("A.A.A", [[2, 0], [0, 0]]),
        # B starts and stops within A: A is followed by B, B by nothing.
        ("AxxA", [[0, 1], [0, 0]]),
        ("AxxAB", [[0, 1], [0, 1]]),
        # Both start at once after A, and both are followed by B.
        ("A.x..B", [[1, 2], [0, 1]]),
        ("....", [[0, 0], [0, 0]]),
    ],
)
def test_transitions_counted_by_hand(word: str, expected: list[list[int]]) -> None:
    assert count(word) == expected


def test_nothing_is_counted_across_what_nobody_observed() -> None:
    observed = np.ones((7, 2), dtype=bool)
    observed[2, 1] = False
    #          0123456: A to B across frame 2 is left out, B to A stays.
    assert count("A..B..A", observed=observed) == [[0, 0], [1, 0]]


def test_a_transition_belongs_to_the_bin_of_its_second_bout() -> None:
    values = spell("A.B.A.AB")
    edges = np.arange(9.0)
    found = count_transitions(values, edges, bin_edges=make_bin_edges(edges, 4.0))
    assert found.tolist() == [[[0, 1], [0, 0]], [[1, 1], [1, 0]]]


def test_the_table_says_how_often_and_how_probable() -> None:
    table = tabulate_transitions(spell("A.B.A.AB"), ["A", "B"], np.arange(8.0), bin_s=4.0)
    assert len(table) == 12
    whole = table[table["bin"].isna()]
    assert list(zip(whole["from"], whole["to"], whole["count"], strict=True)) == [
        ("A", "A", 1),
        ("A", "B", 2),
        ("B", "A", 1),
        ("B", "B", 0),
    ]
    np.testing.assert_allclose(whole["probability"], [1 / 3, 2 / 3, 1, 0])
    first = table[table["bin"] == 0]
    np.testing.assert_array_equal(first["probability"], [0, 1, np.nan, np.nan])


@settings(max_examples=40)
@given(arrays(np.bool_, st.tuples(st.integers(1, 40), st.integers(1, 4))), st.floats(0.5, 20))
def test_what_holds_for_every_ethogram(values: np.ndarray, bin_s: float) -> None:
    edges = np.arange(len(values) + 1.0)
    counts = count_transitions(values, edges)[0]
    bins = count_transitions(values, edges, bin_edges=make_bin_edges(edges, bin_s))
    np.testing.assert_array_equal(bins.sum(axis=0), counts)
    sums = find_probabilities(counts).sum(axis=1)
    np.testing.assert_allclose(sums[counts.sum(axis=1) > 0], 1.0)
    assert np.isnan(sums[counts.sum(axis=1) == 0]).all()
    starts = [set(find_bouts(column)[:, 0].tolist()) for column in values.T]
    if sum(map(len, starts)) == len(set().union(*starts)):
        # No two start at once: every bout but the last is followed by one.
        assert counts.sum() == max(sum(map(len, starts)) - 1, 0)


def test_no_transition_leads_over_a_pause() -> None:
    values = np.array([[1, 0], [0, 1], [1, 0], [0, 1]], dtype=bool)
    edges = np.array([0.0, 1.0, 100.0, 101.0, 102.0])
    assert count_transitions(values, edges).tolist() == [[[0, 2], [0, 0]]]
