"""Videos that are read: every frame in its place, its time and its colors, whatever the container and the damage."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from behavior.errors import VideoError
from behavior.files.frame_rows import Frame
from behavior.files.video import VideoReader, open_video, summarize_video
from behavior.files.video_packets import VIDEO_SUFFIXES
from behavior.files.video_pictures import PictureConverter
from behavior.files.video_writer import write_video

N_BITS = 8
HEIGHT, WIDTH = 48, 96


def render(n_frames: int, *, height: int = HEIGHT, width: int = WIDTH, first: int = 0) -> Iterator[np.ndarray]:
    """Frames that carry their number as black and white squares, over a scene that costs bytes."""
    rng = np.random.default_rng(0)
    background = rng.integers(0, 255, (height // 8 + 1, width // 8 + 1, 3)).repeat(8, 0).repeat(8, 1)[:height, :width].astype(np.uint8)
    for index in range(first, first + n_frames):
        image = np.roll(background, 3 * index, axis=1)
        for bit in range(N_BITS):
            image[:12, bit * 12 : bit * 12 + 12] = 255 * (index >> bit & 1)
        yield image


def read_number(image: np.ndarray) -> int:
    return sum(int(image[3:9, bit * 12 + 3 : bit * 12 + 9].mean() > 127) << bit for bit in range(N_BITS))


def encode(
    path: Path,
    images: Iterable[np.ndarray],
    *,
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    rate: int = 25,
    options: dict[str, str] | None = None,
    times_ms: Sequence[int] | None = None,
    rotation: float | None = None,
) -> None:
    """Write what `write_video` does not: other pixel formats, times, groups of pictures, rotation."""
    with av.open(str(path), "w", options={"movflags": "+faststart"} if path.suffix == ".mp4" else {}) as container:
        stream = container.add_stream(codec, rate=rate)
        stream.pix_fmt = pixel_format
        stream.codec_context.options = options or {}
        if times_ms is not None:
            stream.codec_context.time_base = Fraction(1, 1000)
        for index, image in enumerate(images):
            if index == 0:
                stream.height, stream.width = image.shape[:2]
                if rotation is not None:
                    stream.set_display_rotation(rotation)
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = (index, Fraction(1, rate)) if times_ms is None else (times_ms[index], Fraction(1, 1000))
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def read_all(path: Path) -> tuple[list[Frame], VideoReader]:
    with open_video(path) as reader:
        return list(reader.frames()), reader


def damage(path: Path, *, start: float, n_bytes: int) -> None:
    content = bytearray(path.read_bytes())
    place = int(len(content) * start)
    content[place : place + n_bytes] = np.random.default_rng(1).integers(0, 255, n_bytes, dtype=np.uint8).tobytes()
    path.write_bytes(content)


def cut(path: Path, share: float) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("a.mp4", "libx264"),
        ("a.mov", "libx265"),
        ("a.avi", "mjpeg"),
        ("b.avi", "mpeg4"),
        ("c.avi", "libx264"),
        ("a.mkv", "ffv1"),
        ("b.mkv", "libx264"),
    ],
)
def test_frames_come_in_order_with_their_times(tmp_path: Path, name: str, codec: str) -> None:
    path = tmp_path / name
    assert write_video(path, render(70), fps=25, codec=codec) == 70
    frames, reader = read_all(path)
    assert [frame.index for frame in frames] == list(range(70))
    assert [read_number(frame.image) for frame in frames if frame.image is not None] == list(range(70))
    np.testing.assert_allclose([frame.time_s for frame in frames], np.arange(70) / 25, atol=1e-9)
    assert (reader.n_frames, reader.broke_off, reader.undecodable) == (70, False, ())
    assert (reader.width, reader.height, reader.nominal_fps) == (WIDTH, HEIGHT, 25.0)
    assert reader.declared_frames == (None if name.endswith("mkv") else 70)


def test_a_lossless_video_comes_back_as_it_was(tmp_path: Path) -> None:
    images = list(render(5))
    write_video(tmp_path / "a.mkv", images, fps=10, codec="ffv1")
    frames, _ = read_all(tmp_path / "a.mkv")
    for frame, image in zip(frames, images, strict=True):
        assert frame.image is not None
        np.testing.assert_array_equal(frame.image, image)


@pytest.mark.parametrize("codec", ["libx264", "mjpeg"])
def test_colors_are_rgb(tmp_path: Path, codec: str) -> None:
    path = tmp_path / ("a.avi" if codec == "mjpeg" else "a.mp4")
    color = np.array([200, 90, 30])
    write_video(path, [np.broadcast_to(color.astype(np.uint8), (32, 32, 3))] * 3, fps=10, codec=codec)
    frames, _ = read_all(path)
    assert frames[1].image is not None
    assert frames[1].image.dtype == np.uint8
    assert np.abs(frames[1].image.astype(int) - color).max() <= 4


@pytest.mark.parametrize(
    ("codec", "pixel_format", "height", "width"),
    [("libx264", "yuv444p", 47, 99), ("libx264", "gray", 48, 96), ("libx264", "yuv420p10le", 48, 96), ("mjpeg", "yuvj422p", 48, 96)],
)
def test_odd_sizes_and_other_pixel_formats(tmp_path: Path, codec: str, pixel_format: str, height: int, width: int) -> None:
    path = tmp_path / "a.mp4"
    encode(path, render(12, height=height, width=width), codec=codec, pixel_format=pixel_format)
    frames, reader = read_all(path)
    assert (reader.height, reader.width) == (height, width)
    for frame in frames:
        assert frame.image is not None
        assert frame.image.shape == (height, width, 3)
        assert frame.image.flags.c_contiguous
    assert [read_number(frame.image) for frame in frames if frame.image is not None] == list(range(12))


def test_times_of_a_variable_frame_rate_are_the_containers(tmp_path: Path) -> None:
    times_ms = np.cumsum([200, *np.tile([40, 40, 120], 10)]).tolist()
    encode(tmp_path / "a.mkv", render(31), times_ms=times_ms)
    frames, _ = read_all(tmp_path / "a.mkv")
    np.testing.assert_allclose([frame.time_s for frame in frames], (np.array(times_ms) - 200) / 1000, atol=1e-9)
    assert [read_number(frame.image) for frame in frames if frame.image is not None] == list(range(31))
    summary = summarize_video(tmp_path / "a.mkv")
    assert summary.fps == pytest.approx(25)
    assert not summary.broke_off


@pytest.mark.parametrize(
    ("name", "codec", "options"),
    [
        ("a.mkv", "libx264", {"bf": "2"}),
        ("a.ts", "libx264", {"bf": "2"}),
        ("a.ts", "libx264", {"bf": "0"}),
        ("a.mpg", "mpeg2video", {"bf": "2"}),
        ("a.ts", "mpeg2video", {}),
    ],
)
def test_times_go_on_where_recordings_were_joined(tmp_path: Path, name: str, codec: str, options: dict[str, str]) -> None:
    parts = []
    for first, n_frames in ((0, 30), (30, 45)):
        path = tmp_path / f"{first}{Path(name).suffix}"
        encode(path, render(n_frames, first=first), codec=codec, options={"g": "12", **options})
        parts.append(path.read_bytes())
    (tmp_path / name).write_bytes(b"".join(parts))
    frames, reader = read_all(tmp_path / name)
    # MPEG's program streams stamp one frame in many; FFmpeg guesses that of the last one before the join.
    np.testing.assert_allclose([frame.time_s for frame in frames], np.arange(75) / 25, atol=0.041 if name == "a.mpg" else 1e-9)
    assert [read_number(frame.image) for frame in frames if frame.image is not None] == list(range(75))
    assert (reader.restarts, reader.undecodable, reader.broke_off) == ((30,), (), False)
    summary = summarize_video(tmp_path / name)
    assert (summary.restarts, summary.counted) == ((30,), ())
    assert summary.fps == pytest.approx(25, rel=1e-3)
    count, capture = 0, cv2.VideoCapture(str(tmp_path / name))
    while capture.read()[0]:
        count += 1
    assert summary.n_frames == count


def test_a_camcorders_joined_file_lasts_as_long_as_its_parts(shared_data: Path) -> None:
    path = shared_data.parent / "faults" / "timestamps-start-again" / "film.mkv"
    if not path.is_file():
        pytest.skip(f"{path} is not here")
    summary = summarize_video(path)
    np.testing.assert_allclose(summary.time_s, np.arange(100) / 10, atol=1e-9)
    assert summary.restarts == (50,)


def test_a_camera_that_loses_every_third_frame_keeps_its_rate(tmp_path: Path) -> None:
    times_ms = [round(1000 * frame / 30) for frame in range(90) if frame % 3 != 2]
    encode(tmp_path / "a.mkv", render(60), times_ms=times_ms)
    summary = summarize_video(tmp_path / "a.mkv")
    assert summary.n_frames == 60
    assert summary.fps == pytest.approx(30, rel=1e-3)


@pytest.mark.parametrize(("rotation", "turns"), [(90, 1), (180, 2), (-90, 3)])
def test_frames_are_upright(tmp_path: Path, rotation: float, turns: int) -> None:
    image = np.full((48, 96, 3), 128, np.uint8)
    image[:16, :16] = (250, 10, 10)
    encode(tmp_path / "a.mp4", [image] * 3, rotation=rotation)
    frames, reader = read_all(tmp_path / "a.mp4")
    upright = np.rot90(image, turns)
    assert (reader.height, reader.width) == upright.shape[:2]
    assert frames[0].image is not None
    assert np.abs(frames[0].image.astype(int) - upright.astype(int)).mean() < 6
    assert summarize_video(tmp_path / "a.mp4").height == upright.shape[0]


@pytest.mark.parametrize("first_frame", [1, 33, 59, 60])
def test_a_resumed_read_continues_the_unbroken_one(tmp_path: Path, first_frame: int) -> None:
    write_video(tmp_path / "a.mp4", render(60), fps=25)
    unbroken, _ = read_all(tmp_path / "a.mp4")
    with open_video(tmp_path / "a.mp4") as reader:
        resumed = list(reader.frames(first_frame=first_frame))
    assert [(frame.index, frame.time_s) for frame in resumed] == [(frame.index, frame.time_s) for frame in unbroken[first_frame:]]
    for frame, expected in zip(resumed, unbroken[first_frame:], strict=True):
        np.testing.assert_array_equal(frame.image, expected.image)
    assert reader.n_frames == 60


def test_a_reader_reads_once(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", render(3), fps=25)
    with open_video(tmp_path / "a.mp4") as reader:
        list(reader.frames())
        with pytest.raises(RuntimeError, match="reads its video once"):
            next(reader.frames())


@pytest.mark.parametrize(
    ("name", "codec"), [("a.mp4", "libx264"), ("a.avi", "mjpeg"), ("b.avi", "mpeg4"), ("c.avi", "libx264"), ("a.mkv", "libx264")]
)
@pytest.mark.parametrize("share", [0.55, 0.8])
def test_a_truncated_video_gives_what_decodes(tmp_path: Path, name: str, codec: str, share: float) -> None:
    path = tmp_path / name
    write_video(path, render(120), fps=25, codec=codec)
    cut(path, share)
    frames, reader = read_all(path)
    assert reader.broke_off
    assert 40 < reader.n_frames < 120
    assert len(reader.undecodable) <= 1
    for frame in frames:
        assert frame.time_s == pytest.approx(frame.index / 25)
        assert frame.image is None or read_number(frame.image) == frame.index
    assert summarize_video(path).n_frames == reader.n_frames


@pytest.mark.parametrize(
    ("name", "codec", "options"),
    [
        ("a.mp4", "libx264", {"g": "12"}),
        ("a.avi", "mjpeg", {}),
        ("b.avi", "mpeg4", {"g": "12"}),
        ("c.avi", "libx264", {"g": "12"}),
        ("a.mkv", "libx264", {"g": "12"}),
    ],
)
def test_damage_in_the_middle_shifts_nothing(tmp_path: Path, name: str, codec: str, options: dict[str, str]) -> None:
    path = tmp_path / name
    encode(path, render(150), codec=codec, options=options, pixel_format="yuvj420p" if codec == "mjpeg" else "yuv420p")
    damage(path, start=0.5, n_bytes=1500)
    frames, reader = read_all(path)
    assert not reader.broke_off
    assert [frame.index for frame in frames] == list(range(150))
    np.testing.assert_allclose([frame.time_s for frame in frames], np.arange(150) / 25, atol=1e-9)
    assert 1 <= len(reader.undecodable) < 40
    assert [frame.index for frame in frames if frame.image is None] == list(reader.undecodable)
    # From the next full picture on everything is right again.
    sound = [frame for frame in frames if frame.index < reader.undecodable[0] - 17 or frame.index > reader.undecodable[-1] + 30]
    assert len(sound) > 60
    assert [read_number(frame.image) for frame in sound if frame.image is not None] == [frame.index for frame in sound]


def test_sound_between_the_pictures_of_a_matroska_file_is_no_hole(tmp_path: Path) -> None:
    """Frames that a camera left out stay left out; only missing bytes make rows of a gap in time."""
    times_ms = [40 * place for place in range(100) if place % 10 != 9]
    with av.open(str(tmp_path / "a.mkv"), "w") as container:
        pictures, sound = container.add_stream("libx264", rate=25), container.add_stream("aac", rate=16000)
        pictures.pix_fmt, pictures.height, pictures.width = "yuv420p", HEIGHT, WIDTH
        pictures.codec_context.time_base = Fraction(1, 1000)
        rng = np.random.default_rng(0)
        for place, (time_ms, image) in enumerate(zip(times_ms, render(len(times_ms)), strict=True)):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = time_ms, Fraction(1, 1000)
            container.mux(pictures.encode(frame))
            noise = av.AudioFrame.from_ndarray(rng.normal(0, 0.1, (1, 1024)).astype(np.float32), format="fltp", layout="mono")
            noise.sample_rate, noise.pts = 16000, 1024 * place
            container.mux(sound.encode(noise))
        container.mux(pictures.encode(None))
        container.mux(sound.encode(None))
    frames, reader = read_all(tmp_path / "a.mkv")
    np.testing.assert_allclose([frame.time_s for frame in frames], np.array(times_ms) / 1000, atol=1e-9)
    assert (reader.undecodable, reader.broke_off) == ((), False)


def test_what_an_edit_list_hides_is_no_row(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", render(50), fps=25)
    with (
        av.open(str(tmp_path / "a.mp4")) as source,
        av.open(str(tmp_path / "b.mp4"), "w", options={"avoid_negative_ts": "disabled"}) as target,
    ):
        stream = target.add_stream_from_template(source.streams.video[0])
        shift = round(10 / (25 * source.streams.video[0].time_base))
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.pts, packet.dts, packet.stream = packet.pts - shift, packet.dts - shift, stream
                target.mux(packet)
    frames, reader = read_all(tmp_path / "b.mp4")
    assert (reader.n_frames, reader.undecodable, reader.broke_off, frames[0].time_s) == (40, (), False, 0.0)
    assert [read_number(frame.image) for frame in frames if frame.image is not None] == list(range(10, 50))


def test_a_changing_size_is_scaled_to_the_first(tmp_path: Path) -> None:
    path = tmp_path / "a.avi"
    for place, size in enumerate([(48, 96), (96, 192)]):
        write_video(tmp_path / f"{place}.avi", render(10, height=size[0], width=size[1]), fps=25, codec="mjpeg")
    with av.open(str(path), "w") as target:
        stream = None
        for place in range(2):
            with av.open(str(tmp_path / f"{place}.avi")) as source:
                stream = stream or target.add_stream_from_template(source.streams.video[0])
                for packet in source.demux(video=0):
                    if packet.dts is not None:
                        packet.pts = packet.dts = packet.dts + 10 * place
                        packet.stream = stream
                        target.mux(packet)
    frames, reader = read_all(path)
    assert (reader.n_frames, reader.undecodable) == (20, ())
    assert {frame.image.shape for frame in frames if frame.image is not None} == {(48, 96, 3)}


def write_sound(path: Path) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=16000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate, frame.pts = 16000, 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def test_unusable_files_get_one_sentence(tmp_path: Path) -> None:
    whole = tmp_path / "whole.mp4"
    write_video(whole, render(10), fps=25)
    (tmp_path / "empty.mp4").write_bytes(b"")
    (tmp_path / "text.mp4").write_text("frame,grooming\n0,1\n" * 50)
    (tmp_path / "subtitles.mp4").write_text("1\n00:00:01,000 --> 00:00:02,000\nhello\n\n" * 5)
    (tmp_path / "header.mp4").write_bytes(whole.read_bytes()[:300])
    write_video(tmp_path / "header.avi", render(10), fps=25, codec="mjpeg")
    cut(tmp_path / "header.avi", 0.02)
    write_sound(tmp_path / "sound.mp4")
    rng = np.random.default_rng(0)
    broken = bytearray(whole.read_bytes())
    start = broken.index(b"mdat") + 4
    broken[start:] = rng.integers(0, 255, len(broken) - start, dtype=np.uint8).tobytes()
    (tmp_path / "broken.mp4").write_bytes(broken)
    expected = {
        "missing.mp4": "there is no such video",
        ".": "is a folder",
        "empty.mp4": "is empty (0 bytes)",
        "text.mp4": "is not a video",
        "subtitles.mp4": "is not a video",
        "header.mp4": "its header is lost",
        "header.avi": "its header is lost",
        "sound.mp4": "holds sound but no video",
        "broken.mp4": "none of its frames can be decoded",
    }
    for name, sentence in expected.items():
        with pytest.raises(VideoError) as caught:
            summarize_video(tmp_path / name)
        message = str(caught.value)
        assert sentence in message, message
        assert str(tmp_path / name) in message
        assert message.endswith(".")
        assert "\n" not in message


@pytest.mark.parametrize("suffix", [".mp4", ".avi", ".ts"])
@pytest.mark.parametrize(
    "text",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{video}\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile '{video}'\n",
        '<?xml version="1.0"?><!DOCTYPE MPD [<!ENTITY x SYSTEM "{video}">]><MPD><BaseURL>&x;</BaseURL></MPD>\n',
    ],
    ids=["playlist", "list", "manifest"],
)
def test_a_playlist_that_poses_as_a_video_leads_nowhere(tmp_path: Path, text: str, suffix: str) -> None:
    write_video(tmp_path / "secret.mp4", np.zeros((3, 16, 16, 3), np.uint8), fps=10)
    path = tmp_path / f"posing{suffix}"
    path.write_text(text.format(video=tmp_path / "secret.mp4"))
    with pytest.raises(VideoError, match=f"posing{suffix}"):
        summarize_video(path)


def test_summary_of_a_single_frame_has_the_headers_rate(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", render(1), fps=12)
    summary = summarize_video(tmp_path / "a.mp4")
    assert (summary.n_frames, summary.time_s.tolist(), summary.fps) == (1, [0.0], 12.0)


def test_real_video_is_read_whole(shared_data: Path) -> None:
    path = shared_data / "openfield_video" / "m3v1mp4.mp4"
    summary = summarize_video(path)
    assert (summary.n_frames, summary.declared_frames, summary.broke_off, summary.undecodable) == (2330, 2330, False, ())
    assert (summary.width, summary.height) == (640, 480)
    assert summary.fps == pytest.approx(30, abs=0.01)
    with av.open(str(path)) as container:
        stamps = [float(packet.pts * packet.time_base) for packet in container.demux(video=0) if packet.pts is not None]
    np.testing.assert_allclose(summary.time_s, np.sort(stamps) - min(stamps), atol=1e-9)


def test_real_clips_have_the_frames_they_declare(shared_data: Path) -> None:
    clips = sorted((shared_data / "clips").glob("*.avi"))
    assert len(clips) == 24
    for clip in clips:
        summary = summarize_video(clip)
        assert (summary.n_frames, summary.undecodable, summary.broke_off) == (summary.declared_frames, (), False)
        assert summary.fps == pytest.approx(5)


@pytest.mark.parametrize("quarter_turns", [0, 1])
def test_the_short_way_to_colors_gives_what_the_long_way_gives(tmp_path, monkeypatch, quarter_turns):
    rng = np.random.default_rng(0)
    picture = cv2.resize(rng.integers(0, 256, (6, 8, 3), dtype=np.uint8), (64, 48), interpolation=cv2.INTER_CUBIC)
    write_video(tmp_path / "a.mp4", [picture] * 3, fps=10)

    def read():
        with open_video(tmp_path / "a.mp4") as video:
            video.pictures.quarter_turns = quarter_turns
            return np.stack([frame.image for frame in video.frames()]).astype(int)

    short = read()
    monkeypatch.setattr(PictureConverter, "is_usual", lambda self, picture: False)
    long = read()
    assert short.shape == long.shape == ((3, 48, 64, 3) if not quarter_turns else (3, 64, 48, 3))
    assert np.abs(short - long).max() <= 3
    # FFmpeg's default rounds down; the short way must be no farther from what was recorded.
    recorded = np.rot90(picture.astype(int), quarter_turns)
    assert np.abs(short - recorded).mean() <= np.abs(long - recorded).mean()


@pytest.mark.parametrize(
    ("suffix", "container", "codec"),
    [
        *[(".mts", "mpegts", "libx264"), (".ts", "mpegts", "mpeg2video"), (".wmv", "asf", "wmv2"), (".m4v", "mp4", "libx264")],
        *[(".mpg", "mpeg", "mpeg1video"), (".webm", "webm", "libvpx-vp9"), (".mj2", "mov", "jpeg2000"), (".flv", "flv", "flv1")],
    ],
)
def test_containers_of_cameras_keep_every_frame(tmp_path: Path, suffix: str, container: str, codec: str) -> None:
    assert suffix in VIDEO_SUFFIXES
    path = tmp_path / f"a{suffix}"
    with av.open(str(path), "w", format=container) as file:
        stream = file.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(20):
            picture = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 12 * number, dtype=np.uint8), format="rgb24")
            file.mux(stream.encode(picture))
        file.mux(stream.encode(None))
    summary = summarize_video(path)
    assert summary.n_frames == 20
    np.testing.assert_allclose(summary.time_s, np.arange(20) / 25, atol=1e-3)
