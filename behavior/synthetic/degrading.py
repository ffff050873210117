"""What a pose tracker would make of the truth: small errors, lost points, and a likelihood that mostly tells."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from behavior.recording import Track

__all__ = ["degrade_track"]


def degrade_track(
    track: Track,
    rng: np.random.Generator,
    *,
    noise: float = 1.3,
    lost: float = 0.004,
    outliers: float = 0.003,
    swaps: float = 0.002,
    blackouts: float = 0.0015,
    missing: float = 0.0005,
) -> Track:
    """Return `track` as a DeepLabCut network would give it.

    Parameters
    ----------
    track
        The truth.
    rng
        Draws the errors.
    noise
        Standard deviation of each coordinate's error where a point is found, pixels.
    lost
        Share of points placed some 10 pixels off, with a low likelihood.
    outliers
        Share of points placed elsewhere on the arena, with a low likelihood.
    swaps
        Share of frames in which the ears are exchanged, with a low likelihood for both.
    blackouts
        Share of frames at which a stretch of 3 to 12 frames begins where all points are off, with low likelihoods.
    missing
        Share of points not found at all: NaN with likelihood 0.

    Returns
    -------
    A track of the same shape; likelihoods are above 0.9 where points are right, and below 0.6 where they are wrong.
    """
    n_frames, n_parts = len(track), len(track.body_parts)
    positions = track.positions + rng.normal(0, noise, (n_frames, n_parts, 2))
    likelihoods = 1.0 - np.minimum(rng.gamma(0.6, 0.006, (n_frames, n_parts)), 0.09)

    def doubt(where: npt.NDArray[np.bool_]) -> None:
        likelihoods[where] = rng.beta(1.2, 4.0, int(where.sum())) * 0.58

    off = rng.random((n_frames, n_parts)) < lost
    for start in np.flatnonzero(rng.random(n_frames) < blackouts).tolist():
        off[start : start + int(rng.integers(3, 13))] = True
    positions[off] += rng.normal(0, 9.0, (int(off.sum()), 2))
    doubt(off)

    far = rng.random((n_frames, n_parts)) < outliers
    if far.any():
        low, high = track.positions.min(axis=(0, 1)), track.positions.max(axis=(0, 1))
        positions[far] = rng.uniform(low, high, (int(far.sum()), 2))
    doubt(far)

    if {"leftear", "rightear"} <= set(track.body_parts):
        ears = np.array([track.body_parts.index("leftear"), track.body_parts.index("rightear")])
        swapped = np.flatnonzero(rng.random(n_frames) < swaps)
        positions[np.ix_(swapped, ears)] = positions[np.ix_(swapped, ears[::-1])]
        where = np.zeros((n_frames, n_parts), dtype=bool)
        where[np.ix_(swapped, ears)] = True
        doubt(where)

    gone = rng.random((n_frames, n_parts)) < missing
    positions[gone] = np.nan
    likelihoods[gone] = 0.0
    return Track(positions, likelihoods, track.body_parts)
