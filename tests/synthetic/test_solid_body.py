"""The body in space follows the skeleton."""

import numpy as np
import pytest

from behavior.synthetic import BEHAVIORS, act_recording
from behavior.synthetic.solid_body import N_TRUNK, build_solids


@pytest.fixture(scope="module")
def recording():
    return act_recording(n_frames=600, size=240, seed=5)


def test_ellipsoids_are_unit_spheres_in_their_own_space(recording):
    solids = build_solids(recording.skeleton, recording.build, 100)
    half = 1 / np.linalg.norm(solids.to_unit, axis=2)
    assert np.allclose(half.max(axis=1), solids.reach)
    # Rows are at right angles.
    turned = solids.to_unit * half[:, :, None]
    assert np.allclose(turned @ turned.transpose(0, 2, 1), np.eye(3), atol=1e-9)


def test_the_trunk_stands_up_when_the_mouse_rears(recording):
    activation = recording.posture.activation
    rearing = np.flatnonzero(activation[:, BEHAVIORS.index("mid_rearing")] > 0.99)
    walking = np.flatnonzero(activation.sum(axis=1) < 0.01)

    def measure(frames):
        tops = [build_solids(recording.skeleton, recording.build, int(frame)).centers[:N_TRUNK, 2].max() for frame in frames[:10]]
        return np.median(tops) / recording.build.length

    assert measure(rearing) > measure(walking) + 0.3


def test_every_solid_has_a_size_in_every_frame(recording):
    for frame in range(0, 600, 60):
        solids = build_solids(recording.skeleton, recording.build, frame)
        assert np.isfinite(solids.to_unit).all() and (solids.reach > 0).all()
