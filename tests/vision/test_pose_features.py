"""What a pose says, on tracks whose place, speed and angles are known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from behavior.vision import body_frame
from behavior.vision.pose_features import describe_pose, name_pose_features

FPS = 30.0
SIZE = 100.0
PARTS = ("nose", "neck", "midbody", "tailbase")
SQUARE = np.array([[0.0, 0.0], [400.0, 0.0], [400.0, 300.0], [0.0, 300.0]])


def describe(positions, likelihoods=None, **changes):
    positions = np.asarray(positions, dtype=float)
    likelihoods = np.ones(positions.shape[:2]) if likelihoods is None else np.asarray(likelihoods, dtype=float)
    settings = {"fps": FPS, "origin": [2], "axis": (3, 0), "min_likelihood": 0.6, "size": SIZE, "arena": None}
    return describe_pose(positions, likelihoods, **(settings | changes))


def column(features, name, *, has_axis=True, has_arena=False, parts=PARTS):
    return features[:, name_pose_features(parts, has_axis=has_axis, has_arena=has_arena).index(name)]


def walk(n_frames=40, seed=0, n_parts=4):
    """A smooth, wriggling track around the middle of a frame, no point of which is at (0, 0)."""
    rng = np.random.default_rng(seed)
    time = np.arange(n_frames)[:, None, None] / FPS
    waves = rng.uniform(5, 12, (1, n_parts, 2)) * np.sin(rng.uniform(0.5, 2, (1, n_parts, 2)) * time + rng.uniform(0, 6, (1, n_parts, 2)))
    spine = np.stack([np.zeros(n_parts), 25.0 * np.arange(n_parts)], axis=1)
    return 200 + spine + waves + time * rng.uniform(-20, 20, 2)


def mouse(heading=-np.pi / 2, place=(200.0, 150.0), n_frames=30):
    """A straight mouse: nose, neck, midbody and tail base 20 pixels apart, at rest."""
    along = np.array([np.cos(heading), np.sin(heading)])
    return np.repeat((np.array(place) + np.outer([40, 20, 0, -20], along))[None], n_frames, axis=0)


@pytest.mark.parametrize("has_axis", [True, False])
@pytest.mark.parametrize("has_arena", [True, False])
@pytest.mark.parametrize("n_parts", [1, 2, 3, 6])
@pytest.mark.parametrize("n_frames", [0, 1, 2, 9])
def test_every_column_has_a_name_of_its_own(has_axis, has_arena, n_parts, n_frames):
    axis = (n_parts - 1, 0) if has_axis else None
    features = describe(walk(n_frames, n_parts=n_parts), origin=[0], axis=axis, arena=SQUARE if has_arena else None)
    names = name_pose_features([f"part{index}" for index in range(n_parts)], has_axis=has_axis, has_arena=has_arena)
    assert len(set(names)) == len(names)
    assert features.shape == (n_frames, len(names))
    assert features.dtype == np.float32
    assert np.isfinite(features).all()


@pytest.mark.parametrize("heading", [-np.pi / 2, 0.0, 0.7, np.pi])
def test_a_straight_mouse_at_rest(heading):
    features = describe(mouse(heading))
    for part, forward in (("nose", 0.4), ("neck", 0.2), ("midbody", 0.0), ("tailbase", -0.2)):
        np.testing.assert_allclose(column(features, f"{part}_forward"), forward, atol=1e-6)
        np.testing.assert_allclose(column(features, f"{part}_right"), 0, atol=1e-6)
        np.testing.assert_allclose(column(features, f"{part}_likelihood"), 1)
    np.testing.assert_allclose(column(features, "body_length"), 0.6, rtol=1e-6)
    for name in ("neck_bend", "midbody_bend", "head"):
        np.testing.assert_allclose(column(features, f"{name}_cosine"), 1, rtol=1e-6)
        np.testing.assert_allclose(column(features, f"{name}_sine"), 0, atol=1e-6)
    moving = [name for name in name_pose_features(PARTS, has_axis=True, has_arena=False) if "speed" in name or "ing" in name]
    assert len(moving) == 2 * 4 + 3 + 3
    for name in moving:
        np.testing.assert_allclose(column(features, name), 0, atol=1e-6)


def test_the_mouses_right_is_to_the_right():
    """It faces right in the image, so that its right is below."""
    positions = mouse(heading=0.0)
    positions[:, 1] += [0.0, 5.0]
    np.testing.assert_allclose(column(describe(positions), "neck_right"), 0.05, rtol=1e-5)


def test_without_an_axis_places_are_those_in_the_image():
    features = describe(mouse(heading=0.0), axis=None)
    np.testing.assert_allclose(column(features, "nose_x", has_axis=False), 0.4, rtol=1e-6)
    np.testing.assert_allclose(column(features, "nose_y", has_axis=False), 0, atol=1e-6)


@pytest.mark.parametrize("fps", [5.0, 10.0, 30.0, 100.0])
def test_a_walk_has_its_speed_at_any_frame_rate(fps):
    """One crop size per second to the right, facing up: sideways, and nothing moves within the body."""
    positions = mouse(n_frames=50)
    positions[:, :, 0] += SIZE * np.arange(50)[:, None] / fps
    features = describe(positions, fps=fps)
    for name in ("body_speed", "body_speed_right", *(f"{part}_speed" for part in PARTS)):
        np.testing.assert_allclose(column(features, name), 1, rtol=1e-4)
    for name in ("body_speed_forward", "body_turning", *(f"{part}_speed_in_body" for part in PARTS)):
        np.testing.assert_allclose(column(features, name), 0, atol=1e-4)


def test_a_turn_has_its_rate_and_moves_nothing_within_the_body():
    """Two radians per second, more than once around, clockwise in the image."""
    positions = np.concatenate([mouse(2.0 * frame / FPS, n_frames=1) for frame in range(120)])
    features = describe(positions)
    np.testing.assert_allclose(column(features, "body_turning"), 2, rtol=1e-4)
    np.testing.assert_allclose(column(features, "nose_speed_in_body"), 0, atol=1e-4)
    inner = slice(5, -5)
    np.testing.assert_allclose(column(features, "nose_speed")[inner], 0.4 * 2, rtol=0.01)
    np.testing.assert_allclose(column(features, "body_speed"), 0, atol=1e-5)


def test_a_head_that_turns_bends_the_neck():
    """The nose is to the right of a mouse that faces up: from the nose to the neck and on to the midbody, the way turns left."""
    positions = mouse()
    positions[:, 0] = positions[:, 1] + [20.0, 0.0]
    features = describe(positions, axis=(3, 1))
    np.testing.assert_allclose(column(features, "neck_bend_cosine"), 0, atol=1e-6)
    np.testing.assert_allclose(column(features, "neck_bend_sine"), -1, rtol=1e-6)
    np.testing.assert_allclose(column(features, "midbody_bend_cosine"), 1, rtol=1e-6)


def test_the_heads_angle_is_against_the_hind_body():
    """The nose swings around the midbody at one radian per second, from straight ahead to the right."""
    positions = mouse(n_frames=31)
    angle = np.arange(31) / FPS
    positions[:, 0] = positions[:, 2] + 40 * np.stack([np.sin(angle), -np.cos(angle)], axis=1)
    features = describe(positions)
    np.testing.assert_allclose(column(features, "head_cosine"), np.cos(angle), atol=1e-5)
    np.testing.assert_allclose(column(features, "head_sine"), np.sin(angle), atol=1e-5)
    np.testing.assert_allclose(column(features, "head_turning"), 1, rtol=1e-4)


def test_stretching_is_lengthening():
    positions = mouse()
    positions[:, 0, 1] -= np.arange(30) * SIZE * 0.5 / FPS
    features = describe(positions)
    np.testing.assert_allclose(column(features, "body_lengthening"), 0.5, rtol=1e-4)
    np.testing.assert_allclose(column(features, "body_length"), 0.6 + 0.5 * np.arange(30) / FPS, rtol=1e-5)


@pytest.mark.parametrize(
    ("place", "first", "second"),
    [
        ((100, 150), 1.0, 1.5),
        ((200, 10), 0.1, 2.0),
        ((30, 280), 0.2, 0.3),
        ((-50, 150), -0.5, -np.hypot(0.5, 1.5)),
        ((200, 330), -0.3, -np.hypot(2, 0.3)),
    ],
)
def test_distances_to_the_walls(place, first, second):
    features = describe(mouse(heading=0.0, place=place), arena=SQUARE)
    np.testing.assert_allclose(column(features, "wall_distance", has_arena=True), first, rtol=1e-5)
    np.testing.assert_allclose(column(features, "second_wall_distance", has_arena=True), second, rtol=1e-5)


def test_the_head_has_its_own_distance_to_the_wall():
    features = describe(mouse(heading=0.0, place=(370, 150)), arena=SQUARE)
    np.testing.assert_allclose(column(features, "head_wall_distance", has_arena=True), -0.1, rtol=1e-5)


@pytest.mark.parametrize("reverse", [False, True])
def test_walls_of_a_round_arena_are_no_walls_of_their_own(reverse):
    """Twice the radius off the middle of a circle, as a polygon: the next direction begins 45 degrees further around."""
    corners = np.exp(2j * np.pi * np.arange(360) / 360) * 200 + 300 + 300j
    arena = np.stack([corners.real, corners.imag], axis=1)[:: -1 if reverse else 1]
    features = describe(mouse(place=(400.0, 300.0)), arena=arena)
    np.testing.assert_allclose(column(features, "wall_distance", has_arena=True), 1, atol=0.01)
    expected = abs(2 * np.exp(1j * np.pi / 4) - 1)
    np.testing.assert_allclose(column(features, "second_wall_distance", has_arena=True), expected, atol=0.03)


def test_a_corner_within_a_wall_changes_nothing():
    arena = np.insert(SQUARE, 1, [[150.0, 0.0], [200.0, 0.0], [200.0, 0.0]], axis=0)
    positions = walk()
    np.testing.assert_allclose(describe(positions, arena=arena), describe(positions, arena=SQUARE), atol=1e-6)


def test_a_part_that_is_lost_stays_where_it_was_in_the_body():
    """While the nose is lost, the mouse turns by a quarter."""
    turning = np.linspace(0, np.pi / 2, 30)
    positions = np.concatenate([mouse(angle, n_frames=1) for angle in turning])
    likelihoods = np.ones(positions.shape[:2])
    likelihoods[5:25, 0] = 0.1
    features = describe(positions, likelihoods, axis=(3, 1))
    np.testing.assert_allclose(column(features, "nose_forward"), 0.4, rtol=1e-5)
    np.testing.assert_allclose(column(features, "nose_right"), 0, atol=1e-5)
    np.testing.assert_allclose(column(features, "nose_likelihood"), likelihoods[:, 0], rtol=1e-6)


def test_a_point_without_a_position_has_no_likelihood():
    positions = mouse()
    positions[3, 0] = np.nan
    positions[4, 0] = 0.0
    assert column(describe(positions), "nose_likelihood")[2:6].tolist() == [1, 0, 0, 1]


@pytest.mark.parametrize("lost", [[2], [3], [0], [0, 3], [1, 2, 3]])
def test_parts_that_are_never_found_leave_the_others(lost):
    positions = walk()
    positions[:, lost] = np.nan
    features = describe(positions, arena=SQUARE)
    assert np.isfinite(features).all()
    assert column(features, "body_speed", has_arena=True).any()
    for part in lost:
        assert not column(features, f"{PARTS[part]}_likelihood", has_arena=True).any()


def test_a_recording_without_any_point_gives_zeros():
    for positions, likelihoods in ((np.full((6, 4, 2), np.nan), None), (walk(6), np.full((6, 4), 0.3)), (np.zeros((6, 4, 2)), None)):
        features = describe(positions, likelihoods, arena=SQUARE)
        assert len(features) == 6
        assert not features.any()


@given(
    seed=st.integers(0, 2**32 - 1),
    n_frames=st.integers(1, 40),
    n_parts=st.integers(1, 5),
    share=st.floats(0, 1),
    has_axis=st.booleans(),
    fps=st.sampled_from([0.5, 10.0, 29.97, 500.0]),
)
def test_there_is_never_a_nan(seed, n_frames, n_parts, share, has_axis, fps):
    rng = np.random.default_rng(seed)
    positions = rng.uniform(-500, 500, (n_frames, n_parts, 2))
    likelihoods = rng.uniform(0, 1, (n_frames, n_parts))
    for array, missing in ((positions, np.nan), (positions, 0.0), (positions, np.inf), (likelihoods, np.nan)):
        array[rng.random(array.shape) < share / 3] = missing
    axis = tuple(rng.integers(0, n_parts, 2)) if has_axis else None
    origin = rng.integers(0, n_parts, 2)
    features = describe(positions, likelihoods, origin=origin, axis=axis, fps=fps, arena=SQUARE)
    assert np.isfinite(features).all()


def degraded(seed):
    rng = np.random.default_rng(seed)
    positions, likelihoods = walk(seed=seed), np.where(rng.random((40, 4)) < 0.1, 0.2, 1.0)
    return positions, likelihoods


@given(seed=st.integers(0, 1000), x=st.floats(-1000, 1000), y=st.floats(-1000, 1000), has_axis=st.booleans())
def test_place_does_not_matter(seed, x, y, has_axis):
    positions, likelihoods = degraded(seed)
    axis = (3, 0) if has_axis else None
    moved = describe(positions + [x, y], likelihoods, axis=axis)
    np.testing.assert_allclose(moved, describe(positions, likelihoods, axis=axis), atol=1e-4)


@given(seed=st.integers(0, 1000), angle=st.floats(-7, 7))
def test_direction_does_not_matter_where_there_is_an_axis(seed, angle):
    positions, likelihoods = degraded(seed)
    rotation = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    np.testing.assert_allclose(describe(positions @ rotation, likelihoods), describe(positions, likelihoods), atol=1e-4)


@given(seed=st.integers(0, 1000), scale=st.floats(0.1, 10))
def test_resolution_does_not_matter(seed, scale):
    positions, likelihoods = degraded(seed)
    scaled = describe(positions * scale, likelihoods, size=SIZE * scale, arena=SQUARE * scale)
    np.testing.assert_allclose(scaled, describe(positions, likelihoods, arena=SQUARE), atol=1e-4)


def test_frame_rate_does_not_matter():
    """The same movement at 30 and at 120 frames per second, away from the ends."""
    slow, fast = (
        np.concatenate([mouse(np.sin(2 * time), place=(200 + 50 * np.sin(time), 150), n_frames=1) for time in np.arange(0, 4, 1 / fps)])
        for fps in (30, 120)
    )
    inner = slice(5, -5)
    np.testing.assert_allclose(describe(fast, fps=120)[::4][inner], describe(slow, fps=30)[inner], atol=1e-4)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"fps": 0.0}, "fps"),
        ({"fps": np.nan}, "fps"),
        ({"size": -1.0}, "size"),
        ({"origin": []}, "origin"),
        ({"arena": SQUARE[:2]}, "corners"),
        ({"arena": np.ones((5, 2))}, "corners"),
        ({"arena": SQUARE * np.nan}, "corners"),
        ({"arena": np.ones((4, 3))}, "corners"),
    ],
)
def test_settings_that_mean_nothing_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        describe(mouse(), **changes)


def test_long_recordings_are_described_in_parts(monkeypatch):
    positions, likelihoods = degraded(3)
    settings = {"fps": 25.0, "origin": [1], "axis": (3, 0), "min_likelihood": 0.5, "size": 100.0, "arena": np.array(SQUARE, dtype=float)}
    whole = describe_pose(positions, likelihoods, **settings)
    monkeypatch.setattr(body_frame, "_FRAMES_AT_ONCE", 7)
    np.testing.assert_array_equal(describe_pose(positions, likelihoods, **settings), whole)
