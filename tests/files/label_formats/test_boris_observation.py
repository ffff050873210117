"""Where a recording is in the time of a BORIS observation, and the frames of its video."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from label_samples import IN_ORDER, TIME_S, VALUES, list_frames, make_observation, make_project, read, write

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


def test_frames_outside_the_observation_are_unlabelled(tmp_path: Path) -> None:
    expected = VALUES.copy()
    expected[:5] = -1
    expected[30:] = -1
    path = write(tmp_path / "a.boris", make_project(**{"observation time interval": [0.5, 3.0]}))
    values, notes = read(path)
    np.testing.assert_array_equal(values, expected)
    assert any("2 frames of 'Grooming' lie outside" in note for note in notes)
    assert any("15 of 40 frames lie outside the observed spans" in note for note in notes)
    # A file that is shorter than the video was not watched behind its end.
    media = {"length": {"mouse_1.mp4": 3.0}, "offset": {"1": 0.0}}
    expected[:5] = VALUES[:5]
    np.testing.assert_array_equal(read(write(path, make_project(media_info=media)))[0], expected)
    # A frame or two are how such lengths are measured.
    media["length"]["mouse_1.mp4"] = 3.9
    np.testing.assert_array_equal(read(write(path, make_project(media_info=media)))[0], VALUES)


def test_time_offsets_players_and_videos_in_a_row(tmp_path: Path) -> None:
    events = [[at / 10, "", name, "", ""] for start, stop, name in IN_ORDER for at in (start, stop)]
    shifted = [[event[0] + 100, *event[1:]] for event in events]
    path = write(tmp_path / "a.boris", make_project(observations={"o": make_observation(shifted, **{"time offset": 100.0})}))
    np.testing.assert_array_equal(read(path)[0], VALUES)
    late = [[event[0] + 2.5, *event[1:]] for event in events]
    media = {"length": {"front.mp4": 2.5, "mouse_1.mp4": 4.0, "top.mp4": 4.0}, "offset": {"1": 0.0, "2": 2.5}}
    files = {"1": ["front.mp4", "mouse_1.mp4"], "2": ["top.mp4"]}
    in_front = [[0.5, "", "Supported", "", ""], [1.0, "", "Supported", "", ""]]
    observation = make_observation(in_front + late, file=files, media_info=media)
    path = write(tmp_path / "b.boris", make_project(observations={"o": observation}))
    values, notes = read(path, recording_names=("mouse_1.mp4",))
    np.testing.assert_array_equal(values, VALUES)
    assert any("covers 2 videos; events on mouse_1.mp4 are read" in note for note in notes)
    values, _ = read(path, recording_names=("front.avi",), frames=Frames.from_times(TIME_S[:25]))
    assert list_frames(values[:, 1]) == list(range(5, 10))
    assert not values[:, 0].any()
    with pytest.raises(LabelError, match="'Supported' starts 20 frames before the video does"):
        read(path, recording_names=("top.mp4",))
    with pytest.raises(LabelError, match="covers 2 videos one after the other"):
        read(path, recording_names=("else.mp4",))
