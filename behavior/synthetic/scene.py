"""Draws one frame: a box seen from above by a camera, its light, and the mouse in it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from behavior.synthetic.skeleton import Skeleton

__all__ = ["COATS", "Arena", "Coat", "Painter", "draw_arena", "project_points"]

Floats = npt.NDArray[np.float64]
Image = npt.NDArray[np.uint8]

# Sub-pixel bits of OpenCV's drawing functions.
_SHIFT = 4
_ONE = 1 << _SHIFT
_N_NOISE = 3


@dataclass(frozen=True)
class Coat:
    """Colours (R, G, B) of one strain's back, ears, paws and tail, and the range of floor brightness it is filmed on."""

    name: str
    back: tuple[int, int, int]
    skin: tuple[int, int, int]
    floor: tuple[int, int]


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
        cv2.fillConvexPoly(image, _fixed(quad), tuple(value * brightness for value in arena.wall), cv2.LINE_AA, _SHIFT)
    cv2.polylines(image, [_fixed(top)], True, tuple(0.55 * value for value in arena.wall), max(1, round(2 * scale)), cv2.LINE_AA, _SHIFT)
    for side in range(4):
        cv2.line(image, *_ends(bottom[side], top[side]), tuple(0.8 * value for value in arena.wall), 1, cv2.LINE_AA, _SHIFT)
    cv2.fillConvexPoly(image, _fixed(bottom), arena.floor, cv2.LINE_AA, _SHIFT)
    edge = tuple(0.72 * value for value in arena.floor)
    cv2.polylines(image, [_fixed(bottom)], True, edge, max(1, round(1.5 * scale)), cv2.LINE_AA, _SHIFT)
    for _ in range(int(rng.integers(0, 9))):
        spot, _ = project_points(np.array(complex(*rng.uniform(-0.95, 0.95, 2)) * arena.half_floor), np.array(0.0), arena)
        axes = (rng.uniform(2.0, 3.4) * scale, rng.uniform(1.2, 1.8) * scale)
        darkness = float(rng.uniform(0.35, 0.8))
        shade = tuple(darkness * value for value in arena.floor)
        box = ((float(spot.real), float(spot.imag)), (2 * axes[0], 2 * axes[1]), float(rng.uniform(0, 180)))
        cv2.ellipse(image, box, shade, -1, cv2.LINE_AA)
    blotches = cv2.resize(rng.normal(0, 1, (9, 9)).astype(np.float32), (size, size), interpolation=cv2.INTER_CUBIC)
    image *= (1 + 0.015 * blotches)[:, :, None] * _light_field(arena)[:, :, None]
    grain = cv2.GaussianBlur(rng.normal(0, 1, (size, size)).astype(np.float32), (0, 0), 0.8)
    return np.clip(image + 1.8 * grain[:, :, None], 0, 255).astype(np.uint8)


class Painter:
    """Draws the frames of one recording.

    Parameters
    ----------
    arena
        The box.
    background
        The empty box, as `draw_arena` draws it.
    coat
        The mouse's colours.
    skeleton
        The mouse's points in every frame.
    ear
        Size of the ears in pixels.
    rng
        Draws noise; a painter made with an equal generator draws equal frames, in any order.
    """

    def __init__(
        self, arena: Arena, background: Image, coat: Coat, skeleton: Skeleton, *, body_length: float, ear: float, rng: np.random.Generator
    ) -> None:
        self._arena = arena
        self._background = background
        self._coat = coat
        n_frames = len(skeleton.tail)
        self._body, zoom = project_points(skeleton.body, skeleton.body_z, arena)
        self._radius = skeleton.body_radius * zoom
        self._body_z = skeleton.body_z
        self._order = np.argsort(skeleton.body_z, axis=1, kind="stable")
        self._ears, self._ear_zoom = project_points(skeleton.ears, skeleton.ears_z, arena)
        self._paws, self._paw_zoom = project_points(skeleton.paws, skeleton.paws_z, arena)
        self._tail, _ = project_points(skeleton.tail, np.zeros_like(skeleton.tail.real), arena)
        cast = skeleton.body + arena.light * np.maximum(skeleton.body_z - 0.3 * skeleton.body_radius, 0)
        self._shadow, _ = project_points(cast, np.zeros_like(skeleton.body_z), arena)
        self._floor_radius = skeleton.body_radius
        self._length = body_length
        self._ear = ear
        self._light = _light_field(arena)
        toward = -arena.light * np.exp(1j * arena.rotation)
        self._toward_lamp = toward / max(abs(toward), 1e-9)
        pad = 48
        side = arena.size + pad
        self._noise = np.clip(np.rint(rng.normal(0, arena.noise, (_N_NOISE, side, side, 3))), -127, 127).astype(np.int8)
        self._noise_at = np.stack([rng.integers(0, _N_NOISE, n_frames), *rng.integers(0, pad + 1, (2, n_frames))], axis=1)
        self._flicker = rng.normal(1.0, 0.004, n_frames)

    def __len__(self) -> int:
        return len(self._noise_at)

    def draw(self, frame: int) -> Image:
        """Draw frame `frame`, (size, size, 3) uint8 RGB."""
        image = self._background.copy()
        x0, y0, x1, y1 = self._find_extent(frame)
        offset = complex(x0, y0)
        patch = image[y0:y1, x0:x1]
        self._draw_shadow(patch, frame, offset)
        self._draw_mouse(patch, frame, offset)
        which, dy, dx = self._noise_at[frame]
        noise = self._noise[which, dy : dy + self._arena.size, dx : dx + self._arena.size]
        return cv2.add(image, noise, dtype=cv2.CV_8U)

    def _find_extent(self, frame: int) -> tuple[int, int, int, int]:
        points = np.concatenate([self._body[frame], self._shadow[frame], self._tail[frame], self._paws[frame]])
        margin = 0.34 * self._length
        size = self._arena.size
        x0, y0 = (int(np.clip(low - margin, 0, size - 8)) for low in (points.real.min(), points.imag.min()))
        x1, y1 = (int(np.clip(high + margin, 8, size)) for high in (points.real.max(), points.imag.max()))
        return x0, y0, max(x1, x0 + 8), max(y1, y0 + 8)

    def _draw_shadow(self, patch: Image, frame: int, offset: complex) -> None:
        mask = np.zeros(patch.shape[:2], dtype=np.uint8)
        for center, radius in zip(_fixed(self._shadow[frame] - offset), self._floor_radius[frame].tolist(), strict=True):
            cv2.circle(mask, center, int(radius * _ONE), 255, -1, cv2.LINE_8, _SHIFT)
        blur = 0.05 * self._length
        mask = cv2.blur(cv2.blur(mask, _odd(blur * 2)), _odd(blur * 2))
        darkening = cv2.LUT(mask, np.rint(255 * (1 - self._arena.shade * np.arange(256) / 255)).astype(np.uint8))
        patch[:] = cv2.multiply(patch, cv2.merge([darkening] * 3), scale=1 / 255)

    def _draw_mouse(self, patch: Image, frame: int, offset: complex) -> None:
        length, coat = self._length, self._coat
        body = self._body[frame] - offset
        middle = self._body[frame, 8]
        row, column = (int(np.clip(value, 0, self._arena.size - 1)) for value in (middle.imag, middle.real))
        gain = float(self._light[row, column]) * float(self._flicker[frame])
        skin = tuple(gain * value for value in coat.skin)
        mask = np.zeros(patch.shape[:2], dtype=np.uint8)
        paint = np.empty_like(patch)
        paint[:] = np.clip([gain * value for value in coat.back], 0, 255).astype(np.uint8)

        tail = _fixed(self._tail[frame] - offset)
        paws = _fixed(self._paws[frame] - offset)
        for index in range(len(tail) - 1):
            thickness = max(1, round(length * 0.055 * (1 - 0.8 * index / len(tail))))
            cv2.line(patch, tail[index], tail[index + 1], skin, thickness, cv2.LINE_AA, _SHIFT)
        for paw, zoom in zip(paws[2:], self._paw_zoom[frame, 2:], strict=True):
            cv2.circle(patch, paw, int(0.042 * length * zoom * _ONE), skin, -1, cv2.LINE_AA, _SHIFT)

        radii = self._radius[frame]
        lit = body + 0.22 * radii * self._toward_lamp
        centers, lit_centers = _fixed(body), _fixed(lit)
        depth = self._body_z[frame] / length
        for index in self._order[frame].tolist():
            cv2.circle(mask, centers[index], int(radii[index] * _ONE), 255, -1, cv2.LINE_AA, _SHIFT)
        # From low to high: what is higher hides what is lower, has a dark rim where the fur turns down, and is nearer to the lamp.
        for factor, brightness in ((1.0, 0.72), (0.84, 0.92), (0.62, 1.06), (0.34, 1.18)):
            for index in self._order[frame].tolist():
                level = gain * brightness * (1 + 0.22 * depth[index])
                colour = tuple(min(255.0, level * value) for value in coat.back)
                center = centers[index] if factor == 1.0 else lit_centers[index]
                cv2.circle(paint, center, int(factor * radii[index] * _ONE), colour, -1, cv2.LINE_8, _SHIFT)
        if depth[-4] > 0.4:
            self._outline_head(paint, body, radii, gain)
        paint = cv2.blur(paint, _odd(0.045 * length))
        self._draw_head(paint, mask, frame, offset, skin)
        alpha = cv2.merge([cv2.blur(mask, (3, 3))] * 3)
        kept = cv2.multiply(patch, cv2.bitwise_not(alpha), scale=1 / 255)
        patch[:] = cv2.add(kept, cv2.multiply(paint, alpha, scale=1 / 255))
        for paw, zoom in zip(paws[:2], self._paw_zoom[frame, :2], strict=True):
            cv2.circle(patch, paw, int(0.036 * length * zoom * _ONE), skin, -1, cv2.LINE_AA, _SHIFT)

    def _outline_head(self, paint: Image, body: npt.NDArray[np.complex128], radii: Floats, gain: float) -> None:
        """Set the head off against the shoulders below it when the mouse is upright."""
        rim = tuple(0.55 * gain * value for value in self._coat.back)
        face = tuple(min(255.0, 1.2 * gain * value) for value in self._coat.back)
        centers = _fixed(body[-6:])
        for factor, colour in ((1.1, rim), (0.8, face)):
            for center, radius in zip(centers, radii[-6:].tolist(), strict=True):
                cv2.circle(paint, center, int(factor * radius * _ONE), colour, -1, cv2.LINE_8, _SHIFT)

    def _draw_head(self, paint: Image, mask: Image, frame: int, offset: complex, skin: tuple[float, ...]) -> None:
        """Draw ears, eyes and nose."""
        body = self._body[frame] - offset
        radii = self._radius[frame]
        ears = self._ears[frame] - offset
        for ear, zoom in zip(_fixed(ears), self._ear_zoom[frame].tolist(), strict=True):
            radius = int(self._ear * zoom * _ONE)
            cv2.circle(mask, ear, radius, 255, -1, cv2.LINE_AA, _SHIFT)
            cv2.circle(paint, ear, radius, tuple(0.75 * value for value in skin), -1, cv2.LINE_AA, _SHIFT)
            cv2.circle(paint, ear, int(0.7 * radius), skin, -1, cv2.LINE_AA, _SHIFT)
        snout = body[-1]
        ahead = snout - body[-5]
        direction = ahead / max(abs(ahead), 1e-6)
        eyes = body[-5] + direction * 0.45 * radii[-5] + 1j * direction * 0.8 * radii[-5] * np.array([-1.0, 1.0])
        for eye in _fixed(eyes):
            cv2.circle(paint, eye, int(0.016 * self._length * _ONE), (12, 10, 10), -1, cv2.LINE_AA, _SHIFT)
        cv2.circle(paint, _fixed(snout[None])[0], int(0.022 * self._length * _ONE), skin, -1, cv2.LINE_AA, _SHIFT)


def _light_field(arena: Arena) -> npt.NDArray[np.float32]:
    """Return the light (size, size), 1 in the middle: brighter towards the lamp, darker in the image's corners."""
    axis = (np.arange(arena.size, dtype=np.float32) - arena.size / 2) / (arena.size / 2)
    x, y = np.meshgrid(axis, axis)
    toward = -arena.light * np.exp(1j * arena.rotation)
    return (1 + 0.22 * (x * np.float32(toward.real) + y * np.float32(toward.imag)) - 0.05 * (x**2 + y**2)).astype(np.float32)


def _fixed(points: npt.NDArray[np.complex128]) -> npt.NDArray[np.int32]:
    """Return points as the fixed-point pixels (N, 2) that OpenCV draws at."""
    return np.rint(np.stack([points.real, points.imag], axis=-1) * _ONE).astype(np.int32)


def _ends(start: complex, stop: complex) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    both = _fixed(np.array([start, stop]))
    return both[0], both[1]


def _odd(width: float) -> tuple[int, int]:
    side = max(3, 2 * int(width / 2) + 1)
    return side, side
