"""Frame N by random access is frame N by reading from the beginning, byte for byte, whatever the codec, the container and the damage."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from video_samples import SOUND, TROUBLED, VideoSample

from behavior.errors import VideoError
from behavior.files.frame_rows import Frame
from behavior.files.video import open_video
from behavior.files.video_access import FrameAccess
from behavior.files.video_index import FrameNotReadError, VideoIndex

SAMPLES = SOUND | TROUBLED


def read_in_order(path: Path) -> list[Frame]:
    with open_video(path) as reader:
        return list(reader.frames())


def choose_rows(n_frames: int) -> list[int]:
    """Jumps, steps back and forth, and a stretch that is played."""
    rng = np.random.default_rng(0)
    last = n_frames - 1
    stretch = range(n_frames // 3, n_frames // 3 + 8)
    return [0, last, *rng.integers(0, n_frames, 20).tolist(), *range(last, max(last - 8, 0), -1), *stretch, 1, 0]


def require_equal(access: FrameAccess, frames: list[Frame], rows: list[int]) -> None:
    for row in rows:
        frame, expected = access.read(row), frames[row]
        assert (frame.index, frame.time_s) == (row, pytest.approx(expected.time_s, abs=1e-9))
        assert (frame.image is None) == (expected.image is None), row
        if frame.image is not None:
            np.testing.assert_array_equal(frame.image, expected.image, err_msg=f"frame {row}")


@pytest.mark.parametrize("sample", SOUND.values(), ids=SOUND)
def test_a_frame_of_a_sound_video_is_right_before_the_video_was_read(tmp_path: Path, sample: VideoSample) -> None:
    path = sample.write(tmp_path)
    frames = read_in_order(path)
    index = VideoIndex(path)
    assert (index.is_complete, index.n_frames, index.n_proven) == (True, sample.n_frames, 0)
    with FrameAccess(index) as access:
        require_equal(access, frames, choose_rows(len(frames)))


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
def test_a_frame_of_any_video_is_right_once_the_video_was_read(tmp_path: Path, sample: VideoSample) -> None:
    path = sample.write(tmp_path)
    frames = read_in_order(path)
    index = VideoIndex(path)
    index.read_through(lambda: True)
    assert index.is_proven
    assert not (sample.name in {one.name for one in SOUND.values()} and index.is_contradicted)
    np.testing.assert_allclose(index.time_s, [frame.time_s for frame in frames], atol=1e-9)
    with FrameAccess(index, most_bytes=40_000) as access:
        require_equal(access, frames, choose_rows(len(frames)))


@pytest.mark.parametrize("sample", TROUBLED.values(), ids=TROUBLED)
def test_a_frame_of_a_troubled_video_is_right_or_not_yet_read(tmp_path: Path, sample: VideoSample) -> None:
    path = sample.write(tmp_path)
    frames = read_in_order(path)
    index = VideoIndex(path)
    half = len(frames) // 2
    index.read_through(lambda: index.n_proven < half)
    right = []
    with FrameAccess(index) as access:
        for row in range(len(frames)):
            try:
                require_equal(access, frames, [row])
            except FrameNotReadError:
                continue
            right.append(row)
    assert set(range(index.n_proven)) <= set(right)


def test_rows_outside_the_video_are_refused(tmp_path: Path) -> None:
    path = SOUND["MJPEG AVI"].write(tmp_path)
    with FrameAccess(VideoIndex(path)) as access:
        for row in (-1, 60):
            with pytest.raises(IndexError):
                access.read(row)


def test_a_video_that_is_gone_or_replaced_is_not_read_on(tmp_path: Path) -> None:
    path = SOUND["MJPEG AVI"].write(tmp_path)
    with FrameAccess(VideoIndex(path)) as access:
        access.read(3)
        path.rename(tmp_path / "elsewhere.avi")
        with pytest.raises(VideoError, match="is gone"):
            access.read(3)
        SOUND["MPEG-4 AVI"].write(tmp_path).rename(path)
        with pytest.raises(VideoError, match="was replaced"):
            access.read(3)


def test_a_frame_of_a_real_video_is_right_before_the_video_was_read(shared_data: Path) -> None:
    # Its encoder is so old that the decoder has to know of it, which only the first packet tells.
    path = shared_data / "openfield_video" / "m3v1mp4.mp4"
    with open_video(path) as reader:
        frames = [frame for frame, _ in zip(reader.frames(), range(420), strict=False)]
    index = VideoIndex(path)
    with FrameAccess(index) as access:
        require_equal(access, frames, [400, 200, 90, 365, 366, 367, 3])
