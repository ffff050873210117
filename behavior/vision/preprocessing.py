"""What happens to the colors of an image before a network sees them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

__all__ = [
    "GREY_WEIGHTS",
    "TORCH_MEAN",
    "TORCH_SPREAD",
    "ColorNormalization",
    "Preprocessing",
    "describe_preprocessing",
    "find_steps",
    "preprocess",
]

# The mean of ImageNet's pixels in blue, green, red order, which networks that came from Caffe have subtracted.
CAFFE_MEAN = (103.939, 116.779, 123.68)
# The mean and the spread of ImageNet's pixels between 0 and 1, in red, green, blue order, as torchvision has them.
TORCH_MEAN, TORCH_SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
# What red, green and blue weigh in a grey value (ITU-R BT.601).
GREY_WEIGHTS = (0.299, 0.587, 0.114)

Color = tuple[float, float, float]


@dataclass(frozen=True)
class ColorNormalization:
    """Values from 0 to 1, less a mean, over a spread, each of red, green and blue."""

    mean: Color
    spread: Color


Preprocessing = Literal["raw", "symmetric", "caffe", "torch"] | ColorNormalization


def describe_preprocessing(preprocessing: Preprocessing) -> str:
    """Return a preprocessing in words that tell it from all others.

    >>> describe_preprocessing("torch")
    'torch'
    >>> describe_preprocessing(ColorNormalization((0.5, 0.5, 0.5), (0.25, 0.25, 0.25)))
    'mean 0.5 0.5 0.5, spread 0.25 0.25 0.25'
    """
    if isinstance(preprocessing, str):
        return preprocessing
    mean, spread = (" ".join(f"{value:.9g}" for value in values) for values in (preprocessing.mean, preprocessing.spread))
    return f"mean {mean}, spread {spread}"


def find_steps(preprocessing: Preprocessing) -> tuple[bool, npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return whether colors are turned to blue, green, red, and what is then subtracted from 0 to 255 and divided by, each of shape (3,).

    >>> find_steps("symmetric")[1].tolist()
    [127.5, 127.5, 127.5]
    """
    if preprocessing == "caffe":
        return True, np.array(CAFFE_MEAN, dtype=np.float32), np.ones(3, dtype=np.float32)
    if preprocessing == "raw":
        return False, np.zeros(3, dtype=np.float32), np.ones(3, dtype=np.float32)
    if preprocessing == "symmetric":
        preprocessing = ColorNormalization((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    if isinstance(preprocessing, str):
        preprocessing = ColorNormalization(TORCH_MEAN, TORCH_SPREAD)
    mean, spread = (255 * np.array(values, dtype=np.float32) for values in (preprocessing.mean, preprocessing.spread))
    return False, mean, spread


def preprocess(image: Any, preprocessing: Preprocessing, *, n_channels: int = 3) -> Any:
    """Return RGB images (..., S, S, 3) in 0 to 255, arrays or Keras tensors, as a network with that preprocessing expects them."""
    from keras import ops

    if n_channels == 1:
        image = ops.sum(image * np.array(GREY_WEIGHTS, dtype=np.float32), axis=-1, keepdims=True)
    if preprocessing == "raw":
        return image
    if preprocessing == "symmetric":
        return image / 127.5 - 1.0
    is_reversed, mean, spread = find_steps(preprocessing)
    if is_reversed:
        return ops.flip(image, axis=-1) - mean
    return (image - mean) / spread
