"""Recording from Python does what the command does."""

import numpy as np
import pytest

import behavior as bh
from behavior.files.ethograms import read_annotation


def test_a_video_is_recorded_and_predicted(demo, tmp_path):
    video = demo.study.parent / "videos" / "mouse_04.mp4"
    outcome = bh.record_live(demo.model, video, tmp_path, name="a", pace="fastest", center=(200, 180), duration_s=3)
    (row,) = outcome.table.to_dict("records")
    annotation = read_annotation(tmp_path / "a_ethogram.csv")
    assert row == {"recording": "a", "frames": len(annotation.time_s)} and len(annotation.time_s) == 30
    assert np.isfinite(annotation.probabilities.values).all() and not outcome.failures
    with pytest.raises(bh.VideoError, match="no such video"):
        bh.record_live(demo.model, tmp_path / "none.mp4", tmp_path, center=(1, 1))


def test_several_sources_are_recorded_side_by_side_and_one_that_fails_is_named(demo, tmp_path):
    video = demo.study.parent / "videos" / "mouse_04.mp4"
    sources = [f"left={video}", f"right={video}", "gone=97"]
    centers = [(200, 180), (200, 180), (10, 10)]
    outcome = bh.record_live(demo.model, sources, tmp_path, pace="fastest", center=centers, duration_s=1)
    assert outcome.table.to_dict("records") == [{"recording": "left", "frames": 10}, {"recording": "right", "frames": 10}]
    assert list(outcome.failures) == ["gone"] and "camera 97: does not answer" in outcome.failures["gone"]
    left, right = (read_annotation(tmp_path / f"{name}_ethogram.csv").probabilities.values for name in ("left", "right"))
    # One network, and a state of its own for each.
    np.testing.assert_array_equal(left, right)
