"""What the rendered mouse does, and whether labels, pose and pixels agree about it."""

from __future__ import annotations

import numpy as np
import pytest

from behavior.recording import find_bouts
from behavior.synthetic import BEHAVIORS, RenderedRecording, act_recording
from behavior.synthetic.scene import COATS


@pytest.fixture(scope="module")
def recordings() -> list[RenderedRecording]:
    return [act_recording(n_frames=1200, seed=seed, coat=coat.name) for seed, coat in enumerate(COATS)]


def test_the_same_seed_acts_out_and_draws_the_same_recording() -> None:
    first, second, other = (act_recording(n_frames=400, seed=seed) for seed in (7, 7, 8))
    assert np.array_equal(first.labels.values, second.labels.values)
    assert np.array_equal(first.track.positions, second.track.positions)
    # Drawn in another order, and again: a frame depends on nothing but its number.
    expected = [first.frame(index) for index in (350, 20, 350)]
    assert all(np.array_equal(a, second.frame(index)) for a, index in zip(expected, (350, 20, 350), strict=True))
    assert np.array_equal(expected[0], expected[2])
    assert not np.array_equal(first.track.positions, other.track.positions)
    assert not np.array_equal(first.frame(20), other.frame(20))


def test_labels_are_the_planned_bouts_and_postures_pass_half_way_within_them(recordings: list[RenderedRecording]) -> None:
    for recording in recordings:
        assert recording.labels.behaviors == BEHAVIORS
        assert np.array_equal(recording.labels.values == 1, recording.posture.activation > 0.5)
        assert recording.labels.values.any(axis=0).all()
        n_bouts = sum(len(find_bouts(column == 1)) for column in recording.labels.values.T)
        assert n_bouts == len(recording.bouts)


def test_postures_differ_as_the_behaviors_do(recordings: list[RenderedRecording]) -> None:
    for recording in recordings:
        values = recording.parameters
        assert {"heading", "stretch", "height", "head_angle", "wall_distance"} == set(values)
        assert all(column.shape == (1200,) and np.isfinite(column).all() for column in values.values())
        settled = recording.posture.activation > 0.99
        grooming, mid, wall = settled.T
        neither = recording.posture.activation.sum(axis=1) == 0
        assert values["height"][mid | wall].min() > 0.5 > values["height"][neither | grooming].max()
        assert values["stretch"][grooming].mean() < 0.85 < values["stretch"][neither].mean()
        length = recording.build.length
        assert values["wall_distance"][mid].min() > 0.75 * length > values["wall_distance"][wall].max()


def test_every_body_part_is_in_the_picture_and_rearing_at_a_wall_puts_the_nose_over_it(recordings: list[RenderedRecording]) -> None:
    for recording in recordings:
        assert {"nose", "leftear", "rightear", "midbody", "tailbase"} <= set(recording.track.body_parts)
        assert np.all((recording.track.positions > 0) & (recording.track.positions < 480))
        nose = recording.track.positions[:, recording.track.body_parts.index("nose")]
        from_center = (nose[:, 0] + 1j * nose[:, 1] - recording.arena.center) * np.exp(-1j * recording.arena.rotation)
        beyond = np.maximum(np.abs(from_center.real), np.abs(from_center.imag)) - recording.arena.half_floor
        wall = recording.posture.activation[:, BEHAVIORS.index("wall_rearing")] > 0.99
        mid = recording.posture.activation[:, BEHAVIORS.index("mid_rearing")] > 0.99
        assert np.median(beyond[wall]) > 0
        assert beyond[mid].max() < 0


def test_pose_lies_on_the_drawn_mouse(recordings: list[RenderedRecording]) -> None:
    for recording in recordings:
        indices = range(0, 1200, 60)
        frames = np.stack([recording.frame(index) for index in indices])
        assert frames.shape == (20, 480, 480, 3)
        assert frames.dtype == np.uint8
        empty = np.median(frames, axis=0)
        for part, least in (("midbody", 1.0), ("tailbase", 0.8), ("neck", 0.9)):
            column, row = np.rint(recording.track.positions[indices, recording.track.body_parts.index(part)]).astype(int).T
            difference = np.abs(frames[np.arange(20), row, column].astype(float) - empty[row, column]).max(axis=1)
            assert np.mean(difference > 20) >= least


def test_frames_are_rendered_in_order(recordings: list[RenderedRecording]) -> None:
    frames = recordings[0].frames()
    for index in range(3):
        assert np.array_equal(next(frames), recordings[0].frame(index))


def test_another_size_scales_the_scene() -> None:
    small = act_recording(n_frames=300, seed=5, size=240)
    assert small.frame(0).shape == (240, 240, 3)
    assert small.track.positions.max() < 240


def test_an_unknown_coat_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown coat 'tabby'"):
        act_recording(n_frames=400, seed=0, coat="tabby")


def test_where_the_animal_is_its_pixels_differ_from_the_box(recordings: list[RenderedRecording]) -> None:
    for recording in recordings:
        shown, other = recording.find_animal(100), recording.find_animal(700)
        assert shown.shape == (480, 480)
        assert 0.003 < shown.mean() < 0.05
        nose = recording.track.positions[100, recording.track.body_parts.index("midbody")].astype(int)
        assert shown[nose[1], nose[0]]
        difference = np.abs(recording.frame(100).astype(int) - recording.frame(700)).max(axis=2)
        apart = shown & ~other
        if apart.any():
            assert np.median(difference[apart]) > 10
