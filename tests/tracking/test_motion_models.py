from __future__ import annotations

import numpy as np
import pytest

from behavior.tracking.motion_models import MOTIONS, Motion, MotionFilter, MotionModel, smooth_positions

ALL = np.arange(1)


def follow(model: MotionModel, way: np.ndarray) -> MotionFilter:
    filter_ = MotionFilter(model)
    filter_.add(way[:1], spread=5.0)
    for position in way[1:]:
        filter_.predict()
        filter_.update(ALL, position[None], np.ones(1))
    return filter_


@pytest.mark.parametrize("motion", MOTIONS)
def test_an_animal_at_rest_is_expected_where_it_is(motion: Motion) -> None:
    filter_ = follow(MotionModel(motion, 0.5, 0.5), np.full((30, 2), 7.0))
    np.testing.assert_allclose(filter_.predict(), [[7, 7]], atol=1e-6)


def test_a_velocity_is_expected_to_go_on_and_a_position_is_not() -> None:
    way = np.column_stack((3.0 * np.arange(30), np.zeros(30)))
    ahead = {motion: float(follow(MotionModel(motion, 1.0, 0.3), way).predict()[0, 0]) for motion in MOTIONS}
    assert ahead["still"] == pytest.approx(87, abs=1)
    assert ahead["velocity"] == pytest.approx(90, abs=0.7) and ahead["acceleration"] == pytest.approx(90, abs=0.7)


def test_a_poor_detection_moves_the_animal_less() -> None:
    moved = []
    for quality in (1.0, 0.3):
        filter_ = follow(MotionModel("velocity", 0.5, 1.0), np.zeros((20, 2)))
        filter_.predict()
        filter_.update(ALL, np.array([[5.0, 0.0]]), np.array([quality]))
        moved.append(filter_.states[0, 0, 0])
    assert moved[0] > 3 * moved[1] > 0


def test_animals_are_filtered_as_if_each_was_alone() -> None:
    rng = np.random.default_rng(0)
    ways = rng.normal(0, 1, (20, 2, 2)).cumsum(axis=0)
    model = MotionModel("velocity", 0.5, 0.5)
    both = MotionFilter(model)
    both.add(ways[0], spread=5.0)
    for frame in ways[1:]:
        both.predict()
        both.update(np.arange(2), frame, np.ones(2))
    for animal in range(2):
        np.testing.assert_allclose(both.states[animal], follow(model, ways[:, animal]).states[0])
    both.keep(np.array([1]))
    assert both.states.shape == (1, 2, 2) and both.covariances.shape == (1, 2, 2)


@pytest.mark.parametrize("motion", MOTIONS)
def test_covariances_stay_symmetric_and_positive(motion: Motion) -> None:
    covariance = follow(MotionModel(motion, 0.5, 0.5), np.random.default_rng(1).normal(0, 4, (200, 2))).covariances[0]
    np.testing.assert_allclose(covariance, covariance.T)
    assert (np.linalg.eigvalsh(covariance) > 0).all()


def test_a_gap_is_filled_from_both_sides_and_the_ends_are_not() -> None:
    way = np.column_stack((2.0 * np.arange(40), np.full(40, 9.0)))
    seen = way.copy()
    seen[15:22] = np.nan
    seen[:3] = seen[37:] = np.nan
    smooth = smooth_positions(seen, np.ones(40), MotionModel("velocity", 1.0, 0.2))
    assert np.isnan(smooth[:3]).all() and np.isnan(smooth[37:]).all()
    assert np.abs(smooth[3:37] - way[3:37]).max() < 1.0


@pytest.mark.parametrize("seed", range(5))
def test_smoothing_lessens_the_noise(seed: int) -> None:
    rng = np.random.default_rng(seed)
    time = np.arange(120)
    way = np.column_stack((40 * np.sin(time / 20), 40 * np.cos(time / 20)))
    noisy = way + rng.normal(0, 1.5, way.shape)
    smooth = smooth_positions(noisy, np.ones(120), MotionModel("velocity", 0.3, 1.5))
    assert np.hypot(*(smooth - way).T).mean() < 0.8 * np.hypot(*(noisy - way).T).mean()


def test_nothing_seen_is_nothing_known() -> None:
    assert np.isnan(smooth_positions(np.full((5, 2), np.nan), np.ones(5), MotionModel("still", 1, 1))).all()
    once = np.full((5, 2), np.nan)
    once[2] = [3, 4]
    np.testing.assert_allclose(smooth_positions(once, np.ones(5), MotionModel("velocity", 1, 1))[2], [3, 4])


def test_a_filter_without_process_noise_ends_up_deaf() -> None:
    way = np.column_stack((np.where(np.arange(200) < 150, 0.0, 3.0 * (np.arange(200) - 150)), np.zeros(200)))
    errors = {noise: abs(float(follow(MotionModel("velocity", noise, 0.5), way).states[0, 0, 0]) - way[-1, 0]) for noise in (0.0, 1.0)}
    assert errors[0.0] > 20 > 2 > errors[1.0]
