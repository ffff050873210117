"""The backbone that a study file names."""

from __future__ import annotations

import os
from pathlib import Path

from behavior.config import Backbone
from behavior.files.feature_sources import hash_file
from behavior.progress import announce
from behavior.vision.backbones import BackboneSpecification, find_backbone
from behavior.vision.preprocessing import ColorNormalization, Preprocessing
from behavior.vision.torch_descriptions import find_description, make_description, name_network, split_name
from behavior.vision.torch_networks import TorchDescription, TorchNetwork

__all__ = ["MODELS_VARIABLE", "find_chosen_backbone", "find_models_folder", "is_known"]

# Folder of converted networks, next to the features unless this variable names one for all studies.
MODELS_FOLDER, MODELS_VARIABLE = "models", "BEHAVIOR_MODELS"


def find_models_folder(cache: Path) -> Path:
    """Return the folder of converted networks, and of what is known of networks, for a feature cache."""
    return Path(os.environ.get(MODELS_VARIABLE) or cache / MODELS_FOLDER)


def find_chosen_backbone(backbone: Backbone, *, models: Path | None) -> BackboneSpecification:
    """Return what is known of the backbone of a study file.

    Parameters
    ----------
    models
        Folder of what is known of networks of PyTorch; one that nothing is known of yet is built once, in a process of its own. Where None,
        there is no use for such networks.

    Raises
    ------
    UsageError
        If there is no such backbone, its library is not installed, or what is chosen does not fit it.
    WeightsError
        If its file does not hold a network from an image to one output, or weights are missing or cannot be downloaded.
    """
    preprocessing: Preprocessing | None
    if backbone.preprocessing is None or isinstance(backbone.preprocessing, str):
        preprocessing = backbone.preprocessing
    else:
        preprocessing = ColorNormalization(backbone.preprocessing.mean, backbone.preprocessing.std)

    def describe(network: TorchNetwork) -> TorchDescription:
        assert models is not None
        return make_description(network, models, hash_file=hash_file, announce=announce)

    return find_backbone(
        backbone.name,
        weights=backbone.weights,
        preprocessing=preprocessing,
        pooling=backbone.pooling,
        input_size=backbone.input_size,
        clip=None if backbone.clip is None else (backbone.clip.frames, backbone.clip.stride),
        convnet=None if backbone.convnet is None else backbone.convnet.model_dump(),
        describe=None if models is None else describe,
    )


def is_known(backbone: Backbone, *, models: Path) -> bool:
    """Tell whether `find_chosen_backbone` builds nothing, and downloads nothing.

    Raises
    ------
    UsageError, WeightsError
        If a file of weights is missing, or of the wrong kind.
    """
    if split_name(backbone.name) is None:
        return True
    n_frames = None if backbone.clip is None else backbone.clip.frames
    network = name_network(backbone.name, backbone.weights, input_size=backbone.input_size, n_frames=n_frames)
    return find_description(network, models, hash_file=hash_file) is not None
