"""The drawn box: where points appear, what is bright, and frames that depend on their number alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from behavior.synthetic import act_recording
from behavior.synthetic.scene import COATS, Arena, draw_arena, project_points

ARENA = Arena(
    size=480,
    half_floor=180.0,
    center=240 + 240j,
    rotation=0.0,
    camera_height=1000.0,
    wall_height=200.0,
    floor=(180.0, 180.0, 180.0),
    wall=(120.0, 120.0, 120.0),
    light=0.3 + 0j,
    shade=0.4,
    noise=0.5,
)


def test_a_point_on_the_floor_appears_where_it_is() -> None:
    points, zoom = project_points(np.array([0j, 100 + 50j]), np.zeros(2), ARENA)
    assert points.tolist() == [240 + 240j, 340 + 290j]
    assert zoom.tolist() == [1.0, 1.0]


def test_a_point_half_way_to_the_camera_appears_twice_as_far_from_the_centre() -> None:
    points, zoom = project_points(np.array([100 + 0j]), np.array([500.0]), ARENA)
    np.testing.assert_allclose(points, [440 + 240j])
    np.testing.assert_allclose(zoom, [2.0])


def test_a_box_that_is_turned_turns_its_points() -> None:
    points, _ = project_points(np.array([100 + 0j]), np.zeros(1), replace(ARENA, rotation=np.pi / 2))
    np.testing.assert_allclose(points, [240 + 340j])


def test_the_floor_the_walls_and_the_surroundings_have_their_brightness() -> None:
    image = draw_arena(ARENA, np.random.default_rng(0)).astype(float)
    assert image.shape == (480, 480, 3)
    floor = np.median(image[120:360, 120:360])
    wall = np.median(image[120:360, 40:55])
    assert floor == pytest.approx(180, rel=0.2)
    assert wall < 0.85 * floor
    # The camera sees the walls' upper edge about 225 pixels from the centre, and nothing of interest beyond.
    assert np.median(image[:10]) < 0.6 * wall
    np.testing.assert_array_equal(draw_arena(ARENA, np.random.default_rng(0)), draw_arena(ARENA, np.random.default_rng(0)))


@pytest.mark.parametrize("coat", [coat.name for coat in COATS])
def test_the_mouse_has_its_coat_and_stands_out_from_its_floor(coat: str) -> None:
    recording = act_recording(n_frames=300, seed=1, coat=coat)
    column, row = np.rint(recording.track.positions[0, recording.track.body_parts.index("midbody")]).astype(int)
    shown = recording.frame(0)[row - 3 : row + 4, column - 3 : column + 4].reshape(-1, 3).mean(axis=0)
    back, floor = np.array(recording.coat.back), np.array(recording.arena.floor)
    assert np.abs(shown - back).max() < 60
    assert np.abs(shown - back).max() < np.abs(floor - back).max()
