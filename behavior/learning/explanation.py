"""What is known of why a model predicts a behavior: changes of its log-odds with something hidden, as `explainer` finds them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

__all__ = ["Explanation", "Moments", "PictureMap", "average_maps", "average_moments", "choose_frames"]

# Frames of a bout that are explained.
BOUT_FRAMES = 3

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class PictureMap:
    """Which parts of the picture speak for a behavior.

    Attributes
    ----------
    values
        Change of the log-odds by place in the crop, float32 of shape (64, 64); the mean over frames where several are explained.
    corners
        Where the crop is in the frame, float64 of shape (4, 2) as x, y: upper left, upper right, lower right, lower left.
    picture
        The frame, RGB of shape (H, W, 3).
    by_patch
        Change of the log-odds by patch of the grid, row by row, float64 of shape (P,); `values` are these shared out.
    scene_log_odds
        Log-odds with the whole crop covered.
    """

    values: npt.NDArray[np.float32]
    corners: Floats
    picture: npt.NDArray[np.uint8]
    by_patch: Floats
    scene_log_odds: float


@dataclass(frozen=True)
class Moments:
    """Which moments speak for a behavior.

    Attributes
    ----------
    edges_s
        When the M moments begin, and the last one ends, in seconds from the frame, float64 of shape (M + 1,).
    changes
        Change of the log-odds with the features of each moment replaced, float64 of shape (M,).
    """

    edges_s: Floats
    changes: Floats


@dataclass(frozen=True)
class Explanation:
    """Why a model predicts a behavior in a frame, or in a bout.

    Attributes
    ----------
    recording, behavior
        What was asked about.
    frame, time_s
        The frame that is shown, and its time in seconds.
    frames
        Those that were explained; several for a bout, and all numbers are means over them.
    log_odds
        Of the behavior, before calibration.
    picture
        None if the model does not use the picture.
    moments
        Before and after.
    streams
        Change of the log-odds with each stream of features replaced around the frame.
    parts
        Likewise with the features of each body part; empty if the model does not use pose.
    notes
        What a reader should know.
    """

    recording: str
    behavior: str
    frame: int
    time_s: float
    frames: tuple[int, ...]
    log_odds: float
    picture: PictureMap | None
    moments: Moments
    streams: dict[str, float]
    parts: dict[str, float]
    notes: tuple[str, ...] = ()

    @property
    def probability(self) -> float:
        """Of the behavior, before calibration."""
        return float(1 / (1 + np.exp(-self.log_odds)))


def choose_frames(start: int, stop: int, n_frames: int = BOUT_FRAMES) -> list[int]:
    """Return frames spread over the bout [start, stop): the middle ones of equal parts.

    >>> choose_frames(10, 20, 3)
    [11, 15, 18]
    """
    n_frames = min(n_frames, stop - start)
    return [start + int((2 * number + 1) * (stop - start) / (2 * n_frames)) for number in range(n_frames)]


def average_maps(maps: Sequence[PictureMap]) -> PictureMap:
    """Return the mean over frames, in the picture of the middle one."""
    return replace(
        maps[len(maps) // 2],
        values=np.mean([one.values for one in maps], axis=0),
        by_patch=np.mean([one.by_patch for one in maps], axis=0),
        scene_log_odds=float(np.mean([one.scene_log_odds for one in maps])),
    )


def average_moments(moments: Sequence[Moments]) -> Moments:
    """Return the mean over frames, of the moments that all have."""
    if len(moments) == 1:
        return moments[0]
    middles = [int(np.searchsorted(one.edges_s, 0.0, side="right")) - 1 for one in moments]
    before = min(middles)
    after = min(len(one.changes) - middle for one, middle in zip(moments, middles, strict=True))
    parts = [slice(middle - before, middle + after) for middle in middles]
    edges = [one.edges_s[part.start : part.stop + 1] for one, part in zip(moments, parts, strict=True)]
    return Moments(np.mean(edges, axis=0), np.mean([one.changes[part] for one, part in zip(moments, parts, strict=True)], axis=0))
