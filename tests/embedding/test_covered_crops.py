"""Crops of a few frames, covered with the scene without the animal."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from behavior.config import Crop
from behavior.embedding.covered_crops import CropSource
from behavior.embedding.crop_batches import CropBatch
from behavior.embedding.crop_streams import MotionStream
from behavior.embedding.recording_inputs import RecordingInputs
from behavior.errors import VideoError
from behavior.files.video_writer import write_video
from behavior.recording import Frames, Recording
from behavior.vision.occlusion import PatchGrid

CROP = Crop(body_part="middle", size=16)
FRAMES = Frames(40, np.arange(40) / 20)
WriteRecording = Callable[..., Recording]


class Brightness(MotionStream):
    """A stream whose features are the brightness of a crop and of what was there before."""

    input_size = 16

    def _describe_batches(self, batches: Iterable[CropBatch], fps: float) -> Generator[np.ndarray, None, None]:
        for batch in batches:
            yield np.stack([batch.images.mean(axis=(1, 2, 3)), batch.previous.mean(axis=(1, 2, 3))], axis=1).astype(np.float32)


@pytest.fixture
def stream(tmp_path: Path) -> Brightness:
    return Brightness(crop=CROP, cache=tmp_path)


def test_the_animal_is_covered_and_the_scene_stays(write_recording: WriteRecording, stream: Brightness) -> None:
    source = CropSource(RecordingInputs(write_recording()), CROP, frames=FRAMES)
    assert (np.abs(source.background.astype(int) - 40) < 3).all()
    crops = source.read([12, 13, 14], stream)
    assert crops.frames.tolist() == [12, 13, 14]
    assert (crops.images[:, 4:12, 4:12] > 230).all()
    # One pixel to the left, in the same window.
    assert (crops.previous[:, 4:12, 3:11] > 230).all()
    plain = crops.describe(stream, fps=20)
    grid = PatchGrid(4, 0.25)
    portions = crops.list_portions(grid)
    covered = np.concatenate([crops.describe_covered(stream, grid, patches, fps=20) for patches in portions])
    assert covered.shape == (16, 3, 2)
    loss = (plain - covered)[..., 0].mean(axis=1).reshape(4, 4)
    np.testing.assert_allclose(loss[1:3, 1:3], 200 / 16, atol=0.3)
    loss[1:3, 1:3] = 0
    np.testing.assert_allclose(loss, 0, atol=0.1)
    all_of_it = crops.describe_covered(stream, PatchGrid(1, 1.0), range(1), fps=20)
    np.testing.assert_allclose(all_of_it, 40, atol=2)
    assert source.read_picture(5).shape == (64, 104, 3)
    source.close()


def test_the_first_frame_has_none_before_it(write_recording: WriteRecording, stream: Brightness) -> None:
    source = CropSource(RecordingInputs(write_recording()), CROP, frames=FRAMES)
    crops = source.read([0], stream)
    np.testing.assert_array_equal(crops.previous, crops.images)
    source.close()


def test_a_video_that_is_gone_or_another_one_is_refused(write_recording: WriteRecording, tmp_path: Path) -> None:
    recording = write_recording()
    with pytest.raises(VideoError, match="has 40 frames, but its features 39"):
        CropSource(RecordingInputs(recording), CROP, frames=Frames(39, np.arange(39) / 20))
    with pytest.raises(VideoError, match="no such video"):
        CropSource(RecordingInputs(replace(recording, video=tmp_path / "gone.mkv")), CROP, frames=FRAMES)
    source = CropSource(RecordingInputs(recording), CROP, frames=FRAMES)
    assert recording.video is not None
    write_video(recording.video, (np.zeros((64, 104, 3), np.uint8) for _ in range(40)), fps=20)
    with pytest.raises(VideoError, match="was replaced"):
        source.read_picture(3)
    source.close()
