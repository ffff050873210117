"""The same mouse as another camera sees it: from the side, through the front of its box."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from behavior.recording import Track
from behavior.synthetic.painting import MousePainter, Painter
from behavior.synthetic.scene import Arena, Coat, draw_arena, project_points
from behavior.synthetic.skeleton import BODY_PARTS, Build, Skeleton

__all__ = ["render_side_view", "turn_to_side"]

# How much of the way from the back of the box to its front brings a mouse nearer to the camera.
_DEPTH = 0.6
# Where the floor is in the picture: parts of the way from its middle to its lower edge.
_FLOOR = 0.75


def turn_to_side(skeleton: Skeleton, arena: Arena) -> Skeleton:
    """Return the points as a camera in front of the box has them: heights go upwards in the picture, and what is nearer is higher.

    >>> from behavior.synthetic.acting import act_recording
    >>> recording = act_recording(n_frames=300, size=120, seed=0)
    >>> side = turn_to_side(recording.skeleton, recording.arena)
    >>> np.allclose(side.parts.real, recording.skeleton.parts.real), side.parts.shape
    (True, (300, 6))
    """
    floor = _FLOOR * arena.half_floor

    def turn(points: npt.NDArray[np.complex128], heights: npt.NDArray[np.float64]) -> npt.NDArray[np.complex128]:
        return points.real + 1j * (floor - heights)

    def near(points: npt.NDArray[np.complex128]) -> npt.NDArray[np.float64]:
        return _DEPTH * np.clip(points.imag + arena.half_floor, 0, None)

    # The tail is drawn where it is on the picture's plane, so that it is brought nearer here.
    tail_zoom = 1.0 / (1.0 - near(skeleton.tail) / arena.camera_height)
    tail = turn(skeleton.tail, np.zeros_like(skeleton.tail.real)) * tail_zoom
    return Skeleton(
        body=turn(skeleton.body, skeleton.body_z),
        body_z=near(skeleton.body),
        body_radius=skeleton.body_radius,
        ears=turn(skeleton.ears, skeleton.ears_z),
        ears_z=near(skeleton.ears),
        paws=turn(skeleton.paws, skeleton.paws_z),
        paws_z=near(skeleton.paws),
        tail=tail,
        parts=turn(skeleton.parts, skeleton.parts_z),
        parts_z=near(skeleton.parts),
    )


def render_side_view(skeleton: Skeleton, arena: Arena, coat: Coat, build: Build, rng: np.random.Generator) -> tuple[Painter, Track]:
    """Return what draws the frames of a camera at the side, and where the body parts are in them, without noise.

    Parameters
    ----------
    skeleton
        As the camera above has it.
    arena, coat, build
        The box, the mouse's colours and its size.
    rng
        Draws the camera's noise and the dirt on the walls.
    """
    # A camera of its own, which is not turned; the back wall lies where the floor does in the picture of the first.
    side = replace(arena, rotation=0.0, center=complex(arena.size / 2, arena.size / 2), floor=arena.wall, wall=arena.floor)
    turned = turn_to_side(skeleton, side)
    background = draw_arena(side, rng)
    painter = Painter(side, background, [MousePainter(side, coat, turned, build)], rng=rng)
    projected, _ = project_points(turned.parts, turned.parts_z, side)
    positions = np.stack([projected.real, projected.imag], axis=-1)
    return painter, Track(positions, np.ones(positions.shape[:2]), BODY_PARTS)
