"""Crops as they might have been on another day, in ways that leave an animal who it is."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

__all__ = ["vary_crops"]


def vary_crops(
    images: npt.NDArray[np.float32],
    rng: np.random.Generator,
    *,
    rotation: float = 10.0,
    shift: float = 0.05,
    zoom: float = 0.1,
    brightness: float = 0.2,
) -> npt.NDArray[np.float32]:
    """Return prepared crops (M, H, W, C), each turned, shifted, scaled and lit a little differently.

    No crop is mirrored: a left side is not a right side, and a mark is on one of them.

    Parameters
    ----------
    images
        Standardized, float32.
    rng
        Draws the changes.
    rotation
        Degrees to either side.
    shift, zoom
        Shares of the crop's longer side.
    brightness
        Standard deviations that are added or taken away, and share by which contrast changes.
    """
    n_images, height, width = images.shape[:3]
    varied = np.empty_like(images)
    middle = ((width - 1) / 2, (height - 1) / 2)
    angles = rng.uniform(-rotation, rotation, (n_images,))
    scales = 1.0 + rng.uniform(-zoom, zoom, (n_images,))
    steps = rng.uniform(-1.0, 1.0, (n_images, 2)) * (shift * max(height, width))
    gains, offsets = rng.uniform(-1.0, 1.0, (2, n_images, 1, 1, 1)) * brightness
    for row, image in enumerate(images):
        matrix = cv2.getRotationMatrix2D(middle, float(angles[row]), float(scales[row]))
        matrix[:, 2] += steps[row]
        # What comes in from outside is like the ground, which prepared crops have at 0.
        turned = cv2.warpAffine(image, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0)
        varied[row] = turned.reshape(image.shape)
    inside = (varied != 0).any(axis=-1, keepdims=True)
    return np.where(inside, varied * (1.0 + gains) + offsets, 0.0).astype(np.float32)
