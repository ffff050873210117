"""Ethograms as the timeline shows them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from behavior.errors import EthogramError
from behavior.review.predictions import read_predictions


def test_an_ethogram_gives_pyramid_thresholds_and_bouts(study: Path) -> None:
    read = read_predictions(study.parent / "ethograms" / "mouse_1_ethogram.csv", n_frames=60)
    assert (read.behaviors, dict(read.thresholds), read.is_trained_on) == (("groom", "rear"), {"groom": 0.5, "rear": 0.5}, False)
    assert {name: bouts.tolist() for name, bouts in read.decided.items()} == {"groom": [[12, 22]], "rear": [[40, 50]]}
    assert np.frombuffer(read.cut(0, 11, 13), np.uint8).tolist() == [25, 25, 25, 25, 229, 229, 25, 25]
    assert np.frombuffer(read.cut(6, 0, 9), np.uint8).tolist() == [25, 229, 25, 229]
    for level, start, stop in ((7, 0, 1), (-1, 0, 1), (0, 3, 2)):
        with pytest.raises(IndexError):
            read.cut(level, start, stop)


def test_an_ethogram_of_another_video_is_refused(study: Path) -> None:
    with pytest.raises(EthogramError, match="has 60 frames, but the video has 61"):
        read_predictions(study.parent / "ethograms" / "mouse_1_ethogram.csv", n_frames=61)
