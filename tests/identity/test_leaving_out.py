"""What is left out of a gallery in turn: no recording is on both sides, and nobody who is asked about as new was seen."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from behavior.identity.gallery import rank_guesses
from behavior.identity.leaving_out import ask_few, ask_left_out, plan_folds
from behavior.metrics.retrieval import map_at_k, top_k_accuracy


@st.composite
def draw_gallery(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    n_individuals = draw(st.integers(2, 7))
    rows = [(owner, draw(st.integers(0, 4))) for owner in range(n_individuals) for _ in range(draw(st.integers(1, 5)))]
    owners, recordings = np.array(rows, dtype=np.int64).T
    return owners, recordings


@given(draw_gallery(), st.integers(2, 4), st.integers(0, 3))
def test_no_recording_is_on_both_sides(gallery: tuple[np.ndarray, np.ndarray], n_folds: int, seed: int) -> None:
    owners, recordings = gallery
    try:
        folds = plan_folds(owners, recordings, n_folds=n_folds, seed=seed)
    except ValueError as error:
        assert "expected" in str(error)
        return
    for fold in folds:
        assert not set(recordings[fold.asked]) & set(recordings[~fold.asked])
        training = fold.find_training(owners)
        assert training.any() and not (training & fold.asked).any() and not fold.unseen[owners[training]].any()
    # Nobody is left out twice as a new one.
    assert (np.sum([fold.unseen for fold in folds], axis=0) <= 1).all()


@given(draw_gallery(), st.integers(0, 3))
def test_scores_of_what_was_left_out_keep_their_bounds(gallery: tuple[np.ndarray, np.ndarray], seed: int) -> None:
    owners, recordings = gallery
    try:
        folds = plan_folds(owners, recordings, seed=seed)
    except ValueError:
        return
    vectors = np.random.default_rng(seed).normal(size=(len(owners), 3))
    asked = ask_left_out(folds, [vectors] * len(folds), owners)
    known = asked.truth >= 0
    # Who is known has another recording among those that were enrolled, and is not one of those left out.
    for fold, individual, truth in zip(asked.folds, asked.individuals, asked.truth, strict=True):
        enrolled = not folds[fold].unseen[individual] and (owners[~folds[fold].asked] == individual).any()
        assert truth == (individual if enrolled else -1)
    guesses = rank_guesses(asked.similarities)
    if known.any():
        top_1, top_5 = (top_k_accuracy(guesses[known], asked.truth[known], k=k) for k in (1, 5))
        score = map_at_k(guesses[known], asked.truth[known])
        assert top_5 / 5 <= score <= top_5
        assert top_1 <= score
    # A new one is never a guess for itself.
    assert not (guesses[~known] == asked.individuals[~known, None]).any()


def test_recordings_of_an_individual_are_spread() -> None:
    owners = np.repeat(np.arange(4), 6)
    # Every animal has two videos of its own.
    recordings = np.repeat(np.arange(8), 3)
    folds = plan_folds(owners, recordings, n_folds=2)
    for fold in folds:
        assert sorted(owners[fold.asked].tolist()) == np.repeat(np.arange(4), 3).tolist()


def test_one_individual_and_one_recording_each_cannot_be_left_out() -> None:
    with pytest.raises(ValueError, match="1 individual, expected at least 2"):
        plan_folds(np.zeros(4, dtype=np.int64), np.arange(4))
    with pytest.raises(ValueError, match="each individual has one recording"):
        plan_folds(np.repeat([0, 1], 3), np.repeat([0, 1], 3))


def make_looks(seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    owners, recordings = np.repeat(np.arange(6), 10), np.tile(np.repeat([0, 1], 5), 6)
    vectors = np.eye(6)[owners] + rng.normal(0, 0.05, (60, 6))
    return vectors, owners, recordings


def test_groups_are_one_question() -> None:
    vectors, owners, recordings = make_looks()
    folds = plan_folds(owners, recordings)
    asked = ask_left_out(folds, [vectors] * 3, owners, owners * 2 + recordings)
    # In each of three folds, one recording of each of six individuals.
    assert len(asked.truth) == 18 and np.sum(asked.truth < 0) == 6
    known = asked.truth >= 0
    assert top_k_accuracy(rank_guesses(asked.similarities)[known], asked.truth[known]) == 1


def test_few_images_are_of_individuals_that_nothing_was_trained_on() -> None:
    vectors, owners, recordings = make_looks()
    folds = plan_folds(owners, recordings)
    asked = ask_few(folds, [vectors] * 3, owners, n_shots=1, rng=np.random.default_rng(0))
    assert all(folds[fold].unseen[individual] for fold, individual in zip(asked.folds, asked.individuals, strict=True))
    known = asked.truth >= 0
    # Each is asked about with its individual enrolled, and without.
    assert known.sum() == (~known).sum() == 30
    assert top_k_accuracy(rank_guesses(asked.similarities)[known], asked.truth[known]) == 1
    assert asked.similarities[known].max(axis=1).min() > asked.similarities[~known].max(axis=1).max()
