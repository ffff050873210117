"""What another program found, boxes or body parts, as what our own detector would have given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace

import numpy as np
import numpy.typing as npt

from behavior.tracking.detections import Detections
from behavior.tracking.pose_shape import find_pose_shape, place_poses

__all__ = ["mark_touching", "measure_boxes", "measure_poses", "split_frames"]

Floats = npt.NDArray[np.float64]

# Of the longer sides of upright boxes, that of an animal along a side of the picture.
_STRAIGHT = 95
# How clearly the front of a pose is its front, where names do not tell whether that is the head.
_CLEAR_SKEW = 0.5
# Bodies whose axes come nearer than this part of their widths overlap so much that neither is seen whole.
_NEAR = 0.5
_N_ALONG = 7
# How many pairs are compared at a time.
_N_PAIRS = 4096
_LEAST_QUALITY = 0.01


def measure_boxes(positions: Floats, sizes: Floats, angles: Floats, scores: Floats) -> Detections:
    """Return boxes of all frames as detections; those without a direction have no axis, and are as long and wide as the longest.

    Parameters
    ----------
    positions
        Centres, shape (N, 2) as x, y.
    sizes
        Sides, shape (N, 2); NaN where only the position is known.
    angles
        Direction of the first side, shape (N,); NaN for upright boxes.
    scores
        In [0, 1], shape (N,).
    """
    turned = np.asarray(np.isfinite(angles), dtype=np.bool_)
    is_across = turned & (sizes[:, 1] > sizes[:, 0])
    longer, shorter = sizes.max(axis=1), sizes.min(axis=1)
    upright = longer[~turned & np.isfinite(longer)]
    usual = float(np.percentile(upright, _STRAIGHT)) if len(upright) else np.nan
    lengths = np.where(turned, longer, np.where(np.isfinite(longer), usual, np.nan))
    widths = np.where(turned, shorter, lengths)
    found = Detections.at(positions, qualities=np.clip(scores, _LEAST_QUALITY, 1.0))
    axes = (angles + np.where(is_across, np.pi / 2, 0.0) + np.pi / 2) % np.pi - np.pi / 2
    return replace(found, angles=axes, lengths=lengths, widths=widths, areas=np.pi / 4 * lengths * widths)


def measure_poses(points: Floats, likelihoods: Floats, body_parts: Sequence[str], *, least_likelihood: float = 0.0) -> Detections:
    """Return animals of all frames by their body parts; positions are NaN where none was found.

    Parameters
    ----------
    points
        Shape (N, P, 2); NaN where a part was not found.
    likelihoods
        Shape (N, P).
    body_parts
        P names, which tell the head's end where there are known ones.
    least_likelihood
        Parts with less count as not found.
    """
    n = len(points)
    found = np.asarray(np.isfinite(points).all(axis=2) & (likelihoods >= least_likelihood), dtype=np.bool_)
    seen = np.where(found[..., None], points, np.nan)
    counts = np.maximum(found.sum(axis=1), 1)
    qualities = np.clip(np.where(found, likelihoods, 0.0).sum(axis=1) / counts, _LEAST_QUALITY, 1.0)
    shape = find_pose_shape(seen, body_parts)
    if shape is None:
        centers = np.where(found.any(axis=1, keepdims=True), np.nansum(seen, axis=1) / counts[:, None], np.nan)
        return Detections.at(centers, qualities=qualities)
    placed = place_poses(seen, shape)
    angles = (placed.directions + np.pi / 2) % np.pi - np.pi / 2
    fronts = np.where(np.isfinite(angles), np.sign(np.cos(placed.directions - angles)), np.nan)
    nothing = np.full(n, np.nan)
    widths = np.where(np.isfinite(placed.lengths), shape.width, np.nan)
    return replace(
        Detections.at(placed.centers, qualities=qualities),
        angles=angles,
        lengths=placed.lengths,
        widths=widths,
        areas=np.pi / 4 * placed.lengths * widths,
        skews=nothing if shape.knows_head else _CLEAR_SKEW * fronts,
        heads=fronts if shape.knows_head else nothing,
    )


def split_frames(found: Detections, frames: npt.NDArray[np.int64], n_frames: int) -> list[Detections]:
    """Return the detections of each frame, by the frame of each, (N,), in order; those that overlap are marked as touching."""
    starts = np.searchsorted(frames, np.arange(n_frames + 1))
    names = [field.name for field in fields(Detections)]
    columns = [getattr(found, name) for name in names]
    return [
        mark_touching(Detections(*(column[start:stop] for column in columns)))
        for start, stop in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True)
    ]


def mark_touching(found: Detections) -> Detections:
    """Return the detections of one frame, those of known size that overlap marked as touching.

    >>> pair = Detections.at(np.array([[0.0, 0.0], [9.0, 0.0], [90.0, 0.0]]))
    >>> mark_touching(replace(pair, lengths=np.full(3, 20.0), widths=np.full(3, 8.0), angles=np.zeros(3))).touching.tolist()
    [True, True, False]
    """
    lengths, widths, n = found.lengths, found.widths, len(found)
    distances = np.hypot(*(found.positions[:, None] - found.positions[None]).transpose(2, 0, 1))
    near = (distances < (lengths[:, None] + lengths[None]) / 2) & ~np.eye(n, dtype=np.bool_)
    if not near.any():
        return found
    angles = np.nan_to_num(found.angles)
    half = np.where(np.isfinite(found.angles), np.maximum(lengths - widths, 0) / 2, 0.0)
    along = np.linspace(-1, 1, _N_ALONG)[None, :, None] * (half[:, None] * np.column_stack((np.cos(angles), np.sin(angles))))[:, None]
    axes = found.positions[:, None] + along
    touching = found.touching.copy()
    pairs = np.argwhere(np.triu(near))
    for start in range(0, len(pairs), _N_PAIRS):
        first, second = pairs[start : start + _N_PAIRS].T
        apart = axes[first][:, :, None] - axes[second][:, None]
        nearest = np.hypot(apart[..., 0], apart[..., 1]).min(axis=(1, 2))
        meets = nearest < _NEAR * (widths[first] + widths[second]) / 2
        touching[first[meets]] = touching[second[meets]] = True
    return replace(found, touching=touching)
