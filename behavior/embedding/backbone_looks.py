"""What a backbone says of an animal's crops: its vectors, of crops in even light, at the size that it takes."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from behavior.compute.loading import load_keras
from behavior.identity.networks import embed_inputs
from behavior.identity.preparation import Preparation
from behavior.vision.backbones import BackboneSpecification, build_backbone

__all__ = ["resize_crops", "run_backbone"]


def run_backbone(
    specification: BackboneSpecification, weights: str, preparation: Preparation, images: npt.NDArray[np.uint8], *, seed: int = 0
) -> npt.NDArray[np.float32]:
    """Return a backbone's vectors of crops, RGB, uint8 of shape (M, S, S, 3): float32 of shape (M, D).

    Raises
    ------
    WeightsError
        If its weights are missing.
    """
    load_keras()
    import keras

    keras.utils.set_random_seed(seed)
    network = build_backbone(specification, weights)
    parts = [images[start : start + 256] for start in range(0, len(images), 256)]
    # Part by part: enlarged to a backbone's size, all images would not fit into memory.
    return np.concatenate(
        [embed_inputs(network, resize_crops(preparation, part, specification.input_size), n_at_once=32) for part in parts]
        or [np.zeros((0, int(network.output_shape[-1])), dtype=np.float32)]
    )


def resize_crops(preparation: Preparation, images: npt.NDArray[np.uint8], size: int) -> npt.NDArray[np.float32]:
    """Return crops (M, S, S, 3) in even light as a backbone of input size `size` takes them: float32 of shape (M, size, size, 3)."""
    levelled = np.clip(preparation.level(images), 0, 255)
    return np.stack([cv2.resize(one, (size, size), interpolation=cv2.INTER_LINEAR) for one in levelled]).astype(np.float32)
