"""One position and one axis of an animal by its body parts, whichever were found."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from behavior.tracking.pose_shape import find_pose_shape, place_poses

PARTS = ("snout", "ear_left", "ear_right", "tail_base", "tail_tip")
# Of a mouse that looks along x, from half way between snout and tail base.
OWN = np.array([[20.0, 0.0], [12.0, -5.0], [12.0, 5.0], [-20.0, 0.0], [-45.0, 0.0]])


def draw_mice(n: int = 300, *, missing: float = 0.0, seed: int = 0) -> tuple[npt.NDArray, npt.NDArray, npt.NDArray]:
    """Return points (N, P, 2), centres (N, 2) and directions (N,); the tail swings."""
    rng = np.random.default_rng(seed)
    directions, centers = rng.uniform(-np.pi, np.pi, n), rng.uniform(50, 400, (n, 2))
    own = np.repeat(OWN[None], n, axis=0) + rng.normal(0, 0.3, (n, len(OWN), 2))
    swing = rng.uniform(-1.5, 1.5, n)
    own[:, 4] = own[:, 3] - 25 * np.column_stack((np.cos(swing), np.sin(swing)))
    turn = np.stack([np.stack([np.cos(directions), -np.sin(directions)], -1), np.stack([np.sin(directions), np.cos(directions)], -1)], 1)
    points = np.einsum("nij,npj->npi", turn, own) + centers[:, None]
    points[rng.uniform(size=points.shape[:2]) < missing] = np.nan
    return points, centers, directions


def differ(found: npt.NDArray, true: npt.NDArray) -> npt.NDArray:
    return np.abs((found - true + np.pi) % (2 * np.pi) - np.pi)


def test_centre_direction_and_size_are_found_although_parts_are_missing() -> None:
    points, centers, directions = draw_mice(missing=0.3)
    shape = find_pose_shape(points, PARTS)
    assert shape is not None and shape.knows_head
    assert shape.length == pytest.approx(40, abs=1) and 10 < shape.width < 18
    placed = place_poses(points, shape)
    body = np.isfinite(points[:, :4, 0])
    enough = (body.sum(axis=1) >= 2) & (body[:, 0] | body[:, 3])
    assert enough.mean() > 0.8
    assert np.hypot(*(placed.centers - centers)[enough].T).max() < 3
    assert differ(placed.directions, directions)[enough].max() < 0.25
    assert np.isnan(placed.centers[~np.isfinite(points[..., 0]).any(axis=1)]).all()


def test_without_names_the_axis_runs_between_the_farthest_parts_and_always_the_same_way() -> None:
    points, _, directions = draw_mice()
    shape = find_pose_shape(points[:, :4], ("a", "b", "c", "d"))
    assert shape is not None and not shape.knows_head
    turned = np.cos(place_poses(points[:, :4], shape).directions - directions)
    assert (turned > 0.9).all() or (turned < -0.9).all()


def test_one_part_has_no_axis() -> None:
    assert find_pose_shape(np.zeros((5, 1, 2)), ("nose",)) is None
    assert find_pose_shape(np.full((5, 3, 2), np.nan), ("nose", "tail", "ear")) is None
