"""How the mouse gets about: walks and pauses between bouts, and arrives where the next bout is to happen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from behavior.recording import Bout

__all__ = ["Walk", "walk_between_bouts"]

Floats = npt.NDArray[np.float64]

# Body lengths per second, radians per second.
_SPEEDS = (0.8, 3.2)
_HURRY = 3.6
_TURN_RATE = 5.5


@dataclass(frozen=True)
class Walk:
    """Path over the floor: `position` complex128 (T,) pixels, `heading` (T,) radians unwrapped, `speed` pixels/s, `turn` radians/s."""

    position: npt.NDArray[np.complex128]
    heading: Floats
    speed: Floats
    turn: Floats


@dataclass(frozen=True)
class _Goal:
    position: complex
    heading: float | None


class _Walker:
    """One mouse on its feet: steers towards a goal, slows down to turn, stops on arrival."""

    def __init__(self, position: complex, heading: float, body_length: float, fps: float) -> None:
        self.position = position
        self.heading = heading
        self.body_length = body_length
        self.fps = fps
        self.speed = 0.0

    def needed_frames(self, goal: _Goal) -> float:
        """Return about how many frames the way to `goal` takes in a hurry."""
        way = abs(goal.position - self.position) / (0.75 * _HURRY * self.body_length)
        return (way + 2 * np.pi / _TURN_RATE * 0.6) * self.fps + 2

    def step_to(self, goal: _Goal, speed: float) -> bool:
        """Take one frame's step at up to `speed` body lengths per second; return whether the goal is reached."""
        way = goal.position - self.position
        distance = abs(way)
        if distance < 0.07 * self.body_length:
            self.speed *= 0.4
            if goal.heading is None:
                return True
            return self.turn_to(goal.heading) < 0.1
        error = self.turn_to(float(np.angle(way)))
        wanted = speed * self.body_length * max(0.06, float(np.cos(min(error, np.pi / 2)))) ** 2
        self.speed += (min(wanted, 0.6 * distance * self.fps) - self.speed) * 0.6
        # Next to the goal, the last bit is a step sideways: a circle around it would never end.
        direction = way / distance if distance < 0.35 * self.body_length else np.exp(1j * self.heading)
        self.position += direction * min(self.speed / self.fps, distance)
        return False

    def turn_to(self, heading: float) -> float:
        """Turn towards `heading`; return what is left, radians."""
        error = float(np.angle(np.exp(1j * (heading - self.heading))))
        step = float(np.clip(0.6 * error, -_TURN_RATE / self.fps, _TURN_RATE / self.fps))
        self.heading += step
        return abs(error - step)

    def rest(self, turn: float) -> None:
        """Stay for a frame, turning by `turn` radians."""
        self.position += np.exp(1j * self.heading) * self.speed / self.fps
        self.speed *= 0.4
        self.heading += turn


def walk_between_bouts(
    bouts: list[Bout], *, n_frames: int, fps: float, half_floor: float, body_length: float, rng: np.random.Generator
) -> Walk:
    """Walk and pause on a square floor so as to stand at the right position when a bout begins.

    Mid rearing happens more than a body length from any wall, wall rearing in front of a wall and facing it, grooming anywhere.
    """
    walker = _Walker(_draw_position(half_floor, body_length, rng), float(rng.uniform(-np.pi, np.pi)), body_length, fps)
    position = np.empty(n_frames, dtype=np.complex128)
    heading = np.empty(n_frames)
    frame = 0
    for bout in [*bouts, None]:
        gap_stop = n_frames if bout is None else bout.start_frame
        n_gap = gap_stop - frame
        goal = None if bout is None else _draw_bout_goal(bout.behavior, walker, n_gap, half_floor, rng)
        wander = _Goal(_draw_position(half_floor, body_length, rng), None)
        speed = float(rng.uniform(*_SPEEDS))
        n_rest = int(rng.uniform(0.0, 1.5) * fps) if bout is None or n_gap > 2.5 * fps else 0
        turn = 0.0
        while frame < gap_stop:
            if goal is not None and gap_stop - frame <= walker.needed_frames(goal):
                walker.step_to(goal, _HURRY)
            elif n_rest > 0:
                turn = 0.8 * turn + 0.2 * float(rng.normal(0.0, 1.2)) / fps
                walker.rest(turn)
                n_rest -= 1
            elif walker.step_to(wander, speed):
                n_rest = int(rng.gamma(2.0, 0.7) * fps)
                wander = _Goal(_draw_position(half_floor, body_length, rng), None)
                speed = float(rng.uniform(*_SPEEDS))
            position[frame], heading[frame] = walker.position, walker.heading
            frame += 1
        if bout is not None and goal is not None:
            while frame < bout.stop_frame:
                walker.step_to(goal, 0.8)
                position[frame], heading[frame] = walker.position, walker.heading
                frame += 1
    return Walk(position, heading, np.abs(np.gradient(position)) * fps, np.gradient(heading) * fps)


def _draw_position(half_floor: float, body_length: float, rng: np.random.Generator) -> complex:
    """Draw where to go: mice keep to the walls more often than not."""
    inside = half_floor - 0.35 * body_length
    position = complex(rng.uniform(-inside, inside), rng.uniform(-inside, inside))
    if rng.random() < 0.6:
        along = rng.uniform(-inside, inside)
        position = _on_wall(int(rng.integers(4)), half_floor - rng.uniform(0.3, 0.7) * body_length, along)
    return position


def _draw_bout_goal(behavior: str, walker: _Walker, n_gap: int, half_floor: float, rng: np.random.Generator) -> _Goal:
    """Draw where a bout is to happen: a position that can be reached in `n_gap` frames, or else the nearest of several."""
    length = walker.body_length
    candidates: list[_Goal] = []
    for _ in range(12):
        heading = float(rng.uniform(-np.pi, np.pi))
        if behavior == "wall_rearing":
            wall = int(rng.integers(4))
            inside = half_floor - 0.75 * length
            position = _on_wall(wall, half_floor - 0.62 * length, rng.uniform(-inside, inside))
            heading = wall * np.pi / 2 + float(np.clip(rng.normal(0.0, 0.25), -0.6, 0.6))
        elif behavior == "mid_rearing":
            inside = half_floor - 1.15 * length
            position = complex(rng.uniform(-inside, inside), rng.uniform(-inside, inside))
        else:
            position = _draw_position(half_floor, length, rng)
        candidates.append(_Goal(position, heading))
    reachable = [goal for goal in candidates if walker.needed_frames(goal) < n_gap]
    return reachable[0] if reachable else min(candidates, key=walker.needed_frames)


def _on_wall(wall: int, distance: float, along: float) -> complex:
    """Return the position `distance` from the centre towards wall 0 (right), 1 (below), 2 (left) or 3 (above), shifted along it."""
    return complex(distance, along) * 1j**wall
