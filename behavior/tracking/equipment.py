"""Things that look like an animal and never move while the animals do: cables, bottles, stains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from behavior.tracking.association import AssociationSettings, associate
from behavior.tracking.detections import Detections, FrameDetections

__all__ = ["Equipment", "leave_out_equipment"]

# What never moves stays within this part of an animal's length from its middle, in nearly all frames (percent).
_STILL_LENGTHS, _NEARLY_ALL = 0.25, 95

# What moves gets this many lengths from its middle.
_MOVING_LENGTHS = 2.0

# It has to be there in this part of the video, and at least so many frames: animals sit, too.
_LEAST_PART, _FEWEST = 0.25, 50

# Tracks of fewer frames are noise.
_SHORTEST = 20

# A smaller share of frames with more than the animals is noise.
_OFTEN = 0.02


@dataclass(frozen=True)
class Equipment:
    """Something that never moves.

    Attributes
    ----------
    x, y
        Its middle, in pixels.
    start_frame, stop_frame
        The first frame in which it is found, and the one after the last.
    n_frames
        In how many frames it is found.
    """

    x: float
    y: float
    start_frame: int
    stop_frame: int
    n_frames: int


def leave_out_equipment(frames: Sequence[Detections], settings: AssociationSettings) -> tuple[Sequence[Detections], list[Equipment]]:
    """Return the detections of T frames without those of equipment, and what that is.

    Equipment is what stays within half an animal's length for a quarter of the video or more, while something else moves. A place where a
    moving track begins or ends in a frame in which nothing is found there is where an animal sat, and not equipment. Where the number of
    animals is known, only what is found beyond that number can be equipment, what moves least first.

    Parameters
    ----------
    settings
        How detections are joined to tell what moves.

    Examples
    --------
    >>> from behavior.tracking.association import choose_association
    >>> frames = [Detections.at(np.array([[3.0 * frame, 10.0], [90.0, 80.0]])) for frame in range(100)]
    >>> left, found = leave_out_equipment(frames, choose_association(frames, length=20.0))
    >>> [len(one) for one in left[:3]], found[0].x, found[0].y
    ([1, 1, 1], 90.0, 80.0)
    """
    table = FrameDetections.of(frames)
    counts = table.counts.copy()
    known = settings.n_animals
    if len(counts) < _FEWEST or (known is not None and np.mean(counts > known) <= _OFTEN):
        return frames, []
    tracks = _follow_all(table, settings)
    found: list[Equipment] = []
    left_out = np.zeros(len(table.values), dtype=np.bool_)
    for group in _find_still(tracks, len(counts), settings.length):
        seen = np.concatenate([track.frames for track in group])
        fewer = counts - np.bincount(seen, minlength=len(counts))
        if known is not None and np.median(fewer[seen]) < known:
            continue
        counts = fewer
        left_out[np.concatenate([track.rows for track in group])] = True
        x, y = np.median(np.concatenate([track.positions for track in group]), axis=0).tolist()
        found.append(Equipment(x, y, int(seen.min()), int(seen.max()) + 1, len(np.unique(seen))))
    return (table.select(~left_out) if found else frames), found


@dataclass(frozen=True)
class _Followed:
    """Something that may be an animal or not: where it is in the table, its middle, and how far it gets from there, in lengths."""

    frames: npt.NDArray[np.intp]
    rows: npt.NDArray[np.intp]
    positions: npt.NDArray[np.float64]
    middle: npt.NDArray[np.float64]
    usual: float
    most: float


def _follow_all(table: FrameDetections, settings: AssociationSettings) -> list[_Followed]:
    """Return the tracks of all that is found for a while, however many animals there are."""
    chosen = associate(table, replace(settings, n_animals=None, shortest=_SHORTEST)).chosen
    starts = table.starts
    tracks = []
    for each in chosen.T:
        frames = np.flatnonzero(each >= 0)
        rows = starts[frames] + each[frames]
        positions = table.values[rows, :2]
        middle = np.median(positions, axis=0)
        distances = np.hypot(*(positions - middle).T) / settings.length
        tracks.append(_Followed(frames, rows, positions, middle, float(np.percentile(distances, _NEARLY_ALL)), float(distances.max())))
    return tracks


def _find_still(tracks: Sequence[_Followed], n_frames: int, length: float) -> list[list[_Followed]]:
    """Return groups of tracks in one place each that never move while another does, what moves least first."""
    if not any(track.most >= _MOVING_LENGTHS for track in tracks):
        return []
    left = sorted((track for track in tracks if track.usual <= _STILL_LENGTHS), key=lambda track: track.usual)
    moving = [track for track in tracks if track.usual > _STILL_LENGTHS]
    groups = []
    while left:
        middle = left[0].middle
        group = [track for track in left if np.hypot(*(track.middle - middle)) <= _STILL_LENGTHS * length]
        left = [track for track in left if np.hypot(*(track.middle - middle)) > _STILL_LENGTHS * length]
        present = np.zeros(n_frames, dtype=np.bool_)
        present[np.concatenate([track.frames for track in group])] = True
        enough = present.sum() >= max(_LEAST_PART * n_frames, _FEWEST)
        if enough and not any(_goes_on(track, middle, present, length) for track in moving):
            groups.append(group)
    return groups


def _goes_on(track: _Followed, middle: npt.NDArray[np.float64], present: npt.NDArray[np.bool_], length: float) -> bool:
    """Tell whether a track that moves begins or ends near a place in a frame in which nothing is found there; a video's ends are no end."""
    ends = [end for end, border in ((0, 0), (-1, len(present) - 1)) if track.frames[end] != border and not present[track.frames[end]]]
    return any(np.hypot(*(track.positions[end] - middle)) <= _MOVING_LENGTHS * length for end in ends)
