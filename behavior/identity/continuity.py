"""What motion says about which animal a tracklet is: one cannot be far from where it was just before."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from behavior.recording import Tracklet

__all__ = ["weigh_motion"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

# Share of cases in which an animal may be anywhere: a tracklet that was named wrongly cannot rule another one out.
_ANYWHERE = 0.01


def weigh_motion(
    tracklets: Sequence[Tracklet], identities: Integers, n_identities: int, *, step: float, spread: float, area: float
) -> Floats:
    """Return log-odds (N, K) that a tracklet is an animal, from where that animal is before and after the tracklet.

    An animal is expected where it was last, normally distributed with a deviation that grows by a step a frame; the odds are against a
    place anywhere in the arena. The same holds for where it is seen next. 0 where an animal has no tracklet on either side.

    Parameters
    ----------
    tracklets
        N tracklets.
    identities
        Animal of those that are sure, int64 of shape (N,); negative for others. A tracklet is not evidence about itself.
    n_identities
        Number of animals K.
    step
        Distance that an animal moves in a frame, pixels.
    spread
        How exact a position is, pixels.
    area
        Of the arena, square pixels.

    Examples
    --------
    A tracklet begins, a frame after the first two ended, where the first one was:

    >>> def stay(frame, x):
    ...     return Tracklet(np.array([frame]), np.array([[x, 0.0]]), np.zeros(1), np.zeros((1, 2)), np.zeros(1, dtype=bool))
    >>> odds = weigh_motion([stay(0, 0), stay(0, 90), stay(1, 1)], np.array([0, 1, -1]), 2, step=5, spread=1, area=1e4)
    >>> bool(odds[2, 0] - odds[2, 1] > 5)
    True
    """
    starts = np.array([one.start_frame for one in tracklets], dtype=np.int64)
    ends = np.array([one.stop_frame - 1 for one in tracklets], dtype=np.int64)
    first = np.array([one.positions[0] for one in tracklets]).reshape(-1, 2)
    last = np.array([one.positions[-1] for one in tracklets]).reshape(-1, 2)
    odds = np.zeros((len(tracklets), n_identities))
    for identity in range(n_identities):
        own = np.flatnonzero(identities == identity)
        # Tracklets of one animal share no frame, so that both starts and ends are in order.
        own = own[np.argsort(starts[own], kind="stable")]
        before = np.searchsorted(ends[own], starts) - 1
        rows = np.flatnonzero(before >= 0)
        anchors = own[before[rows]]
        odds[rows, identity] += _weigh_steps(last[anchors], first[rows], starts[rows] - ends[anchors], step, spread, area)
        after = np.searchsorted(starts[own], ends, side="right")
        rows = np.flatnonzero(after < len(own))
        anchors = own[after[rows]]
        odds[rows, identity] += _weigh_steps(last[rows], first[anchors], starts[anchors] - ends[rows], step, spread, area)
    return odds


def _weigh_steps(start: Floats, stop: Floats, n_frames: Integers, step: float, spread: float, area: float) -> Floats:
    """Return the log-odds of ways from `start` to `stop` (M, 2) in `n_frames` (M,) against one to anywhere."""
    # After long enough an animal may be anywhere.
    variance = np.minimum(spread**2 + (step * n_frames) ** 2, area / (2 * np.pi))
    density = np.exp(-((stop - start) ** 2).sum(axis=1) / (2 * variance)) / (2 * np.pi * variance)
    odds: Floats = np.log((1 - _ANYWHERE) * density * area + _ANYWHERE)
    return odds
