"""Several animals in one box, whose places and identities are known in every frame."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from behavior.recording import Labels, Track
from behavior.synthetic.acting import draw_arena_settings, spawn_streams
from behavior.synthetic.painting import MousePainter, Painter
from behavior.synthetic.posture import BEHAVIORS, act_posture, plan_bouts
from behavior.synthetic.scene import COATS, Arena, Coat, Patch, draw_arena, project_points
from behavior.synthetic.skeleton import BODY_PARTS, Build, pose_skeleton

__all__ = ["Individual", "RenderedGroup", "act_group", "draw_individuals"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

# Red, green and blue of unlike coats, relative to each other: grey, brown, bluish, reddish.
_TINTS = ((1.0, 1.0, 1.0), (1.2, 0.97, 0.7), (0.82, 0.95, 1.2), (1.25, 0.85, 0.85))
_DARKEST, _BRIGHTEST = 32.0, 120.0
# In body lengths: how near two mice come to each other, and how near silhouettes count as touching, pixels.
_NEAREST = 0.45
# Average length in pixels, for a video of 480 pixels.
_BODY_LENGTH = 44.0
_TOUCHING = 1.5
_GIVE_WAY_S = 0.4
# The roof's side in body lengths, its height above the floor, and the share of an animal that shows when it counts as there.
_ROOF_SIDE = 2.2
_ROOF_HEIGHT = 0.6
_LEAST_SHOWN = 0.25


@dataclass(frozen=True)
class Individual:
    """One animal that may be in several videos: its `name`, `coat`, and `build` for a video of 480 pixels."""

    name: str
    coat: Coat
    build: Build


@dataclass(frozen=True)
class RenderedGroup:
    """A video of several animals with known truth; T frames, N animals in the order of `individuals`.

    Attributes
    ----------
    individuals
        The animals.
    labels
        What each of them does.
    tracks
        Where the body parts of each are in the image, also under the roof; every likelihood is 1.
    centroids
        Middle of what shows of each body, float64 (T, N, 2) pixels as x, y; NaN where the animal does not show.
    boxes
        Around what shows of body and ears, without the tail, float64 (T, N, 4) as left, top, right, bottom; NaN where it does not show.
        At the edge of the roof right to within half the body's width.
    present
        Whether the roof leaves at least a quarter of the body visible, bool (T, N). Parts hidden by other animals count as visible.
    merged
        Whether body or ears touch or overlap those of another animal that shows, bool (T, N).
    arena
        The box.
    """

    individuals: tuple[Individual, ...]
    labels: tuple[Labels, ...]
    tracks: tuple[Track, ...]
    centroids: Floats
    boxes: Floats
    present: Bools
    merged: Bools
    arena: Arena
    _painter: Painter = field(repr=False)

    def __len__(self) -> int:
        return len(self.present)

    def frame(self, index: int) -> npt.NDArray[np.uint8]:
        """Render frame `index`: (size, size, 3) uint8, RGB."""
        return self._painter.draw(index)

    def frames(self) -> Iterator[npt.NDArray[np.uint8]]:
        """Render the frames in order: (size, size, 3) uint8, RGB."""
        return (self._painter.draw(index) for index in range(len(self)))

    def owners(self, index: int) -> npt.NDArray[np.int16]:
        """Return which animal each pixel of frame `index` shows: int16 (size, size), its index, -1 where there is none; no tails."""
        return self._painter.find_owners(index)


def draw_individuals(n_individuals: int, *, seed: int, alike: bool) -> tuple[Individual, ...]:
    """Draw animals that can be told apart by their coats, or hardly.

    Parameters
    ----------
    n_individuals
        How many, 1 or more.
    seed
        The same seed draws the same animals.
    alike
        True for animals of one strain: all black, a few faint patches of their own, sizes within some percent. False for coats that
        differ in brightness and tint.

    Examples
    --------
    >>> [animal.name for animal in draw_individuals(2, seed=0, alike=True)]
    ['animal_1', 'animal_2']
    """
    if n_individuals < 1:
        raise ValueError(f"{n_individuals} individuals, expected 1 or more")
    individuals = []
    order = np.random.default_rng(np.random.SeedSequence(entropy=seed, spawn_key=(1 << 16,))).permutation(n_individuals)
    for index, stream in enumerate(spawn_streams(np.random.SeedSequence(seed), n_individuals)):
        rng = np.random.default_rng(stream)
        coat = _draw_coat(rng) if alike else _colour_coat(int(order[index]), n_individuals)
        spread = 0.03 if alike else 0.07
        build = Build(
            length=_BODY_LENGTH * float(np.clip(rng.normal(1.0, spread), 0.8, 1.2)),
            girth=float(np.clip(rng.normal(1.0, spread), 0.85, 1.15)),
            ear=float(np.clip(rng.normal(1.0, spread), 0.85, 1.15)),
            tail=float(np.clip(rng.normal(1.0, spread), 0.85, 1.15)),
        )
        individuals.append(Individual(f"animal_{index + 1}", coat, build))
    return tuple(individuals)


def act_group(
    individuals: Sequence[Individual],
    *,
    n_frames: int,
    seed: int,
    fps: float = 25.0,
    size: int = 480,
    roof: bool = True,
    box_seed: int | None = None,
) -> RenderedGroup:
    """Act out a video of several animals that walk, rest, groom, rear, and walk past and over each other.

    Parameters
    ----------
    individuals
        The animals; the same ones may be in videos of other seeds.
    n_frames
        At least 30 s of frames.
    seed
        The same seed and animals give the same video.
    fps
        Frames per second.
    size
        Side of the square frames, pixels.
    roof
        Whether a part of the box is roofed over: animals leave the picture below it and return at another of its sides.
    box_seed
        Draws box, light and camera; `seed` where None. Videos of one box seed are of one set-up, at several times.

    Raises
    ------
    ValueError
        If there is no animal, or the video is too short to show every behavior.
    """
    if not individuals:
        raise ValueError("no individuals, expected at least one")
    scale = size / 480
    builds = [Build(one.build.length * scale, one.build.girth, one.build.ear, one.build.tail) for one in individuals]
    length = float(np.mean([build.length for build in builds]))
    looks, painting, *acting = (
        np.random.default_rng(stream) for stream in spawn_streams(np.random.SeedSequence(seed), 2 + len(individuals))
    )
    if box_seed is not None:
        looks = np.random.default_rng(spawn_streams(np.random.SeedSequence(box_seed), 1)[0])
    floors = np.array([one.coat.floor for one in individuals])
    arena = draw_arena_settings(size, (int(floors[:, 0].max()), int(floors[:, 1].min())), looks)
    postures, labels = [], []
    for build, rng in zip(builds, acting, strict=True):
        bouts = plan_bouts(n_frames, fps, rng)
        postures.append(act_posture(bouts, n_frames=n_frames, fps=fps, half_floor=arena.half_floor, body_length=build.length, rng=rng))
        values = np.zeros((n_frames, len(BEHAVIORS)), dtype=np.int8)
        for bout in bouts:
            values[bout.start_frame : bout.stop_frame, BEHAVIORS.index(bout.behavior)] = 1
        labels.append(Labels(values, BEHAVIORS))
    shifts = _give_way(np.stack([posture.position for posture in postures], axis=1), _NEAREST * length, _GIVE_WAY_S * fps)
    mice, tracks = [], []
    for index, (one, build) in enumerate(zip(individuals, builds, strict=True)):
        moved = replace(postures[index], position=postures[index].position + shifts[:, index])
        postures[index], skeleton = pose_skeleton(moved, build, arena.half_floor, fps=fps)
        mice.append(MousePainter(arena, one.coat, skeleton, build))
        projected, _ = project_points(skeleton.parts, skeleton.parts_z, arena)
        tracks.append(Track(np.stack([projected.real, projected.imag], axis=-1), np.ones(projected.shape), BODY_PARTS))
    corner = _place_roof(np.stack([posture.position for posture in postures], axis=1), arena, _ROOF_SIDE * length) if roof else None
    upright = np.stack([posture.height > 0.5 for posture in postures], axis=1)
    painter = Painter(arena, draw_arena(arena, painting), mice, rng=painting, upright=upright, roof=corner)
    shown = np.stack([~_is_inside(mouse.body, corner) for mouse in mice], axis=1)
    centroids, boxes, present = _measure(mice, shown)
    return RenderedGroup(
        individuals=tuple(individuals),
        labels=tuple(labels),
        tracks=tuple(tracks),
        centroids=centroids,
        boxes=boxes,
        present=present,
        merged=_find_merged(mice, shown, present),
        arena=arena,
        _painter=painter,
    )


def _draw_coat(rng: np.random.Generator) -> Coat:
    """Draw a black coat with faint patches that no other animal has."""
    strain = COATS[0]
    brightness = float(rng.normal(1.0, 0.05))
    patches = [
        Patch(float(rng.uniform(0.1, 0.8)), float(rng.uniform(-0.6, 0.6)), float(rng.uniform(0.25, 0.55)), float(rng.choice((0.6, 1.5))))
        for _ in range(3)
    ]
    red, green, blue = (round(brightness * value) for value in strain.back)
    return Coat("black", (red, green, blue), strain.skin, strain.floor, tuple(patches))


def _colour_coat(index: int, n_coats: int) -> Coat:
    """Return coat `index` of `n_coats` that differ in brightness and tint."""
    brightness = _DARKEST + (_BRIGHTEST - _DARKEST) * index / max(1, n_coats - 1)
    red, green, blue = (min(255, round(brightness * tint)) for tint in _TINTS[index % len(_TINTS)])
    return Coat(f"coat_{index + 1}", (red, green, blue), COATS[2].skin, COATS[2].floor)


def _give_way(positions: npt.NDArray[np.complex128], nearest: float, n_smooth: float) -> npt.NDArray[np.complex128]:
    """Return shifts (T, N) by which mice keep about `nearest` pixels apart, taken up and given back over about `n_smooth` frames."""
    shifts = np.zeros_like(positions)
    n_animals = positions.shape[1]
    for _ in range(4):
        for first in range(n_animals):
            for second in range(first + 1, n_animals):
                between = positions[:, second] + shifts[:, second] - positions[:, first] - shifts[:, first]
                distance = np.maximum(np.abs(between), 1e-6)
                push = 0.5 * np.maximum(nearest - distance, 0.0) * between / distance
                shifts[:, first] -= push
                shifts[:, second] += push
    n_side = max(1, round(n_smooth / 2))
    kernel = np.hanning(2 * n_side + 3)[1:-1]
    padded = np.pad(shifts, ((n_side, n_side), (0, 0)), mode="edge")
    return np.stack([np.convolve(column, kernel / kernel.sum(), mode="valid") for column in padded.T], axis=1)


def _place_roof(positions: npt.NDArray[np.complex128], arena: Arena, side: float) -> npt.NDArray[np.complex128]:
    """Return the corners in the image of the roof, in the corner or at the wall of the box that most animals visit, then most often."""
    far = arena.half_floor - side / 2
    square = side / 2 * np.array([-1 - 1j, 1 - 1j, 1 + 1j, -1 + 1j], dtype=np.complex128)
    height = np.full(4, _ROOF_HEIGHT * side / _ROOF_SIDE)
    best: tuple[tuple[int, int], npt.NDArray[np.complex128]] | None = None
    for middle in (complex(x, y) for x in (-far, 0.0, far) for y in (-far, 0.0, far) if x or y):
        entered = (np.diff(_is_inside(positions, middle + square).astype(np.int8), axis=0) == 1).sum(axis=0)
        score = int((entered > 0).sum()), int(entered.sum())
        if best is None or score > best[0]:
            best = score, project_points(middle + square, height, arena)[0]
    assert best is not None
    return best[1]


def _is_inside(points: npt.NDArray[np.complex128], corners: npt.NDArray[np.complex128] | None) -> Bools:
    """Tell which points are inside a convex polygon whose corners are given in order; none where it is None."""
    if corners is None:
        return np.zeros(points.shape, dtype=np.bool_)
    inside = np.ones(points.shape, dtype=np.bool_)
    for start, stop in zip(corners, np.roll(corners, -1), strict=True):
        inside &= (np.conj(stop - start) * (points - start)).imag >= 0
    return inside


def _measure(mice: Sequence[MousePainter], shown: Bools) -> tuple[Floats, Floats, Bools]:
    """Return centroids (T, N, 2), boxes (T, N, 4) and presence (T, N), by the circles that are `shown` (T, N, 22)."""
    centroids, boxes, present = [], [], []
    for index, mouse in enumerate(mice):
        # A body is a chain of circles: what each adds to the area is about its width times the way to the next.
        weight = mouse.radius * np.abs(np.gradient(mouse.body, axis=1))
        seen = np.where(shown[:, index], weight, 0.0)
        total = seen.sum(axis=1)
        is_present = total >= _LEAST_SHOWN * weight.sum(axis=1)
        middle = (seen * mouse.body).sum(axis=1) / np.where(total > 0, total, 1.0)
        circles = np.concatenate([mouse.body, mouse.ears], axis=1)
        radius = np.concatenate([mouse.radius, mouse.ear_radius], axis=1)
        # The ears show where the head does.
        hidden = ~np.concatenate([shown[:, index], np.repeat(shown[:, index, -5:-4], 2, axis=1)], axis=1)
        low = [np.where(hidden, np.inf, values - radius).min(axis=1) for values in (circles.real, circles.imag)]
        high = [np.where(hidden, -np.inf, values + radius).max(axis=1) for values in (circles.real, circles.imag)]
        centroids.append(np.where(is_present[:, None], np.stack([middle.real, middle.imag], axis=1), np.nan))
        boxes.append(np.where(is_present[:, None], np.stack([*low, *high], axis=1), np.nan))
        present.append(is_present)
    return np.stack(centroids, axis=1), np.stack(boxes, axis=1), np.stack(present, axis=1)


def _find_merged(mice: Sequence[MousePainter], shown: Bools, present: Bools) -> Bools:
    """Return whether body or ears of each mouse touch those of another, bool (T, N)."""
    merged = np.zeros_like(present)
    circles = [np.concatenate([mouse.body, mouse.ears], axis=1) for mouse in mice]
    radii = [np.concatenate([mouse.radius, mouse.ear_radius], axis=1) for mouse in mice]
    for first in range(len(mice)):
        for second in range(first + 1, len(mice)):
            reach = np.abs(circles[first] - circles[first].mean(axis=1, keepdims=True)).max(axis=1) + radii[first].max(axis=1)
            reach = reach + np.abs(circles[second] - circles[second].mean(axis=1, keepdims=True)).max(axis=1) + radii[second].max(axis=1)
            near = np.abs(circles[first].mean(axis=1) - circles[second].mean(axis=1)) < reach + _TOUCHING
            frames = np.flatnonzero(near & present[:, first] & present[:, second])
            gaps = np.abs(circles[first][frames, :, None] - circles[second][frames, None, :])
            gaps = gaps - radii[first][frames, :, None] - radii[second][frames, None, :]
            # A circle under the roof touches nothing that can be seen.
            for side, index in ((1, first), (2, second)):
                seen = np.concatenate([shown[frames, index], np.repeat(shown[frames, index, -5:-4], 2, axis=1)], axis=1)
                gaps = np.where(np.expand_dims(seen, 3 - side), gaps, np.inf)
            touching = frames[gaps.min(axis=(1, 2), initial=np.inf) < _TOUCHING]
            merged[touching, first] = merged[touching, second] = True
    return merged
