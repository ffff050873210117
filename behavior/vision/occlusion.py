"""Which part of a picture an answer depends on: parts of it are covered, one after the other, and the answer is asked for again.

The method is that of Zeiler and Fergus ("Visualizing and Understanding Convolutional Networks", ECCV 2014, section 4.2), with overlapping
patches. What a patch is covered with matters as much as where it is; `take_background` gives what the picture shows there without the
animal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import cv2
import numpy as np
import numpy.typing as npt

__all__ = ["PatchGrid", "cover_patch", "lay_out_map", "measure_alteration", "take_background"]

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class PatchGrid:
    """Square patches that cover a square picture, `n_side` times `n_side` of them, row by row.

    Attributes
    ----------
    n_side
        Patches in a row, and in a column.
    share
        Side of a patch as a share of the picture's; patches overlap where this is more than 1 / n_side.

    Raises
    ------
    ValueError
        If the patches leave a gap between them, or are larger than the picture.
    """

    n_side: int
    share: float

    def __post_init__(self) -> None:
        if self.n_side < 1 or not 1 / self.n_side <= self.share <= 1:
            raise ValueError(f"{self.n_side} patches of {self.share:g} of the side in a row, expected them to cover the picture")

    def __len__(self) -> int:
        return self.n_side**2

    def list_patches(self, size: int) -> list[tuple[slice, slice]]:
        """Return the rows and columns of each patch in a picture of `size` pixels.

        >>> PatchGrid(2, 0.5).list_patches(4)[1]
        (slice(0, 2, None), slice(2, 4, None))
        """
        side = min(ceil(self.share * size), size)
        starts = np.linspace(0, size - side, self.n_side).round().astype(int).tolist()
        spans = [slice(start, start + side) for start in starts]
        return [(rows, columns) for rows in spans for columns in spans]


def cover_patch(images: Image, fill: Image, patch: tuple[slice, slice]) -> Image:
    """Return `images` (N, S, S, 3) with the patch of each replaced by what `fill`, of the same shape, shows there."""
    rows, columns = patch
    covered = images.copy()
    covered[:, rows, columns] = fill[:, rows, columns]
    return covered


def measure_alteration(images: Image, fill: Image, size: int) -> Floats:
    """Return how much covering `images` (N, S, S, 3) with `fill` alters each place, float32 of shape (size, size).

    In grey levels: the largest of the three colours' changes, the mean over images.
    """
    changed = np.abs(images.astype(np.int16) - fill).max(axis=3).mean(axis=0).astype(np.float32)
    return np.asarray(cv2.resize(changed, (size, size), interpolation=cv2.INTER_AREA), dtype=np.float32)


def lay_out_map(changes: npt.NDArray[np.floating], grid: PatchGrid, altered: npt.NDArray[np.floating]) -> Floats:
    """Return the changes of the patches as a map: the mean over the patches that a place is in.

    The change of a patch is shared out among its pixels in proportion to how much covering altered them: a pixel that looked the same
    before and after has no part in what changed.

    Parameters
    ----------
    changes
        By patch, shape (P,).
    altered
        How much covering alters each pixel, 0 or more, shape (S, S). Where a patch is not altered at all, its change is shared out evenly.

    Returns
    -------
    Float32 of shape (S, S).

    Examples
    --------
    >>> lay_out_map(np.array([1.0, 0, 0, 0]), PatchGrid(2, 0.5), np.ones((4, 4)))[0].tolist()
    [1.0, 1.0, 0.0, 0.0]
    >>> lay_out_map(np.array([1.0, 0, 0, 0]), PatchGrid(2, 0.5), np.eye(4))[0].tolist()
    [2.0, 0.0, 0.0, 0.0]
    """
    total, counts = np.zeros(altered.shape), np.zeros(altered.shape)
    for change, (rows, columns) in zip(changes.tolist(), grid.list_patches(len(altered)), strict=True):
        share = altered[rows, columns] if altered[rows, columns].any() else np.ones_like(altered[rows, columns])
        total[rows, columns] += change * share / share.mean()
        counts[rows, columns] += 1
    return (total / counts).astype(np.float32)


def take_background(images: Sequence[Image]) -> Image:
    """Return the median (H, W, 3) of pictures from all over a video of a still camera: the scene without what moves.

    What stays in one place for more than half of the time is part of it.
    """
    return np.median(np.stack(images), axis=0).astype(np.uint8)
