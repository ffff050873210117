"""What a picture looks like without animals."""

from __future__ import annotations

from typing import Literal, get_args

import cv2
import numpy as np
import numpy.typing as npt

__all__ = [
    "BACKGROUNDS",
    "POLARITIES",
    "BackgroundKind",
    "Grey",
    "Levels",
    "Polarity",
    "RankedSamples",
    "estimate_background",
    "level_brightness",
    "subtract_background",
]

Grey = npt.NDArray[np.uint8]
Levels = npt.NDArray[np.float32]

BackgroundKind = Literal["median", "extreme", "flat"]
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
        levelled = [cv2.convertScaleAbs(sample, alpha=gain) for sample, gain in zip(samples, gains, strict=True)]
        self._coarse = np.stack([sample[::_STRIDE, ::_STRIDE] for sample in levelled])
        self._ranked = np.sort(np.stack(levelled), axis=0)

    def estimate(self, kind: BackgroundKind, polarity: Polarity) -> Levels:
        """Return the picture behind the animals as `estimate_background` does."""
        if kind == "median":
            return self._take(0.5)
        if kind == "flat":
            middle = self._take(0.5)
            side = min(max(min(middle.shape) // _FLAT_PART, 3) | 1, 255)
            return cv2.medianBlur(middle.astype(np.uint8), side).astype(np.float32)
        if polarity == "both":
            raise ValueError("an extreme background is for dark or for light animals; it cannot be found for both")
        extreme = self._take(1 - _EXTREME if polarity == "dark" else _EXTREME)
        # The extreme of noise lies off its middle, by as much everywhere.
        coarse = extreme[::_STRIDE, ::_STRIDE]
        return extreme + np.float32(np.median([np.median(sample - coarse) for sample in self._coarse]))

    def _take(self, share: float) -> Levels:
        return self._ranked[round(share * (len(self._ranked) - 1))].astype(np.float32)


def estimate_background(samples: Grey, *, kind: BackgroundKind = "median", polarity: Polarity = "dark") -> Levels:
    """Return the picture behind the animals, float32 of shape (H, W), in grey levels.

    Parameters
    ----------
    samples
        Pictures from all over the video, uint8 of shape (K, H, W).
    kind
        `median` over time: for animals that move. `extreme`: the brightest that a pixel becomes (the darkest where animals are light), for
        animals that sit still for most of the video and leave their place once. `flat`: the surroundings of a pixel, for animals that
        never leave it on an even floor.
    polarity
        Whether animals are darker than what is behind them, lighter, or either; what `extreme` looks for.

    Raises
    ------
    ValueError
        If there is no sample, or `kind` is `extreme` and `polarity` is `both`: then nothing tells animal from background.

    Examples
    --------
    >>> samples = np.full((5, 8, 8), 200, dtype=np.uint8)
    >>> samples[:4, 2, 2] = 30
    >>> [float(estimate_background(samples, kind=kind)[2, 2]) for kind in ("median", "extreme")]
    [30.0, 200.0]
    """
    return RankedSamples(samples).estimate(kind, polarity)


def level_brightness(image: Grey, background: Levels) -> float:
    """Return the factor that makes `image` as bright as `background`, both of shape (H, W).

    >>> level_brightness(np.full((20, 20), 50, dtype=np.uint8), np.full((20, 20), 100, dtype=np.float32))
    2.0
    """
    return _find_gain(image[::_STRIDE, ::_STRIDE], background[::_STRIDE, ::_STRIDE])


def subtract_background(image: Grey, background: Levels, *, polarity: Polarity, blur: float = 0.0) -> Levels:
    """Return how much each pixel of `image` looks like an animal, in grey levels, float32 of shape (H, W), 0 or more.

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
    own = image.astype(np.float32) if abs(gain - 1) < 0.01 else image * np.float32(gain)
    if polarity == "dark":
        difference = cv2.subtract(background, own)
    elif polarity == "light":
        difference = cv2.subtract(own, background)
    else:
        difference = cv2.absdiff(own, background)
    if blur > 0:
        difference = cv2.GaussianBlur(difference, (0, 0), blur)
    return np.maximum(difference, 0, out=difference)


def _find_gain(own: npt.NDArray, behind: npt.NDArray) -> float:
    # Black parts of a picture stay black in any light, and tell nothing.
    lit = (behind > 20) & (own > 5)
    if np.count_nonzero(lit) < lit.size // 20:
        return 1.0
    return float(np.clip(np.median(behind[lit] / own[lit]), *_GAIN_RANGE))
