"""The constrained assignment, against trying everything."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from behavior.identity.assignment import NOBODY, assign_identities
from behavior.identity.overlaps import link_overlaps

LEFT_OUT = 3.0


@st.composite
def problems(draw: st.DrawFn, n_identities: int | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    n_tracklets = draw(st.integers(1, 5))
    n_identities = n_identities or draw(st.integers(1, 3))
    starts = np.array(draw(st.lists(st.integers(0, 8), min_size=n_tracklets, max_size=n_tracklets)))
    lengths = draw(st.lists(st.integers(1, 5), min_size=n_tracklets, max_size=n_tracklets))
    value = st.floats(-9, 0).map(lambda number: round(number, 3))
    rows = st.lists(value, min_size=n_identities, max_size=n_identities)
    looks = np.array(draw(st.lists(rows, min_size=n_tracklets, max_size=n_tracklets)))
    return looks, starts, starts + np.array(lengths)


def try_everything(looks: np.ndarray, starts: np.ndarray, stops: np.ndarray) -> dict[tuple[int, ...], float]:
    """Return the sum of every assignment that puts no animal in two places."""
    overlaps = link_overlaps(starts, stops).toarray().astype(bool)
    sums = {}
    for chosen in product(range(NOBODY, looks.shape[1]), repeat=len(looks)):
        together = [(a, b) for a in range(len(looks)) for b in range(a) if overlaps[a, b] and chosen[a] != NOBODY]
        if any(chosen[a] == chosen[b] for a, b in together):
            continue
        sums[chosen] = sum(row.min() - LEFT_OUT if one == NOBODY else row[one] for one, row in zip(chosen, looks, strict=True))
    return sums


@settings(max_examples=60)
@given(problems())
def test_it_is_as_good_as_the_best_of_all(problem: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    sums = try_everything(*problem)
    found = assign_identities(*problem, left_out=LEFT_OUT)
    assert found.is_optimal
    assert found.score == pytest.approx(max(sums.values()))
    assert sums[tuple(found.identities.tolist())] == pytest.approx(found.score)


@given(problems())
def test_in_parts_no_animal_is_in_two_places_and_no_single_change_is_better(problem: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    sums = try_everything(*problem)
    found = assign_identities(*problem, left_out=LEFT_OUT, most_searched=0)
    chosen = tuple(found.identities.tolist())
    assert sums[chosen] == pytest.approx(found.score)
    others = [value for one, value in sums.items() if sum(a != b for a, b in zip(one, chosen, strict=True)) == 1]
    assert max(others, default=-np.inf) <= found.score + 1e-6
    assert not found.is_optimal


@settings(max_examples=60)
@given(problems(n_identities=2))
def test_with_two_animals_probabilities_are_those_of_all_assignments_to_somebody(
    problem: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    found = assign_identities(*problem, left_out=LEFT_OUT)
    complete = {chosen: value for chosen, value in try_everything(*problem).items() if NOBODY not in chosen}
    assume((found.identities != NOBODY).all())
    weights = np.exp(np.array(list(complete.values())))
    chosen = np.array(list(complete))
    expected = np.stack([(weights[:, None] * (chosen == identity)).sum(axis=0) for identity in (0, 1)], axis=1) / weights.sum()
    np.testing.assert_allclose(found.probabilities, expected, atol=1e-9)


def test_the_whole_decides_against_the_looks_of_one() -> None:
    # The short second tracklet looks a little like animal 0, which is elsewhere at that time.
    looks = np.log(np.array([[0.99, 0.01], [0.7, 0.3]]))
    together = assign_identities(looks, np.array([0, 0]), np.array([9, 3]))
    assert together.identities.tolist() == [0, 1]
    apart = assign_identities(looks, np.array([0, 20]), np.array([9, 23]))
    assert apart.identities.tolist() == [0, 0]
    assert apart.certainty[1] == pytest.approx(0.7)
    assert together.certainty[1] > 0.9


def test_one_more_than_there_are_animals_is_nobody() -> None:
    looks = np.array([[-1.0, -9.0], [-9.0, -1.0], [-4.0, -4.0]])
    found = assign_identities(looks, np.zeros(3, dtype=int), np.full(3, 5))
    assert found.identities.tolist() == [0, 1, NOBODY]
    assert found.certainty[2] == 0


def test_an_animal_that_is_ruled_out_is_not_taken() -> None:
    looks = np.array([[-np.inf, -5.0], [-1.0, -1.5], [-np.inf, -np.inf]])
    found = assign_identities(looks, np.array([0, 0, 30]), np.array([5, 5, 40]))
    assert found.identities.tolist() == [1, 0, NOBODY]
    assert found.certainty.tolist() == [1.0, 1.0, 0.0]


def cut_tracks(n_animals: int, n_cuts: int, n_frames: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return looks, starts, stops and animals of tracklets that are each animal's track, cut at random."""
    rng = np.random.default_rng(0)
    cuts = [np.sort(rng.choice(np.arange(1, n_frames), n_cuts, replace=False)) for _ in range(n_animals)]
    starts = np.concatenate([[0, *frames] for frames in cuts])
    stops = np.concatenate([[*frames, n_frames] for frames in cuts])
    truth = np.repeat(np.arange(n_animals), n_cuts + 1)
    looks = rng.normal(-3.0, 1.0, (len(truth), n_animals))
    looks[np.arange(len(truth)), truth] += 2.5
    return looks, starts, stops, truth


def test_hundreds_of_tracklets_are_assigned_as_they_were_made() -> None:
    looks, starts, stops, truth = cut_tracks(8, 20, 2000)
    best = assign_identities(looks, starts, stops)
    assert best.is_optimal
    assert np.mean(best.identities == truth) > 0.97 > np.mean(looks.argmax(axis=1) == truth)
    in_parts = assign_identities(looks, starts, stops, most_searched=0)
    assert best.score - 0.02 * abs(best.score) <= in_parts.score <= best.score + 1e-6


def test_thousands_of_tracklets_are_assigned_in_parts() -> None:
    looks, starts, stops, truth = cut_tracks(10, 300, 9000)
    found = assign_identities(looks, starts, stops)
    assert not found.is_optimal
    assert np.mean(found.identities == truth) > 0.95
    same = (found.identities[:, None] == found.identities[None, :]) & (found.identities[:, None] != NOBODY)
    assert not (link_overlaps(starts, stops).toarray().astype(bool) & same).any()


def test_nothing_is_assigned_where_there_is_nothing() -> None:
    none = np.zeros(0, dtype=int)
    assert assign_identities(np.zeros((0, 3)), none, none).identities.shape == (0,)
    assert assign_identities(np.zeros((2, 0)), np.zeros(2, dtype=int), np.ones(2, dtype=int)).identities.tolist() == [NOBODY, NOBODY]


def test_wrong_arrays_are_refused() -> None:
    with pytest.raises(ValueError, match="starts and stops have shapes"):
        assign_identities(np.zeros((2, 2)), np.zeros(3, dtype=int), np.ones(3, dtype=int))
    with pytest.raises(ValueError, match="NaN"):
        assign_identities(np.full((1, 1), np.nan), np.zeros(1, dtype=int), np.ones(1, dtype=int))
