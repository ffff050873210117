"""A gallery of vectors whose individuals are known: who is found, who is new, and what there is too little for."""

from __future__ import annotations

import numpy as np
import pytest

from behavior.identity.gallery import NO_GUESS, Calibration, Gallery, average_rows, decide_together, draw_shots, rank_guesses
from behavior.identity.leaving_out import ask_left_out, plan_folds


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
    vectors, owners, _ = draw_images(list(range(8)), 3, 5, np.random.default_rng(0))
    return Gallery.enrol(vectors, owners, tuple(f"mouse {row}" for row in range(8)))


def calibrate(vectors: np.ndarray, owners: np.ndarray, recordings: np.ndarray) -> Calibration:
    folds = plan_folds(owners, recordings)
    asked = ask_left_out(folds, [vectors] * len(folds), owners)
    return Calibration.fit(asked.similarities, asked.truth)


@pytest.fixture(scope="module")
def calibration() -> Calibration:
    return calibrate(*draw_images(list(range(8)), 3, 5, np.random.default_rng(0)))


def test_known_individuals_are_found_and_new_ones_are_new(gallery: Gallery, calibration: Calibration) -> None:
    rng = np.random.default_rng(1)
    vectors, owners, _ = draw_images(list(range(16)), 1, 4, rng)
    answer = gallery.query(vectors, calibration=calibration)
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
    honest = calibrate(vectors, owners, recordings)
    flattered = calibrate(vectors, owners, np.arange(len(owners)))
    assert honest.threshold is not None
    assert flattered.threshold is not None
    assert honest.threshold < flattered.threshold


def test_without_calibration_nobody_is_new() -> None:
    vectors, owners, _ = draw_images([0], 2, 4, np.random.default_rng(0))
    alone = Gallery.enrol(vectors, owners, ("a",))
    answer = alone.query(vectors)
    assert answer.guesses[0].tolist() == [0] + [NO_GUESS] * 4
    assert answer.probabilities[0].tolist() == [1.0, 0, 0, 0, 0]
    assert np.isnan(answer.new_probability).all()
    assert not answer.is_new.any()


def test_too_few_questions_calibrate_nothing() -> None:
    similarities = np.array([[0.9, 0.1], [0.8, 0.2], [0.2, 0.1]])
    assert Calibration.fit(similarities, np.array([0, 0, -1])) == Calibration()
    assert Calibration.fit(np.repeat(similarities, 3, axis=0), np.repeat([0, 0, 0], 3)).threshold is None
    assert Calibration.fit(np.zeros((0, 2)), np.zeros(0, dtype=np.int64)) == Calibration()


def test_similarity_that_says_nothing_leaves_every_query_in_doubt() -> None:
    similarities = np.tile([0.5, 0.4], (20, 1))
    calibration = Calibration.fit(similarities, np.repeat([0, -1], 10))
    np.testing.assert_allclose(calibration.weigh_new(similarities.max(axis=1)), 0.5)


def test_who_could_not_be_asked_for_is_no_guess() -> None:
    assert rank_guesses(np.array([[0.3, -np.inf, 0.5]]), n_guesses=3).tolist() == [[2, 0, NO_GUESS]]
    means = average_rows(np.array([[1.0, 0.0], [0.0, 1.0], [3.0, 3.0]]), np.array([0, 0, 1]))
    assert means.tolist() == [[0.5, 0.5], [3.0, 3.0]]


def test_animals_of_one_video_are_different_individuals() -> None:
    calibration = Calibration(temperature=0.1, threshold=0.5, steepness=20.0)
    both_like_the_first = np.array([[0.9, 0.8], [0.95, 0.2]])
    assert decide_together(both_like_the_first, calibration).tolist() == [1, 0]
    # The second-best guess of the first is less likely than that it is new.
    assert decide_together(np.array([[0.6, 0.0], [0.95, 0.2]]), calibration).tolist() == [NO_GUESS, 0]
    # One animal alone is new exactly where that is likelier than not, however many individuals share the rest.
    crowd = np.full((1, 50), 0.51)
    assert decide_together(crowd, calibration).tolist() == [0]
    assert decide_together(crowd - 0.02, calibration).tolist() == [NO_GUESS]
    # More animals than individuals, and nobody knows what new ones look like.
    assert sorted(decide_together(np.array([[0.9], [0.8], [0.7]]), Calibration()).tolist()) == [NO_GUESS, NO_GUESS, 0]


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
