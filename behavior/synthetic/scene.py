"""The box, seen from above by a camera, and its light; and the colours of the mice that live in it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

__all__ = ["COATS", "Arena", "Coat", "Patch", "draw_arena", "fixed_point", "measure_light", "project_points"]

Floats = npt.NDArray[np.float64]
Image = npt.NDArray[np.uint8]

# Sub-pixel bits of OpenCV's drawing functions.
_SHIFT = 4
_ONE = 1 << _SHIFT


@dataclass(frozen=True)
class Patch:
    """A spot of fur that is brighter or darker than the rest.

    Attributes
    ----------
    along
        Where on the body it is: 0 at the tail's base, 1 at the snout.
    across
        How far from the middle of the back, in radii of the body there: -1 at the left flank, 1 at the right.
    radius
        In radii of the body there.
    brightness
        Times that of the fur around it.
    """

    along: float
    across: float
    radius: float
    brightness: float


@dataclass(frozen=True)
class Coat:
    """Colours (R, G, B) of one strain's back, ears, paws and tail, the range of floor brightness it is recorded on, and patches of fur."""

    name: str
    back: tuple[int, int, int]
    skin: tuple[int, int, int]
    floor: tuple[int, int]
    patches: tuple[Patch, ...] = ()


COATS = (
    Coat("black", (38, 36, 37), (86, 68, 66), (135, 225)),
    Coat("agouti", (92, 74, 52), (140, 112, 100), (160, 228)),
    Coat("grey", (112, 112, 116), (160, 136, 134), (190, 235)),
    Coat("white", (188, 184, 177), (205, 160, 150), (40, 95)),
)


@dataclass(frozen=True)
class Arena:
    """The box, its light and its camera; lengths in pixels at floor level.

    Attributes
    ----------
    size
        Side of the square image.
    half_floor
        Half the side of the floor.
    center
        Where the floor's centre is in the image.
    rotation
        Radians by which the box is turned in the image.
    camera_height, wall_height
        Above the floor.
    floor, wall
        Brightness of the surfaces, (R, G, B).
    light
        Shift of a shadow per unit of height; its direction is away from the lamp.
    shade
        How dark a shadow is, 0 to 1.
    noise
        Standard deviation of the camera's noise, grey levels.
    """

    size: int
    half_floor: float
    center: complex
    rotation: float
    camera_height: float
    wall_height: float
    floor: tuple[float, float, float]
    wall: tuple[float, float, float]
    light: complex
    shade: float
    noise: float


def project_points(points: npt.NDArray[np.complex128], heights: Floats, arena: Arena) -> tuple[npt.NDArray[np.complex128], Floats]:
    """Return where points above the floor appear in the image, complex128 pixels, and how much larger things are there."""
    zoom = 1.0 / (1.0 - heights / arena.camera_height)
    return arena.center + points * np.exp(1j * arena.rotation) * zoom, zoom


def draw_arena(arena: Arena, rng: np.random.Generator) -> Image:
    """Draw the empty box (size, size, 3) RGB: floor, four walls, surroundings, uneven light, dirt."""
    size, scale = arena.size, arena.size / 480
    image = np.full((size, size, 3), rng.uniform(15, 60), dtype=np.float32)
    corners: npt.NDArray[np.complex128] = arena.half_floor * np.array([-1 - 1j, 1 - 1j, 1 + 1j, -1 + 1j], dtype=np.complex128)
    bottom, _ = project_points(corners, np.zeros(4), arena)
    top, _ = project_points(corners, np.full(4, arena.wall_height), arena)
    for side in range(4):
        quad = np.array([bottom[side], bottom[side - 1], top[side - 1], top[side]])
        # The wall that faces the lamp is the brightest.
        facing = np.exp(1j * np.pi / 2 * (side - 2))
        brightness = 1.0 + 0.35 * float((facing * np.conj(arena.light / max(abs(arena.light), 1e-9))).real) * abs(arena.light)
        cv2.fillConvexPoly(image, fixed_point(quad), tuple(value * brightness for value in arena.wall), cv2.LINE_AA, _SHIFT)
    cv2.polylines(
        image, [fixed_point(top)], True, tuple(0.55 * value for value in arena.wall), max(1, round(2 * scale)), cv2.LINE_AA, _SHIFT
    )
    for side in range(4):
        cv2.line(image, *_ends(bottom[side], top[side]), tuple(0.8 * value for value in arena.wall), 1, cv2.LINE_AA, _SHIFT)
    cv2.fillConvexPoly(image, fixed_point(bottom), arena.floor, cv2.LINE_AA, _SHIFT)
    edge = tuple(0.72 * value for value in arena.floor)
    cv2.polylines(image, [fixed_point(bottom)], True, edge, max(1, round(1.5 * scale)), cv2.LINE_AA, _SHIFT)
    for _ in range(int(rng.integers(0, 9))):
        spot, _ = project_points(np.array(complex(*rng.uniform(-0.95, 0.95, 2)) * arena.half_floor), np.array(0.0), arena)
        axes = (rng.uniform(2.0, 3.4) * scale, rng.uniform(1.2, 1.8) * scale)
        darkness = float(rng.uniform(0.35, 0.8))
        shade = tuple(darkness * value for value in arena.floor)
        box = ((float(spot.real), float(spot.imag)), (2 * axes[0], 2 * axes[1]), float(rng.uniform(0, 180)))
        cv2.ellipse(image, box, shade, -1, cv2.LINE_AA)
    blotches = cv2.resize(rng.normal(0, 1, (9, 9)).astype(np.float32), (size, size), interpolation=cv2.INTER_CUBIC)
    image *= (1 + 0.015 * blotches)[:, :, None] * measure_light(arena)[:, :, None]
    grain = cv2.GaussianBlur(rng.normal(0, 1, (size, size)).astype(np.float32), (0, 0), 0.8)
    return np.clip(image + 1.8 * grain[:, :, None], 0, 255).astype(np.uint8)


def measure_light(arena: Arena) -> npt.NDArray[np.float32]:
    """Return the light (size, size), 1 in the middle: brighter towards the lamp, darker in the image's corners."""
    axis = (np.arange(arena.size, dtype=np.float32) - arena.size / 2) / (arena.size / 2)
    x, y = np.meshgrid(axis, axis)
    toward = -arena.light * np.exp(1j * arena.rotation)
    return (1 + 0.22 * (x * np.float32(toward.real) + y * np.float32(toward.imag)) - 0.05 * (x**2 + y**2)).astype(np.float32)


def fixed_point(points: npt.NDArray[np.complex128]) -> npt.NDArray[np.int32]:
    """Return points as the fixed-point pixels (N, 2) that OpenCV draws at."""
    return np.rint(np.stack([points.real, points.imag], axis=-1) * _ONE).astype(np.int32)


def _ends(start: complex, stop: complex) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    both = fixed_point(np.array([start, stop]))
    return both[0], both[1]
