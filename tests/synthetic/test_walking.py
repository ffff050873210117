"""How the mouse gets about: within the walls, not too fast, and to the right position in time."""

from __future__ import annotations

import numpy as np
import pytest

from behavior.recording import Bout
from behavior.synthetic.posture import plan_bouts
from behavior.synthetic.walking import Walk, walk_between_bouts

HALF_FLOOR, LENGTH, FPS = 180.0, 80.0, 10.0


def walk(bouts: list[Bout], seed: int = 0, n_frames: int = 900) -> Walk:
    return walk_between_bouts(bouts, n_frames=n_frames, fps=FPS, half_floor=HALF_FLOOR, body_length=LENGTH, rng=np.random.default_rng(seed))


def measure_wall_distance(position: np.ndarray) -> np.ndarray:
    return HALF_FLOOR - np.maximum(np.abs(position.real), np.abs(position.imag))


@pytest.mark.parametrize("seed", range(5))
def test_the_mouse_stays_inside_and_keeps_a_mouse_s_pace(seed: int) -> None:
    path = walk(plan_bouts(900, FPS, np.random.default_rng(seed)), seed)
    assert path.position.shape == path.heading.shape == path.speed.shape == path.turn.shape == (900,)
    assert measure_wall_distance(path.position).min() > 0
    # At most 3.6 body lengths in a second, and no jump from frame to frame.
    assert np.abs(np.diff(path.position)).max() <= 3.6 * LENGTH / FPS + 1e-9
    assert path.speed.max() > 0.5 * LENGTH


@pytest.mark.parametrize("seed", range(8))
def test_bouts_happen_where_they_belong(seed: int) -> None:
    bouts = [Bout(150, 180, "mid_rearing"), Bout(330, 360, "wall_rearing"), Bout(500, 600, "grooming")]
    path = walk(bouts, seed, n_frames=700)
    distances = measure_wall_distance(path.position)
    assert distances[150:180].min() > LENGTH
    assert distances[330:360].max() < LENGTH
    # It faces the wall that it is near.
    position, heading = path.position[345], path.heading[345]
    outward = np.angle(
        complex(np.sign(position.real), 0) if abs(position.real) > abs(position.imag) else complex(0, np.sign(position.imag))
    )
    assert np.cos(heading - outward) > 0.75


def test_speed_and_turn_follow_from_the_path() -> None:
    path = walk([])
    np.testing.assert_allclose(path.speed, np.abs(np.gradient(path.position)) * FPS)
    np.testing.assert_allclose(path.turn, np.gradient(path.heading) * FPS)


def test_the_same_generator_walks_the_same_way() -> None:
    np.testing.assert_array_equal(walk([], 1).position, walk([], 1).position)
    assert not np.array_equal(walk([], 1).position, walk([], 2).position)
