"""Clips: stretches of crops that a network looks at together, each aligned to the crop in its middle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Clip", "ClipBatch", "find_clip_rows"]


@dataclass(frozen=True)
class Clip:
    """What a network on clips looks at.

    Attributes
    ----------
    frames
        Number of crops in a clip, F.
    stride
        From one of them to the next, in rows: frames of the video, or of those that are sampled.
    """

    frames: int
    stride: int = 1

    @property
    def before(self) -> int:
        """How many rows a clip begins before its middle."""
        return (self.frames // 2) * self.stride

    @property
    def after(self) -> int:
        """How many rows a clip ends after its middle."""
        return (self.frames - 1 - self.frames // 2) * self.stride


def find_clip_rows(middles: npt.NDArray[np.int64], clip: Clip, *, n_rows: int | None) -> npt.NDArray[np.int64]:
    """Return the rows of the clips around `middles` (N,), int64 of shape (N, F); beyond both ends, the first and last row are repeated.

    Parameters
    ----------
    n_rows
        Number of rows; None while more of them come.

    Examples
    --------
    >>> find_clip_rows(np.array([0, 3]), Clip(4, stride=2), n_rows=5).tolist()
    [[0, 0, 0, 2], [0, 1, 3, 4]]
    """
    offsets = (np.arange(clip.frames) - clip.frames // 2) * clip.stride
    rows = middles[:, None] + offsets
    return np.clip(rows, 0, None if n_rows is None else n_rows - 1)


@dataclass(frozen=True)
class ClipBatch:
    """N clips that share crops, which are put together when a part of them is asked for: all at once would be many times as large.

    Attributes
    ----------
    images
        Crops, RGB uint8 of shape (M, S, S, 3).
    rows
        Which of them are in each clip, int64 of shape (N, F).
    """

    images: npt.NDArray[np.uint8]
    rows: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, part: slice) -> npt.NDArray[np.uint8]:
        """Return some clips, uint8 of shape (n, F, S, S, 3)."""
        return self.images[self.rows[part]]

    def take_middles(self) -> npt.NDArray[np.uint8]:
        """Return the crop in the middle of each clip, uint8 of shape (N, S, S, 3)."""
        return self.images[self.rows[:, self.rows.shape[1] // 2]]
