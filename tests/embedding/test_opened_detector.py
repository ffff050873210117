"""The detector of a video, as it is asked for, and what another program found in it."""

from pathlib import Path

import numpy as np
import pytest

from behavior.embedding.opened_detector import open_detector, read_given
from behavior.embedding.track_request import TrackRequest
from behavior.errors import BehaviorError

# A dark square of 12 pixels that goes right, on a light floor.
N_FRAMES, SIDE = 30, 12


def draw_samples():
    samples = np.full((N_FRAMES, 80, 160), 190, dtype=np.uint8)
    for number, sample in enumerate(samples):
        sample[30 : 30 + SIDE, 4 * number : 4 * number + SIDE] = 60
    return samples


def test_the_detector_finds_what_moves(tmp_path):
    samples = draw_samples()
    detector = open_detector(tmp_path / "a.mp4", samples, np.arange(N_FRAMES), TrackRequest(animals=1))
    found = detector.detect(samples[10])
    assert len(found) == 1
    np.testing.assert_allclose(found.positions[0], (40 + (SIDE - 1) / 2, 30 + (SIDE - 1) / 2), atol=1.5)


def test_a_mask_of_another_size_is_refused(tmp_path):
    with pytest.raises(BehaviorError, match=r"mask\.png"):
        open_detector(tmp_path / "a.mp4", draw_samples(), np.arange(N_FRAMES), TrackRequest(animals=1, mask=tmp_path / "mask.png"))


def test_detections_that_are_not_there_are_named(tmp_path):
    with pytest.raises(BehaviorError):
        read_given(Path(tmp_path / "a.mp4"), draw_samples(), TrackRequest(detections=tmp_path / "gone.csv"))
