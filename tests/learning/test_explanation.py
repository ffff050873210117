"""Explanations of several frames become one."""

from __future__ import annotations

import numpy as np

from behavior.learning.explanation import Explanation, Moments, PictureMap, average_maps, average_moments, choose_frames


def test_frames_are_spread_over_a_bout() -> None:
    assert choose_frames(10, 40, 3) == [15, 25, 35]
    assert choose_frames(10, 12, 3) == [10, 11]
    assert choose_frames(7, 8) == [7]


def test_moments_that_all_frames_have_are_averaged() -> None:
    early = Moments(np.array([-0.25, 0.25, 0.75, 1.25]), np.array([1.0, 2.0, 3.0]))
    late = Moments(np.array([-0.75, -0.25, 0.25, 0.75]), np.array([9.0, 3.0, 4.0]))
    both = average_moments([early, late])
    assert both.edges_s.tolist() == [-0.25, 0.25, 0.75]
    assert both.changes.tolist() == [2.0, 3.0]
    assert average_moments([early]) is early


def test_maps_are_averaged_in_the_picture_of_the_middle_frame() -> None:
    maps = [
        PictureMap(np.full((2, 2), level, np.float32), np.zeros((4, 2)), np.full((3, 3, 3), level, np.uint8), np.full(4, level), level)
        for level in (0, 1, 5)
    ]
    both = average_maps(maps)
    assert (both.values == 2).all()
    assert (both.by_patch == 2).all()
    assert both.picture[0, 0, 0] == 1
    assert both.scene_log_odds == 2


def test_a_probability_follows_from_log_odds() -> None:
    moments = Moments(np.array([-0.1, 0.1]), np.zeros(1))
    assert Explanation("a", "rear", 1, 0.1, (1,), 0.0, None, moments, {}, {}).probability == 0.5
