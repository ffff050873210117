"""`convnet`: a small network without weights of its own, which `behavior finetune` trains from scratch on the crops of a study."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras

__all__ = ["CONVNET", "DEFAULT_FILTERS", "DEFAULT_INPUT_SIZE", "build_convnet", "count_parameters"]

CONVNET = "convnet"
# So many that two cores train it on a study of a dozen recordings within minutes.
DEFAULT_FILTERS = (16, 32, 64, 128)
DEFAULT_INPUT_SIZE = 64


def build_convnet(
    *, filters: Sequence[int] = DEFAULT_FILTERS, kernel_size: int = 3, dropout: float = 0.1, input_size: int = DEFAULT_INPUT_SIZE
) -> keras.Model:
    """Build the network, with random weights.

    Each block is a convolution, batch normalisation, ReLU, and the largest of every two by two pixels; from the second block on, whole maps
    are left out at random in training. What the last block says is averaged over the image.

    Parameters
    ----------
    filters
        Of each block; each halves the picture's side.
    kernel_size
        Side of each convolution in pixels.
    dropout
        Share of the maps that a training step leaves out.
    input_size
        Side of the images in pixels.

    Returns
    -------
    A model from images, float RGB from 0 to 255 of shape (N, S, S, 3), to vectors (N, D), D being the filters of the last block.

    Raises
    ------
    ValueError
        If there are more blocks than the picture can be halved.

    Examples
    --------
    >>> build_convnet(filters=[4, 8], input_size=16).output_shape
    (None, 8)
    """
    if not filters or input_size >> len(filters) < 1:
        raise ValueError(f"{len(filters)} blocks halve a picture of {input_size} pixels to nothing, expected 1 block or more, and fewer")
    import keras

    images = keras.Input((input_size, input_size, 3), name="images")
    x = keras.layers.Rescaling(1 / 127.5, offset=-1.0, name="rescale")(images)
    for number, width in enumerate(filters, start=1):
        if number > 1 and dropout:
            x = keras.layers.SpatialDropout2D(dropout, name=f"dropout_{number}")(x)
        x = keras.layers.Conv2D(width, kernel_size, padding="same", use_bias=False, name=f"convolution_{number}")(x)
        # Small studies have few steps in an epoch, and its score rests on what the statistics have come to by then.
        x = keras.layers.BatchNormalization(momentum=0.9, name=f"normalization_{number}")(x)
        x = keras.layers.ReLU(name=f"activation_{number}")(x)
        x = keras.layers.MaxPooling2D(name=f"pooling_{number}")(x)
    return keras.Model(images, keras.layers.GlobalAveragePooling2D(name="average")(x), name=CONVNET)


def count_parameters(filters: Sequence[int] = DEFAULT_FILTERS, kernel_size: int = 3) -> int:
    """Return the number of weights of `build_convnet`, those of normalisation among them.

    >>> count_parameters([4, 8]) == build_convnet(filters=[4, 8], input_size=16).count_params()
    True
    """
    return sum(kernel_size**2 * before * after + 4 * after for before, after in zip((3, *filters), filters, strict=False))
