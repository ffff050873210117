"""Which backbone to take, by its accuracy and its speed on this machine."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["ACCURACY", "recommend_backbone"]

# Top-1 accuracy on ImageNet in percent: https://keras.io/api/applications, and for DINOv2 the linear probe of arXiv:2304.07193, table 4.
ACCURACY: Mapping[str, float] = {
    "convnexttiny": 81.3,
    "timm/vit_small_patch14_dinov2.lvd142m": 81.1,
    "inceptionresnetv2": 80.3,
    "efficientnetv2b0": 78.7,
    "inceptionv3": 77.9,
    "resnet50v2": 76.0,
    "mobilenetv3large": 75.6,
    "resnet50": 74.9,
    "vgg16": 71.3,
    "mobilenetv3small": 68.1,
    "squeezenet": 57.5,
}


def recommend_backbone(speeds: Mapping[str, float], *, n_frames: int, hours: float) -> str:
    """Return a sentence on the backbone that is the most accurate on ImageNet of those that embed so many frames in time.

    >>> recommend_backbone({"resnet50v2": 20.0, "openfield": 900.0}, n_frames=3_600_000, hours=12)
    'For 3,600,000 frames within 12 hours: openfield, in 1.1 hours (900.0 frames/s).'
    """
    times = {name: n_frames / speed / 3600 for name, speed in speeds.items()}
    if not times:
        return ""
    in_time = [name for name in times if times[name] <= hours]
    best = max(in_time, key=lambda name: ACCURACY.get(name, 0.0)) if in_time else min(times, key=lambda name: times[name])
    begin = "" if in_time else "none is fast enough; the fastest is "
    accuracy = f", with {ACCURACY[best]:g} % of ImageNet right by its makers" if best in ACCURACY else ""
    speed = f"{times[best]:.2g} hours ({speeds[best]:,.1f} frames/s)"
    return f"For {n_frames:,} frames within {hours:g} hours: {begin}{best}, in {speed}{accuracy}."
