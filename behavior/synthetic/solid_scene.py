"""Another renderer: a body of ellipsoids in a box with bedding, seen along rays by a pinhole camera that looks a little from one side.

It shares what the mouse does with `synthetic.painting` and nothing of how that is drawn. No backbone that ships with the package was
trained on it, so that it tells how well one works on videos unlike those that it was trained on.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from behavior.recording import Track
from behavior.synthetic.scene import Arena, Coat
from behavior.synthetic.skeleton import BODY_PARTS, Build, Skeleton
from behavior.synthetic.solid_body import FUR, N_TRUNK, SKIN, Solids, build_solids

__all__ = ["Pinhole", "SolidPainter", "draw_pinhole", "record_solid"]

Floats = npt.NDArray[np.float64]
Image = npt.NDArray[np.uint8]
Plane = npt.NDArray[np.float32]

_BEDDING = 640
_OUTSIDE, _FLOOR, _WALL = 0, 1, 2


@dataclass(frozen=True)
class Pinhole:
    """A camera.

    Attributes
    ----------
    place
        (3,), above the floor.
    axes
        (3, 3): to the right and down in the image, and ahead, as rows.
    focal
        Pixels.
    middle
        Of the image, x and y in pixels.
    barrel
        How far the lens pulls the picture's corners inwards, a part.
    """

    place: Floats
    axes: Floats
    focal: float
    middle: complex
    barrel: float

    def project(self, points: Floats) -> Floats:
        """Return where points (..., 3) are in the image, (..., 2) pixels."""
        seen = (points - self.place) @ self.axes.T
        flat = seen[..., :2] / seen[..., 2:]
        flat = flat * (1 - self.barrel * np.sum(flat**2, axis=-1, keepdims=True))
        return np.asarray(flat * self.focal + np.array([self.middle.real, self.middle.imag]))

    def look(self, size: int) -> Floats:
        """Return the direction in which each pixel looks, unit vectors (size, size, 3)."""
        axis = np.arange(size, dtype=np.float64)
        x, y = np.meshgrid((axis - self.middle.real) / self.focal, (axis - self.middle.imag) / self.focal)
        bent = np.stack([x, y], axis=-1)
        flat = bent
        for _ in range(6):
            flat = bent / (1 - self.barrel * np.sum(flat**2, axis=-1, keepdims=True))
        rays = flat[..., :1] * self.axes[0] + flat[..., 1:] * self.axes[1] + self.axes[2]
        return np.asarray(rays / np.linalg.norm(rays, axis=-1, keepdims=True))


def draw_pinhole(arena: Arena, rng: np.random.Generator) -> Pinhole:
    """Draw a camera that sees the whole box of `arena`, 2 to 9 degrees off the vertical."""
    height = arena.camera_height * float(rng.uniform(0.8, 1.3))
    lean = np.tan(np.deg2rad(rng.uniform(2, 9))) * np.exp(1j * rng.uniform(-np.pi, np.pi))
    place = np.array([lean.real * height, lean.imag * height, height])
    ahead = -place / np.linalg.norm(place)
    turn = arena.rotation
    right = np.array([np.cos(turn), -np.sin(turn), 0.0])
    right -= (right @ ahead) * ahead
    right /= np.linalg.norm(right)
    down = np.array([np.sin(turn), np.cos(turn), 0.0])
    down -= (down @ ahead) * ahead + (down @ right) * right
    down /= np.linalg.norm(down)
    focal = float(np.linalg.norm(place)) * float(rng.uniform(0.86, 1.0))
    return Pinhole(place, np.stack([right, down, ahead]), focal, arena.center, float(rng.uniform(0, 0.25)))


class SolidPainter:
    """Draws the frames of one recording.

    Parameters
    ----------
    skeleton, arena, coat, build
        The mouse, its box, colours and size.
    camera
        What looks at them.
    rng
        Draws bedding, fur and noise; a painter made with an equal generator draws equal frames, in any order.
    """

    def __init__(self, skeleton: Skeleton, arena: Arena, coat: Coat, build: Build, camera: Pinhole, rng: np.random.Generator) -> None:
        self._skeleton, self._arena, self._build, self._camera = skeleton, arena, build, camera
        self._rays = camera.look(arena.size)
        # A lamp and the sky, or the ceiling: Lambert's law for the one, light from everywhere for the other.
        toward = np.array([-arena.light.real, -arena.light.imag, 1.0])
        self._lamp = toward / np.linalg.norm(toward)
        self._share = float(rng.uniform(0.45, 0.75))
        self._softness = float(rng.uniform(0.1, 0.35))
        self._colours = np.array([coat.back, coat.skin, (14, 11, 11)], dtype=np.float64) * rng.uniform(0.9, 1.15)
        self._fur = cv2.GaussianBlur(rng.standard_normal((128, 128), dtype=np.float32), (0, 0), 1.1)
        self._fur *= float(rng.uniform(0.05, 0.14)) / float(self._fur.std())
        self._points, empty = self._draw_box(rng)
        self._empty = empty.astype(np.float32)
        self._seed = int(rng.integers(1 << 62))
        self._blur = float(rng.uniform(0.5, 0.9))

    def __len__(self) -> int:
        return len(self._skeleton.body)

    def draw(self, frame: int) -> Image:
        """Draw frame `frame`, (size, size, 3) uint8 RGB."""
        rng = np.random.default_rng((self._seed, frame))
        solids = build_solids(self._skeleton, self._build, frame)
        image = self._empty.copy()
        left, top, right, bottom = self._find_extent(solids)
        patch = image[top:bottom, left:right]
        patch *= self._cast_shadow(solids, left, top, right, bottom)[:, :, None]
        which, normals, inside = self._meet(solids, left, top, right, bottom)
        hit = which >= 0
        patch[hit] = self._light_up(solids, which[hit], normals[hit], inside[hit])
        image = cv2.GaussianBlur(image, (0, 0), self._blur)
        # Photons: noise grows with the light.
        noise = rng.standard_normal(image.shape, dtype=np.float32)
        image += self._arena.noise * (0.6 + np.sqrt(np.maximum(image, 0)) / 12) * noise
        return np.clip(np.rint(image), 0, 255).astype(np.uint8)

    def find_owners(self, frame: int) -> npt.NDArray[np.int16]:
        """Return which pixels of `frame` show the mouse, int16 (size, size): 0 there and -1 elsewhere; the tail is left out."""
        solids = build_solids(self._skeleton, self._build, frame)
        n_tail = self._skeleton.tail.shape[1] - 1
        kept = Solids(solids.centers[:-n_tail], solids.to_unit[:-n_tail], solids.reach[:-n_tail], solids.cover[:-n_tail])
        owners = np.full((self._arena.size, self._arena.size), -1, dtype=np.int16)
        left, top, right, bottom = self._find_extent(kept)
        which, _, _ = self._meet(kept, left, top, right, bottom)
        owners[top:bottom, left:right][which >= 0] = 0
        return owners

    def _find_extent(self, solids: Solids) -> tuple[int, int, int, int]:
        """Return left, top, right and bottom of the part of the image that shows the solids and their shadows."""
        shadows = solids.centers - self._lamp * (solids.centers[:, 2:] / self._lamp[2])
        seen = self._camera.project(np.concatenate([solids.centers, shadows]))
        margin = 0.3 * self._build.length
        size = self._arena.size
        left, top = np.clip(seen.min(axis=0) - margin, 0, size - 8).astype(int).tolist()
        right, bottom = np.clip(seen.max(axis=0) + margin, 8, size).astype(int).tolist()
        return left, top, max(right, left + 8), max(bottom, top + 8)

    def _meet(self, solids: Solids, left: int, top: int, right: int, bottom: int) -> tuple[npt.NDArray[np.int64], Floats, Floats]:
        """Follow the rays of a part of the image to the first solid that they meet.

        Returns
        -------
        which
            (H, W), its number, -1 where there is none.
        normals
            (H, W, 3), where its surface faces.
        inside
            (H, W, 3), where it was met, in the space in which it is the unit sphere.
        """
        shape = (bottom - top, right - left)
        nearest = np.full(shape, np.inf)
        which = np.full(shape, -1)
        normals, inside = np.zeros((*shape, 3)), np.zeros((*shape, 3))
        # Surfaces of trunk and head run into each other: normals are mixed by how near each surface is.
        mixed, weight = np.zeros((*shape, 3)), np.zeros(shape)
        seen = self._camera.project(solids.centers)
        near = self._camera.focal / np.linalg.norm(solids.centers - self._camera.place, axis=1)
        for number in range(len(solids.centers)):
            reach = float(1.15 * solids.reach[number] * near[number]) + 2
            (x, y), bounds = seen[number], (right - left, bottom - top)
            x0, x1 = (int(np.clip(x + sign * reach - left, 0, bounds[0])) for sign in (-1, 1))
            y0, y1 = (int(np.clip(y + sign * reach - top, 0, bounds[1])) for sign in (-1, 1))
            if x1 <= x0 or y1 <= y0:
                continue
            part = np.s_[y0:y1, x0:x1]
            matrix = solids.to_unit[number]
            start = matrix @ (self._camera.place - solids.centers[number])
            rays = self._rays[top + y0 : top + y1, left + x0 : left + x1] @ matrix.T
            square, along = np.sum(rays**2, axis=-1), rays @ start
            root = along**2 - square * (start @ start - 1)
            met = root > 0
            distance = np.where(met, (-along - np.sqrt(np.maximum(root, 0))) / square, np.inf)
            at = start + np.where(met, distance, 0.0)[..., None] * rays
            normal = at @ matrix
            normal /= np.maximum(np.linalg.norm(normal, axis=-1, keepdims=True), 1e-9)
            if number < N_TRUNK:
                share = np.where(
                    met, np.exp(np.clip((np.linalg.norm(self._camera.place) - distance) / (0.03 * self._build.length), -80, 80)), 0
                )
                mixed[part] += share[..., None] * normal
                weight[part] += share
            first = met & (distance < nearest[part])
            nearest[part][first] = distance[first]
            which[part][first] = number
            normals[part][first] = normal[first]
            inside[part][first] = at[first]
        trunk = (which >= 0) & (which < N_TRUNK)
        normals[trunk] = mixed[trunk] / np.maximum(np.linalg.norm(mixed[trunk], axis=-1, keepdims=True), 1e-300)
        return which, normals, inside

    def _light_up(self, solids: Solids, which: npt.NDArray[np.int64], normals: Floats, inside: Floats) -> Floats:
        """Return the colours (P, 3) of points on the solids."""
        cover = solids.cover[which]
        colour = self._colours[cover]
        # Strands lie along the body; the texture goes with it.
        row = ((inside[:, 0] * 22 + which * 37) % 128).astype(int)
        column = ((np.arctan2(inside[:, 1], inside[:, 2]) * 20) % 128).astype(int)
        strands = np.where(cover == FUR, self._fur[row, column], 0.0)
        lambert = np.maximum(normals @ self._lamp, 0)
        height = solids.centers[which, 2] / self._build.length
        # Little of the sky reaches what is near the floor or faces it.
        sky = (0.62 + 0.38 * normals[:, 2]) * np.clip(0.8 + 0.5 * height, 0, 1.15)
        light = (self._share * lambert / self._lamp[2] + (1 - self._share) * sky) * (1 + strands)
        halfway = self._lamp - self._camera.axes[2]
        halfway /= np.linalg.norm(halfway)
        sheen = 16 * np.maximum(normals @ halfway, 0) ** 14 * np.where(cover == SKIN, 0.4, 1.0)
        return np.asarray(np.maximum(light, 0.05)[:, None] * colour + sheen[:, None])

    def _cast_shadow(self, solids: Solids, left: int, top: int, right: int, bottom: int) -> Plane:
        """Return which part of the light reaches floor and walls (H, W); the lamp is not a point, so that shadows end softly."""
        step = 2
        points = self._points[top:bottom:step, left:right:step]
        dark, closed = np.zeros(points.shape[:2]), np.zeros(points.shape[:2])
        for number in range(N_TRUNK):
            matrix = solids.to_unit[number]
            start = (points - solids.centers[number]) @ matrix.T
            ray = matrix @ self._lamp
            along = start @ ray
            square = np.sum(start**2, axis=-1)
            beside = np.sqrt(np.maximum(square - along**2 / (ray @ ray), 0))
            # The farther the solid is from where its shadow falls, the softer the shadow is.
            soft = 0.12 + self._softness * np.maximum(-along / (ray @ ray), 0) / (1.5 * self._build.length)
            covered = np.clip((1 + soft - beside) / (2 * soft), 0, 1) * (along < 0)
            dark = np.maximum(dark, covered)
            closed = np.maximum(closed, np.clip(1.6 - np.sqrt(square), 0, 1))
        light = 1 - self._share * dark * 0.9 - (1 - self._share) * 0.55 * closed
        return cv2.resize(light.astype(np.float32), (right - left, bottom - top), interpolation=cv2.INTER_LINEAR)

    def _draw_box(self, rng: np.random.Generator) -> tuple[Floats, Floats]:
        """Return where each pixel's ray meets the empty box (size, size, 3), and its colour there."""
        half, place = self._arena.half_floor, self._camera.place
        rays = self._rays
        ahead = np.where(np.abs(rays) < 1e-9, 1e-9, rays)
        to_floor = -place[2] / ahead[..., 2]
        # Where the ray would leave the box sideways: at a wall, if that is above the floor.
        to_wall = ((np.sign(ahead[..., :2]) * half) - place[:2]) / ahead[..., :2]
        sideways = to_wall.argmin(axis=-1)
        leaving = to_wall.min(axis=-1)
        kind = np.where(
            to_floor <= leaving, _FLOOR, np.where(place[2] + leaving * rays[..., 2] <= self._arena.wall_height, _WALL, _OUTSIDE)
        )
        points = place + np.where(kind == _WALL, leaving, to_floor)[..., None] * rays
        normals = np.zeros_like(rays)
        normals[..., 2] = 1.0
        rows, columns = np.nonzero(kind == _WALL)
        axis = sideways[rows, columns]
        normals[rows, columns] = 0.0
        normals[rows, columns, axis] = -np.sign(rays[rows, columns, axis])
        bedding = _draw_bedding(np.array(self._arena.floor), rng)
        place_on_map = ((points[..., :2] / half + 1) / 2 * (_BEDDING - 1)).astype(np.float32)
        colour = cv2.remap(bedding, place_on_map[..., 0], place_on_map[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT).astype(
            np.float64
        )
        height = np.clip(points[..., 2] / self._arena.wall_height, 0, 1)[..., None]
        wall = np.array(self._arena.wall) * (0.7 + 0.3 * height) * (1 + 0.04 * np.sin(points.sum(axis=-1) / 23))[..., None]
        colour = np.where((kind == _WALL)[..., None], wall, colour)
        outside = np.full(3, rng.uniform(20, 120)) * rng.normal(1, 0.05, 3)
        colour = np.where((kind == _OUTSIDE)[..., None], outside, colour)
        lambert = np.maximum(normals @ self._lamp, 0) / self._lamp[2]
        # Corners get less of the sky.
        edge = np.clip((half - np.abs(points[..., :2]).max(axis=-1)) / (0.2 * half), 0, 1)
        sky = np.where(kind == _FLOOR, 0.7 + 0.3 * edge, 0.9)
        # The lamp hangs over one side.
        falling = 1 + 0.18 * (points[..., :2] @ self._lamp[:2]) / half
        return points, colour * ((self._share * lambert + (1 - self._share) * sky) * falling)[..., None]


def record_solid(skeleton: Skeleton, arena: Arena, coat: Coat, build: Build, rng: np.random.Generator) -> tuple[SolidPainter, Track]:
    """Return what draws the frames of this renderer, and where the body parts are in them, without noise.

    Parameters
    ----------
    skeleton
        The mouse in every frame.
    arena
        The box and its light; the camera is one of its own.
    coat, build
        The mouse's colours and its size.
    rng
        Draws camera, bedding, fur and noise.

    >>> from behavior.synthetic.acting import act_recording
    >>> painted = act_recording(n_frames=300, size=120, seed=0)
    >>> rng = np.random.default_rng(0)
    >>> painter, track = record_solid(painted.skeleton, painted.arena, painted.coat, painted.build, rng)
    >>> painter.draw(0).shape, track.positions.shape
    ((120, 120, 3), (300, 6, 2))
    """
    camera = draw_pinhole(arena, rng)
    painter = SolidPainter(skeleton, arena, coat, build, camera, rng)
    parts = np.stack([skeleton.parts.real, skeleton.parts.imag, skeleton.parts_z], axis=-1)
    positions = camera.project(parts)
    return painter, Track(positions, np.ones(positions.shape[:2]), BODY_PARTS)


def _draw_bedding(colour: Floats, rng: np.random.Generator) -> Plane:
    """Draw a bedding of flakes (640, 640, 3), each with a light and a dark edge, on uneven ground."""
    ground = np.zeros((_BEDDING, _BEDDING), dtype=np.float32)
    for cells in (6, 24, 96):
        octave = rng.standard_normal((cells, cells), dtype=np.float32) / np.sqrt(cells)
        ground += cv2.resize(octave, (_BEDDING, _BEDDING), interpolation=cv2.INTER_CUBIC)
    ground *= float(rng.uniform(0.02, 0.08)) / float(ground.std())
    n_flakes, relief = int(rng.integers(400, 6000)), float(rng.uniform(0.04, 0.16))
    places, sizes = rng.integers(0, _BEDDING, (n_flakes, 2)).tolist(), rng.integers(1, 6, (n_flakes, 2)).tolist()
    angles, levels = rng.uniform(0, 180, n_flakes).tolist(), (relief * rng.standard_normal(n_flakes)).tolist()
    for (x, y), axes, angle, level in zip(places, sizes, angles, levels, strict=True):
        cv2.ellipse(ground, (x + 1, y + 1), tuple(axes), angle, 0, 360, level - relief, -1)
        cv2.ellipse(ground, (x, y), tuple(axes), angle, 0, 360, level, -1)
    return np.asarray((1 + ground)[:, :, None] * colour, dtype=np.float32)
