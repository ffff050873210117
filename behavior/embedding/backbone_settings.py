"""The backbone that a study file names."""

from __future__ import annotations

from behavior.config import Backbone
from behavior.vision.backbones import BackboneSpecification, find_backbone
from behavior.vision.preprocessing import ColorNormalization, Preprocessing

__all__ = ["find_chosen_backbone"]


def find_chosen_backbone(backbone: Backbone) -> BackboneSpecification:
    """Return what is known of the backbone of a study file.

    Raises
    ------
    UsageError
        If there is no such backbone, or what is chosen does not fit it.
    WeightsError
        If its file does not hold a network from an image to one output.
    """
    preprocessing: Preprocessing | None
    if backbone.preprocessing is None or isinstance(backbone.preprocessing, str):
        preprocessing = backbone.preprocessing
    else:
        preprocessing = ColorNormalization(backbone.preprocessing.mean, backbone.preprocessing.std)
    return find_backbone(
        backbone.name,
        weights=backbone.weights,
        preprocessing=preprocessing,
        pooling=backbone.pooling,
        input_size=backbone.input_size,
    )
