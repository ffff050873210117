"""Frames of recordings: those of the features, else those of the video."""

import numpy as np
import pytest

from behavior.errors import CacheError
from behavior.files.study import open_study
from behavior.learning.recording_frames import find_frames


def test_frames_are_those_of_the_features(motifs):
    study, recordings = open_study(motifs)
    frames = find_frames(study, recordings[:2])
    assert list(frames) == ["r0", "r1"]
    assert frames["r0"].n_frames == 240
    assert np.allclose(frames["r0"].time_s, np.arange(240) / 10)


def test_without_features_and_video_they_are_unknown(motifs):
    study, recordings = open_study(motifs)
    next(study.cache.glob("r1*.h5")).unlink()
    with pytest.raises(CacheError, match="r1"):
        find_frames(study, recordings[:2])


def test_without_features_the_video_is_decoded(study_copy, caplog):
    caplog.set_level("INFO")
    study, recordings = open_study(study_copy)
    next(study.cache.glob("mouse_01*.h5")).unlink()
    frames = find_frames(study, recordings[:2])
    assert [found.n_frames for found in frames.values()] == [400, 400]
    assert [record.getMessage().split(":")[0] for record in caplog.records if "decoding the video" in record.getMessage()] == ["mouse_01"]
