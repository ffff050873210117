"""The weights of backbones: what they are called, what tells them from others, and where their files are."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from behavior.errors import UsageError, WeightsError
from behavior.vision.openfield import openfield_weights_path
from behavior.vision.torch_networks import PRETRAINED

if TYPE_CHECKING:
    from behavior.vision.backbones import BackboneSpecification

__all__ = ["IMAGENET", "PACKAGED", "RANDOM", "RANDOM_SEED", "find_weights_file", "identify_weights", "imagenet_path"]

RANDOM_SEED = 0
IMAGENET, PACKAGED, RANDOM = "imagenet", "packaged", "random"


def identify_weights(specification: BackboneSpecification, weights: str, *, hash_file: Callable[[Path], str]) -> str:
    """Return what tells these weights from all others, without building the network.

    Parameters
    ----------
    weights
        "imagenet", "packaged", "random" or the path of a weights file.
    hash_file
        Returns the hash of a file's content.

    Raises
    ------
    UsageError
        If the backbone does not come with such weights.
    WeightsError
        If the file is missing.
    """
    if specification.torch is not None:
        return specification.torch_identity
    if weights == PRETRAINED:
        raise UsageError(
            f"backbone {specification.name!r} has no weights called pretrained; give imagenet, packaged or the path of a file."
        )
    if weights == RANDOM:
        return f"random, seed {RANDOM_SEED}"
    if weights == IMAGENET:
        if specification.imagenet_file is None:
            hint = "weights: packaged" if specification.name == "openfield" else "the path of a weights file"
            raise UsageError(f"backbone {specification.name!r} has no ImageNet weights that Keras could fetch; give {hint} instead.")
        return specification.imagenet_file
    if weights == PACKAGED:
        if specification.name != "openfield":
            raise UsageError(
                f"no weights for backbone {specification.name!r} come with the package; only 'openfield' has weights: packaged."
            )
        return hash_file(openfield_weights_path())
    path = Path(weights)
    if not path.is_file():
        raise WeightsError(f"{path}: no such weights file; give imagenet, packaged, random or the path of a file that is there.")
    if specification.file is None or len(specification.file.files) == 1:
        return hash_file(path)
    # A network and its weights are in files of their own.
    return " ".join(hash_file(one) for one in specification.file.files)


def find_weights_file(specification: BackboneSpecification, weights: str) -> Path:
    """Return the file of a backbone's weights, downloaded first where they are ImageNet's and not here.

    Raises
    ------
    WeightsError
        If they cannot be downloaded, or the installation lacks those that come with it.
    """
    if weights == PACKAGED:
        return openfield_weights_path()
    if weights != IMAGENET:
        return Path(weights)
    path = imagenet_path(specification)
    if path.is_file():
        return path
    import keras

    try:
        # Keras knows the address and the checksum of the file; it leaves a verified copy in its folder.
        getattr(keras.applications, str(specification.application))(include_top=False, weights="imagenet", pooling="avg")
    except Exception as error:
        raise WeightsError(
            f"{specification.name}: its ImageNet weights {path.name} are not in {path.parent}, where Keras looks, and could not be "
            "downloaded; put the file there from a machine with internet, or use a backbone that works offline: openfield (weights: "
            "packaged), squeezenet with a weights file, or any backbone with weights: PATH."
        ) from error
    return path


def imagenet_path(specification: BackboneSpecification) -> Path:
    """Return where Keras keeps the ImageNet weights of a backbone, downloaded or not."""
    folder = Path(os.environ.get("KERAS_HOME", Path.home() / ".keras")) / "models"
    return folder / str(specification.imagenet_file)
