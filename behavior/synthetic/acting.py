"""One recording acted out: its labels, its pose, its posture, and its frames when asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, Protocol, get_args

import numpy as np
import numpy.typing as npt

from behavior.recording import Bout, Labels, Track
from behavior.synthetic.painting import MousePainter, Painter
from behavior.synthetic.posture import BEHAVIORS, Posture, act_posture, plan_bouts
from behavior.synthetic.scene import COATS, Arena, Coat, draw_arena, project_points
from behavior.synthetic.skeleton import BODY_PARTS, Build, Skeleton, pose_skeleton
from behavior.synthetic.solid_scene import record_solid

__all__ = ["FramePainter", "RenderedRecording", "Renderer", "act_recording", "draw_arena_settings", "spawn_streams"]

Renderer = Literal["painted", "solid"]


class FramePainter(Protocol):
    """What draws the frames of a recording, whichever renderer it belongs to."""

    def draw(self, frame: int) -> npt.NDArray[np.uint8]:
        """Draw frame `frame`, (size, size, 3) uint8 RGB."""
        ...

    def find_owners(self, frame: int) -> npt.NDArray[np.int16]:
        """Return which mouse each pixel of `frame` shows, int16 (size, size): its index, -1 where there is none."""
        ...


@dataclass(frozen=True)
class RenderedRecording:
    """A recording whose truth is known.

    Attributes
    ----------
    labels
        1 in the frames of each behavior's bouts, 0 elsewhere.
    track
        Where the body parts are in the image, without noise; every likelihood is 1.
    posture
        The posture that it shows; lengths in pixels at floor level, headings as on the floor (the image shows them turned by
        `arena.rotation`).
    bouts
        The plan that was acted out.
    arena, coat, build
        The box, the mouse's colours and its size.
    skeleton
        Points on and in the mouse.
    """

    labels: Labels
    track: Track
    posture: Posture
    bouts: tuple[Bout, ...]
    arena: Arena
    coat: Coat
    build: Build
    skeleton: Skeleton = field(repr=False)
    _painter: FramePainter = field(repr=False)

    def __len__(self) -> int:
        return len(self.track)

    @property
    def parameters(self) -> dict[str, npt.NDArray[np.float64]]:
        """Posture parameters by name, each float64 (T,): `heading` in the image and `head_angle` in radians, `stretch` and `height`
        without unit, `wall_distance` in pixels.
        """
        posture = self.posture
        return {
            "heading": np.angle(np.exp(1j * (posture.heading + self.arena.rotation))),
            "stretch": posture.stretch,
            "height": posture.height,
            "head_angle": posture.head_angle,
            "wall_distance": posture.wall_distance,
        }

    def frame(self, index: int) -> npt.NDArray[np.uint8]:
        """Render frame `index`: (size, size, 3) uint8, RGB."""
        return self._painter.draw(index)

    def find_animal(self, index: int) -> npt.NDArray[np.bool_]:
        """Return which pixels of frame `index` show the mouse's body and ears, bool of shape (size, size)."""
        return np.asarray(self._painter.find_owners(index) >= 0)

    def frames(self) -> Iterator[npt.NDArray[np.uint8]]:
        """Render the frames in order: (size, size, 3) uint8, RGB."""
        return (self._painter.draw(index) for index in range(len(self)))


def act_recording(
    *,
    n_frames: int,
    fps: float = 10.0,
    size: int = 480,
    seed: int | np.random.SeedSequence,
    coat: str | None = None,
    renderer: Renderer = "painted",
) -> RenderedRecording:
    """Act out an open-field recording with a mouse, a box and a light drawn from `seed`.

    Parameters
    ----------
    n_frames
        At least 30 s of frames; from about 120 s on, bouts have their full length.
    fps
        Frames per second.
    size
        Side of the square frames, pixels.
    seed
        The same seed gives the same recording.
    coat
        Name of one of `scene.COATS`; drawn at random when None.
    renderer
        `painted` with circles by `synthetic.painting`, or a `solid` body by `synthetic.solid_scene`. What the mouse does is the same.

    Raises
    ------
    ValueError
        If the recording is too short to show every behavior, or the coat or the renderer is unknown.
    """
    if renderer not in get_args(Renderer):
        raise ValueError(f"unknown renderer {renderer!r}, expected one of {', '.join(get_args(Renderer))}")
    sequence = seed if isinstance(seed, np.random.SeedSequence) else np.random.SeedSequence(seed)
    # Streams of their own: a change in how things are drawn leaves what the mouse does as it was.
    looks, plan, acting, painting = (np.random.default_rng(child) for child in spawn_streams(sequence, 4))
    drawn = COATS[int(looks.integers(len(COATS)))]
    if coat is not None:
        by_name = {candidate.name: candidate for candidate in COATS}
        if coat not in by_name:
            raise ValueError(f"unknown coat {coat!r}, expected one of {', '.join(by_name)}")
        drawn = by_name[coat]
    arena = draw_arena_settings(size, drawn.floor, looks)
    build = Build(
        length=float(looks.uniform(70, 90)) * size / 480,
        girth=float(looks.uniform(0.9, 1.12)),
        ear=float(looks.uniform(0.85, 1.15)),
        tail=float(looks.uniform(0.85, 1.1)),
    )
    bouts = plan_bouts(n_frames, fps, plan)
    posture = act_posture(bouts, n_frames=n_frames, fps=fps, half_floor=arena.half_floor, body_length=build.length, rng=acting)
    posture, skeleton = pose_skeleton(posture, build, arena.half_floor, fps=fps)
    painter: FramePainter
    if renderer == "solid":
        painter, track = record_solid(skeleton, arena, drawn, build, np.random.default_rng(spawn_streams(sequence, 5)[-1]))
    else:
        background = draw_arena(arena, painting)
        painter = Painter(arena, background, [MousePainter(arena, drawn, skeleton, build)], rng=painting)
        projected, _ = project_points(skeleton.parts, skeleton.parts_z, arena)
        positions = np.stack([projected.real, projected.imag], axis=-1)
        track = Track(positions, np.ones(positions.shape[:2]), BODY_PARTS)
    values = np.zeros((n_frames, len(BEHAVIORS)), dtype=np.int8)
    for bout in bouts:
        values[bout.start_frame : bout.stop_frame, BEHAVIORS.index(bout.behavior)] = 1
    return RenderedRecording(
        labels=Labels(values, BEHAVIORS),
        track=track,
        posture=posture,
        bouts=tuple(bouts),
        arena=arena,
        coat=drawn,
        build=build,
        skeleton=skeleton,
        _painter=painter,
    )


def draw_arena_settings(size: int, floor: tuple[int, int], rng: np.random.Generator) -> Arena:
    """Draw a box, its light and its camera, for square frames of `size` pixels and a floor of brightness `floor[0]` to `floor[1]`."""
    half_floor = float(rng.uniform(0.365, 0.395)) * size
    camera_height = float(rng.uniform(1.9, 2.6)) * size
    # The walls' upper edge just about fills the image.
    wall_height = camera_height * (1 - half_floor / (float(rng.uniform(0.47, 0.49)) * size))
    gray = float(rng.uniform(*floor))
    tint = rng.normal(1.0, 0.035, 3)
    wall_gray = float(np.clip(gray * rng.uniform(0.6, 1.1), 25, 235))
    wall_tint = rng.normal(1.0, 0.03, 3)
    lamp = complex(np.exp(1j * rng.uniform(-np.pi, np.pi)))
    return Arena(
        size=size,
        half_floor=half_floor,
        center=complex(*(size / 2 + rng.normal(0, 0.005 * size, 2))),
        rotation=float(np.clip(rng.normal(0, 0.02), -0.05, 0.05)),
        camera_height=camera_height,
        wall_height=wall_height,
        floor=_colour(gray * tint),
        wall=_colour(wall_gray * wall_tint),
        light=lamp * float(rng.uniform(0.25, 0.6)),
        shade=float(rng.uniform(0.2, 0.5)),
        noise=float(rng.uniform(0.3, 0.9)),
    )


def _colour(values: npt.NDArray[np.float64]) -> tuple[float, float, float]:
    red, green, blue = np.clip(values, 10, 245).tolist()
    return red, green, blue


def spawn_streams(sequence: np.random.SeedSequence, n: int) -> list[np.random.SeedSequence]:
    """Return `n` children of `sequence`, always the same ones: `SeedSequence.spawn` counts its calls."""
    return [
        np.random.SeedSequence(entropy=sequence.entropy, spawn_key=(*sequence.spawn_key, index), pool_size=sequence.pool_size)
        for index in range(n)
    ]
