"""What a mouse does in an open field: a plan of bouts, and the posture that acts it out frame by frame.

Positions are complex numbers, x + iy, in pixels of the floor from its centre, y pointing down as in images; angles are radians from
x towards y. Times are seconds, so that a recording of another frame rate shows the same mouse.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from behavior.recording import Bout
from behavior.synthetic.walking import walk_between_bouts

__all__ = ["BEHAVIORS", "MEAN_BOUT_S", "SHARES", "Posture", "act_posture", "plan_bouts"]

Floats = npt.NDArray[np.float64]

BEHAVIORS = ("grooming", "mid_rearing", "wall_rearing")
# The reference thesis's mean bout lengths (107, 24 and 21 frames at 10 fps) and about its shares of the frames.
MEAN_BOUT_S = (10.7, 2.4, 2.1)
SHARES = (0.11, 0.11, 0.13)

_SHORTEST_BOUT_S = 0.6
_SHORTEST_GAP_S = 1.2
_BOUT_LENGTH_SHAPE = 4.0
_SHORTEST_RECORDING_S = 30.0
_TRANSITION_S = 0.3


@dataclass(frozen=True)
class Posture:
    """Posture of one mouse in every frame; float64 of shape (T,) unless said otherwise.

    Attributes
    ----------
    position
        Where the midbody is on the floor, complex128, pixels.
    heading, bend, head_angle
        Direction of the trunk, how far it is curved sideways, and the head's turn against the trunk; radians.
    stretch
        Length along the spine, 1 when standing at ease.
    height
        0 on four feet, 1 upright on the hind feet.
    tuck
        0 with the head held out, 1 with the snout down between the forepaws.
    wall_distance
        From `position` to the nearest wall, pixels.
    activation
        How far each behavior is under way, (T, B) in [0, 1]; its label is 1 beyond a half.
    """

    position: npt.NDArray[np.complex128]
    heading: Floats
    bend: Floats
    head_angle: Floats
    stretch: Floats
    height: Floats
    tuck: Floats
    wall_distance: Floats
    activation: Floats


def plan_bouts(n_frames: int, fps: float, rng: np.random.Generator) -> list[Bout]:
    """Draw which behavior is shown when.

    Every behavior occurs. The number of bouts is the share's, rounded up or down by chance so that shares are right on average;
    lengths follow a gamma distribution; the order is random; at least 1.2 s lie between bouts.

    Raises
    ------
    ValueError
        If the recording is shorter than 30 s.
    """
    if n_frames < _SHORTEST_RECORDING_S * fps:
        raise ValueError(f"a recording of {n_frames} frames is too short, expected at least {int(np.ceil(_SHORTEST_RECORDING_S * fps))}")
    planned: list[tuple[str, int]] = []
    for behavior, mean_s, share in zip(BEHAVIORS, MEAN_BOUT_S, SHARES, strict=True):
        mean = mean_s * fps
        n_bouts = max(1, int(share * n_frames / mean + rng.random()))
        lengths = rng.gamma(_BOUT_LENGTH_SHAPE, mean / _BOUT_LENGTH_SHAPE, n_bouts)
        planned += [(behavior, int(length)) for length in np.maximum(np.rint(lengths), _SHORTEST_BOUT_S * fps)]
    gap = int(np.ceil(_SHORTEST_GAP_S * fps))
    # Only a short recording, with its one bout of each kind, can run out of room.
    room = n_frames - gap * (len(planned) + 1)
    excess = sum(length for _, length in planned) / (0.8 * room)
    if excess > 1:
        planned = [(behavior, max(3, int(length / excess))) for behavior, length in planned]
    planned = [planned[index] for index in rng.permutation(len(planned))]
    spare = room - sum(length for _, length in planned)
    shares = rng.dirichlet(np.full(len(planned) + 1, 1.5))
    gaps = gap + np.diff(np.floor(np.concatenate(([0.0], np.cumsum(shares))) * spare)).astype(int)
    bouts = []
    start = 0
    for (behavior, length), free in zip(planned, gaps, strict=False):
        start += int(free)
        bouts.append(Bout(start, start + length, behavior))
        start += length
    return bouts


def act_posture(
    bouts: list[Bout], *, n_frames: int, fps: float, half_floor: float, body_length: float, rng: np.random.Generator
) -> Posture:
    """Act out `bouts` on a square floor of 2 x `half_floor` pixels with a mouse of `body_length` pixels.

    `wall_distance` and `position` are those of a mouse that has not yet been put against the wall: `synthetic.skeleton` does that,
    since it knows how far a posture reaches.
    """
    activation = _ramp(bouts, n_frames, fps)
    walk = walk_between_bouts(bouts, n_frames=n_frames, fps=fps, half_floor=half_floor, body_length=body_length, rng=rng)
    grooming, mid, wall = activation.T
    free = 1.0 - activation.sum(axis=1)

    def drift(seconds: float, spread: float) -> Floats:
        return _drift(n_frames, seconds * fps, spread, rng)

    time_s = np.arange(n_frames) / fps
    speed = walk.speed / body_length
    washing, licking_side = _groom_head(bouts, n_frames, fps, rng)

    stride = np.sin(2 * np.pi * np.cumsum(np.minimum(2.0 * speed, 3.5)) / fps)
    # An animal at rest is at times drawn together too, but holds its head out.
    rest = 0.95 + drift(1.5, 0.05) - 0.08 * _hold(drift(6.0, 1.0) > 1.0, fps)
    moving = np.clip(speed / 1.5, 0.0, 1.0)
    stretch_free = rest * (1 - moving) + (1.03 + 0.1 * moving + 0.035 * stride) * moving
    stretch = (
        free * stretch_free + grooming * (0.68 + drift(1.0, 0.025)) + mid * (0.95 + drift(0.8, 0.04)) + wall * (1.06 + drift(0.8, 0.05))
    )

    sniffing = np.clip(drift(0.7, 0.11), 0.0, 0.32) * (1 - 0.7 * moving)
    height_bout = _per_bout(bouts, n_frames, rng, 0.82, 1.0)
    height = free * sniffing + (mid + wall) * np.clip(height_bout + drift(0.6, 0.05), 0.7, 1.08) + grooming * (0.3 + drift(1.0, 0.03))

    ahead = _smooth(walk.turn, fps, 0.3)
    bend = np.clip(0.12 * ahead + drift(0.8, 0.05), -0.45, 0.45) * (1 - 0.5 * (mid + wall)) + 0.35 * grooming * licking_side
    scanning = drift(0.4, 0.22)
    bob_hz = 2.2 + drift(2.0, 0.5)
    bobbing = np.sin(2 * np.pi * np.cumsum(bob_hz) / fps + rng.uniform(0, 2 * np.pi))
    head_free = np.clip(0.16 * ahead, -0.6, 0.6) + scanning * (1 - 0.5 * moving)
    head_groom = washing * 0.45 * bobbing + licking_side * (0.85 + 0.15 * bobbing)
    head_angle = free * head_free + grooming * head_groom + (mid + wall) * scanning * 1.3
    nodding = np.sin(2 * np.pi * 3.1 * time_s + rng.uniform(0, 2 * np.pi))
    tuck = grooming * np.clip(0.85 + 0.15 * nodding + drift(0.5, 0.05), 0.5, 1.0) + free * np.clip(drift(0.6, 0.13), 0.0, 0.35)

    sway = (drift(0.5, 0.012) + 1j * drift(0.5, 0.012)) * body_length
    position = walk.position + sway * (1 - 0.7 * moving)
    heading = walk.heading + drift(0.6, 0.06) * (1 - 0.6 * moving)
    return Posture(
        position=position,
        heading=np.angle(np.exp(1j * heading)),
        bend=bend,
        head_angle=head_angle,
        stretch=stretch,
        height=np.maximum(height, 0.0),
        tuck=tuck,
        wall_distance=half_floor - np.maximum(np.abs(position.real), np.abs(position.imag)),
        activation=activation,
    )


def _ramp(bouts: list[Bout], n_frames: int, fps: float) -> Floats:
    """Return the activation of each behavior (T, B): above a half exactly in the frames of its bouts, with ramps of 0.3 s."""
    values = np.zeros((n_frames, len(BEHAVIORS)))
    for bout in bouts:
        values[bout.start_frame : bout.stop_frame, BEHAVIORS.index(bout.behavior)] = 1.0
    n_side = max(1, round(_TRANSITION_S * fps / 2) - 1)
    kernel = np.hanning(2 * n_side + 3)[1:-1]
    kernel /= kernel.sum()
    padded = np.pad(values, ((n_side, n_side), (0, 0)), mode="edge")
    return np.stack([np.convolve(padded[:, column], kernel, mode="valid") for column in range(values.shape[1])], axis=1)


def _groom_head(bouts: list[Bout], n_frames: int, fps: float, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return how far the face is washed (0..1) and how far the head is turned to a flank (-1..1) in each frame."""
    side = np.zeros(n_frames)
    for bout in bouts:
        if bout.behavior != "grooming":
            continue
        # A grooming bout goes from the face backwards: washing first, then episodes of licking the flanks.
        frame = bout.start_frame + int(rng.uniform(0.25, 0.6) * (bout.stop_frame - bout.start_frame))
        while frame < bout.stop_frame:
            stop = min(bout.stop_frame, frame + int(rng.uniform(1.0, 3.0) * fps))
            side[frame:stop] = rng.choice((-1.0, 0.0, 1.0))
            frame = stop
    side = _smooth(side, fps, 0.5)
    return 1.0 - np.abs(side), side


def _per_bout(bouts: list[Bout], n_frames: int, rng: np.random.Generator, low: float, high: float) -> Floats:
    """Return a value drawn for each bout, reaching to the middle of the gaps on either side."""
    centers = np.array([(bout.start_frame + bout.stop_frame) / 2 for bout in bouts])
    values = rng.uniform(low, high, len(bouts))
    nearest = np.abs(np.arange(n_frames)[:, None] - centers[None, :]).argmin(axis=1)
    return values[nearest]


def _drift(n_frames: int, n_correlated: float, spread: float, rng: np.random.Generator) -> Floats:
    """Return a random walk that returns to 0 within about `n_correlated` frames, with standard deviation `spread`."""
    keep = float(np.exp(-1.0 / max(n_correlated, 0.5)))
    steps = rng.standard_normal(n_frames) * np.sqrt(1 - keep**2)
    values = np.empty(n_frames)
    value = float(rng.standard_normal())
    for frame, step in enumerate(steps.tolist()):
        value = keep * value + step
        values[frame] = value
    return values * spread


def _hold(condition: npt.NDArray[np.bool_], fps: float) -> Floats:
    return _smooth(condition.astype(np.float64), fps, 0.5)


def _smooth(values: Floats, fps: float, seconds: float) -> Floats:
    """Return `values` averaged over a bell of about `seconds`."""
    n_side = max(1, round(seconds * fps / 2))
    kernel = np.hanning(2 * n_side + 3)[1:-1]
    padded = np.pad(values, n_side, mode="edge")
    return np.convolve(padded, kernel / kernel.sum(), mode="valid")
