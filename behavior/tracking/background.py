"""What a picture looks like without animals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import cv2
import numpy as np
import numpy.typing as npt

__all__ = [
    "BACKGROUNDS",
    "POLARITIES",
    "BackgroundKind",
    "Grey",
    "Polarity",
    "RankedSamples",
    "estimate_background",
    "level_brightness",
    "subtract_background",
]

Grey = npt.NDArray[np.uint8]

BackgroundKind = Literal["median", "extreme", "flat", "moving"]
Polarity = Literal["dark", "light", "both"]
BACKGROUNDS: tuple[BackgroundKind, ...] = get_args(BackgroundKind)
POLARITIES: tuple[Polarity, ...] = get_args(Polarity)

# Of the samples of a pixel, the share that shows more background than animal even where an animal hardly moves; not the very last one,
# which is the camera's noise.
_EXTREME = 0.06

# Part of a picture's shorter side that is larger than an animal.
_FLAT_PART = 4

# Every so many pixels tell how bright a picture is.
_STRIDE = 7

# A picture this much darker or brighter than the background is shown in another light, and no factor makes it the same.
_GAIN_RANGE = (0.5, 2.0)


class RankedSamples:
    """Pictures from all over a video, brought to one brightness and put in order at each pixel.

    Parameters
    ----------
    samples
        Uint8 of shape (K, H, W).

    Raises
    ------
    ValueError
        If there is none.
    """

    def __init__(self, samples: Grey) -> None:
        if not len(samples):
            raise ValueError("no picture to estimate a background from")
        median = np.median(samples[:, ::_STRIDE, ::_STRIDE], axis=0)
        gains = [_find_gain(sample[::_STRIDE, ::_STRIDE], median) for sample in samples]
        levelled: list[Grey] = [_brighten(sample, gain) for sample, gain in zip(samples, gains, strict=True)]
        self._coarse = np.stack([sample[::_STRIDE, ::_STRIDE] for sample in levelled])
        self._ranked = _sort_pixels(levelled)

    def estimate(self, kind: BackgroundKind, polarity: Polarity) -> Grey:
        """Return the picture behind the animals as `estimate_background` does."""
        if kind == "moving":
            raise ValueError("what moves has no picture without animals")
        if kind == "median":
            return self._take(0.5)
        if kind == "flat":
            middle = self._take(0.5)
            side = min(max(min(middle.shape) // _FLAT_PART, 3) | 1, 255)
            return np.asarray(cv2.medianBlur(middle, side), dtype=np.uint8)
        if polarity == "both":
            raise ValueError("an extreme background is for dark or for light animals; it cannot be found for both")
        extreme = self._take(1 - _EXTREME if polarity == "dark" else _EXTREME)
        # The extreme of noise lies off its middle, by as much everywhere.
        coarse = extreme[::_STRIDE, ::_STRIDE]
        offset = np.median([np.median(sample - coarse.astype(np.float32)) for sample in self._coarse])
        return np.clip(np.rint(extreme + np.float32(offset)), 0, 255).astype(np.uint8)

    def _take(self, share: float) -> Grey:
        return self._ranked[round(share * (len(self._ranked) - 1))]


def estimate_background(samples: Grey, *, kind: BackgroundKind = "median", polarity: Polarity = "dark") -> Grey:
    """Return the picture behind the animals, uint8 of shape (H, W).

    Parameters
    ----------
    samples
        Pictures from all over the video, uint8 of shape (K, H, W).
    kind
        `median` over time: for animals that move. `extreme`: the brightest that a pixel becomes (the darkest where animals are light), for
        animals that sit still for most of the video and leave their place once. `flat`: the surroundings of a pixel, for animals that
        never leave it on an even floor. What `moving` finds needs no such picture (`moving_pixels.MovingPixels`).
    polarity
        Whether animals are darker than what is behind them, lighter, or either; what `extreme` looks for.

    Raises
    ------
    ValueError
        If there is no sample, `kind` is `moving`, or `extreme` and `polarity` is `both`: then nothing tells animal from background.

    Examples
    --------
    >>> samples = np.full((5, 8, 8), 200, dtype=np.uint8)
    >>> samples[:4, 2, 2] = 30
    >>> [int(estimate_background(samples, kind=kind)[2, 2]) for kind in ("median", "extreme")]
    [30, 200]
    """
    return RankedSamples(samples).estimate(kind, polarity)


def level_brightness(image: Grey, background: Grey) -> float:
    """Return the factor that makes `image` as bright as `background`, both of shape (H, W).

    >>> level_brightness(np.full((20, 20), 50, dtype=np.uint8), np.full((20, 20), 100, dtype=np.uint8))
    2.0
    """
    return _find_gain(image[::_STRIDE, ::_STRIDE], background[::_STRIDE, ::_STRIDE])


def subtract_background(image: Grey, background: Grey, *, polarity: Polarity, blur: float = 0.0) -> Grey:
    """Return how much each pixel of `image` looks like an animal, in grey levels, uint8 of shape (H, W).

    Parameters
    ----------
    image, background
        Of shape (H, W); `image` is brought to the background's brightness first.
    polarity
        Whether animals are darker than what is behind them, lighter, or either.
    blur
        Standard deviation of the Gaussian that takes out noise, in pixels; 0 for none.
    """
    gain = level_brightness(image, background)
    own = image if abs(gain - 1) < 0.01 else _brighten(image, gain)
    if polarity == "dark":
        difference = cv2.subtract(background, own)
    elif polarity == "light":
        difference = cv2.subtract(own, background)
    else:
        difference = cv2.absdiff(own, background)
    if blur > 0:
        side = 2 * round(2 * blur) + 1
        difference = cv2.GaussianBlur(difference, (side, side), blur)
    return np.asarray(difference, dtype=np.uint8)


def _brighten(image: Grey, gain: float) -> Grey:
    return np.asarray(cv2.convertScaleAbs(image, alpha=gain), dtype=np.uint8)


def _sort_pixels(pictures: Sequence[Grey]) -> list[Grey]:
    """Return pictures with the values of each pixel in rising order.

    Batcher's sorting network (1968), all pixels at once: a tenth of the time of sorting pixel by pixel.
    """
    ranked, n = list(pictures), len(pictures)
    merged = 1
    while merged < n:
        step = merged
        while step:
            for first in range(step % merged, n - step, 2 * step):
                for low in range(first, min(first + step, n - step)):
                    if low // (2 * merged) == (low + step) // (2 * merged):
                        pair = ranked[low], ranked[low + step]
                        ranked[low], ranked[low + step] = cv2.min(*pair), cv2.max(*pair)
            step //= 2
        merged *= 2
    return ranked


def _find_gain(own: npt.NDArray, behind: npt.NDArray) -> float:
    # Black parts of a picture stay black in any light, and tell nothing.
    lit = (behind > 20) & (own > 5)
    ratios = behind[lit] / own[lit].astype(np.float32)
    if len(ratios) < lit.size // 20:
        return 1.0
    # The upper of two middle ones will do.
    middle = len(ratios) // 2
    return float(np.clip(np.partition(ratios, middle)[middle], *_GAIN_RANGE)) if middle else 1.0
