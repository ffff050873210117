"""An animal's frame of reference."""

from __future__ import annotations

import numpy as np

from behavior.vision.body_frame import Span, cosine_and_sine, find_likelihoods, locate_body, split_coordinates


def test_body_parts_are_told_from_the_place_along_the_heading() -> None:
    # It looks along x: ahead is up in its frame of reference.
    positions = np.tile(np.array([[[30.0, 50.0], [20.0, 50.0], [10.0, 50.0]]]), (4, 1, 1))
    likelihoods = np.ones((4, 3))
    likelihoods[2] = 0
    body = locate_body(positions, likelihoods, origin=[1], axis=(2, 0), min_likelihood=0.5, size=10)
    assert body is not None
    np.testing.assert_allclose(body.place, 2 + 5j)
    np.testing.assert_allclose(split_coordinates(body.in_body, up_is_positive=True)[0], [[0, 1], [0, 0], [0, -1]], atol=1e-9)
    np.testing.assert_allclose(body.find_whole(slice(0, 4))[:, 0], 3 + 5j)
    np.testing.assert_allclose(body.find_part(2), 1 + 5j)
    assert body.is_found.tolist() == [True, True, False, True]


def test_an_animal_that_is_never_found_has_none() -> None:
    assert locate_body(np.zeros((3, 2, 2)), np.ones((3, 2)), origin=[0], axis=None, min_likelihood=0.5, size=10) is None


def test_rates_are_per_second_and_angles_clockwise() -> None:
    np.testing.assert_allclose(Span.find(5, 20, n_frames=20, fps=10.0).rate(np.arange(20.0)), 10)
    assert Span.find(0, 1, n_frames=1, fps=10.0).rate(np.ones(1)).tolist() == [0]
    np.testing.assert_allclose(cosine_and_sine(np.array([1 + 0j]), np.array([1j])), [[0, 1]], atol=1e-12)
    assert cosine_and_sine(np.array([0j]), np.array([1j])).tolist() == [[0, 0]]


def test_a_point_without_a_position_has_no_likelihood() -> None:
    positions = np.array([[[1.0, 2.0], [np.nan, 2.0], [0.0, 0.0]]])
    assert find_likelihoods(positions, np.array([[1.5, 0.9, 0.9]])).tolist() == [[1, 0, 0]]
