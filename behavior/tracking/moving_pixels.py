"""What moves in pictures, by a model of each pixel's usual values: for floors that no single picture stands for."""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

from behavior.tracking.background import Grey

__all__ = ["MOVING_THRESHOLD", "MotionKind", "MovingPixels"]

MotionKind = Literal["mog2", "knn"]

# So many frames make up what is usual, and values that are seen in less than this share of them are not: an animal that sits for longer is.
_HISTORY, _RARE = 2000, 0.25
# Earlier values of a pixel that the nearest ones are looked for among.
_N_VALUES = 16
# The models' value for shadows is just below.
MOVING_THRESHOLD = 128.0


class MovingPixels:
    """Tells pixels that have one of their usual values from those that have not.

    A pixel's usual values are several, so that leaves in the wind, a screen or a lamp that flickers are floor: a mixture of Gaussians
    (Zivkovic 2004) or the nearest of earlier values (Zivkovic and van der Heijden 2006), as OpenCV has them.

    Parameters
    ----------
    samples
        Pictures from all over the video, uint8 of shape (K, H, W): what is usual to begin with.
    kind
        The model.
    blur
        Standard deviation of the Gaussian that takes out single pixels.

    Examples
    --------
    >>> samples = np.random.default_rng(0).integers(98, 103, (30, 20, 20)).astype(np.uint8)
    >>> samples[::2, :, :10] += 60
    >>> picture = samples[0].copy()
    >>> picture[5:12, 12:18] = 30
    >>> (MovingPixels(samples).find(picture, learn=False) > MOVING_THRESHOLD)[[8, 8], [15, 5]].tolist()
    [True, False]
    """

    def __init__(self, samples: Grey, kind: MotionKind = "mog2", *, blur: float = 1.0) -> None:
        self._blur = blur
        self._model: cv2.BackgroundSubtractorMOG2 | cv2.BackgroundSubtractorKNN
        if kind == "mog2":
            self._model = cv2.createBackgroundSubtractorMOG2(history=_HISTORY, detectShadows=True)
            self._model.setBackgroundRatio(1 - _RARE)
        else:
            self._model = cv2.createBackgroundSubtractorKNN(history=_HISTORY, detectShadows=True)
            self._model.setNSamples(_N_VALUES)
            self._model.setkNNSamples(round(_RARE * _N_VALUES))
        for number, sample in enumerate(samples, start=1):
            self._model.apply(sample, learningRate=1 / number)

    def find(self, picture: Grey, *, learn: bool = True) -> Grey:
        """Return what moves in the next picture (H, W), uint8: above `MOVING_THRESHOLD` where something that is no shadow does.

        Parameters
        ----------
        learn
            Whether what is in this picture becomes more usual.
        """
        moving: npt.NDArray = self._model.apply(picture, learningRate=1 / _HISTORY if learn else 0)
        return cv2.GaussianBlur(moving, (0, 0), self._blur).astype(np.uint8) if self._blur > 0 else moving.astype(np.uint8)
