"""Log-probabilities built so that it is known where a tracklet turns into another animal."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_softmax

from behavior.identity.change_points import LEAST_EVIDENCE, find_changes

N_ANIMALS = 4


def look(animals: npt.ArrayLike, rng: np.random.Generator, *, difference: float = 3.0, noise: float = 2.0) -> npt.NDArray[np.float64]:
    """Return log-probabilities of crops of these animals: the right one is ahead by `difference`, with noise."""
    logits = difference * np.eye(N_ANIMALS)[np.asarray(animals)]
    return np.asarray(log_softmax(logits + rng.normal(0, noise, logits.shape), axis=1))


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1))
def test_one_animal_throughout_is_never_cut(seed: int) -> None:
    rng = np.random.default_rng(seed)
    owners = np.sort(rng.integers(0, 12, 1500))
    looks = look(rng.integers(0, N_ANIMALS, 12)[owners], rng)
    assert not len(find_changes(looks, owners))
    # Nor are those of which next to nothing is known.
    assert not len(find_changes(look(np.zeros(1500, dtype=int), rng, difference=0.0, noise=0.3), owners))


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1), st.integers(25, 175))
def test_a_swap_is_cut_within_a_few_crops(seed: int, place: int) -> None:
    rng = np.random.default_rng(seed)
    first, second = rng.choice(N_ANIMALS, 2, replace=False)
    looks = look([first] * place + [second] * (200 - place), rng)
    changes = find_changes(looks, np.zeros(200, dtype=np.int64))
    assert len(changes) == 1 and abs(changes[0] - place) <= 5


def test_several_changes_of_one_tracklet_are_found_also_back_to_the_first_animal() -> None:
    rng = np.random.default_rng(0)
    animals = np.repeat([1, 3, 1, 0], [60, 40, 80, 30])
    changes = find_changes(look(animals, rng, noise=0.5), np.zeros(210, dtype=np.int64))
    assert changes.tolist() == [60, 100, 180]


def test_tracklets_of_one_time_are_cut_each_on_its_own() -> None:
    rng = np.random.default_rng(1)
    # A crop of each by turns, as in a video; the second has only every third crop, and the fourth one alone.
    owners = np.concatenate([[0, 1, 2] if frame % 3 == 0 else [0, 2] for frame in range(150)] + [[7]])
    frames = np.cumsum(owners == 0) - 1
    animals = np.where(owners == 0, np.where(frames < 70, 0, 1), np.where(owners == 1, np.where(frames < 70, 1, 0), 2))
    changes = find_changes(look(animals, rng, noise=0.5), owners)
    assert owners[changes].tolist() == [0, 1] and frames[changes].tolist() == [70, 72]


def test_crops_that_mislead_are_no_change_and_a_short_part_is_not_enough() -> None:
    rng = np.random.default_rng(2)
    owners = np.zeros(120, dtype=np.int64)
    animals = np.zeros(120, dtype=int)
    animals[rng.choice(120, 12, replace=False)] = 1
    assert not len(find_changes(look(animals, rng, difference=50.0, noise=0.0), owners))
    # Each crop is certain, and still several are needed on either side.
    for n_last, n_changes in ((3, 0), (4, 0), (10, 1)):
        last = np.repeat([0, 1], [120 - n_last, n_last])
        assert len(find_changes(look(last, rng, difference=50.0, noise=0.0), owners)) == n_changes
        assert len(find_changes(look(last[::-1], rng, difference=50.0, noise=0.0), owners)) == n_changes


def test_it_is_the_best_of_all_ways_to_cut() -> None:
    rng = np.random.default_rng(3)
    for _ in range(20):
        n_crops, cost = 9, 3.0
        looks = look(rng.integers(0, 2, n_crops), rng, difference=4.0)[:, :3]
        looks = np.asarray(log_softmax(looks, axis=1))
        evidence = np.log(0.95 * np.exp(looks) + 0.05 / 3)
        best = (-np.inf, [0])
        for n_cuts in range(n_crops):
            for cuts in combinations(range(1, n_crops), n_cuts):
                parts = np.split(evidence, cuts)
                # Of each part, the likeliest animal: two parts of one animal would have cost less together.
                value = sum(float(part.sum(axis=0).max()) for part in parts) - cost * n_cuts
                best = max(best, (value, list(cuts)))
        assert find_changes(looks, np.zeros(n_crops, dtype=np.int64), least_evidence=cost).tolist() == best[1]


def test_without_crops_or_with_one_animal_nothing_is_cut() -> None:
    assert not len(find_changes(np.zeros((0, 3)), np.zeros(0, dtype=np.int64)))
    assert not len(find_changes(np.zeros((9, 1)), np.zeros(9, dtype=np.int64)))
    assert not len(find_changes(look(np.arange(4), np.random.default_rng(0)), np.arange(4)))


def test_an_animal_that_is_ruled_out_is_no_other_than_an_unlikely_one() -> None:
    looks = np.log(np.repeat(np.eye(2), 20, axis=0), where=np.repeat(np.eye(2), 20, axis=0) > 0, out=np.full((40, 2), -np.inf))
    assert find_changes(looks, np.zeros(40, dtype=np.int64)).tolist() == [20]
    assert LEAST_EVIDENCE < 20 * 4


@pytest.mark.parametrize(
    ("looks", "owners", "message"),
    [
        (np.zeros((3, 2)), np.zeros(2, dtype=np.int64), "expected"),
        (np.full((3, 2), np.nan), np.zeros(3, dtype=np.int64), "NaN"),
        (np.ones((3, 2)), np.zeros(3, dtype=np.int64), "above 0"),
    ],
)
def test_what_are_no_log_probabilities_is_refused(looks: npt.NDArray[np.float64], owners: npt.NDArray[np.int64], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        find_changes(looks, owners)
