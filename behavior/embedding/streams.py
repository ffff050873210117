"""Which streams of features a study has that are made here, rather than imported."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from behavior.config import APPEARANCE, MOTION, POSE, Arena, Backbone, Crop, PoseFiles
from behavior.embedding.crop_streams import AppearanceStream, MotionStream
from behavior.embedding.pose_stream import PoseStream
from behavior.embedding.stream import FeatureStream

__all__ = ["identify_stream", "make_streams"]


def make_streams(
    names: Sequence[str],
    *,
    crop: Crop | None,
    backbone: Backbone,
    arena: Arena | None,
    cache: Path,
    sampling: float | None = None,
    pose: PoseFiles | None = None,
) -> dict[str, FeatureStream]:
    """Return those of the streams `names` that are made here, by name; all others are imported.

    `sampling` is how many frames a second have features, all where None; `pose` says which other animals the pose stream describes.
    """
    made: dict[str, FeatureStream] = {}
    if crop is None:
        return made
    for name in names:
        if name == APPEARANCE:
            made[name] = AppearanceStream(crop=crop, backbone=backbone, cache=cache, sampling=sampling)
        elif name == MOTION:
            made[name] = MotionStream(crop=crop, cache=cache, sampling=sampling)
        elif name == POSE:
            made[name] = PoseStream(crop=crop, arena=arena, cache=cache, sampling=sampling, pose=pose)
    return made


def identify_stream(name: str, backbone: Backbone | None) -> str:
    """Return what tells a stream from the others that the models of one study work on."""
    return f"{name} of {backbone.model_dump_json()}" if name == APPEARANCE and backbone is not None else name
