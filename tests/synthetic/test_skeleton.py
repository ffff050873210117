"""The mouse's points: inside the walls, as long as the mouse is, and at a wall when it rears there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from behavior.recording import Bout
from behavior.synthetic.posture import Posture, act_posture
from behavior.synthetic.skeleton import BODY_PARTS, Build, Skeleton, pose_skeleton

HALF_FLOOR = 180.0
BUILD = Build(80.0)


def stand(position: complex, heading: float = 0.0, n_frames: int = 3) -> Posture:
    """A mouse that stands still on four feet."""
    still, nothing = np.zeros(n_frames), np.zeros((n_frames, 3))
    return Posture(
        position=np.full(n_frames, position, dtype=np.complex128),
        heading=np.full(n_frames, heading),
        bend=still,
        head_angle=still,
        stretch=np.ones(n_frames),
        height=still,
        tuck=still,
        wall_distance=still,
        activation=nothing,
    )


def find(skeleton: Skeleton, part: str) -> complex:
    return complex(skeleton.parts[0, BODY_PARTS.index(part)])


def test_points_lie_along_the_heading() -> None:
    posture, skeleton = pose_skeleton(stand(0j), BUILD, HALF_FLOOR, fps=10.0)
    nose, neck, midbody, tailbase = (find(skeleton, part) for part in ("nose", "neck", "midbody", "tailbase"))
    assert nose.real > neck.real > midbody.real > tailbase.real
    np.testing.assert_allclose([nose.imag, neck.imag, midbody.imag, tailbase.imag], 0, atol=1e-6)
    # From the tail's base to the snout a mouse at ease is about as long as its build says.
    assert 0.8 * BUILD.length < abs(nose - tailbase) < 1.1 * BUILD.length
    # y points down: the left ear of a mouse that looks to the right is above.
    assert find(skeleton, "leftear").imag < 0 < find(skeleton, "rightear").imag
    np.testing.assert_allclose(posture.position, 0)
    np.testing.assert_allclose(posture.wall_distance, HALF_FLOOR)


def test_the_points_turn_with_the_mouse_and_grow_with_its_build() -> None:
    _, ahead = pose_skeleton(stand(0j), BUILD, HALF_FLOOR, fps=10.0)
    _, turned = pose_skeleton(stand(0j, np.pi / 3), BUILD, HALF_FLOOR, fps=10.0)
    np.testing.assert_allclose(turned.parts, ahead.parts * np.exp(1j * np.pi / 3), atol=1e-6)
    _, large = pose_skeleton(stand(0j), replace(BUILD, length=2 * BUILD.length), 2 * HALF_FLOOR, fps=10.0)
    np.testing.assert_allclose(large.parts, 2 * ahead.parts, atol=1e-6)


@pytest.mark.parametrize(("position", "heading"), [(170 + 0j, 0.0), (175 + 175j, 1.0), (-179j, -np.pi / 2)])
def test_no_part_reaches_through_a_wall(position: complex, heading: float) -> None:
    posture, skeleton = pose_skeleton(stand(position, heading), BUILD, HALF_FLOOR, fps=10.0)
    reach = np.maximum(np.abs(skeleton.body.real), np.abs(skeleton.body.imag)) + 0.75 * skeleton.body_radius  # Fur gives way.
    assert reach.max() <= HALF_FLOOR + 1e-6
    assert (posture.wall_distance > 0).all()
    assert abs(complex(posture.position[0]) - position) > 1


def test_a_mouse_that_rears_at_a_wall_touches_it_with_its_snout() -> None:
    bouts = [Bout(100, 140, "wall_rearing")]
    options = {"fps": 10.0, "half_floor": HALF_FLOOR}
    posture = act_posture(bouts, n_frames=160, **options, body_length=BUILD.length, rng=np.random.default_rng(0))
    posture, skeleton = pose_skeleton(posture, BUILD, HALF_FLOOR, fps=10.0)
    settled = posture.activation[:, 2] > 0.99
    assert settled.any()
    reach = (np.maximum(np.abs(skeleton.body.real), np.abs(skeleton.body.imag)) + 0.75 * skeleton.body_radius).max(axis=1)
    np.testing.assert_allclose(reach[settled], HALF_FLOOR, atol=1.0)
    nose = BODY_PARTS.index("nose")
    assert skeleton.parts_z[settled, nose].min() > skeleton.parts_z[posture.activation.sum(axis=1) == 0, nose].max()
