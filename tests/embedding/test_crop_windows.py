"""Where crops are: by the pose, in frames that come in any order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from behavior.config import Crop
from behavior.embedding.crop_windows import CropCenters, CropWindows
from behavior.embedding.recording_inputs import RecordingInputs
from behavior.errors import PoseError
from behavior.files.pose import read_pose
from behavior.files.video import open_video
from behavior.files.video_access import FrameAccess
from behavior.files.video_index import VideoIndex
from behavior.files.video_pictures import ShownPicture
from behavior.files.video_writer import write_video
from behavior.recording import Frames, Recording

CROP = Crop(body_part="middle", size=16)
WriteRecording = Callable[..., Recording]


def test_windows_of_a_video_that_is_read_in_any_order_follow_the_animal(write_recording: WriteRecording) -> None:
    recording = write_recording()
    assert recording.video is not None
    with FrameAccess(VideoIndex(recording.video)) as access:
        windows = CropWindows(RecordingInputs(recording), CROP, access, frames=Frames(40, np.arange(40) / 20))
        for index in (30, 4, 39):
            image = access.read(index).image
            assert image is not None
            crop = windows.take(image, index, input_size=16)
            assert (crop[4:12, 4:12] > 230).all()
            assert (crop[:3] < 50).all()
            assert windows.find_corners(index)[0].tolist() == [8 + index, 24]
        assert windows.describe(Frames(40)) == []
        with pytest.raises(PoseError, match="the pose ends after 40 rows"):
            windows.find_corners(80)
        whole = CropWindows(RecordingInputs(recording), Crop(whole_frame=True), access)
        assert whole.take(image, 3, input_size=26).shape == (26, 26, 3)
        assert whole.find_corners(3).tolist() == [[0, -20], [104, -20], [104, 84], [0, 84]]


@pytest.mark.parametrize(
    "crop",
    [
        CROP,
        Crop(body_part="middle", size=500),
        Crop(whole_frame=True),
        Crop(body_part="middle", size=16, egocentric=True, body_axis=("tail", "nose")),
    ],
    ids=["square", "larger than the frame", "whole frame", "egocentric"],
)
def test_a_window_of_a_picture_is_the_one_of_its_image(crop: Crop, write_recording: WriteRecording, tmp_path: Path) -> None:
    recording = write_recording()
    assert recording.video is not None
    with open_video(recording.video) as video:
        images = [frame.image for frame in video.frames() if frame.image is not None]
    # As cameras code them, so that parts can be converted.
    recording = replace(recording, video=tmp_path / "usual.mp4")
    write_video(recording.video, images, fps=20)
    with open_video(recording.video) as video:
        windows = CropWindows(RecordingInputs(recording), crop, video)
        for row in video.read_rows():
            assert row.picture is not None
            expected = windows.take(video.pictures.convert(row.picture), row.index, input_size=24)
            taken = windows.take_shown(ShownPicture(video.pictures, row.picture), row.index, input_size=24)
            np.testing.assert_array_equal(taken, expected)


def test_centers_outside_of_the_picture_are_not_measured(write_recording: WriteRecording) -> None:
    recording = write_recording()
    assert recording.pose is not None
    track = read_pose(recording.pose)
    centers = CropCenters(track, [1], min_likelihood=0.6, size=(30, 64))
    assert centers.measured.sum() == 15
    with pytest.raises(PoseError, match="outside the picture of 10 x 64"):
        CropCenters(track, [1], min_likelihood=0.6, size=(10, 64)).require_any(recording.pose, parts=["middle"], min_likelihood=0.6)
