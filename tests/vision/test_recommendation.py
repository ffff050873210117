"""Which backbone is recommended: the most accurate of those that are done in time."""

from behavior.vision.backbones import BACKBONES
from behavior.vision.recommendation import ACCURACY, recommend_backbone


def test_the_most_accurate_that_is_done_in_time_is_recommended():
    speeds = {"resnet50v2": 20.0, "convnexttiny": 5.0, "openfield": 900.0, "mobilenetv3small": 90.0}
    assert "convnexttiny, in 0.56 hours (5.0 frames/s), with 81.3 % of ImageNet" in recommend_backbone(speeds, n_frames=10_000, hours=1)
    assert ": resnet50v2, in " in recommend_backbone(speeds, n_frames=50_000, hours=1)
    assert ": mobilenetv3small, in " in recommend_backbone(speeds, n_frames=100_000, hours=1)
    assert ": openfield, in " in recommend_backbone(speeds, n_frames=1_000_000, hours=1)
    assert ": none is fast enough; the fastest is openfield, in " in recommend_backbone(speeds, n_frames=10_000_000, hours=1)
    assert recommend_backbone({}, n_frames=1, hours=1) == ""
    # What is not Keras's is timm's.
    assert {name for name in ACCURACY if "/" not in name} <= set(BACKBONES)
