"""Growth of an animal along the picture: tracks seen by cameras whose tilt is known."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from behavior.vision.size_growth import measure_growth

Floats = npt.NDArray[np.float64]

# Nose, ears, neck and tail base of an animal that looks to the right, in its own lengths.
BODY = np.array([0.5 + 0j, 0.3 + 0.1j, 0.3 - 0.1j, 0.2 + 0j, -0.5 + 0j])
SIDE, LENGTH = 400.0, 40.0


def walk(
    seed: int, *, n_frames: int = 600, stretch: float = 0.4, angles: tuple[float, float] = (0.0, 2 * np.pi)
) -> npt.NDArray[np.complex128]:
    """Return body parts (T, 5) of an animal all over a square floor, now and then shorter, by up to `stretch`, along its axis."""
    rng = np.random.default_rng(seed)
    places = rng.uniform(0, SIDE, n_frames) + 1j * rng.uniform(0, SIDE, n_frames)
    lengths = LENGTH * np.where(rng.random(n_frames) < 0.5, 1.0, rng.uniform(1 - stretch, 1, n_frames))
    body = BODY.real * lengths[:, None] + 1j * BODY.imag * LENGTH
    return np.asarray(places[:, None] + body * np.exp(1j * rng.uniform(*angles, n_frames))[:, None])


def look(floor: npt.NDArray[np.complex128], degrees: float) -> tuple[Floats, Floats]:
    """Return what a camera sees that is tilted about the picture's rows, so that the top is farther, and how far each point is from it."""
    tilt, height = np.radians(degrees), 2 * SIDE
    away = floor.imag - SIDE / 2
    depths = height - away * np.sin(tilt)
    positions = np.stack([floor.real - SIDE / 2, away * np.cos(tilt)], axis=-1) * (height / depths)[..., None]
    return positions, depths


def measure(positions: Floats) -> tuple[float, float]:
    return measure_growth(positions, np.ones(positions.shape[:2]), min_likelihood=0.6)


@pytest.mark.parametrize("seed", range(5))
def test_an_animal_that_is_seen_from_above_is_as_large_everywhere(seed: int) -> None:
    np.testing.assert_allclose(measure(look(walk(seed), 0)[0]), [1, 1], atol=0.05)


@pytest.mark.parametrize("degrees", [15, 30, 45, -30])
def test_a_tilted_camera_shows_the_animal_larger_where_it_is_nearer(degrees: float) -> None:
    # Lying along the rows, it is as large as it is near.
    positions, depths = look(walk(0, angles=(-0.02, 0.02)), degrees)
    heights, of_animals = positions[..., 1].mean(axis=1), depths.mean(axis=1)
    top, bottom = (of_animals[np.abs(heights - np.quantile(heights, share)).argmin()] for share in (0.05, 0.95))
    right, down = measure(positions)
    assert right == pytest.approx(1, abs=0.05)
    assert down == pytest.approx(top / bottom, rel=0.05)
    assert abs(np.log(top / bottom)) > 0.1


def test_the_direction_is_that_of_the_tilt_whatever_the_scale() -> None:
    positions, _ = look(walk(1), 30)
    right, down = measure(positions)
    assert down > 1.15
    assert right == pytest.approx(1, abs=0.06)
    np.testing.assert_allclose(measure(positions[..., ::-1]), [down, right], rtol=1e-6)
    np.testing.assert_allclose(measure(positions * [1, -1]), [right, 1 / down], rtol=1e-6)
    np.testing.assert_allclose(measure(3 * positions + 100), [right, down], rtol=1e-6)


def test_an_animal_that_curls_up_at_one_side_is_no_smaller_there() -> None:
    floor = walk(2, stretch=0.0)
    curled = floor.copy()
    # In half of the frames on the right, nose and neck are drawn in to half.
    is_curled = (floor.real.mean(axis=1) > SIDE / 2) & (np.arange(len(floor)) % 2 == 0)
    middles = floor.mean(axis=1, keepdims=True)
    curled[is_curled] = (middles + 0.5 * (floor - middles))[is_curled]
    np.testing.assert_allclose(measure(look(curled, 0)[0]), [1, 1], atol=0.02)


def test_errors_of_the_pose_do_not_count() -> None:
    positions, _ = look(walk(3), 30)
    rng = np.random.default_rng(0)
    wrong = positions.copy()
    wrong[rng.random(wrong.shape[:2]) < 0.01] += 5000
    np.testing.assert_allclose(measure(wrong), measure(positions), rtol=0.03)
    unlikely = positions.copy()
    unlikely[::3, 2] += [30.0, 60.0]
    likelihoods = np.ones(positions.shape[:2])
    likelihoods[::3, 2] = 0.2
    unlikely[1::3, 0] = np.nan
    np.testing.assert_allclose(measure_growth(unlikely, likelihoods, min_likelihood=0.6), measure(positions), rtol=0.05)


def test_a_direction_in_which_the_animal_hardly_moves_is_not_known() -> None:
    floor = walk(4)
    places = floor.mean(axis=1, keepdims=True)
    alley = floor - 0.85j * places.imag
    right, down = measure(look(alley, 0)[0])
    assert right == pytest.approx(1, abs=0.05)
    assert np.isnan(down)
    still = floor - 0.85 * places
    assert np.isnan(measure(look(still, 0)[0])).all()
    slanted = floor - 1j * places.imag + 1j * places.real
    assert np.isnan(measure(look(slanted, 0)[0])).all()


@pytest.mark.parametrize(("n_frames", "n_parts"), [(0, 5), (600, 0), (600, 1), (5, 5)])
def test_too_few_frames_or_body_parts_say_nothing(n_frames: int, n_parts: int) -> None:
    positions, _ = look(walk(5), 30)
    assert np.isnan(measure(positions[:n_frames, :n_parts])).all()


def test_many_frames_are_thinned_out() -> None:
    positions, _ = look(walk(6, n_frames=9000), 30)
    rows = np.linspace(0, 8999, 2000).astype(int)
    assert measure(positions) == measure(positions[rows])
