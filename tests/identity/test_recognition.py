"""Prototypes, and probabilities that are as high as they may be."""

from __future__ import annotations

import numpy as np
import pytest

from behavior.identity.recognition import Prototypes, Whitening, normalize, score_crops, score_tracklets


def draw_vectors(n_tracklets: int, n_each: int, rng: np.random.Generator, *, noise: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    animals = np.arange(n_tracklets) % 3
    owners = np.repeat(np.arange(n_tracklets), n_each)
    return np.eye(3)[animals[owners]] + rng.normal(0, noise, (len(owners), 3)), owners, animals


def test_lengths_are_one() -> None:
    vectors = normalize(np.random.default_rng(0).normal(size=(5, 4)))
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1)


def test_whitening_turns_down_what_varies_within_tracklets() -> None:
    rng = np.random.default_rng(0)
    animals = np.arange(8) % 2
    owners = np.repeat(np.arange(8), 40)
    # The first feature tells animals apart, the second is posture, a hundred times as large; the third is the same always.
    vectors = np.stack([animals[owners] + rng.normal(0, 0.2, 320), 100 * rng.normal(size=320), np.full(320, 7.0)], axis=1)
    whitened = Whitening.fit(vectors, owners).transform(vectors)
    assert whitened.shape == (320, 3)
    assert np.isfinite(whitened).all()
    plain = normalize(vectors - vectors.mean(axis=0))

    def tell_apart(some: np.ndarray) -> float:
        means = np.stack([some[animals[owners] == animal].mean(axis=0) for animal in (0, 1)])
        return float(np.mean((some @ means.T).argmax(axis=1) == animals[owners]))

    assert tell_apart(whitened) > 0.9 > tell_apart(plain)


def test_a_tracklet_is_compared_with_others_of_its_animal_not_with_itself() -> None:
    # Two animals; the third tracklet was called animal 0, but looks like animal 1.
    vectors = np.array([[1.0, 0.0], [0.0, 1.0], [0.1, 1.0]])
    _, scores = score_tracklets(vectors, np.arange(3), np.array([0, 1, 0]), 2, calibrate=False)
    assert scores[2].argmax() == 1
    assert scores[0].argmax() == 1 or scores[0, 0] < -0.01
    # The only one of its animal is compared with itself: there is nothing else.
    assert scores[1].argmax() == 1


def test_crops_of_a_tracklet_count_together_as_far_as_they_can_be_trusted() -> None:
    vectors, owners, animals = draw_vectors(12, 10, np.random.default_rng(3), noise=0.6)
    prototypes, of_crops = score_crops(vectors, owners, animals, 3, calibrate=True)
    np.testing.assert_allclose(np.exp(of_crops).sum(axis=1), 1)
    sums = np.array([of_crops[owners == tracklet].sum(axis=0) for tracklet in range(12)]) * prototypes.trust
    expected = sums - np.log(np.exp(sums).sum(axis=1, keepdims=True))
    np.testing.assert_allclose(score_tracklets(vectors, owners, animals, 3, calibrate=True)[1], expected, atol=1e-9)


def test_calibration_finds_how_far_crops_can_be_trusted() -> None:
    rng = np.random.default_rng(0)
    clear, noisy = (score_tracklets(*draw_vectors(30, 12, rng, noise=noise), 3, calibrate=True)[0] for noise in (0.1, 1.5))
    assert clear.temperature < noisy.temperature
    # Crops that are copies of each other: twelve of them say no more than one.
    vectors, owners, animals = draw_vectors(90, 1, rng, noise=0.8)
    copied = score_tracklets(np.repeat(vectors, 12, axis=0), np.repeat(owners, 12), animals, 3, calibrate=True)[0]
    assert copied.trust < 0.3


def test_probabilities_of_tracklets_are_as_often_right_as_they_say() -> None:
    rng = np.random.default_rng(1)
    vectors, owners, animals = draw_vectors(300, 4, rng, noise=1.2)
    prototypes, scores = score_tracklets(vectors, owners, animals, 3, calibrate=True)
    probabilities = np.exp(scores)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    claimed = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == animals
    assert claimed.mean() == pytest.approx(right.mean(), abs=0.06)
    again = prototypes.weigh_tracklets(vectors, owners, 301)
    assert again.shape == (301, 3)
    np.testing.assert_allclose(np.exp(again[300]), 1 / 3)


def test_a_crop_is_likeliest_the_animal_whose_prototype_it_is() -> None:
    prototypes = Prototypes(np.eye(3), temperature=0.1)
    logs = prototypes.weigh_crops(5.0 * np.eye(3))
    np.testing.assert_allclose(np.exp(logs).sum(axis=1), 1)
    assert logs.argmax(axis=1).tolist() == [0, 1, 2]
    assert logs.max() < 0


def test_whitening_of_fewer_images_than_features_is_that_of_their_axes() -> None:
    rng = np.random.default_rng(0)
    owners = np.repeat(np.arange(5), 4)
    vectors = rng.normal(size=(20, 60)) + np.repeat(rng.normal(size=(5, 60)), 4, axis=0)
    few = Whitening.fit(vectors, owners, n_components=8)
    # Each image three times: more images than features, and the same axes.
    many = Whitening.fit(np.repeat(vectors, 4, axis=0), np.repeat(owners, 4), n_components=8, shrinkage=0.05)
    first, second = few.transform(vectors), many.transform(vectors)
    assert first.shape == second.shape == (20, 8)
    np.testing.assert_allclose(first @ first.T, second @ second.T, atol=0.02)
    same = owners[:, None] == owners[None, :]
    assert (first @ first.T)[same].mean() > (first @ first.T)[~same].mean() + 0.3
