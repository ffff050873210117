"""Crops as they might have been: turned, mirrored, shifted, and so on, in ways that leave the behavior what it is."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

__all__ = ["WindowAugmenter"]

PIXEL_RANGE = 255


class WindowAugmenter:
    """Changes windows of crops at random, all frames of a window alike; a change whose amount is 0 is left out.

    Every call draws again; the same seed draws the same.

    Parameters
    ----------
    rotation
        Degrees to either side, up to 180.
    flip
        Whether half of the windows are mirrored, left to right.
    shift
        Share of the crop's side, in either direction.
    zoom
        Share of the crop's side by which it is enlarged or made smaller.
    brightness
        Share of the range of pixel values that is added or taken away.
    shear
        Pixels by which a row moves for each row between.
    seed
        Of all that is drawn.
    """

    def __init__(
        self,
        *,
        rotation: float = 180.0,
        flip: bool = True,
        shift: float = 0.05,
        zoom: float = 0.1,
        brightness: float = 0.1,
        shear: float = 0.05,
        seed: int,
    ) -> None:
        self._rotation, self._flip, self._shift, self._zoom = np.radians(rotation), flip, shift, zoom
        self._brightness, self._shear = brightness * PIXEL_RANGE, shear
        self._rng = np.random.default_rng(seed)

    def augment(self, windows: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Return `windows`, RGB of shape (N, W, S, S, 3) in 0 to 255, changed: float32 of the same shape and range."""
        changed = windows.astype(np.float32)
        side = windows.shape[2]
        for frames in changed:
            transform, lighter = self._draw(side)
            if not np.array_equal(transform, np.eye(2, 3)):
                # All at once, so that pixels are blurred once; what comes into sight is mirrored from inside.
                for frame in frames:
                    frame[:] = cv2.warpAffine(frame, transform, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
            if lighter:
                np.clip(frames + np.float32(lighter), 0, PIXEL_RANGE, out=frames)
        return changed

    def _draw(self, side: int) -> tuple[npt.NDArray[np.float64], float]:
        """Return how the next window of crops of `side` pixels is moved, an affine transform (2, 3), and how much lighter it gets."""
        draw = self._rng.uniform
        angle = draw(-1, 1) * self._rotation
        mirrored = -1.0 if draw() < 0.5 and self._flip else 1.0
        width, height = 1 + draw(-1, 1, 2) * self._zoom
        shear_x, shear_y = draw(-1, 1, 2) * self._shear
        shift = draw(-1, 1, 2) * self._shift * side
        lighter = draw(-1, 1) * self._brightness
        cos, sin = np.cos(angle), np.sin(angle)
        turn = np.array([[cos, -sin], [sin, cos]])
        linear = turn @ np.array([[1, shear_x], [shear_y, 1]]) @ np.diag([width * mirrored, height])
        middle = np.full(2, (side - 1) / 2)
        return np.column_stack((linear, middle + shift - linear @ middle)), float(lighter)
