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
