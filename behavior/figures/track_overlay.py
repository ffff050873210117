"""Frames of a video with its animals drawn on: where each is and looks, its name, its colour and its way of the last second."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from behavior.figures.lettering import Rgb, choose_text_color, parse_color, shorten_text, write_word
from behavior.figures.overlay_bars import find_scale
from behavior.figures.rendering import get_animal_color

__all__ = ["DrawnAnimals", "TrackPainter"]

Floats = npt.NDArray[np.float64]
Image = npt.NDArray[np.uint8]

# Narrower pictures have no room for names.
_NARROWEST = 480
# A longer step, in parts of the picture's longer side, is a jump over frames in which nothing is known.
_LONGEST_STEP = 0.15
# Of OpenCV's coordinates, for edges between pixels.
_SHIFT = 4
_GREY = 128
_BLACK: Rgb = (0, 0, 0)
# How much of its colour the oldest part of a way has.
_FAINTEST = 0.15


@dataclass(frozen=True)
class DrawnAnimals:
    """K animals in T frames.

    Attributes
    ----------
    centers, heads
        Pixels, float64 of shape (T, K, 2); NaN where unknown.
    seen
        Bool of shape (T, K); positions of others are predicted.
    names
        K names.
    """

    centers: Floats
    heads: Floats
    seen: npt.NDArray[np.bool_]
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        n_frames, n_animals = self.seen.shape
        for name in ("centers", "heads"):
            if (found := getattr(self, name).shape) != (n_frames, n_animals, 2):
                raise ValueError(f"{name} have shape {found}, expected {(n_frames, n_animals, 2)}")
        if len(self.names) != n_animals:
            raise ValueError(f"{len(self.names)} names for {n_animals} animals")


class TrackPainter:
    """Paints frames of a video of tracked animals.

    Each animal has a dot, which is a ring where its position is predicted; a line to its head; its name, and the way that it came in the
    last `n_trail` frames.

    Parameters
    ----------
    animals
        What is drawn.
    picture_size
        Width and height of the pictures in pixels.
    n_trail
        How many frames a way is long.
    note
        Stands at the upper left, before the frame's time.

    Attributes
    ----------
    width, height
        Of what is painted, in pixels: even, because most players show no other H.264.
    magnification
        How many times a picture narrower than 480 pixels is enlarged.
    """

    def __init__(self, animals: DrawnAnimals, *, picture_size: tuple[int, int], n_trail: int, note: str = "") -> None:
        self._animals, self._n_trail, self._note = animals, n_trail, note
        width, height = picture_size
        self.magnification = max(-(-_NARROWEST // width), 1)
        self._shown = self.magnification * width, self.magnification * height
        self.width, self.height = (side + side % 2 for side in self._shown)
        scale = find_scale(self.width)
        self._size, self._dot, self._line = round(14 * scale), round(3.5 * scale), max(round(1.5 * scale), 1)
        self._colors = [parse_color(get_animal_color(number)) for number in range(len(animals.names))]
        self._words = [
            write_word(shorten_text(name, self._size, self.width // 3, bold=True), self._size, choose_text_color(color), color, bold=True)
            for name, color in zip(animals.names, self._colors, strict=True)
        ]
        self._longest = _LONGEST_STEP * max(self._shown)

    def paint(self, frame: int, image: Image | None, *, time_s: float) -> Image:
        """Return what the video shows at frame number `frame`, RGB, uint8 of shape (height, width, 3).

        Parameters
        ----------
        image
            The picture, RGB, uint8; None where it could not be decoded.
        time_s
            Of the frame, which is written on it.
        """
        canvas = np.zeros((self.height, self.width, 3), dtype=np.uint8)
        width, height = self._shown
        if image is None:
            canvas[:height, :width] = _GREY
        else:
            enlarged = cv2.resize(image, self._shown, interpolation=cv2.INTER_NEAREST) if self.magnification > 1 else image
            canvas[:height, :width] = enlarged
        for animal in range(len(self._animals.names)):
            self._paint_way(canvas, frame, animal)
        for animal in range(len(self._animals.names)):
            self._paint_animal(canvas, frame, animal)
        words = f"{self._note}  {time_s:.2f} s  frame {frame}".strip()
        _put(canvas, write_word(words, self._size, (255, 255, 255), _BLACK), 0, 0)
        return canvas

    def _place(self, points: Floats) -> npt.NDArray[np.int32]:
        """Return pixels of a picture as OpenCV's coordinates in the painted one."""
        return np.rint(((points + 0.5) * self.magnification - 0.5) * (1 << _SHIFT)).astype(np.int32)

    def _paint_way(self, canvas: Image, frame: int, animal: int) -> None:
        first = max(frame - self._n_trail, 0)
        way = self._animals.centers[first : frame + 1, animal]
        color = np.array(self._colors[animal])
        for step in range(len(way) - 1):
            before, after = way[step], way[step + 1]
            if not np.hypot(*(after - before)) * self.magnification <= self._longest:
                continue
            strength = _FAINTEST + (1 - _FAINTEST) * (step + 1) / len(way)
            ((x, y), end) = self._place(np.stack((before, after))).tolist()
            behind = canvas[min(max(y >> _SHIFT, 0), self.height - 1), min(max(x >> _SHIFT, 0), self.width - 1)]
            faded = np.rint(color * strength + behind * (1 - strength)).tolist()
            cv2.line(canvas, (x, y), end, faded, self._line, cv2.LINE_AA, _SHIFT)

    def _paint_animal(self, canvas: Image, frame: int, animal: int) -> None:
        center, head = self._animals.centers[frame, animal], self._animals.heads[frame, animal]
        if not np.isfinite(center).all():
            return
        color, place = self._colors[animal], self._place(center).tolist()
        if np.isfinite(head).all():
            tip = self._place(head).tolist()
            # An edge in black is seen on any fur.
            cv2.line(canvas, place, tip, _BLACK, self._line + 2, cv2.LINE_AA, _SHIFT)
            cv2.line(canvas, place, tip, color, self._line, cv2.LINE_AA, _SHIFT)
        radius = self._dot << _SHIFT
        if self._animals.seen[frame, animal]:
            cv2.circle(canvas, place, radius + (1 << _SHIFT), _BLACK, cv2.FILLED, cv2.LINE_AA, _SHIFT)
            cv2.circle(canvas, place, radius, color, cv2.FILLED, cv2.LINE_AA, _SHIFT)
        else:
            cv2.circle(canvas, place, radius, color, self._line, cv2.LINE_AA, _SHIFT)
        if len(self._animals.names) > 1:
            word = self._words[animal]
            x, y = place[0] >> _SHIFT, place[1] >> _SHIFT
            left = x + 2 * self._dot if x + 2 * self._dot + word.shape[1] <= self.width else x - 2 * self._dot - word.shape[1]
            _put(canvas, word, min(max(y - word.shape[0] - self._dot, 0), self.height - word.shape[0]), max(left, 0))


def _put(canvas: Image, word: Image, top: int, left: int) -> None:
    region = canvas[top : top + word.shape[0], left : left + word.shape[1]]
    region[:] = word[: region.shape[0], : region.shape[1]]
