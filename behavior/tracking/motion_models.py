"""How animals are expected to go on: a Kalman filter, and a smoother backwards over the finished video."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

__all__ = ["MOTIONS", "Motion", "MotionFilter", "MotionModel", "smooth_positions"]

Floats = npt.NDArray[np.float64]
Motion = Literal["still", "velocity", "acceleration"]
MOTIONS: tuple[Motion, ...] = get_args(Motion)

# What a velocity or an acceleration keeps of itself per frame: an animal that is not seen is not expected to run on for ever.
_KEPT = 0.9


@dataclass(frozen=True)
class MotionModel:
    """How positions follow each other, in pixels and frames.

    Attributes
    ----------
    motion
        What is expected to go on: the position, the velocity, or the acceleration.
    process_noise
        Standard deviation of what is added to that in each frame; 0 for a model that takes itself for exact.
    measurement_noise
        Standard deviation of a detection of quality 1; one of quality q has it divided by q squared.

    Examples
    --------
    >>> MotionModel("velocity", 1.0, 0.5).transition.tolist()
    [[1.0, 1.0], [0.0, 0.9]]
    """

    motion: Motion
    process_noise: float
    measurement_noise: float

    @property
    def order(self) -> int:
        """Number of states of each coordinate."""
        return MOTIONS.index(self.motion) + 1

    @property
    def transition(self) -> Floats:
        """What becomes of the states in a frame, shape (S, S)."""
        matrix = np.eye(self.order)
        for state in range(1, self.order):
            matrix[state, state] = _KEPT
            matrix[state - 1, state] = 1.0
        if self.order == 3:
            matrix[0, 2] = 0.5
        return matrix

    @property
    def noise(self) -> Floats:
        """Covariance of what is added in a frame, shape (S, S)."""
        # A push that is constant within a frame reaches the states below as it is integrated.
        gain = np.array([1.0]) if self.order == 1 else np.array([0.5, 1.0]) if self.order == 2 else np.array([0.5, 1.0, 1.0])
        return np.outer(gain, gain) * self.process_noise**2

    def measure_noise(self, qualities: Floats) -> Floats:
        """Return the variances of detections of these qualities."""
        return (self.measurement_noise / np.maximum(qualities, 0.05) ** 2) ** 2


class MotionFilter:
    """A Kalman filter for K animals at once; x and y have the same covariance, (K, S, S).

    Attributes
    ----------
    states
        Shape (K, S, 2): position, and velocity and acceleration where the model has them.
    covariances
        Shape (K, S, S).
    """

    def __init__(self, model: MotionModel) -> None:
        self.model = model
        self.states = np.empty((0, model.order, 2))
        self.covariances = np.empty((0, model.order, model.order))

    def add(self, positions: Floats, *, spread: float) -> None:
        """Begin with animals at `positions` (K, 2), with a speed known to within `spread` pixels per frame."""
        n, order = len(positions), self.model.order
        states = np.zeros((n, order, 2))
        states[:, 0] = positions
        variances = np.full(order, spread**2)
        variances[0] = self.model.measurement_noise**2
        self.states = np.concatenate((self.states, states))
        self.covariances = np.concatenate((self.covariances, np.repeat(np.diag(variances)[None], n, axis=0)))

    def predict(self) -> Floats:
        """Go one frame on, and return the expected positions (K, 2)."""
        transition = self.model.transition
        self.states = transition @ self.states
        self.covariances = transition @ self.covariances @ transition.T + self.model.noise
        return self.states[:, 0]

    def update(self, animals: npt.NDArray[np.intp], positions: Floats, qualities: Floats) -> None:
        """Take in where some of the animals, by index (M,), were found: positions (M, 2) and their qualities (M,)."""
        covariances = self.covariances[animals]
        total = covariances[:, 0, 0] + self.model.measure_noise(qualities)
        # A model without any noise is sure of itself from some point on.
        gains = covariances[:, :, 0] / np.maximum(total, 1e-12)[:, None]
        innovation = positions - self.states[animals, 0]
        self.states[animals] += gains[:, :, None] * innovation[:, None, :]
        self.covariances[animals] = covariances - gains[:, :, None] * covariances[:, None, 0, :]

    def keep(self, animals: npt.NDArray[np.intp]) -> None:
        """Go on with some of the animals alone."""
        self.states, self.covariances = self.states[animals], self.covariances[animals]


def smooth_positions(positions: Floats, qualities: Floats, model: MotionModel) -> Floats:
    """Return where an animal was in every frame, by what was seen before and after it, (T, 2).

    Rauch, Tung and Striebel's smoother (1965), over the whole video.

    Parameters
    ----------
    positions
        Shape (T, 2); NaN where the animal was not found. NaN before the first and after the last that was found is kept.
    qualities
        Shape (T,), in (0, 1].

    Examples
    --------
    >>> way = np.column_stack((np.arange(7.0), np.zeros(7)))
    >>> way[3] = np.nan
    >>> smooth_positions(way, np.ones(7), MotionModel("velocity", 1.0, 0.01))[3].round(1).tolist()
    [3.0, 0.0]
    """
    seen = np.flatnonzero(np.isfinite(positions[:, 0]))
    result = np.full(positions.shape, np.nan)
    if not len(seen):
        return result
    first, last = int(seen[0]), int(seen[-1])
    n = last - first + 1
    ahead_states, ahead_covariances = np.empty((n, model.order, 2)), np.empty((n, model.order, model.order))
    states, covariances = np.empty_like(ahead_states), np.empty_like(ahead_covariances)
    filter_ = MotionFilter(model)
    filter_.add(positions[first][None], spread=max(10 * model.process_noise, 10 * model.measurement_noise, 1e-6))
    one = np.zeros(1, dtype=np.intp)
    for row in range(n):
        if row:
            filter_.predict()
        ahead_states[row], ahead_covariances[row] = filter_.states[0], filter_.covariances[0]
        if row and np.isfinite(positions[first + row, 0]):
            filter_.update(one, positions[first + row][None], qualities[first + row][None])
        states[row], covariances[row] = filter_.states[0], filter_.covariances[0]
    transition = model.transition
    for row in range(n - 2, -1, -1):
        gain = covariances[row] @ transition.T @ np.linalg.pinv(ahead_covariances[row + 1])
        states[row] += gain @ (states[row + 1] - ahead_states[row + 1])
        covariances[row] += gain @ (covariances[row + 1] - ahead_covariances[row + 1]) @ gain.T
    result[first : last + 1] = states[:, 0]
    return result
