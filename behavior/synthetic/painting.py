"""Draws one frame: the mice in their box, under its light."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from behavior.synthetic.scene import Arena, Coat, fixed_point, measure_light, project_points
from behavior.synthetic.skeleton import Build, Skeleton

__all__ = ["MousePainter", "Painter"]

Floats = npt.NDArray[np.float64]
Image = npt.NDArray[np.uint8]

# Sub-pixel bits of OpenCV's drawing functions.
_SHIFT = 4
_ONE = 1 << _SHIFT
_N_NOISE = 3


class MousePainter:
    """Draws one mouse of a recording.

    Parameters
    ----------
    arena
        The box that it is in.
    coat
        Its colours.
    skeleton
        Its points in every frame.
    build
        Its size and shape.

    Attributes
    ----------
    body, radius
        The spheres of its body as circles in the image, (T, 22): where they are, complex128, and how large, pixels.
    ears, ear_radius
        The circles of its ears, (T, 2).
    """

    def __init__(self, arena: Arena, coat: Coat, skeleton: Skeleton, build: Build) -> None:
        self._arena = arena
        self._coat = coat
        self.body, zoom = project_points(skeleton.body, skeleton.body_z, arena)
        self.radius = skeleton.body_radius * zoom
        self._body_z = skeleton.body_z
        self._order = np.argsort(skeleton.body_z, axis=1, kind="stable")
        self.ears, ear_zoom = project_points(skeleton.ears, skeleton.ears_z, arena)
        self.ear_radius = 0.052 * build.ear * build.length * ear_zoom
        self._paws, self._paw_zoom = project_points(skeleton.paws, skeleton.paws_z, arena)
        self._tail, _ = project_points(skeleton.tail, np.zeros_like(skeleton.tail.real), arena)
        cast = skeleton.body + arena.light * np.maximum(skeleton.body_z - 0.3 * skeleton.body_radius, 0)
        self._shadow, _ = project_points(cast, np.zeros_like(skeleton.body_z), arena)
        self._floor_radius = skeleton.body_radius
        self._length = build.length
        self._light = measure_light(arena)
        toward = -arena.light * np.exp(1j * arena.rotation)
        self._toward_lamp = toward / max(abs(toward), 1e-9)

    def draw_shadow(self, image: Image, frame: int) -> None:
        """Darken `image` (size, size, 3) where the mouse's shadow falls in `frame`."""
        patch, offset = self._cut(image, frame)
        self._draw_shadow(patch, frame, offset)

    def draw(self, image: Image, frame: int, *, flicker: float = 1.0) -> None:
        """Draw the mouse into `image` (size, size, 3) as it is in `frame`, under `flicker` times the light."""
        patch, offset = self._cut(image, frame)
        self._draw_mouse(patch, frame, offset, flicker)

    def fill(self, owners: npt.NDArray[np.int16], frame: int, value: int) -> None:
        """Write `value` into `owners` (size, size) where the mouse's body and ears are in `frame`; the tail is left out."""
        for points, radii in ((self.body[frame], self.radius[frame]), (self.ears[frame], self.ear_radius[frame])):
            for center, radius in zip(fixed_point(points), radii.tolist(), strict=True):
                cv2.circle(owners, center, int(radius * _ONE), value, -1, cv2.LINE_8, _SHIFT)

    def _cut(self, image: Image, frame: int) -> tuple[Image, complex]:
        x0, y0, x1, y1 = self._find_extent(frame)
        return image[y0:y1, x0:x1], complex(x0, y0)

    def _find_extent(self, frame: int) -> tuple[int, int, int, int]:
        points = np.concatenate([self.body[frame], self._shadow[frame], self._tail[frame], self._paws[frame]])
        margin = 0.34 * self._length
        size = self._arena.size
        x0, y0 = (int(np.clip(low - margin, 0, size - 8)) for low in (points.real.min(), points.imag.min()))
        x1, y1 = (int(np.clip(high + margin, 8, size)) for high in (points.real.max(), points.imag.max()))
        return x0, y0, max(x1, x0 + 8), max(y1, y0 + 8)

    def _draw_shadow(self, patch: Image, frame: int, offset: complex) -> None:
        mask = np.zeros(patch.shape[:2], dtype=np.uint8)
        for center, radius in zip(fixed_point(self._shadow[frame] - offset), self._floor_radius[frame].tolist(), strict=True):
            cv2.circle(mask, center, int(radius * _ONE), 255, -1, cv2.LINE_8, _SHIFT)
        blur = 0.05 * self._length
        mask = cv2.blur(cv2.blur(mask, _odd(blur * 2)), _odd(blur * 2))
        darkening = cv2.LUT(mask, np.rint(255 * (1 - self._arena.shade * np.arange(256) / 255)).astype(np.uint8))
        patch[:] = cv2.multiply(patch, cv2.merge([darkening] * 3), scale=1 / 255)

    def _draw_mouse(self, patch: Image, frame: int, offset: complex, flicker: float) -> None:
        length, coat = self._length, self._coat
        body = self.body[frame] - offset
        middle = self.body[frame, 8]
        row, column = (int(np.clip(value, 0, self._arena.size - 1)) for value in (middle.imag, middle.real))
        gain = float(self._light[row, column]) * flicker
        skin = tuple(gain * value for value in coat.skin)
        mask = np.zeros(patch.shape[:2], dtype=np.uint8)
        paint = np.empty_like(patch)
        paint[:] = np.clip([gain * value for value in coat.back], 0, 255).astype(np.uint8)

        tail = fixed_point(self._tail[frame] - offset)
        paws = fixed_point(self._paws[frame] - offset)
        for index in range(len(tail) - 1):
            thickness = max(1, round(length * 0.055 * (1 - 0.8 * index / len(tail))))
            cv2.line(patch, tail[index], tail[index + 1], skin, thickness, cv2.LINE_AA, _SHIFT)
        for paw, zoom in zip(paws[2:], self._paw_zoom[frame, 2:], strict=True):
            cv2.circle(patch, paw, int(0.042 * length * zoom * _ONE), skin, -1, cv2.LINE_AA, _SHIFT)

        radii = self.radius[frame]
        lit = body + 0.22 * radii * self._toward_lamp
        centers, lit_centers = fixed_point(body), fixed_point(lit)
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
        self._draw_patches(paint, body, radii, gain)
        if depth[-4] > 0.4:
            self._outline_head(paint, body, radii, gain)
        paint = cv2.blur(paint, _odd(0.045 * length))
        self._draw_head(paint, mask, frame, offset, skin)
        alpha = cv2.merge([cv2.blur(mask, (3, 3))] * 3)
        kept = cv2.multiply(patch, cv2.bitwise_not(alpha), scale=1 / 255)
        patch[:] = cv2.add(kept, cv2.multiply(paint, alpha, scale=1 / 255))
        for paw, zoom in zip(paws[:2], self._paw_zoom[frame, :2], strict=True):
            cv2.circle(patch, paw, int(0.036 * length * zoom * _ONE), skin, -1, cv2.LINE_AA, _SHIFT)

    def _draw_patches(self, paint: Image, body: npt.NDArray[np.complex128], radii: Floats, gain: float) -> None:
        """Draw the patches of the coat where they are on the body."""
        for spot in self._coat.patches:
            index = round(spot.along * (len(body) - 1))
            ahead = body[min(index + 1, len(body) - 1)] - body[max(index - 1, 0)]
            right = 1j * ahead / max(abs(ahead), 1e-6)
            center = fixed_point((body[index] + spot.across * radii[index] * right)[None])[0]
            colour = tuple(min(255.0, gain * spot.brightness * value) for value in self._coat.back)
            cv2.circle(paint, center, int(spot.radius * radii[index] * _ONE), colour, -1, cv2.LINE_8, _SHIFT)

    def _outline_head(self, paint: Image, body: npt.NDArray[np.complex128], radii: Floats, gain: float) -> None:
        """Set the head off against the shoulders below it when the mouse is upright."""
        rim = tuple(0.55 * gain * value for value in self._coat.back)
        face = tuple(min(255.0, 1.2 * gain * value) for value in self._coat.back)
        centers = fixed_point(body[-6:])
        for factor, colour in ((1.1, rim), (0.8, face)):
            for center, radius in zip(centers, radii[-6:].tolist(), strict=True):
                cv2.circle(paint, center, int(factor * radius * _ONE), colour, -1, cv2.LINE_8, _SHIFT)

    def _draw_head(self, paint: Image, mask: Image, frame: int, offset: complex, skin: tuple[float, ...]) -> None:
        """Draw ears, eyes and nose."""
        body = self.body[frame] - offset
        radii = self.radius[frame]
        ears = self.ears[frame] - offset
        for ear, ear_radius in zip(fixed_point(ears), self.ear_radius[frame].tolist(), strict=True):
            radius = int(ear_radius * _ONE)
            cv2.circle(mask, ear, radius, 255, -1, cv2.LINE_AA, _SHIFT)
            cv2.circle(paint, ear, radius, tuple(0.75 * value for value in skin), -1, cv2.LINE_AA, _SHIFT)
            cv2.circle(paint, ear, int(0.7 * radius), skin, -1, cv2.LINE_AA, _SHIFT)
        snout = body[-1]
        ahead = snout - body[-5]
        direction = ahead / max(abs(ahead), 1e-6)
        eyes = body[-5] + direction * 0.45 * radii[-5] + 1j * direction * 0.8 * radii[-5] * np.array([-1.0, 1.0])
        for eye in fixed_point(eyes):
            cv2.circle(paint, eye, int(0.016 * self._length * _ONE), (12, 10, 10), -1, cv2.LINE_AA, _SHIFT)
        cv2.circle(paint, fixed_point(snout[None])[0], int(0.022 * self._length * _ONE), skin, -1, cv2.LINE_AA, _SHIFT)


class Painter:
    """Draws the frames of one recording.

    Parameters
    ----------
    arena
        The box.
    background
        The empty box, as `draw_arena` draws it.
    mice
        In the order of the animals; equally many frames each.
    upright
        Which mice stand so high in which frames that they hide the others, bool (T, N); None where there is one mouse.
    roof
        Corners in the image of a roof that hides what is under it, complex128; None for none.
    rng
        Draws noise; a painter made with an equal generator draws equal frames, in any order.
    """

    def __init__(
        self,
        arena: Arena,
        background: Image,
        mice: Sequence[MousePainter],
        *,
        rng: np.random.Generator,
        upright: npt.NDArray[np.bool_] | None = None,
        roof: npt.NDArray[np.complex128] | None = None,
    ) -> None:
        self._arena = arena
        self._background = background
        self.mice = tuple(mice)
        self._roof = roof
        n_frames = len(mice[0].body)
        pad = 48
        side = arena.size + pad
        self._noise = np.clip(np.rint(rng.normal(0, arena.noise, (_N_NOISE, side, side, 3))), -127, 127).astype(np.int8)
        self._noise_at = np.stack([rng.integers(0, _N_NOISE, n_frames), *rng.integers(0, pad + 1, (2, n_frames))], axis=1)
        self._flicker = rng.normal(1.0, 0.004, n_frames)
        self._upright = np.zeros((n_frames, len(mice)), dtype=np.bool_) if upright is None else upright

    def __len__(self) -> int:
        return len(self._noise_at)

    def draw(self, frame: int) -> Image:
        """Draw frame `frame`, (size, size, 3) uint8 RGB."""
        image = self._background.copy()
        order = self._order(frame)
        for index in order:
            self.mice[index].draw_shadow(image, frame)
        for index in order:
            self.mice[index].draw(image, frame, flicker=float(self._flicker[frame]))
        if self._roof is not None:
            colour = tuple(0.8 * value for value in self._arena.wall)
            cv2.fillConvexPoly(image, fixed_point(self._roof), colour, cv2.LINE_AA, _SHIFT)
        which, dy, dx = self._noise_at[frame]
        noise = self._noise[which, dy : dy + self._arena.size, dx : dx + self._arena.size]
        return cv2.add(image, noise, dtype=cv2.CV_8U)

    def find_owners(self, frame: int) -> npt.NDArray[np.int16]:
        """Return which mouse each pixel of `frame` shows, int16 (size, size): its index, -1 where there is none."""
        owners = np.full((self._arena.size, self._arena.size), -1, dtype=np.int16)
        for index in self._order(frame):
            self.mice[index].fill(owners, frame, index)
        if self._roof is not None:
            cv2.fillConvexPoly(owners, fixed_point(self._roof), -1, cv2.LINE_8, _SHIFT)
        return owners

    def _order(self, frame: int) -> list[int]:
        """Return the mice from the lowest to the highest."""
        order: list[int] = np.argsort(self._upright[frame], kind="stable").tolist()
        return order


def _odd(width: float) -> tuple[int, int]:
    side = max(3, 2 * int(width / 2) + 1)
    return side, side
