"""Which streams of features a study has that are made here, rather than imported."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from behavior.config import APPEARANCE, MOTION, POSE, Arena, Backbone, Crop, PoseFiles, Views, split_stream
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
    views: Views | None = None,
) -> dict[str, FeatureStream]:
    """Return those of the streams `names` that are made here, by name; all others are imported.

    `sampling` is how many frames a second have features, all where None; `pose` says which other animals the pose stream describes;
    `views` how views besides the first are read. The arena is where the first view sees it.
    """
    made: dict[str, FeatureStream] = {}
    if crop is None:
        return made
    for name in names:
        stream, view = split_stream(name)
        other = views.others.get(view) if views is not None else None
        own_crop = crop if other is None or other.crop is None else other.crop
        if stream == APPEARANCE:
            own_backbone = backbone if other is None or other.backbone is None else other.backbone
            made[name] = AppearanceStream(crop=own_crop, backbone=own_backbone, cache=cache, sampling=sampling)
        elif stream == MOTION:
            made[name] = MotionStream(crop=own_crop, cache=cache, sampling=sampling)
        elif stream == POSE:
            made[name] = PoseStream(crop=own_crop, arena=None if view else arena, cache=cache, sampling=sampling, pose=pose)
        else:
            continue
        made[name].view = view
    return made


def identify_stream(name: str, backbone: Backbone | None) -> str:
    """Return what tells a stream from the others that the models of one study work on."""
    is_of_backbone = split_stream(name)[0] == APPEARANCE and backbone is not None
    return f"{name} of {backbone.model_dump_json()}" if is_of_backbone and backbone is not None else name
