"""Boxes and body parts of another program as detections."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from behavior.tracking.detections import Detections
from behavior.tracking.given_detections import mark_touching, measure_boxes, measure_poses, split_frames


def test_boxes_with_a_direction_have_an_axis_along_their_longer_side() -> None:
    found = measure_boxes(
        np.zeros((3, 2)), np.array([[20.0, 8.0], [8.0, 20.0], [20.0, 8.0]]), np.array([0.3, 0.3, 3.3]), np.array([1.0, 0.0, 0.5])
    )
    np.testing.assert_allclose(found.angles, [0.3, 0.3 - np.pi / 2, 3.3 - np.pi])
    assert found.lengths.tolist() == [20, 20, 20] and found.widths.tolist() == [8, 8, 8]
    assert found.qualities.tolist() == [1, 0.01, 0.5] and np.isnan(found.heads).all()


def test_upright_boxes_have_no_axis_and_the_size_of_a_straight_animal() -> None:
    angles = np.linspace(0, np.pi / 2, 50)
    sides = np.column_stack((30 * np.cos(angles) + 10 * np.sin(angles), 30 * np.sin(angles) + 10 * np.cos(angles)))
    found = measure_boxes(np.zeros((50, 2)), sides, np.full(50, np.nan), np.ones(50))
    assert np.isnan(found.angles).all() and (np.abs(found.lengths - 31) < 1.5).all() and (found.widths == found.lengths).all()


def test_named_parts_tell_the_head_and_unnamed_ones_only_that_it_is_always_the_same_end() -> None:
    points = np.array([[[30.0, 5.0], [10.0, 5.0]], [[10.0, 5.0], [30.0, 5.0]], [[10.0, 5.0], [np.nan, np.nan]]])
    likelihoods = np.array([[1.0, 0.6], [1.0, 1.0], [0.8, 0.0]])
    found = measure_poses(points, likelihoods, ("nose", "tailbase"))
    np.testing.assert_allclose(found.positions, [[20, 5], [20, 5], [10, 5]])
    np.testing.assert_allclose(found.heads, [1, -1, np.nan])
    np.testing.assert_allclose(found.qualities, [0.8, 1.0, 0.8])
    unnamed = measure_poses(points, likelihoods, ("a", "b"))
    assert np.isnan(unnamed.heads).all() and unnamed.skews[0] == -unnamed.skews[1] != 0


def test_parts_that_are_not_likely_do_not_count() -> None:
    points = np.array([[[30.0, 5.0], [10.0, 5.0]]] * 9 + [[[30.0, 5.0], [400.0, 400.0]]])
    likelihoods = np.ones((10, 2))
    likelihoods[9, 1] = 0.1
    found = measure_poses(points, likelihoods, ("nose", "tailbase"), least_likelihood=0.6)
    assert np.isnan(found.angles[9]) and found.positions[9].tolist() == [30, 5]


def test_frames_without_detections_are_empty() -> None:
    frames = split_frames(Detections.at(np.array([[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]])), np.array([1, 1, 3]), 5)
    assert [len(found) for found in frames] == [0, 2, 0, 1, 0] and frames[3].positions.tolist() == [[3, 3]]


def test_animals_of_unknown_size_never_touch() -> None:
    assert not mark_touching(Detections.at(np.zeros((3, 2)))).touching.any()


def test_a_crowd_is_compared_pair_by_pair() -> None:
    rng = np.random.default_rng(0)
    crowd = Detections.at(rng.uniform(0, 300, (150, 2)))
    shaped = replace(crowd, lengths=rng.uniform(15, 40, 150), widths=np.full(150, 8.0), angles=rng.uniform(-1.5, 1.5, 150))
    expected = np.zeros(150, dtype=bool)
    half = (shaped.lengths - shaped.widths) / 2
    along = np.linspace(-1, 1, 7)[:, None] * half
    axes = shaped.positions.T[:, None] + along * np.stack((np.cos(shaped.angles), np.sin(shaped.angles)))[:, None]
    for first in range(150):
        for second in range(first):
            apart = axes[:, :, None, first] - axes[:, None, :, second]
            if np.hypot(*apart).min() < 4 and np.hypot(*np.diff(shaped.positions[[first, second]], axis=0)[0]) < 40:
                expected[[first, second]] = True
    assert 0 < expected.sum() < 150
    np.testing.assert_array_equal(mark_touching(shaped).touching, expected)
