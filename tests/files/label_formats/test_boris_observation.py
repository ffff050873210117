"""The frames of a video by what a BORIS file knows about it."""

from pathlib import Path

import pytest

from behavior.errors import LabelError
from behavior.files.label_formats.boris_observation import Observation, find_media_frames
from behavior.files.label_formats.request import LabelRequest
from behavior.recording import Frames

PATH = Path("project.boris")
OBSERVATION = Observation(players={"1": ("/data/m1.mp4", "/data/m2.mp4")}, lengths={"/data/m1.mp4": 2.0, "/data/m2.mp4": 0.5})
RATES = {"/data/m1.mp4": 25.0, "/data/m2.mp4": 10.0}


def request(*names):
    return LabelRequest(("grooming",), Frames(0), recording_names=names)


def test_length_and_rate_make_frames():
    frames = find_media_frames(PATH, OBSERVATION, RATES, request("m2"))
    assert frames.time_s.tolist() == [0.0, 0.1, 0.2, 0.3, 0.4]
    assert find_media_frames(PATH, OBSERVATION, RATES, request("m1.mp4")).n_frames == 50


@pytest.mark.parametrize("rates", [{}, {"/data/m2.mp4": 0.0}, {"/data/m2.mp4": -5.0}, {"/data/m2.mp4": 1e300}, {"/data/m1.mp4": 25.0}])
def test_frames_are_unknown_without_a_usable_rate(rates):
    assert find_media_frames(PATH, OBSERVATION, rates, request("m2")) is None


def test_frames_are_unknown_without_length_or_media():
    assert find_media_frames(PATH, Observation(players={"1": ("m1.mp4",)}), {"m1.mp4": 25.0}, request("m1")) is None
    assert find_media_frames(PATH, Observation(), RATES, request("m1")) is None


def test_one_of_several_videos_has_to_be_named():
    with pytest.raises(LabelError, match="none is named after m3"):
        find_media_frames(PATH, OBSERVATION, RATES, request("m3"))
