"""Crops as fingerprints take them: the animal within an ellipse, under even light, on one scale."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Preparation", "make_window", "measure_surroundings"]

Images = npt.NDArray[np.uint8]
Bools = npt.NDArray[np.bool_]
Arrays = npt.NDArray[np.float32]

# Pixels around the ellipse that a network sees too.
_MARGIN = 2


def make_window(size: int, length: float, width: float) -> Bools:
    """Return the ellipse of an animal that points up in the middle of a crop, bool of shape (size, size).

    Parameters
    ----------
    size
        Side of the crop.
    length, width
        Axes of the ellipse, pixels of the crop.

    >>> make_window(5, 5, 1).astype(int).sum(axis=1).tolist()
    [1, 1, 1, 1, 1]
    """
    axis = np.arange(size) - (size - 1) / 2
    inside: Bools = (axis[None, :] / (width / 2)) ** 2 + (axis[:, None] / (length / 2)) ** 2 <= 1
    return inside


def measure_surroundings(images: Images, window: Bools) -> npt.NDArray[np.float64]:
    """Return the median colour around the animal of each crop, float64 of shape (M, C): of the pixels outside the ellipse.

    Parameters
    ----------
    images
        Uint8 of shape (M, S, S, C).
    window
        Bool of shape (S, S), as `make_window` gives it.
    """
    outside = images[:, ~window]
    # One pixel in three says as much about a median.
    medians: npt.NDArray[np.float64] = np.median(outside[:, ::3], axis=1).astype(np.float64)
    return medians


@dataclass(frozen=True)
class Preparation:
    """How crops become numbers; found on the crops of one video, and used for others of the same set-up.

    Attributes
    ----------
    window
        Where the animal is in a crop, bool of shape (S, S).
    mean, spread
        Of the pixels within the window, by channel, float32 of shape (C,).
    surroundings
        Usual colour around an animal, float64 of shape (C,), to which crops in brighter or darker places are scaled; None to leave light.
    """

    window: Bools
    mean: Arrays
    spread: Arrays
    surroundings: npt.NDArray[np.float64] | None

    @classmethod
    def fit(cls, images: Images, window: Bools, *, level_light: bool = True) -> Preparation:
        """Return the preparation for crops like `images`, uint8 of shape (M, S, S, C).

        Raises
        ------
        ValueError
            If there is no crop, or shapes do not fit.
        """
        if images.ndim != 4 or not len(images) or images.shape[1:3] != window.shape:
            raise ValueError(f"images have shape {images.shape}, expected (M, {window.shape[0]}, {window.shape[1]}, C) with M at least 1")
        some = images[:: max(1, len(images) // 1000)]
        surroundings = np.maximum(np.median(measure_surroundings(some, window), axis=0), 1.0) if level_light else None
        levelled = cls(window, np.zeros(1, np.float32), np.ones(1, np.float32), surroundings).level(some)
        inside = levelled[:, window]
        spread = np.maximum(inside.std(axis=(0, 1)), 1.0)
        return cls(window, inside.mean(axis=(0, 1)).astype(np.float32), spread.astype(np.float32), surroundings)

    def level(self, images: Images) -> Arrays:
        """Return crops as under the usual light, float32 of shape (M, S, S, C)."""
        if self.surroundings is None:
            return images.astype(np.float32)
        # Next to a wall or another animal, what is around says little about the light: at most half or twice of it is believed.
        gain = np.clip(self.surroundings / np.maximum(measure_surroundings(images, self.window), 1.0), 0.5, 2.0)
        return np.asarray(images * gain[:, None, None, :].astype(np.float32), dtype=np.float32)

    def prepare(self, images: Images) -> Arrays:
        """Return what a network sees, float32 of shape (M, H, W, C): standardized, 0 outside the ellipse, cut to the ellipse's box."""
        rows, columns = np.flatnonzero(self.window.any(axis=1)), np.flatnonzero(self.window.any(axis=0))
        size = len(self.window)
        box = tuple(slice(max(0, int(some[0]) - _MARGIN), min(size, int(some[-1]) + 1 + _MARGIN)) for some in (rows, columns))
        prepared = np.empty((len(images), box[0].stop - box[0].start, box[1].stop - box[1].start, images.shape[-1]), dtype=np.float32)
        # In parts: as float32, all crops of a long video would be four times as large as they are.
        for start in range(0, len(images), 1024):
            part = slice(start, start + 1024)
            levelled = self.level(images[part])
            prepared[part] = ((levelled - self.mean) / self.spread * self.window[None, :, :, None])[:, box[0], box[1]]
        return prepared
