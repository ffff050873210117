from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from behavior.tracking.assignment import ASSIGNMENTS, Assignment, assign_greedily, assign_optimally, find_margins

DISTANCES = st.tuples(st.integers(0, 4), st.integers(0, 4)).flatmap(lambda shape: arrays(np.float64, shape, elements=st.floats(0, 20)))


def list_pairings(n_rows: int, n_columns: int) -> list[list[tuple[int, int]]]:
    """Return every way to join rows with columns, each at most once, with as many pairs as fit."""
    if n_rows <= n_columns:
        return [list(zip(range(n_rows), columns, strict=True)) for columns in permutations(range(n_columns), n_rows)]
    return [list(zip(rows, range(n_columns), strict=True)) for rows in permutations(range(n_rows), n_columns)]


@given(distances=DISTANCES, gate=st.floats(1, 20))
def test_the_optimal_assignment_has_the_most_pairs_and_of_these_the_least_sum(distances: np.ndarray, gate: float) -> None:
    rows, columns = assign_optimally(distances, np.full(len(distances), gate))
    allowed = [[pair for pair in pairing if distances[pair] <= gate] for pairing in list_pairings(*distances.shape)]
    best = min((-len(pairs), sum(distances[pair] for pair in pairs)) for pairs in allowed)
    assert len(rows) == -best[0]
    assert distances[rows, columns].sum() == pytest.approx(best[1], abs=1e-6)


@pytest.mark.parametrize("assign", ASSIGNMENTS.values(), ids=ASSIGNMENTS)
@given(distances=DISTANCES, gate=st.floats(1, 20))
def test_every_assignment_joins_each_at_most_once_within_the_gates(assign: Assignment, distances: np.ndarray, gate: float) -> None:
    rows, columns = assign(distances, np.full(len(distances), gate))
    assert len(set(rows.tolist())) == len(rows) == len(columns) == len(set(columns.tolist()))
    assert (distances[rows, columns] <= gate).all()
    assert rows.dtype == columns.dtype == np.intp


@pytest.mark.parametrize("assign", ASSIGNMENTS.values(), ids=ASSIGNMENTS)
@given(data=st.data(), seed=st.integers(0, 1000))
def test_the_order_of_detections_does_not_matter(assign: Assignment, data: st.DataObject, seed: int) -> None:
    distances = np.random.default_rng(seed).uniform(0, 10, (3, 4))
    order = data.draw(st.permutations(range(4)))
    plain = set(zip(*(part.tolist() for part in assign(distances, np.full(3, 6.0))), strict=True))
    rows, columns = assign(distances[:, order], np.full(3, 6.0))
    assert {(row, order[column]) for row, column in zip(rows.tolist(), columns.tolist(), strict=True)} == plain


def test_the_greedy_one_takes_the_nearest_whatever_it_costs() -> None:
    distances = np.array([[1.0, 2.0], [1.5, 9.0]])
    assert distances[assign_greedily(distances, np.full(2, 20.0))].sum() == 10
    assert distances[assign_optimally(distances, np.full(2, 20.0))].sum() == 3.5


def test_a_margin_is_what_the_likeliest_exchange_costs() -> None:
    distances = np.array([[1.0, 4.0, 30.0], [5.0, 1.0, 3.0]])
    margins = find_margins(distances, np.array([0, 1]), np.array([0, 1]))
    assert margins.tolist() == [7.0, 2.0]
    assert find_margins(np.array([[3.0]]), np.array([0]), np.array([0])).tolist() == [np.inf]
    assert find_margins(np.array([[3.0], [3.5]]), np.array([0]), np.array([0])).tolist() == [0.5]
