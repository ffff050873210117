"""From posture to points: a spine of spheres that bends, stretches and stands up, put on the floor and against the walls."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.interpolate import CubicSpline

from behavior.synthetic.posture import BEHAVIORS, Posture

__all__ = ["BODY_PARTS", "Build", "Skeleton", "pose_skeleton"]

Floats = npt.NDArray[np.float64]

BODY_PARTS = ("nose", "leftear", "rightear", "neck", "midbody", "tailbase")

# The spine in body lengths: how long each segment is, and how thick the mouse is at its ends.
_HIP_TO_TAIL, _HIP_TO_MID, _MID_TO_SHOULDER, _SHOULDER_TO_NECK, _NECK_TO_HEAD, _HEAD_TO_SNOUT = 0.17, 0.25, 0.21, 0.11, 0.11, 0.13
_RADII = np.array([0.075, 0.165, 0.185, 0.145, 0.105, 0.098, 0.03])
_UPRIGHT = np.deg2rad(74.0)
_N_TAIL = 8
# Spheres drawn for the seven points of the spine, so that the outline is smooth.
_KNOTS = np.arange(7.0)
_FINE = np.linspace(0.0, 6.0, 22)
_REFINE: Floats = CubicSpline(_KNOTS, np.eye(7), bc_type="natural")(_FINE)


@dataclass(frozen=True)
class Build:
    """Size and shape of one mouse: body `length` and all pixels at floor level; `girth`, `ear` and `tail` relative to the average."""

    length: float
    girth: float = 1.0
    ear: float = 1.0
    tail: float = 1.0


@dataclass(frozen=True)
class Skeleton:
    """Points on and in the mouse: positions complex128 on the floor plan, heights above the floor float64, both in pixels.

    Attributes
    ----------
    body, body_z, body_radius
        Spheres from the tail's base to the snout, (T, 22).
    ears, ears_z
        Left and right, (T, 2).
    paws, paws_z
        Forepaws left and right, then hind paws, (T, 4).
    tail
        From the base to the tip, on the floor, (T, 8).
    parts, parts_z
        The body parts of `BODY_PARTS`, (T, 6).
    """

    body: npt.NDArray[np.complex128]
    body_z: Floats
    body_radius: Floats
    ears: npt.NDArray[np.complex128]
    ears_z: Floats
    paws: npt.NDArray[np.complex128]
    paws_z: Floats
    tail: npt.NDArray[np.complex128]
    parts: npt.NDArray[np.complex128]
    parts_z: Floats


def pose_skeleton(posture: Posture, build: Build, half_floor: float, *, fps: float) -> tuple[Posture, Skeleton]:
    """Put the mouse into each frame's posture, inside the walls.

    Parameters
    ----------
    posture
        As `act_posture` gives it.
    build
        The mouse.
    half_floor
        Half the side of the square floor, pixels.
    fps
        Frames per second, for the pace of feet and paws.

    Returns
    -------
    The posture with `position` and `wall_distance` as they came out: no part of the mouse reaches through a wall, and a mouse that
    rears at a wall stands so close that its snout touches it. And the points.
    """
    spine, spine_z, radius = _place_spine(posture, build)
    fine = spine @ _REFINE.T
    fine_z = spine_z @ _REFINE.T
    fine_radius = np.maximum(radius @ _REFINE.T, 0.02 * build.length)
    push = _push_inside(fine, fine_radius, half_floor)
    lean = posture.activation[:, BEHAVIORS.index("wall_rearing")]
    push = push + lean * _reach_wall(fine + push[:, None], fine_radius, half_floor)
    fine, spine, position = fine + push[:, None], spine + push[:, None], posture.position + push
    posture = replace(posture, position=position, wall_distance=half_floor - np.maximum(np.abs(position.real), np.abs(position.imag)))

    length = build.length
    facing = np.exp(1j * (posture.heading + 0.4 * posture.bend + posture.head_angle))
    head, head_z = spine[:, 5], spine_z[:, 5]
    upright = np.clip(posture.height, 0.0, 1.0)
    sides = np.array([-1.0, 1.0])
    ears = (head - 0.035 * length * facing)[:, None] + 0.088 * length * 1j * facing[:, None] * sides
    ears_z = np.repeat((head_z + 0.05 * length)[:, None], 2, axis=1)
    paws, paws_z = _place_paws(posture, spine, spine_z, length, fps, lean)
    tail = _drag_tail(spine[:, 0], posture.heading, upright, length * build.tail)
    parts = np.stack([fine[:, -1], ears[:, 0], ears[:, 1], spine[:, 4], spine[:, 2], spine[:, 0]], axis=1)
    parts_z = np.stack([fine_z[:, -1], ears_z[:, 0], ears_z[:, 1], spine_z[:, 4], spine_z[:, 2], spine_z[:, 0]], axis=1)
    return posture, Skeleton(fine, fine_z, fine_radius, ears, ears_z, paws, paws_z, tail, parts, parts_z)


def _place_spine(posture: Posture, build: Build) -> tuple[npt.NDArray[np.complex128], Floats, Floats]:
    """Return positions, heights and radii (T, 7) of tail base, hip, midbody, shoulder, neck, head and snout."""
    length = build.length
    stretch, height, tuck = posture.stretch, posture.height, posture.tuck
    radius = _RADII * build.girth * length * np.sqrt(1.0 / stretch)[:, None]
    # Sitting up, and drawn together to groom, the weight rests on broad hips.
    radius[:, 1] *= 1.0 + 0.16 * np.clip(height, 0, 1) + 0.12 * tuck
    radius[:, 2] *= 1.0 + 0.06 * tuck
    pitch = np.clip(height, 0.0, 1.1) * _UPRIGHT
    hip = posture.position - length * _HIP_TO_MID * stretch * np.exp(1j * (posture.heading - 0.3 * posture.bend))
    hip_z = radius[:, 1].copy()
    points, heights = [hip], [hip_z]
    head_direction = posture.heading + 0.4 * posture.bend + posture.head_angle
    segments = (
        (_HIP_TO_MID * stretch, 0.75 * pitch + 0.12 * tuck, posture.heading - 0.3 * posture.bend),
        (_MID_TO_SHOULDER * stretch, 1.05 * pitch - 0.1 * tuck, posture.heading + 0.15 * posture.bend),
        (
            _SHOULDER_TO_NECK * stretch * (1 - 0.2 * tuck),
            pitch - 0.45 * tuck,
            posture.heading + 0.4 * posture.bend + 0.25 * posture.head_angle,
        ),
        (_NECK_TO_HEAD * (1 - 0.25 * tuck), 0.5 * pitch - 0.7 * tuck, posture.heading + 0.4 * posture.bend + 0.65 * posture.head_angle),
        (_HEAD_TO_SNOUT * np.ones_like(stretch), 0.25 * pitch - 1.1 * tuck, head_direction),
    )
    for segment, rise, direction in segments:
        points.append(points[-1] + length * segment * np.cos(rise) * np.exp(1j * direction))
        heights.append(heights[-1] + length * segment * np.sin(rise))
    tail_base = hip - length * _HIP_TO_TAIL * stretch * np.exp(1j * (posture.heading - posture.bend)) * (1 - 0.25 * np.clip(height, 0, 1))
    spine = np.stack([tail_base, *points], axis=1)
    spine_z = np.maximum(np.stack([radius[:, 0], *heights], axis=1), radius)
    return spine, spine_z, radius


def _push_inside(body: npt.NDArray[np.complex128], radius: Floats, half_floor: float) -> npt.NDArray[np.complex128]:
    """Return the shift (T,) that brings every sphere of the body inside the walls; fur gives way by a quarter of a radius."""
    shifts = []
    for values in (body.real, body.imag):
        inside = half_floor - 0.75 * radius
        too_far = np.maximum((values - inside).max(axis=1), 0.0)
        too_near = np.maximum((-values - inside).max(axis=1), 0.0)
        shifts.append(too_near - too_far)
    return shifts[0] + 1j * shifts[1]


def _reach_wall(body: npt.NDArray[np.complex128], radius: Floats, half_floor: float) -> npt.NDArray[np.complex128]:
    """Return the shift (T,) that brings the body's foremost sphere to the wall nearest to the snout."""
    snout = body[:, -1]
    wall = np.round(np.angle(np.where(np.abs(snout.real) > np.abs(snout.imag), snout.real, 1j * snout.imag)) / (np.pi / 2))
    outward = 1j**wall
    outward = np.round(outward.real) + 1j * np.round(outward.imag)
    reach = (body * np.conj(outward)[:, None]).real + 0.75 * radius
    return np.maximum(half_floor - reach.max(axis=1), 0.0) * outward


def _place_paws(
    posture: Posture, spine: npt.NDArray[np.complex128], spine_z: Floats, length: float, fps: float, lean: Floats
) -> tuple[npt.NDArray[np.complex128], Floats]:
    """Return the paws (T, 4): under the shoulders, at the snout in grooming, held out in rearing; and stepping when walking."""
    speed = np.abs(np.gradient(posture.position)) * fps / length
    phase = 2 * np.pi * np.cumsum(np.minimum(2.0 * speed, 3.5)) / fps
    step = 0.09 * np.clip(speed, 0, 1) * np.sin(phase)
    forward = np.exp(1j * posture.heading)
    facing = np.exp(1j * (posture.heading + 0.4 * posture.bend + posture.head_angle))
    tuck = np.clip(posture.tuck, 0, 1)
    upright = np.clip(posture.height, 0, 1)
    rubbing = 0.03 * np.sin(2 * np.pi * 2.7 * np.arange(len(speed)) / fps)
    held = np.maximum(tuck, upright)
    paws, heights = [], []
    for side in (-1.0, 1.0):
        under = spine[:, 3] + length * (0.1 + side * step) * forward + side * 0.14 * length * 1j * forward
        snout = spine[:, 6] + length * (0.03 + side * rubbing * tuck) * facing + side * 0.055 * length * 1j * facing
        out = spine[:, 4] + length * (0.12 + 0.06 * lean) * forward + side * 0.13 * length * 1j * forward
        raised = np.where(tuck >= upright, snout, out)
        paws.append(under * (1 - held) + raised * held)
        heights.append(held * spine_z[:, 4] + 0.02 * length)
    for side in (-1.0, 1.0):
        paws.append(spine[:, 1] + length * (0.07 - side * step) * forward + side * 0.17 * length * 1j * forward)
        heights.append(np.full(len(speed), 0.02 * length))
    return np.stack(paws, axis=1), np.stack(heights, axis=1)


def _drag_tail(base: npt.NDArray[np.complex128], heading: Floats, upright: Floats, length: float) -> npt.NDArray[np.complex128]:
    """Return the tail (T, 8), each link following the one before it; near the base it keeps to the body's direction."""
    link = 0.85 * length / (_N_TAIL - 1)
    backward = -np.exp(1j * heading)
    points = base[0] + backward[0] * link * np.arange(_N_TAIL)
    tail = np.empty((len(base), _N_TAIL), dtype=np.complex128)
    chain = [complex(point) for point in points]
    for frame in range(len(base)):
        chain[0] = complex(base[frame])
        along = complex(backward[frame])
        for index in range(1, _N_TAIL):
            drag = chain[index] - chain[index - 1]
            stiff = along * link * (0.9 if index == 1 else 0.35)
            drag += stiff
            previous = drag / max(abs(drag), 1e-9)
            chain[index] = chain[index - 1] + link * previous
            along = previous
        tail[frame] = chain
    return tail
