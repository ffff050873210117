"""Cameras, streams and files are told apart, and what does not answer is told in a sentence."""

import functools
import http.server
import threading

import cv2
import numpy as np
import pytest

from behavior.errors import UsageError, VideoError
from behavior.files import live_sources
from behavior.files.live_sources import StreamTimes, find_source, name_sources
from behavior.files.video_writer import write_video


def test_a_file_gives_its_frames(tmp_path):
    write_video(tmp_path / "a.mp4", [np.full((32, 32, 3), 40 * number, dtype=np.uint8) for number in range(5)], fps=10)
    source = find_source(str(tmp_path / "a.mp4"), fps=30)
    assert (source.is_live, source.fps, source.name) == (False, 10.0, str(tmp_path / "a.mp4"))
    pictures = list(source.read())
    np.testing.assert_allclose([picture.time_s for picture in pictures], np.arange(5) / 10)
    assert [round(float(picture.image.mean()), -1) for picture in pictures] == [0, 40, 80, 120, 160]


def test_a_file_that_breaks_off_gives_what_decodes_and_says_so(tmp_path, caplog):
    rng = np.random.default_rng(0)
    write_video(tmp_path / "a.mp4", rng.integers(0, 256, (20, 64, 64, 3), dtype=np.uint8), fps=10)
    content = (tmp_path / "a.mp4").read_bytes()
    (tmp_path / "a.mp4").write_bytes(content[: len(content) // 2])
    pictures = list(find_source(str(tmp_path / "a.mp4"), fps=10).read())
    assert 0 < len(pictures) < 20
    assert f"a.mp4: the video breaks off after {len(pictures)} frames" in caplog.text


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(VideoError, match=r"none\.mp4: no such video"):
        find_source(str(tmp_path / "none.mp4"), fps=30)


class Camera:
    """Stands for OpenCV's: three pictures, blue first, and then no more."""

    def __init__(self, number):
        self.left, self.number, self.asked = 3, number, {}

    def isOpened(self):  # noqa: N802
        return self.number == 0

    def set(self, name, value):
        self.asked[name] = value

    def read(self):
        self.left -= 1
        picture = np.zeros((4, 4, 3), dtype=np.uint8)
        picture[..., 0] = 200
        return self.left >= 0, picture

    def release(self):
        self.number = None


def test_a_camera_gives_pictures_in_rgb_until_it_breaks_off(monkeypatch):
    monkeypatch.setattr(cv2, "VideoCapture", Camera)
    source = find_source("0", fps=30)
    assert (source.is_live, source.fps, source.name) == (True, None, "camera 0")
    pictures = []
    with pytest.raises(VideoError, match="camera 0: gives no more pictures"):
        for picture in source.read():
            pictures.append(picture)
    assert len(pictures) == 3
    assert pictures[0].image[0, 0].tolist() == [0, 0, 200]
    with pytest.raises(VideoError, match="camera 5: does not answer"):
        next(find_source("5", fps=30).read())


def test_a_stream_that_nobody_sends_is_told_without_its_password(monkeypatch):
    monkeypatch.setattr(live_sources, "_ANSWER_S", 1.0)
    source = find_source("rtsp://anna:secret@127.0.0.1:9/cage", fps=30)
    assert source.is_live
    with pytest.raises(VideoError, match="cannot be read") as caught:
        next(source.read())
    assert "secret" not in str(caught.value)


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def test_a_stream_gives_pictures_until_it_ends(tmp_path):
    write_video(tmp_path / "a.mp4", [np.full((32, 32, 3), 40 * number, dtype=np.uint8) for number in range(5)], fps=10)
    handler = functools.partial(Quiet, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        source = find_source(f"http://127.0.0.1:{server.server_address[1]}/a.mp4", fps=10)
        assert (source.is_live, source.fps) == (True, None)
        pictures = []
        with pytest.raises(VideoError, match="has ended"):
            for picture in source.read():
                pictures.append(picture)
        server.shutdown()
    assert [round(float(picture.image.mean()), -1) for picture in pictures] == [0, 40, 80, 120, 160]
    assert np.diff([picture.time_s for picture in pictures]).min() >= 0


def test_pictures_of_a_stream_are_as_far_apart_as_their_stamps_say():
    rng = np.random.default_rng(0)
    stamps = np.arange(200) / 20
    times = StreamTimes()
    placed = np.array([times.place(stamp, 1000 + stamp + late) for stamp, late in zip(stamps, rng.exponential(0.1, 200), strict=True)])
    # One of the first is on its way for next to no time.
    np.testing.assert_allclose(np.diff(placed)[50:], 1 / 20, atol=0.005)


@pytest.mark.parametrize("stamps", [[0, 1, 1, 2], [5, 6, 0, 1], [0, 1, 90, 91], [None, None, 3, 4], [0, 100, 200, 300]])
def test_stamps_that_are_of_no_use_leave_the_time_of_arrival(stamps):
    times = StreamTimes()
    placed = [times.place(stamp, 1000.0 + number) for number, stamp in enumerate(stamps)]
    np.testing.assert_allclose(placed, 1000.0 + np.arange(4), atol=1e-6)


def test_sources_have_names_of_their_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a=b.mp4").touch()
    address = "rtsp://u:secret@h/s?name=3"
    assert name_sources([address], name="night") == {"night": address}
    sources = ["left=0", "1", f"door={address}", address, "cage/c.mp4", "a=b.mp4", "d=cage/c.mp4"]
    with pytest.raises(UsageError, match=r"night_a=b: cannot be the name of a file"):
        name_sources(sources, name="night")
    sources.remove("a=b.mp4")
    assert name_sources(["a=b.mp4"], name="night") == {"night": "a=b.mp4"}
    named = name_sources(sources, name="night")
    assert list(named.items()) == [
        ("left", "0"),
        ("night_camera_1", "1"),
        ("door", address),
        ("night_stream_4", address),
        ("night_c", "cage/c.mp4"),
        ("d", "cage/c.mp4"),
    ]


@pytest.mark.parametrize(
    ("sources", "sentence"),
    [
        (
            ["one/a.mp4", "two/a.mp4"],
            r"two/a.mp4 and one/a.mp4 would both be called night_a; give each a name, such as --source left=two/a",
        ),
        (["left=0", "LEFT=1"], "would both be called LEFT"),
        (["0", "0"], "would both be called night_camera_0"),
        (["../a=0"], "cannot be the name of a file"),
        (["=0"], "cannot be the name of a file"),
        (["a=rtsp://u:secret@h/1", "a=rtsp://u:secret@h/2"], r"rtsp://u:\*\*\*@h/2 and rtsp://u:\*\*\*@h/1 would both"),
    ],
)
def test_names_that_cannot_be_used_are_told(sources, sentence):
    with pytest.raises(UsageError, match=sentence):
        name_sources(sources, name="night")
