"""Which crops show one animal whole and sharp; the others are left out, by measure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from behavior.identity.preparation import measure_surroundings

__all__ = ["CropQuality", "choose_usable", "measure_contrast", "measure_quality"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

# From the median absolute deviation to a standard deviation, of a normal distribution.
_MAD_TO_DEVIATION = 1.4826
# Robust standard deviations, as Iglewicz and Hoaglin (1993) advise.
_MOST_DEVIATIONS = 3.5


@dataclass(frozen=True)
class CropQuality:
    """Of M crops, each float64 of shape (M,).

    Attributes
    ----------
    sharpness
        Mean absolute second difference of the brightness within the ellipse, over its contrast to the surroundings: low where blurred.
    filled
        Share of the ellipse that is unlike the surroundings: low where the animal is cut or hidden.
    foreign
        Share of what is outside the ellipse that is like the animal: high where another one is next to it.
    """

    sharpness: Floats
    filled: Floats
    foreign: Floats


def measure_quality(images: npt.NDArray[np.uint8], window: Bools) -> CropQuality:
    """Measure crops, uint8 of shape (M, S, S, C), with the animal pointing up within `window`, bool of shape (S, S)."""
    parts: list[tuple[Floats, Floats, Floats]] = []
    for start in range(0, len(images), 1024):
        part = images[start : start + 1024]
        difference = np.abs(part.astype(np.float32) - measure_surroundings(part, window)[:, None, None, :]).mean(axis=-1)
        inside, outside = difference[:, window], difference[:, ~window]
        contrast = np.maximum(np.median(inside, axis=1), 1.0)
        grey = part.astype(np.float32).mean(axis=-1)
        curvature = np.zeros_like(grey)
        curvature[:, 1:-1, 1:-1] = np.abs(
            grey[:, :-2, 1:-1] + grey[:, 2:, 1:-1] + grey[:, 1:-1, :-2] + grey[:, 1:-1, 2:] - 4 * grey[:, 1:-1, 1:-1]
        )
        unlike = contrast[:, None] / 2
        parts.append((curvature[:, window].mean(axis=1) / contrast, (inside > unlike).mean(axis=1), (outside > unlike).mean(axis=1)))
    columns = [np.concatenate(column).astype(np.float64) for column in zip(*parts, strict=True)] if parts else [np.zeros(0)] * 3
    return CropQuality(*columns)


def measure_contrast(images: npt.NDArray[np.uint8]) -> Floats:
    """Return by how many grey levels the darkest and the brightest 2 % of the pixels of each image differ, float64 of shape (M,).

    >>> measure_contrast(np.zeros((1, 4, 4, 3), dtype=np.uint8)).tolist()
    [0.0]
    """
    if not len(images):
        return np.zeros(0)
    # Blocks of 4 x 4 pixels: what is left of noise is small.
    n_images, height, width, n_channels = images.shape
    whole = images[:, : height // 4 * 4, : width // 4 * 4]
    blocks = whole.reshape(n_images, height // 4, 4, width // 4, 4, n_channels).mean(axis=(2, 4, 5))
    low, high = np.percentile(blocks, (2, 98), axis=(1, 2))
    return np.asarray(high - low, dtype=np.float64)


def choose_usable(quality: CropQuality, touching: Bools, *, owners: npt.NDArray[np.int64] | None = None, least: int = 3) -> Bools:
    """Return which crops to go by, bool of shape (M,).

    A crop is left out where its animal is touching another, and where a measure is worse than the median of all crops by more than some
    robust standard deviations. A tracklet with hardly any crop left keeps its best ones that do not touch: little is better than nothing
    where its identity is decided as a whole.

    Parameters
    ----------
    quality
        Of the M crops.
    touching
        Whether the animal touches another, bool of shape (M,).
    owners
        Which tracklet each crop is of, int64 of shape (M,); None where none is to be kept for its tracklet's sake.
    least
        How many crops a tracklet keeps at least, if it has them.
    """
    if touching.all():
        return np.zeros(len(touching), dtype=np.bool_)
    worst = np.zeros(len(touching))
    for values, sign in ((np.log(np.maximum(quality.sharpness, 1e-6)), 1.0), (quality.filled, 1.0), (quality.foreign, -1.0)):
        middle = np.median(values[~touching])
        # Crops that are all alike have no spread: what differs by a hundredth of the value is as good.
        spread = max(_MAD_TO_DEVIATION * float(np.median(np.abs(values[~touching] - middle))), 0.01)
        worst = np.minimum(worst, sign * (values - middle) / spread)
    worst[touching] = -np.inf
    usable = worst >= -_MOST_DEVIATIONS
    if owners is not None:
        # By tracklet, the best first: how many of its own are before each crop.
        order = np.lexsort((-worst, owners))
        starts = np.searchsorted(owners[order], owners[order])
        usable[order[np.arange(len(order)) - starts < least]] = True
    return usable & ~touching
