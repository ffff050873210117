"""The camera at the side sees the same mouse."""

import numpy as np
import pytest

from behavior.synthetic.acting import act_recording
from behavior.synthetic.side_view import render_side_view, turn_to_side
from behavior.synthetic.skeleton import BODY_PARTS


@pytest.fixture(scope="module")
def recording():
    return act_recording(n_frames=300, size=160, seed=4)


def render(recording, seed=0):
    return render_side_view(recording.skeleton, recording.arena, recording.coat, recording.build, np.random.default_rng(seed))


def test_a_mouse_that_rears_stands_high_in_the_picture(recording):
    _, track = render(recording)
    nose = track.positions[:, BODY_PARTS.index("nose"), 1]
    rears = recording.labels.values[:, 1:].any(axis=1)
    # y points down.
    assert np.median(nose[rears]) < np.median(nose[~rears]) - 0.2 * recording.build.length


def test_body_parts_are_where_the_mouse_is_drawn(recording):
    painter, track = render(recording)
    inside = 0
    frames = range(0, 300, 30)
    for frame in frames:
        x, y = np.rint(track.positions[frame, BODY_PARTS.index("midbody")]).astype(int)
        inside += painter.find_owners(frame)[y, x] == 0
    assert inside == len(frames)


def test_the_same_numbers_give_the_same_pictures(recording):
    first, second = (render(recording)[0].draw(7) for _ in range(2))
    assert first.shape == (160, 160, 3) and np.array_equal(first, second)


def test_what_is_nearer_to_the_front_is_nearer_to_the_camera(recording):
    turned = turn_to_side(recording.skeleton, recording.arena)
    order = np.argsort(recording.skeleton.parts.imag[:, 4])
    assert (np.diff(turned.parts_z[order, 4]) >= 0).all()
