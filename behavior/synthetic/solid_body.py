"""The mouse as a body in space: ellipsoids for trunk and head, for ears, paws and eyes, and a tail of rods.

World coordinates are the floor's x and y, as images have them, and z upwards; lengths are pixels at floor level.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from behavior.synthetic.skeleton import Build, Skeleton

__all__ = ["FUR", "N_TRUNK", "SKIN", "Solids", "build_solids"]

Floats = npt.NDArray[np.float64]

# What a solid is covered with.
FUR, SKIN, EYE = 0, 1, 2
# The first solids are trunk and head, whose surfaces run into each other.
N_TRUNK = 6

# Spheres of the skeleton's body that are nearest to the hips, midbody, shoulders, neck, head and snout.
_HIP, _MID, _SHOULDER, _NECK, _HEAD, _SNOUT = 4, 7, 11, 14, 18, 21


@dataclass(frozen=True)
class Solids:
    """Ellipsoids of one frame.

    Attributes
    ----------
    centers
        (N, 3).
    to_unit
        (N, 3, 3): what takes an offset from a centre to the space in which the ellipsoid is the unit sphere.
    reach
        (N,), the longest half axis.
    cover
        (N,), `FUR`, `SKIN` or an eye's.
    """

    centers: Floats
    to_unit: Floats
    reach: Floats
    cover: npt.NDArray[np.int64]


def build_solids(skeleton: Skeleton, build: Build, frame: int) -> Solids:
    """Return the body in one frame.

    >>> from behavior.synthetic.acting import act_recording
    >>> recording = act_recording(n_frames=300, size=120, seed=0)
    >>> solids = build_solids(recording.skeleton, recording.build, 0)
    >>> solids.centers.shape[1], bool((solids.centers[:, 2] > -1).all())
    (3, True)
    """
    length = build.length
    body = _lift(skeleton.body[frame], skeleton.body_z[frame])
    radius = skeleton.body_radius[frame]
    paws = _lift(skeleton.paws[frame], skeleton.paws_z[frame])
    ears = _lift(skeleton.ears[frame], skeleton.ears_z[frame])
    tail = _lift(skeleton.tail[frame], np.full(skeleton.tail.shape[1], 0.02 * length))
    tail[0, 2] = body[0, 2]
    facing = _unit(body[_SNOUT] - body[_NECK])
    trunk_axis = _unit(body[_SHOULDER] - body[_HIP])
    sideways = _unit(np.array([-facing[1], facing[0], 0.0]) + 1e-9)
    girth = build.girth * length
    chest = np.linalg.norm(body[_SHOULDER] - body[_HIP])
    made = [
        # Haunches, belly, chest, neck, skull, muzzle: centre, long axis, half axes along, across and upright.
        (body[_HIP], _unit(body[_MID] - body[0]), (0.205 * length, 1.04 * radius[_HIP], 0.98 * radius[_HIP]), FUR),
        (body[_MID], trunk_axis, (0.34 * chest + 0.08 * length, 1.02 * radius[_MID], 0.95 * radius[_MID]), FUR),
        (body[_SHOULDER], trunk_axis, (0.17 * length, 0.98 * radius[_SHOULDER], radius[_SHOULDER]), FUR),
        (body[_NECK], _unit(body[_HEAD] - body[_SHOULDER]), (0.14 * length, 0.105 * girth, 0.11 * girth), FUR),
        (body[_HEAD], facing, (0.125 * length, 0.088 * length, 0.08 * length), FUR),
        (0.4 * body[_HEAD] + 0.6 * body[_SNOUT], facing, (0.085 * length, 0.045 * length, 0.04 * length), FUR),
    ]
    for side, ear in zip((-1.0, 1.0), ears, strict=True):
        # A thin shell that opens forwards and outwards.
        size = 0.06 * build.ear * length
        made.append((ear, _unit(facing + 0.5 * side * sideways), (0.018 * length, size, 1.1 * size), SKIN))
    for side in (-1.0, 1.0):
        up = np.array([0.0, 0.0, 1.0])
        made.append((body[_HEAD] + length * (0.045 * facing + 0.075 * side * sideways + 0.035 * up), facing, (0.018 * length,) * 3, EYE))
    made.append((body[_SNOUT], facing, (0.022 * length,) * 3, SKIN))
    for number, paw in enumerate(paws):
        ahead = facing if number < 2 else _unit(np.array([*trunk_axis[:2], 0.0]) + 1e-9)
        made.append((paw, ahead, ((0.045 if number < 2 else 0.085) * length, 0.026 * length, 0.022 * length), SKIN))
        if number < 2:
            made.append(_rod(paw, body[_SHOULDER] + 0.1 * length * (2 * number - 1) * sideways, 0.035 * length, FUR))
    for number in range(len(tail) - 1):
        made.append(_rod(tail[number], tail[number + 1], length * 0.026 * build.tail * (1 - 0.75 * number / len(tail)), SKIN))
    centers, axes, halves, covers = zip(*made, strict=True)
    frames = np.stack([_complete(axis) for axis in axes])
    half = np.array(halves)
    return Solids(np.stack(centers), frames / half[:, :, None], half.max(axis=1), np.array(covers))


def _rod(start: Floats, stop: Floats, radius: float, cover: int) -> tuple[Floats, Floats, tuple[float, float, float], int]:
    """Return an ellipsoid that joins two points."""
    way = stop - start
    distance = float(np.linalg.norm(way))
    return (start + stop) / 2, way / max(distance, 1e-9), (0.62 * distance + radius, radius, radius), cover


def _complete(axis: Floats) -> Floats:
    """Return `axis`, what lies across it on the level, and what is upright to both, as the rows of a matrix."""
    across = np.array([-axis[1], axis[0], 0.0])
    # What points straight up has no side of its own.
    across = _unit(across) if np.hypot(axis[0], axis[1]) > 1e-6 else np.array([0.0, 1.0, 0.0])
    return np.stack([axis, across, np.cross(axis, across)])


def _lift(points: npt.NDArray[np.complex128], heights: Floats) -> Floats:
    return np.stack([points.real, points.imag, heights], axis=-1)


def _unit(vector: Floats) -> Floats:
    return vector / max(float(np.linalg.norm(vector)), 1e-9)
