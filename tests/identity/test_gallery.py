"""A gallery of vectors whose individuals are known: who is found, who is new, and what there is too little for."""

from __future__ import annotations

import numpy as np
import pytest

from behavior.identity.gallery import NO_GUESS, Gallery, draw_shots


def draw_images(
    individuals: list[int], n_recordings: int, n_each: int, rng: np.random.Generator, *, noise: float = 0.15
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return vectors, owners and recordings: images of a recording share an error of their own."""
    vectors, owners, recordings = [], [], []
    looks = np.eye(24)
    for row, individual in enumerate(individuals):
        for recording in range(n_recordings):
            day = rng.normal(0, noise, 24)
            vectors.append(looks[individual] + day + rng.normal(0, noise / 3, (n_each, 24)))
            owners += [row] * n_each
            recordings += [recording] * n_each
    return np.concatenate(vectors), np.array(owners), np.array(recordings)


@pytest.fixture(scope="module")
def gallery() -> Gallery:
    vectors, owners, recordings = draw_images(list(range(8)), 3, 5, np.random.default_rng(0))
    return Gallery.enrol(vectors, owners, tuple(f"mouse {row}" for row in range(8))).calibrate(recordings)


def test_known_individuals_are_found_and_new_ones_are_new(gallery: Gallery) -> None:
    rng = np.random.default_rng(1)
    vectors, owners, _ = draw_images(list(range(16)), 1, 4, rng)
    answer = gallery.query(vectors)
    known = owners < 8
    assert np.mean(answer.guesses[known, 0] == owners[known]) > 0.95
    assert np.mean(~answer.is_new[known]) > 0.9
    assert np.mean(answer.is_new[~known]) > 0.9
    assert answer.guesses.shape == answer.probabilities.shape == (64, 5)
    assert (np.diff(answer.probabilities, axis=1) <= 0).all()
    assert (answer.probabilities.sum(axis=1) <= 1 + 1e-9).all()


def test_images_of_one_animal_are_asked_about_together(gallery: Gallery) -> None:
    vectors, owners, _ = draw_images(list(range(8)), 1, 6, np.random.default_rng(2), noise=0.5)
    together, one_by_one = gallery.query(vectors, owners=owners), gallery.query(vectors)
    assert together.guesses.shape == (8, 5)
    assert np.mean(together.guesses[:, 0] == np.arange(8)) >= np.mean(one_by_one.guesses[:, 0] == owners)


def test_an_image_answers_for_no_other_of_its_recording() -> None:
    # Images of one recording are copies: only other recordings tell how alike an individual is to itself.
    vectors, owners, recordings = draw_images(list(range(6)), 3, 5, np.random.default_rng(0), noise=0.3)
    names = tuple("abcdef")
    honest = Gallery.enrol(vectors, owners, names).calibrate(recordings)
    flattered = Gallery.enrol(vectors, owners, names).calibrate(np.arange(len(owners)))
    assert honest.threshold is not None
    assert flattered.threshold is not None
    assert honest.threshold < flattered.threshold


def test_one_recording_each_or_one_individual_says_nothing_about_who_is_new() -> None:
    vectors, owners, recordings = draw_images([0, 1], 1, 4, np.random.default_rng(0))
    assert Gallery.enrol(vectors, owners, ("a", "b")).calibrate(recordings).threshold is None
    vectors, owners, recordings = draw_images([0], 2, 4, np.random.default_rng(0))
    alone = Gallery.enrol(vectors, owners, ("a",)).calibrate(recordings)
    answer = alone.query(vectors)
    assert answer.guesses[0].tolist() == [0] + [NO_GUESS] * 4
    assert answer.probabilities[0].tolist() == [1.0, 0, 0, 0, 0]
    assert np.isnan(answer.new_probability).all()
    assert not answer.is_new.any()


def test_an_individual_enrolled_twice_or_without_images_is_refused() -> None:
    vectors, owners = np.eye(3), np.array([0, 1, 1])
    with pytest.raises(ValueError, match="names repeat: a, a"):
        Gallery.enrol(vectors, owners, ("a", "a"))
    with pytest.raises(ValueError, match=r"\[1, 2, 0\] images"):
        Gallery.enrol(vectors, owners, ("a", "b", "c"))
    with pytest.raises(ValueError, match="3 vectors with 2 owners"):
        Gallery.enrol(vectors, owners[:2], ("a", "b"))


def test_shots_are_of_every_individual() -> None:
    owners = np.repeat(np.arange(4), [1, 5, 5, 9])
    rows = draw_shots(owners, 3, np.random.default_rng(0))
    assert np.bincount(owners[rows]).tolist() == [1, 3, 3, 3]
    assert len(set(rows.tolist())) == len(rows)
