"""Pictures as they are taken, with what the model predicts drawn on: names of what goes on, where it looks, and probabilities beneath."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from behavior.figures.overlay_bars import GROUND, ProbabilityBars, find_scale
from behavior.figures.overlay_chips import Chips

__all__ = ["LivePainter"]

# Pixels: narrower pictures have no room for words, and larger ones are more than a page shows.
_NARROWEST, _LARGEST = 480, 960
# Between the picture, the bars and the lower edge.
_GAP = 9


class LivePainter:
    """Paints pictures of one size, as `overlay.OverlayPainter` does those of a recording that is over.

    Parameters
    ----------
    behaviors
        B names.
    picture_size
        Width and height of the pictures in pixels; smaller and larger ones are drawn in a size that words fit in and a page shows.
    thresholds
        Where the tick is on the bar of each behavior, shape (B,); none at all where None.

    Attributes
    ----------
    width, height, picture_height
        Of what is painted, and of the picture in it, which is at the top, in pixels.
    bars
        Beneath the picture.
    """

    def __init__(
        self, behaviors: Sequence[str], *, picture_size: tuple[int, int], thresholds: npt.NDArray[np.floating] | None = None
    ) -> None:
        width, height = picture_size
        self._scale = max(-(-_NARROWEST // width), 1) if width < _NARROWEST else min(_LARGEST / max(picture_size), 1.0)
        self.width, self.picture_height = max(round(self._scale * width), 1), max(round(self._scale * height), 1)
        gap = round(_GAP * find_scale(self.width))
        self._chips = Chips(behaviors, width=self.width)
        self.bars = ProbabilityBars(behaviors, width=self.width, top=gap, thresholds=thresholds)
        self._panel = np.empty((self.bars.bottom + gap, self.width, 3), dtype=np.uint8)
        self._panel[:] = GROUND
        self.bars.write(self._panel)
        self.height = self.picture_height + len(self._panel)

    def paint(
        self,
        image: npt.NDArray[np.uint8],
        probabilities: npt.NDArray[np.floating],
        decided: npt.NDArray[np.bool_],
        corners: npt.NDArray[np.float64] | None = None,
    ) -> npt.NDArray[np.uint8]:
        """Return what viewers see, RGB, uint8 of shape (height, width, 3).

        Parameters
        ----------
        image
            RGB, uint8.
        probabilities, decided
            Shape (B,); NaN where they are not known yet.
        corners
            Of what the model looks at, in the picture, shape (4, 2) as x, y; None for all of it.
        """
        canvas = np.empty((self.height, self.width, 3), dtype=np.uint8)
        picture, panel = canvas[: self.picture_height], canvas[self.picture_height :]
        if self._scale == 1:
            picture[:] = image
        else:
            way = cv2.INTER_NEAREST if self._scale > 1 else cv2.INTER_AREA
            picture[:] = cv2.resize(image, (self.width, self.picture_height), interpolation=way)
        if corners is not None:
            places, line = np.rint(corners * self._scale).astype(np.int32), max(round(2 * find_scale(self.width)), 1)
            for color, more in ((0, 2), (255, 0)):
                cv2.polylines(picture, [places], True, (color,) * 3, line + more, cv2.LINE_AA)
        self._chips.paint(picture, decided)
        panel[:] = self._panel
        self.bars.paint(panel, probabilities, decided)
        return canvas
