from __future__ import annotations

import numpy as np
import pytest

from behavior.tracking.orientation import find_headings


def fold(angle: np.ndarray) -> np.ndarray:
    """Return directions as the axes that a detector finds, without head."""
    return (angle + np.pi / 2) % np.pi - np.pi / 2


def circle(n_frames: int = 200, speed: float = 3.0) -> tuple[np.ndarray, np.ndarray]:
    turn = np.linspace(0, 4 * np.pi, n_frames)
    headings = turn[:, None] + np.pi / 2
    radius = speed * n_frames / (4 * np.pi)
    return np.stack((radius * np.cos(turn), radius * np.sin(turn)), axis=-1)[:, None], headings


def find_wrong(found: np.ndarray, truth: np.ndarray) -> float:
    """Return the share of frames in which the head is at the wrong end."""
    return float(np.mean(np.cos(found - truth) < 0))


def test_an_animal_that_goes_in_circles_has_its_head_in_front_through_every_turn() -> None:
    positions, headings = circle()
    found = find_headings(positions, fold(headings), np.zeros((200, 1)), length=20)
    assert find_wrong(found, headings) == 0
    assert ((found >= -np.pi) & (found < np.pi)).all()


def test_noise_and_a_walk_backwards_turn_nobody_about() -> None:
    positions, headings = circle()
    positions[100:110] = positions[100:90:-1]
    positions += np.random.default_rng(0).normal(0, 1.5, positions.shape)
    found = find_headings(positions, fold(headings), np.zeros((200, 1)), length=20)
    assert find_wrong(found, headings) < 0.02


def test_the_shape_tells_where_an_animal_sits_still_and_is_learned_where_it_moves() -> None:
    rng = np.random.default_rng(0)
    moving, headings = circle()
    still = np.full((200, 1, 2), 50.0)
    positions = np.concatenate((moving, still), axis=1)
    truth = np.concatenate((headings, np.full((200, 1), 0.4 + np.pi)), axis=1)
    # The tail is the thin end: the skew points to it.
    angles = fold(truth)
    skews = -0.3 * np.sign(np.cos(angles - truth)) + rng.normal(0, 0.1, angles.shape)
    assert find_wrong(find_headings(positions, angles, skews, length=20), truth) == 0
    assert find_wrong(find_headings(positions, angles, np.zeros_like(skews), length=20)[:, 1], truth[:, 1]) in (0.0, 1.0)


def test_frames_without_an_axis_have_no_heading() -> None:
    positions, headings = circle()
    angles = fold(headings)
    angles[50:60] = np.nan
    positions[50:60] = np.nan
    found = find_headings(positions, angles, np.zeros((200, 1)), length=20)
    assert np.isnan(found[50:60]).all() and find_wrong(np.delete(found, range(50, 60), 0), np.delete(headings, range(50, 60), 0)) == 0
    assert np.isnan(find_headings(positions[:3], np.full((3, 1), np.nan), np.zeros((3, 1)), length=20)).all()


@pytest.mark.parametrize("shape", [(0, 2), (5, 0), (1, 1)])
def test_hardly_any_frames_or_animals(shape: tuple[int, int]) -> None:
    found = find_headings(np.zeros((*shape, 2)), np.zeros(shape), np.zeros(shape), length=20)
    assert found.shape == shape
