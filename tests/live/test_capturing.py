"""Every picture that a source gives is recorded once, whatever the model does, and what goes wrong ends it cleanly or is bridged."""

import time

import numpy as np
import pytest
from full_drives import fill_after
from live_samples import FPS, DrawnSource

from behavior.errors import OutputError, VideoError
from behavior.files.live_sources import CapturedPicture
from behavior.files.live_video import count_pictures
from behavior.files.video import open_video
from behavior.live import capturing
from behavior.live.capturing import Capture, CaptureSettings
from behavior.live.free_space import FreeSpace


def start(source, folder, keep_free_bytes=0, first_part=0, **settings):
    capture = Capture(
        source,
        CaptureSettings(fps=FPS, **settings),
        name_video=lambda part: folder / f"{part}.mkv",
        space=FreeSpace(folder, keep_free_bytes),
        first_part=first_part,
    )
    capture.start()
    return capture


def take_all(capture):
    frames = []
    while (frame := capture.frames.take()) is not None:
        frames.append(frame)
    capture.join()
    return frames


def read_levels(path):
    with open_video(path) as video:
        return [(round(frame.time_s, 3), round(float(frame.image.mean()))) for frame in video.frames()]


def test_a_file_is_taken_whole_and_recorded_as_it_was(draw_pictures, tmp_path):
    capture = start(DrawnSource(draw_pictures(70)), tmp_path, at_own_pace=False)
    frames = take_all(capture)
    assert [frame.frame for frame in frames] == list(range(70))
    assert (capture.tally.captured, capture.tally.skipped, capture.tally.reason) == (70, 0, "")
    assert [frame.follows_gap for frame in frames] == [True] + [False] * 69
    levels = read_levels(tmp_path / "0.mkv")
    np.testing.assert_allclose(levels, [(number / FPS, number) for number in range(70)], atol=2)
    np.testing.assert_allclose([time_s for time_s, _ in levels], np.arange(70) / FPS, atol=0.001)


def test_a_model_that_is_too_slow_skips_frames_and_the_recording_has_all(draw_pictures, tmp_path):
    capture = start(DrawnSource(draw_pictures(60), is_live=True), tmp_path)
    capture.join()
    frames = take_all(capture)
    assert [frame.frame for frame in frames] == list(range(60))
    assert capture.tally.skipped == sum(frame.is_skipped for frame in frames) == 60 - capturing.MOST_WAITING
    assert len(read_levels(tmp_path / "0.mkv")) == 60


def test_a_file_at_its_own_pace_takes_its_own_time(draw_pictures, tmp_path):
    began = time.monotonic()
    frames = take_all(start(DrawnSource(draw_pictures(11)), tmp_path))
    assert time.monotonic() - began >= 10 / FPS
    assert np.diff([frame.taken_s for frame in frames]).min() > 0


def test_a_camera_that_comes_back_leaves_a_gap(draw_pictures, tmp_path, monkeypatch):
    monkeypatch.setattr(capturing, "_SECONDS_BETWEEN_TRIES", 0.01)
    broken = VideoError("drawn: gives no more pictures; check its cable.")
    source = DrawnSource([*draw_pictures(5), broken, broken, *draw_pictures(5, first=5, at_s=3.0)], is_live=True)
    capture = start(source, tmp_path)
    frames = take_all(capture)
    assert [frame.follows_gap for frame in frames] == [True, *[False] * 4, True, *[False] * 4]
    assert frames[5].time_s == pytest.approx(3.0)
    assert (capture.tally.gaps, capture.tally.captured, capture.tally.error) == (1, 10, None)


def test_a_camera_that_stays_away_ends_the_recording(draw_pictures, tmp_path, monkeypatch):
    monkeypatch.setattr(capturing, "_SECONDS_BETWEEN_TRIES", 0.01)
    source = DrawnSource([*draw_pictures(5), *[VideoError("drawn: gone.")] * 1000], is_live=True)
    capture = start(source, tmp_path, patience_s=0.1)
    assert len(take_all(capture)) == 5
    assert capture.tally.reason == "drawn did not come back within 0.1 s"
    assert len(read_levels(tmp_path / "0.mkv")) == 5


def test_a_camera_that_never_answers_is_an_error(tmp_path):
    capture = start(DrawnSource([VideoError("camera 7: does not answer.")], is_live=True), tmp_path)
    assert take_all(capture) == []
    assert str(capture.tally.error) == "camera 7: does not answer."


def test_another_size_and_every_so_many_seconds_begin_another_recording(draw_pictures, tmp_path):
    pictures = [*draw_pictures(25), *draw_pictures(5, first=25, height=32)]
    capture = start(DrawnSource(pictures), tmp_path, at_own_pace=False, roll_s=0.5)
    frames = take_all(capture)
    assert capture.next_part == 4
    assert [frame.part for frame in frames] == [0] * 10 + [1] * 10 + [2] * 5 + [3] * 5
    assert [frame.frame for frame in frames if frame.part == 1] == list(range(10))
    assert [frame.time_s for frame in frames if frame.frame == 0] == [0.0] * 4
    assert [len(read_levels(tmp_path / f"{part}.mkv")) for part in range(4)] == [10, 10, 5, 5]


def test_a_drive_that_fills_up_ends_the_recording_before(draw_pictures, tmp_path):
    capture = start(DrawnSource(draw_pictures(5)), tmp_path, keep_free_bytes=2**60)
    assert take_all(capture) == [] and capture.next_part == 0
    assert "GiB left, and 1.07374e+09 GiB stay free" in capture.tally.reason


def test_a_video_that_cannot_be_written_ends_the_recording(draw_pictures, tmp_path):
    (tmp_path / "0.mkv").touch()
    capture = start(DrawnSource(draw_pictures(200)), tmp_path, at_own_pace=False)
    take_all(capture)
    assert isinstance(capture.tally.error, OutputError) and "exists already" in str(capture.tally.error)


@pytest.mark.parametrize(("n_pictures", "taken"), [(30, 30), (200, 200)], ids=["on the way", "at the end"])
def test_of_a_drive_that_is_full_those_pictures_are_counted_that_the_video_has(draw_pictures, tmp_path, monkeypatch, n_pictures, taken):
    fill_after(monkeypatch, n_pictures)
    capture = start(DrawnSource(draw_pictures(200)), tmp_path, at_own_pace=False)
    assert len(take_all(capture)) >= taken
    assert isinstance(capture.tally.error, OutputError)
    assert capture.tally.captured == count_pictures(tmp_path / "0.mkv") <= taken


def test_pictures_of_earlier_parts_count_on_a_full_drive(draw_pictures, tmp_path, monkeypatch):
    fill_after(monkeypatch, 25)
    pictures = [*draw_pictures(20), *draw_pictures(60, first=20, height=32)]
    capture = start(DrawnSource(pictures), tmp_path, at_own_pace=False)
    take_all(capture)
    assert count_pictures(tmp_path / "0.mkv") == 20
    assert capture.tally.captured == 20 + count_pictures(tmp_path / "1.mkv")


def test_a_duration_and_a_stop_end_it(draw_pictures, tmp_path):
    assert len(take_all(start(DrawnSource(draw_pictures(50)), tmp_path, at_own_pace=False, duration_s=1.0))) == 20
    (tmp_path / "0.mkv").unlink()
    capture = start(DrawnSource(draw_pictures(1000)), tmp_path)
    capture.frames.take()
    capture.stop()
    assert len(take_all(capture)) < 100


def test_a_frame_that_cannot_be_decoded_is_recorded_as_the_one_before(draw_pictures, tmp_path):
    pictures = draw_pictures(6)
    pictures[0] = CapturedPicture(0.0, None)
    pictures[3] = CapturedPicture(pictures[3].time_s, None)
    frames = take_all(start(DrawnSource(pictures), tmp_path, at_own_pace=False))
    assert [frame.image is None for frame in frames] == [False, False, True, False, False]
    assert len(read_levels(tmp_path / "0.mkv")) == 5
