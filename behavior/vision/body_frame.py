"""An animal's own frame of reference: its place and heading, and where its body parts are in it, without gaps.

A point of the plane is a complex number, x + iy in crop sizes, and a direction one of length 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from behavior.vision.crops import UP, find_body_axis, find_measured_points

__all__ = [
    "BodyFrame",
    "Floats",
    "Points",
    "Span",
    "cosine_and_sine",
    "describe_in_parts",
    "find_likelihoods",
    "locate_body",
    "split_coordinates",
]

Floats = npt.NDArray[np.float64]
Points = npt.NDArray[np.complex128]
Rows = slice | npt.NDArray[np.int64]

# Rates of change are taken over this time before and after a frame, at least one frame each.
_HALF_SPAN_S = 0.1
# What is in memory in double precision at once.
_FRAMES_AT_ONCE = 1 << 16
# Crop sizes; below it a line has no direction but that of rounding.
_NO_LENGTH = 1e-9


@dataclass(frozen=True)
class BodyFrame:
    """Where an animal and its P body parts are in T frames; what was not found is filled in.

    Attributes
    ----------
    place
        Of the body, shape (T,).
    is_found
        Whether some body part that gives the place was found in the frame itself, bool of shape (T,).
    heading
        Angle by which the body is turned from up, radians, clockwise in the image, without jumps, shape (T,); None without an axis.
    turned
        The same as a direction, shape (T,); 1 without an axis.
    in_body
        Body parts from the place on, turned so that the heading is up, shape (T, P).
    """

    place: Points
    is_found: npt.NDArray[np.bool_]
    heading: Floats | None
    turned: Points
    in_body: Points

    def find_whole(self, rows: Rows) -> Points:
        """Return the body parts in the image in some frames, shape (N, P)."""
        return self.place[rows, None] + self.in_body[rows] * self.turned[rows, None]

    def find_part(self, column: int) -> Points:
        """Return one body part in the image, shape (T,)."""
        return self.place + self.in_body[:, column] * self.turned


@dataclass(frozen=True)
class Span:
    """Some frames of a recording, and those before and after each of them that its rates of change are over, at the ends fewer.

    Attributes
    ----------
    rows
        The N frames.
    before, after
        Of each, shape (N,).
    seconds
        Between the two, shape (N,).
    """

    rows: slice
    before: npt.NDArray[np.int64]
    after: npt.NDArray[np.int64]
    seconds: Floats

    @classmethod
    def find(cls, start: int, stop: int, *, n_frames: int, fps: float) -> Span:
        """Return the frames [start, stop) of `n_frames`.

        >>> Span.find(0, 3, n_frames=3, fps=10).rate(np.array([0.0, 1.0, 4.0])).tolist()
        [10.0, 20.0, 30.0]
        """
        half = max(1, round(_HALF_SPAN_S * fps))
        frames = np.arange(start, stop)
        before, after = np.maximum(frames - half, 0), np.minimum(frames + half, n_frames - 1)
        return cls(slice(start, stop), before, after, (after - before) / fps)

    def rate(self, values: npt.NDArray) -> npt.NDArray:
        """Return the rate of change per second of `values` (T, ...) in these frames: central differences."""
        return self.divide(values[self.after] - values[self.before])

    def divide(self, changes: npt.NDArray) -> npt.NDArray:
        """Return `changes` (N, ...) per second; 0 for the only frame of a recording."""
        spread = self.seconds.reshape(-1, *[1] * (changes.ndim - 1))
        return np.divide(changes, spread, out=np.zeros_like(changes), where=spread > 0)


def describe_in_parts(
    describe: Callable[[Span], Sequence[npt.NDArray]], *, n_frames: int, n_columns: int, fps: float
) -> npt.NDArray[np.float32]:
    """Return what `describe` says of all frames, float32 of shape (T, D), part by part: a day of all in double precision would fill memory.

    `describe` gives columns (N, ...) of some frames, which are laid side by side.
    """
    described = np.empty((n_frames, n_columns), dtype=np.float32)
    for start in range(0, n_frames, _FRAMES_AT_ONCE):
        span = Span.find(start, min(start + _FRAMES_AT_ONCE, n_frames), n_frames=n_frames, fps=fps)
        n_rows = span.rows.stop - span.rows.start
        described[span.rows] = np.concatenate([values.reshape(n_rows, -1) for values in describe(span)], axis=1)
    return described


def locate_body(
    positions: Floats, likelihoods: Floats, *, origin: Sequence[int], axis: tuple[int, int] | None, min_likelihood: float, size: float
) -> BodyFrame | None:
    """Return an animal's frame of reference; None where no point of it was ever found.

    Parameters
    ----------
    positions, likelihoods, origin, axis, min_likelihood, size
        As for `pose_features.describe_pose`.
    """
    found = find_measured_points(positions, likelihoods, min_likelihood=min_likelihood)
    if not found.any():
        return None
    n_frames, n_parts = likelihoods.shape
    points = np.empty((n_frames, n_parts), dtype=np.complex128)
    points.real, points.imag = (np.where(found, positions[..., side], 0.0) for side in range(2))
    points /= size
    columns = list(origin) if found[:, list(origin)].any() else list(range(n_parts))
    place = _fill_place(points[:, columns], found[:, columns])
    heading = None
    if axis is not None:
        angles, measured = find_body_axis(positions[:, list(axis)], likelihoods[:, list(axis)], min_likelihood=min_likelihood)
        heading = np.unwrap(angles - UP) if measured.any() else np.zeros(n_frames)
    turned = np.ones(n_frames, dtype=np.complex128) if heading is None else np.exp(1j * heading)
    points -= place[:, None]
    points *= np.conj(turned)[:, None]
    is_found = np.asarray(found[:, columns].any(axis=1), dtype=np.bool_)
    return BodyFrame(place, is_found, heading, turned, _fill_gaps(points, found))


def find_likelihoods(positions: Floats, likelihoods: Floats) -> Floats:
    """Return likelihoods (N, P) of points at `positions` (N, P, 2), 0 where there is none."""
    is_shown = np.isfinite(positions).all(axis=2) & (positions != 0).any(axis=2)
    return np.where(is_shown, np.clip(np.nan_to_num(likelihoods), 0, 1), 0)


def split_coordinates(vectors: Points, *, up_is_positive: bool) -> Floats:
    """Return the coordinates of `vectors` (T, ...) as float64 (T, ..., 2)."""
    return np.stack([vectors.real, -vectors.imag if up_is_positive else vectors.imag], axis=-1)


def cosine_and_sine(before: Points, after: Points) -> Floats:
    """Return cosine and sine (T, ..., 2) of the turn from `before` to `after`; 0 and 0 where one of them has no length."""
    turn = after * np.conj(before)
    length = np.abs(turn)
    turn = np.divide(turn, length, out=np.zeros_like(turn), where=length > _NO_LENGTH)
    return np.stack([turn.real, turn.imag], axis=-1)


def _fill_gaps(values: Points, found: npt.NDArray[np.bool_]) -> Points:
    """Return `values` (T, P) with those not `found` interpolated in time, at the ends the nearest; 0 for a column without any."""
    filled = np.where(found, values, 0)
    frames = np.arange(len(values))
    for column in np.flatnonzero(found.any(axis=0) & ~found.all(axis=0)):
        known = found[:, column]
        filled[~known, column] = np.interp(frames[~known], frames[known], values[known, column])
    return filled


def _fill_place(points: Points, found: npt.NDArray[np.bool_]) -> Points:
    """Return the mean (T,) of the body parts that were ever found, each with its gaps filled: one that is lost does not make a jump."""
    ever = found.any(axis=0)
    return _fill_gaps(points[:, ever], found[:, ever]).mean(axis=1)
