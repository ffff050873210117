"""Crops as they might have been: turned, mirrored, shifted, and so on, in ways that leave the behavior what it is."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["WindowAugmenter"]

DEGREES = 360.0
PIXEL_RANGE = (0, 255)


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
        # Keras takes seconds to load.
        from keras import layers

        seeds = [int(value >> 1) for value in np.random.SeedSequence(seed).generate_state(6)]
        known = (
            # With both directions in one layer, Keras mirrors in both or in none, which is a rotation.
            (flip, lambda: layers.RandomFlip("horizontal", seed=seeds[0])),
            (rotation, lambda: layers.RandomRotation(rotation / DEGREES, seed=seeds[1])),
            (zoom, lambda: layers.RandomZoom(zoom, seed=seeds[2])),
            (shear, lambda: layers.RandomShear(shear, shear, seed=seeds[3])),
            (shift, lambda: layers.RandomTranslation(shift, shift, seed=seeds[4])),
            (brightness, lambda: layers.RandomBrightness(brightness, value_range=PIXEL_RANGE, seed=seeds[5])),
        )
        self._layers = [make() for amount, make in known if amount]

    def augment(self, windows: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Return `windows`, RGB of shape (N, W, S, S, 3) in 0 to 255, changed: float32 of the same shape and range."""
        n_windows, length, size = windows.shape[:3]
        if not self._layers:
            return windows.astype(np.float32)
        # Keras draws once for each image of a batch: the frames of a window go in as the colors of one image.
        images = windows.transpose(0, 2, 3, 1, 4).reshape(n_windows, size, size, length * 3).astype(np.float32)
        for layer in self._layers:
            images = layer(images, training=True)
        changed = np.asarray(images, dtype=np.float32).reshape(n_windows, size, size, length, 3)
        return np.ascontiguousarray(changed.transpose(0, 3, 1, 2, 4))
