"""Frames of an overlay video: the picture with the names of what goes on, above a panel with probabilities and ethogram."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from behavior.figures.ethogram_raster import RasterRow
from behavior.figures.lettering import shorten_text, write_word
from behavior.figures.overlay_bars import GROUND, WHITE
from behavior.figures.overlay_chips import Chips
from behavior.figures.overlay_panel import MODEL, PEOPLE, OverlayPanel

__all__ = ["OverlayPainter"]

# Narrower pictures have no room for words.
_NARROWEST = 480
# Of a panel without a picture.
_PANEL_WIDTH = 960
_GREY = 128
# Places beyond are outside of every picture, and OpenCV takes 32 bits.
_FAR = 1e5


class OverlayPainter:
    """Paints frames of an overlay video.

    On the picture stand, at the upper left, the names of the behaviors that were decided in the frame, and where there are labels, at the
    upper right those that each rater saw; what the picture has no room for is left to the panel beneath it.

    Parameters
    ----------
    row
        The recording, with probabilities.
    behaviors
        B names; a name of any length is shortened to what there is room for.
    picture_size
        Width and height of the pictures in pixels; None for the panel alone.
    thresholds
        Where the tick is on the bar of each behavior, shape (B,); none for NaN, and none at all where None.
    note
        Stands behind the recording's name.
    places
        Where the animal is that all of it is about, float64 of shape (T, 2) in pixels as x, y, NaN where that is unknown; None where there
        is one animal. A ring and its name are painted there.
    animal
        Its name.

    Attributes
    ----------
    width, height
        Of what is painted, in pixels: even, because most players show no other H.264.
    picture_height
        Rows that the picture takes, from the top.
    magnification
        How many times a picture narrower than 480 pixels is enlarged; a whole number, 1 for all others.
    panel
        Positions of bars and words in the panel.

    Raises
    ------
    ValueError
        If shapes do not match, there are no frames, no behaviors or no probabilities.
    """

    def __init__(
        self,
        row: RasterRow,
        behaviors: Sequence[str],
        *,
        picture_size: tuple[int, int] | None,
        thresholds: npt.NDArray[np.floating] | None = None,
        note: str = "",
        places: npt.NDArray[np.float64] | None = None,
        animal: str = "",
    ) -> None:
        expected = (len(row.time_s), len(behaviors))
        for name, values in {"decided": row.decided, "probabilities": row.probabilities, **row.labels}.items():
            if 0 in expected or values is None or values.shape != expected:
                raise ValueError(f"{name!r} of {row.name!r} are {'none' if values is None else values.shape}, expected {expected}")
        self._picture_size = picture_size
        picture_width, picture_height = picture_size or (_PANEL_WIDTH, 0)
        self.magnification = max(-(-_NARROWEST // picture_width), 1)
        self._picture_width, self.picture_height = self.magnification * picture_width, self.magnification * picture_height
        self.width = self._picture_width + self._picture_width % 2
        self.panel = OverlayPanel(row, behaviors, width=self.width, thresholds=thresholds, note=note)
        self.height = self.picture_height + self.panel.height
        self.height += self.height % 2
        self._decided, self._labels, self._first_frame = row.decided, list(row.labels.values()), row.first_frame
        self._places = places
        raters = [rater or PEOPLE for rater in row.labels]
        self._chips = Chips(behaviors, width=self.width, heads=[MODEL, *raters] if raters else [])
        self._size, self._mark = self._chips.size, self._chips.make(animal, WHITE, GROUND, self.width // 4)

    def paint(self, frame: int, image: npt.NDArray[np.uint8] | None = None) -> npt.NDArray[np.uint8]:
        """Return what the video shows at frame number `frame` of the row, RGB, uint8 of shape (height, width, 3).

        Parameters
        ----------
        image
            The picture, RGB, uint8; None where it could not be decoded, or there are no pictures.
        """
        canvas = np.empty((self.height, self.width, 3), dtype=np.uint8)
        below = self.picture_height + self.panel.height
        canvas[self.picture_height : below] = self.panel.paint(frame)
        canvas[below:] = GROUND
        if self._picture_size is not None:
            self._paint_picture(canvas[: self.picture_height], frame, image)
            self._chips.paint(canvas[: self.picture_height], self._decided[frame], [labels[frame] for labels in self._labels])
        return canvas

    def _paint_picture(self, canvas: npt.NDArray[np.uint8], frame: int, image: npt.NDArray[np.uint8] | None) -> None:
        canvas[:, self._picture_width :] = 0
        picture = canvas[:, : self._picture_width]
        if image is None:
            picture[:] = _GREY
            text = shorten_text(f"frame {self._first_frame + frame} cannot be decoded", self._size, self._picture_width - 1)
            word = write_word(text, self._size, (0, 0, 0), (_GREY,) * 3)[: len(picture)]
            top, left = (len(picture) - word.shape[0]) // 2, (picture.shape[1] - word.shape[1]) // 2
            picture[top : top + word.shape[0], left : left + word.shape[1]] = word
            return
        if self.magnification > 1:
            image = cv2.resize(image, (picture.shape[1], picture.shape[0]), interpolation=cv2.INTER_NEAREST)
        picture[:] = image
        if self._places is not None and np.isfinite(self._places[frame]).all():
            self._paint_place(picture, self._places[frame] * self.magnification)

    def _paint_place(self, picture: npt.NDArray[np.uint8], place: npt.NDArray[np.float64]) -> None:
        """Paint a ring around the animal, and its name to the upper right of it, or inwards of that near an edge."""
        x, y = np.clip(place, -_FAR, _FAR).round().astype(int).tolist()
        radius, width = round(1.3 * self._size), max(round(self._size / 8), 1)
        for color, more in ((0, 2), (255, 0)):
            cv2.circle(picture, (x, y), radius, (color,) * 3, width + more, cv2.LINE_AA)
        top, left = y - radius - self._mark.height // 2, x + radius
        top = min(max(top, 0), len(picture) - self._mark.height)
        left = min(max(left, 0), picture.shape[1] - self._mark.width)
        if top >= 0 and left >= 0:
            self._mark.put(picture, top, left)
