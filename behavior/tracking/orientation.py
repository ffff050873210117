"""Which end of an animal is its head."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["find_headings"]

Floats = npt.NDArray[np.float64]

# Movement is measured between the frames this many before and after.
_HALF_SPAN = 2

# A step of this part of an animal's length per frame is a clear one, forwards more often than not.
_CLEAR_STEP = 0.05

# A skew this large is a clear one.
_CLEAR_SKEW = 0.25

# Most that one frame's movement, shape and looks count, and the cost of turning about between two frames, in log-odds; a smaller turn
# costs in proportion to the square of the sine of half its angle.
_MOVEMENT_WEIGHT, _SHAPE_WEIGHT, _LOOKS_WEIGHT, _TURN_COST = 1.0, 1.0, 1.0, 12.0


def find_headings(positions: Floats, angles: Floats, skews: Floats, *, length: float, heads: Floats | None = None) -> Floats:
    """Return the direction of each animal's head in radians from x towards y, in [-pi, pi), shape (T, K); NaN where there is no axis.

    An animal moves forwards more often than backwards, and does not turn about between two frames. Moving
    frames of all animals together show whether the head is at the thin or the thick end; this decides in frames without movement. The
    Viterbi algorithm (1967) finds the likeliest sequence of ends for each animal.

    Parameters
    ----------
    positions
        Shape (T, K, 2); NaN where an animal was not found.
    angles, skews
        Of the long axis, as in `Detections`, shape (T, K); NaN where unknown.
    length
        Of an animal, in pixels.
    heads
        What the animal's looks say, as in `Detections`, shape (T, K); None where nothing does.

    Examples
    --------
    >>> way = np.column_stack((-np.arange(9.0), np.zeros(9)))[:, None]
    >>> float(find_headings(way, np.zeros((9, 1)), np.zeros((9, 1)), length=20)[4, 0])
    -3.141592653589793
    """
    evidence = _weigh_movement(positions, angles, length)
    shape = np.tanh(np.nan_to_num(skews) / _CLEAR_SKEW)
    total = float(np.abs(shape * evidence).sum())
    # From -1, the thin end always goes ahead, to 1, it always follows.
    follows = -float((shape * evidence).sum()) / total if total > 0 else 0.0
    evidence = _MOVEMENT_WEIGHT * evidence - _SHAPE_WEIGHT * follows * shape
    if heads is not None:
        evidence = evidence + _LOOKS_WEIGHT * np.nan_to_num(heads)
    headings = np.full(angles.shape, np.nan)
    for animal in range(angles.shape[1]):
        seen = np.flatnonzero(np.isfinite(angles[:, animal]))
        if len(seen):
            turned = _find_sequence(angles[seen, animal], evidence[seen, animal], np.diff(seen))
            headings[seen, animal] = (angles[seen, animal] + np.pi * turned + np.pi) % (2 * np.pi) - np.pi
    return headings


def _weigh_movement(positions: Floats, angles: Floats, length: float) -> Floats:
    """Return how much each animal moves along its axis, (T, K), from -1 to 1; 0 where that is not known."""
    n_frames = len(positions)
    before = np.maximum(np.arange(n_frames) - _HALF_SPAN, 0)
    after = np.minimum(np.arange(n_frames) + _HALF_SPAN, n_frames - 1)
    steps = (positions[after] - positions[before]) / np.maximum(after - before, 1)[:, None, None]
    along = steps[..., 0] * np.cos(angles) + steps[..., 1] * np.sin(angles)
    return np.nan_to_num(np.tanh(along / (_CLEAR_STEP * length)))


def _find_sequence(angles: Floats, evidence: Floats, gaps: npt.NDArray[np.intp]) -> npt.NDArray[np.bool_]:
    """Return whether the head is at the other end than `angles` say, (T,)."""
    turns = np.diff(angles)
    # Over a gap an animal may have turned.
    costs = _TURN_COST / np.maximum(gaps, 1)
    stays, changes = costs * np.sin(turns / 2) ** 2, costs * np.cos(turns / 2) ** 2
    plain, turned = float(evidence[0]), -float(evidence[0])
    # Where the best way to each end came from, two bits a frame: a long video has no room for objects of its own.
    origins = bytearray()
    steps = (np.ascontiguousarray(each).data for each in (evidence[1:], stays, changes))
    for gain, stay, change in zip(*steps, strict=True):
        origins.append((plain - stay < turned - change) | (plain - change < turned - stay) << 1)
        plain, turned = gain + max(plain - stay, turned - change), -gain + max(plain - change, turned - stay)
    state = int(turned > plain)
    sequence = np.empty(len(angles), dtype=np.bool_)
    sequence[-1] = state
    for frame in range(len(origins) - 1, -1, -1):
        state = origins[frame] >> state & 1
        sequence[frame] = state
    return sequence
