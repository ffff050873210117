"""A video that grows can be read at any moment, and one that was broken off gets an end."""

import numpy as np
import pytest

from behavior.errors import OutputError, VideoError
from behavior.files.live_video import GrowingVideo, complete_video, count_pictures
from behavior.files.video import open_video, summarize_video

TIMES = [0.0, 0.05, 0.1, 0.15, 0.4, 0.45, 9.0]


def write(path, *, size=(32, 48), times=TIMES):
    with GrowingVideo(path, width=size[1], height=size[0], fps=20) as video:
        for number, time_s in enumerate(times):
            video.add(np.full((*size, 3), 30 * number % 256, dtype=np.uint8), time_s)


@pytest.mark.parametrize("size", [(32, 48), (33, 47)])
def test_pictures_keep_their_times(tmp_path, size):
    write(tmp_path / "a.mkv", size=size)
    with open_video(tmp_path / "a.mkv") as video:
        frames = list(video.frames())
    np.testing.assert_allclose([frame.time_s for frame in frames], TIMES, atol=0.001)
    assert [abs(float(frame.image.mean()) - 30 * number) < 4 for number, frame in enumerate(frames)] == [True] * 7
    assert frames[0].image.shape == (*size, 3)


def test_two_pictures_of_one_time_are_both_kept(tmp_path):
    write(tmp_path / "a.mkv", times=[0.0, 0.05, 0.05, 0.05])
    assert summarize_video(tmp_path / "a.mkv").n_frames == 4


def test_what_is_written_can_be_read_before_the_end_and_completed(tmp_path):
    video = GrowingVideo(tmp_path / "a.mkv", width=64, height=64, fps=20)
    for number in range(200):
        video.add(np.random.default_rng(number).integers(0, 255, (64, 64, 3), dtype=np.uint8), number / 20)
    (tmp_path / "b.mkv").write_bytes((tmp_path / "a.mkv").read_bytes())
    n_pictures = complete_video(tmp_path / "b.mkv")
    # What was taken in the last moments may be lost.
    assert 160 <= n_pictures <= 200
    assert summarize_video(tmp_path / "b.mkv").n_frames == n_pictures
    video.close()
    assert complete_video(tmp_path / "a.mkv") == summarize_video(tmp_path / "a.mkv").n_frames == 200


@pytest.mark.parametrize("content", [b"", b"no video", b"\x1aE\xdf\xa3" + bytes(100)])
def test_what_is_no_video_is_left_as_it_is(tmp_path, content):
    (tmp_path / "a.mkv").write_bytes(content)
    with pytest.raises(VideoError, match=r"a\.mkv: "):
        complete_video(tmp_path / "a.mkv")
    assert (tmp_path / "a.mkv").read_bytes() == content


def test_pictures_are_counted_whether_there_is_an_end_or_not(tmp_path):
    write(tmp_path / "a.mkv", times=[number / 20 for number in range(60)])
    assert count_pictures(tmp_path / "a.mkv") == 60
    content = (tmp_path / "a.mkv").read_bytes()
    (tmp_path / "b.mkv").write_bytes(content[: len(content) // 2])
    n_pictures = count_pictures(tmp_path / "b.mkv")
    assert 0 < n_pictures < 60 and complete_video(tmp_path / "b.mkv") == n_pictures
    (tmp_path / "c.mkv").write_bytes(b"no video")
    assert count_pictures(tmp_path / "c.mkv") == count_pictures(tmp_path / "none.mkv") == 0


def test_a_video_is_never_written_over(tmp_path):
    (tmp_path / "a.mkv").write_bytes(b"kept")
    with pytest.raises(OutputError, match="exists already"):
        GrowingVideo(tmp_path / "a.mkv", width=32, height=32, fps=20)
    assert (tmp_path / "a.mkv").read_bytes() == b"kept"
