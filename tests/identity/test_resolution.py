"""Whole videos of tracklets: identities without labels, unknown where nothing can be known."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from identity_samples import WINDOW, cut_tracklets, draw_crops
from scipy.optimize import linear_sum_assignment

from behavior.identity.assignment import NOBODY, Assignment
from behavior.identity.contrast import CropTable, EmbeddingTrainer, shake_crops
from behavior.identity.networks import build_cnn
from behavior.identity.preparation import Preparation
from behavior.identity.recognition import Prototypes
from behavior.identity.resolution import UNKNOWN, Resolution, count_animals, resolve_tracklets, train_and_resolve


def measure_accuracy(found: np.ndarray, truth: np.ndarray) -> float:
    counts = np.zeros((truth.max() + 1, truth.max() + 1))
    np.add.at(counts, (found[found >= 0], truth[found >= 0]), 1)
    rows, columns = linear_sum_assignment(-counts)
    return float(counts[rows, columns].sum() / len(truth))


def test_animals_are_counted() -> None:
    starts, stops, _ = cut_tracklets(4, 100, 3, np.random.default_rng(0))
    assert count_animals(starts, stops) == 4
    assert count_animals(starts[:0], stops[:0]) == 0


@pytest.mark.parametrize("noise", [0.1, 0.6])
def test_tracklets_of_one_animal_come_together(noise: float) -> None:
    rng = np.random.default_rng(0)
    starts, stops, animals = cut_tracklets(5, 400, 8, rng)
    owners = np.repeat(np.arange(len(starts)), 10)
    vectors = np.eye(5)[animals[owners]] + rng.normal(0, noise, (len(owners), 5))
    resolution = resolve_tracklets(vectors, owners, starts, stops, 5)
    assert measure_accuracy(resolution.assignment.identities, animals) == 1.0
    assert (resolution.name_tracklets() >= 0).mean() > 0.9


def test_a_beginning_that_is_given_keeps_its_numbers() -> None:
    rng = np.random.default_rng(0)
    starts, stops, animals = cut_tracklets(3, 100, 2, rng)
    owners = np.repeat(np.arange(len(starts)), 5)
    vectors = np.eye(3)[animals[owners]] + rng.normal(0, 0.1, (len(owners), 3))
    first = np.where(np.arange(len(starts)) % 3 == 0, (animals + 1) % 3, NOBODY)
    resolution = resolve_tracklets(vectors, owners, starts, stops, 3, first=first)
    np.testing.assert_array_equal(resolution.assignment.identities, (animals + 1) % 3)


def test_what_looks_like_nobody_in_particular_is_unknown() -> None:
    rng = np.random.default_rng(0)
    # Two animals for a long time, and one tracklet, alone in its time, half way between the two.
    starts, stops = np.array([0, 0, 50, 50, 120]), np.array([40, 40, 90, 90, 130])
    owners = np.repeat(np.arange(5), 10)
    looks = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.0, 1.0], [0.7, 0.7]])
    vectors = looks[owners] + rng.normal(0, 0.02, (50, 2))
    resolution = resolve_tracklets(vectors, owners, starts, stops, 2)
    names = resolution.name_tracklets(least_probability=0.99)
    assert names[4] == UNKNOWN
    assert sorted(names[:2].tolist()) == [0, 1]
    assert (names[2], names[3]) == (names[0], names[1])


def test_a_tracklet_without_crops_follows_from_the_others() -> None:
    starts, stops = np.array([0, 0, 50, 50]), np.array([40, 40, 90, 90])
    owners = np.repeat(np.arange(3), 5)
    looks = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    resolution = resolve_tracklets(looks[owners], owners, starts, stops, 2)
    names = resolution.name_tracklets()
    assert names[3] == names[0] != names[2] == names[1]


def test_fewer_tracklets_than_animals_are_no_error() -> None:
    resolution = resolve_tracklets(np.eye(2), np.arange(2), np.zeros(2, dtype=int), np.ones(2, dtype=int), 4)
    assert len(set(resolution.assignment.identities.tolist())) == 2
    none = np.zeros(0, dtype=int)
    assert resolve_tracklets(np.zeros((0, 3)), none, none, none, 2).assignment.identities.shape == (0,)


def test_names_need_the_probability_that_is_asked_for() -> None:
    assignment = Assignment(np.array([0, 1]), np.array([[0.8, 0.2], [0.3, 0.7]]), 0.0, is_optimal=True)
    resolution = Resolution(assignment, Prototypes(np.eye(2)))
    assert resolution.name_tracklets(least_probability=0.75).tolist() == [0, UNKNOWN]


def test_a_network_trained_on_nothing_but_tracklets_resolves_them() -> None:
    rng = np.random.default_rng(0)
    starts, stops, animals = cut_tracklets(4, 300, 5, rng)
    owners = np.repeat(np.arange(len(starts)), 10)
    crops = draw_crops(animals[owners], rng, noise=12.0)
    table = CropTable(Preparation.fit(crops, WINDOW).prepare(crops), owners, starts, stops)
    keras.utils.set_random_seed(0)
    trainer = EmbeddingTrainer(build_cnn(table.inputs.shape[1:], width=4), batch_size=64, change=shake_crops)
    steps: list[int] = []
    resolution = train_and_resolve(trainer, table, 4, n_steps=60, n_turns=1, on_progress=steps.append)
    assert sum(steps) == 90
    assert measure_accuracy(resolution.name_tracklets(), animals) > 0.95
