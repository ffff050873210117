"""Videos, poses and drives that are not as they should be, through `behavior embed`: right frames at right times, or one sentence.

A picture shows an animal whose brightness is the frame's number. The network is a stand-in that returns the crop's mean colour, so that
a feature tells which frame, and which place in it, it was made from.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
import struct
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import h5py
import numpy as np
import pytest

from behavior.embedding.crop_streams import MotionStream
from behavior.embedding.streams import make_streams
from behavior.files import disk_space, feature_writer
from behavior.files.claims import claim_file
from behavior.files.feature_cache import FeatureSet, StaleCacheError
from behavior.files.pose import write_deeplabcut
from behavior.files.study import open_study
from behavior.files.video_writer import write_video
from behavior.recording import Track
from behavior.vision.engine_choice import PreparedEngine

N_FRAMES, SIZE, FPS = 40, 64, 25
STREAMS = ("appearance", "motion", "pose")
PARTS = ("nose", "body", "tail")
DARKEST, STEP = 15, 5
# Frames are far enough apart in it that none is shown twice or left out by a container that counts milliseconds.
VARIABLE_MS = np.cumsum([0, *np.tile([40, 40, 120], 13)])
# In frames of a constant rate; a camera has left out those between.
DROPPED = VARIABLE_MS // 40


class MeanColorEngine:
    name, precision, batch_size, n_features, input_size = "stand-in", "float32", 32, 3, 64

    def embed(self, images):
        return images.mean(axis=(1, 2), dtype=np.float32)

    def embed_batches(self, batches):
        for images in batches:
            yield self.embed(images)

    def close(self):
        pass


@pytest.fixture(autouse=True)
def engine(monkeypatch):
    """No network is converted."""
    prepared = PreparedEngine(engine=MeanColorEngine())
    monkeypatch.setattr("behavior.embedding.crop_streams.prepare_engine", lambda *_, **__: prepared)
    return prepared.engine


@pytest.fixture
def small_parts(monkeypatch):
    """Parts of 16 frames, so that a short recording has several."""
    for module in ("files.feature_writer", "embedding.crop_batches", "embedding.pose_stream"):
        monkeypatch.setattr(f"behavior.{module}.PART_ROWS", 16)


def find_animal(n_frames: int = N_FRAMES) -> np.ndarray:
    """Centre of the animal, x and y in pixels."""
    frames = np.arange(n_frames)
    return np.stack([20 + 0.5 * frames, np.full(n_frames, 26.0)], axis=1)


def render(
    n_frames: int = N_FRAMES, *, height: int = SIZE, width: int = SIZE, scale: int = 1, texture: bool = False, first: int = 0
) -> Iterator[np.ndarray]:
    """Pictures of an animal of 24 pixels; `texture` makes a background that costs bytes."""
    rng = np.random.default_rng(0)
    shape = (height * scale, width * scale, 3)
    floor = rng.integers(0, 60, shape, dtype=np.uint8) if texture else np.full(shape, 5, np.uint8)
    for frame, center in enumerate(find_animal(first + n_frames)):
        if frame >= first:
            image = np.roll(floor, 3 * frame, axis=1)
            left, top = (np.round(center).astype(int) - 12) * scale
            image[top : top + 24 * scale, left : left + 24 * scale] = DARKEST + STEP * frame
            yield image


def encode(
    path: Path,
    images: Iterable[np.ndarray],
    *,
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    rate: int = FPS,
    stamps: Iterable[int] | None = None,
    unit: Fraction = Fraction(1, FPS),
    options: dict[str, str] | None = None,
    rotation: float | None = None,
    full_range: bool = False,
) -> None:
    """Write what `write_video` does not: other times, pixel formats, groups of pictures, flags."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate)
        stream.pix_fmt, stream.bit_rate = pixel_format, 4_000_000
        stream.codec_context.options, stream.codec_context.time_base = options or {}, unit
        if full_range:
            stream.codec_context.color_range = 2
        for number, (image, stamp) in enumerate(zip(images, stamps if stamps is not None else iter(range(10**6)), strict=False)):
            if not number:
                stream.height, stream.width = image.shape[:2]
                if rotation is not None:
                    stream.set_display_rotation(rotation)
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = int(stamp), unit
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def describe_lost(path: Path) -> str:
    """What is said of a video whose times are `VARIABLE_MS`: at 25 frames per second 66 frames would fit in."""
    return (
        f"warning: a: {path}: 26 frames are missing between the 40 that there are, by their time stamps; the camera lost them, and its "
        "frame rate is given as without losses."
    )


def make_track(n_frames: int = N_FRAMES) -> Track:
    positions = find_animal(n_frames)[:, None] + np.array([[8, 0], [0, 0], [-8, 0]])
    return Track(positions, np.full((n_frames, 3), 0.99), PARTS)


def make_study(folder: Path, video: Path, track: Track | None = None, settings: str = "") -> Path:
    """Write a study of one recording beside its video."""
    write_deeplabcut(folder / "pose.csv", track or make_track(), scorer="net")
    (folder / "recordings.csv").write_text(f"recording,video,pose\na,{video.name},pose.csv\n")
    study = folder / "study.yaml"
    study.write_text(
        "behaviors: [rear]\nstreams: [appearance, motion, pose]\ncrop: {body_part: body, size: 16, body_axis: [tail, nose]}\n"
        "backbone: {name: openfield, weights: packaged, engine: openvino, precision: float32}\n" + settings
    )
    return study


def read_streams(study_file: Path) -> dict[str, FeatureSet]:
    study, (recording,) = open_study(study_file)
    streams = make_streams(study.streams, crop=study.crop, backbone=study.backbone, arena=study.arena, cache=study.cache)
    return {name: stream.read(recording) for name, stream in streams.items()}


@dataclass(frozen=True)
class Outcome:
    """What `behavior embed` said, and the features it made."""

    err: str
    features: dict[str, FeatureSet]

    @property
    def warnings(self) -> list[str]:
        """What a user is told, once, although each of the streams has found it."""
        return list(dict.fromkeys(line for line in self.err.splitlines() if line.startswith("warning: ")))


@pytest.fixture
def embed(run, tmp_path) -> Callable[..., Outcome]:
    """Embed a video in all streams, which has to succeed."""

    def call(video: Path, track: Track | None = None, settings: str = "") -> Outcome:
        study = make_study(tmp_path, video, track, settings)
        ran = run("embed", study)
        assert ran.status == 0, ran.err
        return Outcome(ran.err, read_streams(study))

    return call


def read_numbers(features: FeatureSet) -> np.ndarray:
    """Number of the frame that each crop shows."""
    return (features.features.astype(float).mean(axis=1) - DARKEST) / STEP


def assert_right(found: dict[str, FeatureSet], time_s: np.ndarray, *, measured: np.ndarray | None = None, unsure: slice = slice(0)) -> None:
    """Every stream has a row for each frame, at its time, and made from it; what `unsure` ones were made from is left open."""
    measured = np.ones(len(time_s), bool) if measured is None else measured
    assert tuple(found) == STREAMS
    for features in found.values():
        assert features.n_frames == len(time_s)
        np.testing.assert_allclose(features.time_s, time_s, atol=1e-6)
        np.testing.assert_array_equal(features.measured, measured)
        assert np.isfinite(features.features).all()
    sure = measured.copy()
    sure[unsure] = False
    np.testing.assert_allclose(read_numbers(found["appearance"])[sure], np.arange(len(time_s))[sure], atol=0.49)
    motion = found["motion"].features
    # What is brighter from frame to frame has changed; before the first frame, and beside one that is lost, nothing is known.
    known = measured & np.roll(measured, 1)
    known[0] = False
    assert (motion[known, -1] != 0).all()
    assert not motion[0].any()


CONSTANT_S = np.arange(N_FRAMES) / FPS
X265 = {"x265-params": "log-level=error"}
MILLISECONDS = {"stamps": VARIABLE_MS, "unit": Fraction(1, 1000)}
ODD = {
    "variable rate, .mkv": ("a.mkv", MILLISECONDS, VARIABLE_MS / 1000),
    "variable rate, .mp4": ("a.mp4", MILLISECONDS, VARIABLE_MS / 1000),
    "dropped frames, .avi": ("a.avi", {"stamps": DROPPED, "codec": "mjpeg", "pixel_format": "yuvj420p"}, DROPPED / FPS),
    "dropped frames, .avi, MPEG-4": ("a.avi", {"stamps": DROPPED, "codec": "mpeg4"}, DROPPED / FPS),
    "a thousand frames per second, most of them left out": (
        "a.avi",
        {**MILLISECONDS, "rate": 1000, "codec": "mjpeg", "pixel_format": "yuvj420p"},
        VARIABLE_MS / 1000,
    ),
    "a clock that starts late": ("a.mkv", {"stamps": VARIABLE_MS + 5000, "unit": Fraction(1, 1000)}, VARIABLE_MS / 1000),
    "grey, H.264": ("a.mp4", {"pixel_format": "gray", "full_range": True}, CONSTANT_S),
    "grey, 16 bits": ("a.mkv", {"codec": "ffv1", "pixel_format": "gray16le"}, CONSTANT_S),
    "grey, uncompressed": ("a.avi", {"codec": "rawvideo", "pixel_format": "gray"}, CONSTANT_S),
    "10 bits, H.264": ("a.mp4", {"pixel_format": "yuv420p10le"}, CONSTANT_S),
    "10 bits, H.265": ("a.mp4", {"codec": "libx265", "pixel_format": "yuv420p10le", "options": X265}, CONSTANT_S),
    "MJPEG": ("a.avi", {"codec": "mjpeg", "pixel_format": "yuvj422p"}, CONSTANT_S),
    "H.265": ("a.mp4", {"codec": "libx265", "options": X265}, CONSTANT_S),
    "H.264 with open groups of pictures": ("a.mkv", {"options": {"x264-params": "open-gop=1:keyint=10:bframes=4"}}, CONSTANT_S),
    "MPEG-2 in a program stream": ("a.mpg", {"codec": "mpeg2video"}, CONSTANT_S),
}


@pytest.mark.parametrize("name", ODD)
def test_right_frames_at_right_times(embed, tmp_path, name):
    file, options, time_s = ODD[name]
    encode(tmp_path / file, render(), **options)
    outcome = embed(tmp_path / file)
    assert_right(outcome.features, time_s)
    assert outcome.warnings == ([] if time_s is CONSTANT_S else [describe_lost(tmp_path / file)])
    assert outcome.features["appearance"].fps == pytest.approx(FPS, rel=1e-3)


@pytest.mark.parametrize(("height", "width"), [(63, 65), (50, 77)])
def test_odd_sizes(embed, tmp_path, height, width):
    write_video(tmp_path / "a.mp4", render(height=height, width=width), fps=FPS)
    outcome = embed(tmp_path / "a.mp4")
    assert_right(outcome.features, CONSTANT_S)
    np.testing.assert_allclose(outcome.features["motion"].centers, find_animal(), atol=0.01)


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_rotation_flag_sets_pictures_upright_as_trackers_see_them(embed, tmp_path, turns):
    lying = [np.rot90(image, -turns) for image in render(height=64, width=80)]
    encode(tmp_path / "a.mp4", lying, rotation=90 * turns)
    # The animal fills so much of so small a picture that the points of a pose do not tell which picture they are of.
    outcome = embed(tmp_path / "a.mp4", settings="pose: {coordinates: upright}\n")
    assert_right(outcome.features, CONSTANT_S)
    assert outcome.warnings == []


@pytest.mark.parametrize(
    ("file", "codec", "options"),
    [("a.mp4", "libx264", {"x264-params": "interlaced=1:tff=1"}), ("a.mkv", "mpeg2video", {"flags": "+ildct+ilme"})],
)
def test_two_fields_are_one_frame(embed, tmp_path, file, codec, options):
    images = list(render())
    for image in images:
        # The second field shows the animal a little later.
        image[1::2] = np.roll(image[1::2], 1, axis=1)
    encode(tmp_path / file, images, codec=codec, options=options)
    with av.open(str(tmp_path / file)) as container:
        assert next(container.decode(video=0)).interlaced_frame or codec == "mpeg2video"
    assert_right(embed(tmp_path / file).features, CONSTANT_S)


@pytest.mark.parametrize("count", [0, 12, 60])
@pytest.mark.parametrize(("codec", "pixel_format"), [("mjpeg", "yuvj420p"), ("libx264", "yuv420p")])
def test_a_frame_count_that_lies_is_not_believed(embed, tmp_path, codec, pixel_format, count):
    path = tmp_path / "a.avi"
    encode(path, render(), codec=codec, pixel_format=pixel_format)
    content = bytearray(path.read_bytes())
    for chunk, place in ((b"avih", 16), (b"strh", 32)):
        start = content.index(chunk) + 8 + place
        content[start : start + 4] = struct.pack("<I", count)
    path.write_bytes(content)
    with av.open(str(path)) as container:
        assert container.streams.video[0].frames == count
    outcome = embed(path)
    assert_right(outcome.features, CONSTANT_S)
    assert outcome.warnings == []


@pytest.mark.parametrize("codec", ["mjpeg", "mpeg4"])
def test_dropped_frames_are_no_sign_of_a_break_where_the_index_is_lost(embed, tmp_path, codec):
    """The header counts the empty packets that stand for them."""
    path = tmp_path / "a.avi"
    encode(path, render(), codec=codec, pixel_format="yuvj420p" if codec == "mjpeg" else "yuv420p", stamps=DROPPED)
    content = path.read_bytes()
    assert content.count(b"idx1") == 1
    path.write_bytes(content.replace(b"idx1", b"JUNK"))
    outcome = embed(path)
    assert_right(outcome.features, DROPPED / FPS)
    assert outcome.warnings == [describe_lost(path)]


def test_a_length_that_lies_is_said_and_costs_no_frame(embed, tmp_path):
    path = tmp_path / "a.mkv"
    encode(path, render())
    content = path.read_bytes()
    assert content.count(b"00:00:01.6") == 1
    path.write_bytes(content.replace(b"00:00:01.6", b"00:00:09.6"))
    outcome = embed(path)
    assert_right(outcome.features, CONSTANT_S)
    assert outcome.warnings == [f"warning: a: {path}: the video breaks off after 40 frames; what decodes is used."]


def test_pictures_without_times_are_refused(run, tmp_path):
    encode(tmp_path / "a.h264", render())
    ran = run("embed", make_study(tmp_path, tmp_path / "a.h264"))
    assert ran.status == 1
    assert f"{tmp_path / 'a.h264'}: holds pictures without times; put it into .mp4" in ran.err
    assert "Traceback" not in ran.err


def blank_packet(path: Path, number: int) -> None:
    """Write zeros over one packet, which is what a disk gives for a sector it has lost."""
    with av.open(str(path)) as container:
        packets = [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]
    position, size = packets[number]
    content = bytearray(path.read_bytes())
    content[position : position + size] = bytes(size)
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("file", "codec", "pixel_format", "last"),
    [
        ("a.avi", "mjpeg", "yuvj420p", 20),
        ("a.mp4", "mjpeg", "yuvj420p", 20),
        ("a.mp4", "libx264", "yuv420p", 29),
        ("a.avi", "libx264", "yuv420p", 29),
        ("a.mkv", "libx264", "yuv420p", 29),
    ],
)
def test_a_damaged_stretch_is_marked_and_shifts_nothing(embed, tmp_path, file, codec, pixel_format, last):
    path = tmp_path / file
    encode(path, render(texture=True), codec=codec, pixel_format=pixel_format, options={"g": "10", "bf": "0"})
    # The first of a group of ten pictures.
    blank_packet(path, 20)
    outcome = embed(path)
    found = outcome.features["appearance"]
    # A decoder hands out one or two pictures, before the next whole one, that it has patched up from older ones.
    assert_right(outcome.features, CONSTANT_S, measured=found.measured, unsure=slice(20, last + 1))
    lost = np.flatnonzero(~found.measured)
    assert lost[0] == 20
    assert lost[-1] <= last
    (warning,) = outcome.warnings
    named = "frame 20" if len(lost) == 1 else f"{len(lost)} frames"
    assert f"{named} could not be decoded" in warning
    assert "frame 20" in warning
    for features in (found, outcome.features["motion"]):
        assert (features.features[lost] == features.features[19]).all()
    # The frame after the stretch has none before it that it could be compared with.
    assert not outcome.features["motion"].features[lost[-1] + 1].any()
    # Pose knows where the animal was all the same.
    np.testing.assert_allclose(outcome.features["pose"].centers, find_animal(), atol=0.01)


@pytest.mark.parametrize(("codec", "pixel_format"), [("mjpeg", "yuvj420p"), ("libx264", "yuv420p")])
def test_a_changing_resolution_is_scaled_to_the_first_and_said(embed, tmp_path, codec, pixel_format):
    path = tmp_path / "a.avi"
    with av.open(str(path), "w") as target:
        joined = None
        for part, scale in enumerate((1, 2, 1, 2)):
            options = {"bf": "0", "x264-params": "repeat-headers=1"} if codec == "libx264" else {}
            encode(tmp_path / "part.avi", render(10, scale=scale, first=10 * part), codec=codec, pixel_format=pixel_format, options=options)
            with av.open(str(tmp_path / "part.avi")) as source:
                joined = joined or target.add_stream_from_template(source.streams.video[0])
                for packet in source.demux(video=0):
                    if packet.size:
                        packet.pts = packet.dts = packet.dts + 10 * part
                        packet.stream = joined
                        target.mux(packet)
    outcome = embed(path)
    assert_right(outcome.features, CONSTANT_S)
    (warning,) = outcome.warnings
    assert "change their size at frame 10" in warning
    assert "64 x 64 pixels" in warning


@pytest.fixture
def video(tmp_path) -> Path:
    write_video(tmp_path / "a.mp4", render(), fps=FPS)
    return tmp_path / "a.mp4"


def test_an_animal_lost_for_long_is_marked_and_looked_for_on_the_way(embed, video):
    track = make_track()
    lost = slice(10, 30)
    track.positions[lost], track.likelihoods[lost] = np.nan, 0
    outcome = embed(video, track)
    measured = np.ones(N_FRAMES, bool)
    measured[lost] = False
    assert_right(outcome.features, CONSTANT_S, measured=measured)
    # It walked evenly, so that the guess between where it was lost and found happens to be right.
    for features in outcome.features.values():
        np.testing.assert_allclose(features.centers, find_animal(), atol=0.01)
    assert len(outcome.warnings) == 2
    assert all("the animal was not found in 20 of 40 frames" in warning for warning in outcome.warnings)


@pytest.mark.parametrize("likelihood", [0.0, 0.99])
def test_a_pose_of_nothing_is_refused_and_leaves_no_features(run, video, tmp_path, likelihood):
    track = make_track()
    track.positions[:], track.likelihoods[:] = np.nan, likelihood
    ran = run("embed", make_study(tmp_path, video, track))
    assert ran.status == 1
    assert "body is not found in any frame" in ran.err
    assert not list((tmp_path / "cache").glob("*.h5"))


def test_a_pose_that_leaves_the_image_is_marked_and_cut_at_the_border(embed, video):
    track = make_track()
    gone = np.zeros(N_FRAMES, bool)
    gone[5:10], gone[20:23] = True, True
    track.positions[5:10] += [500, 0]
    track.positions[20:23] -= [0, 90]
    outcome = embed(video, track)
    assert_right(outcome.features, CONSTANT_S, measured=~gone)
    images = list(render())
    for frame, corner in ((7, (slice(18, 34), slice(48, 64))), (21, (slice(0, 16), slice(22, 38)))):
        assert outcome.features["appearance"].features[frame].mean() == pytest.approx(images[frame][corner].mean(), abs=6)
    (warning,) = outcome.warnings
    assert "the animal is outside the picture of 64 x 64 pixels in 8 of 40 frames; is it the pose of another video" in warning


def test_a_point_outside_now_and_then_is_marked_without_a_word(embed, video):
    track = make_track()
    track.positions[3] = -4
    outcome = embed(video, track)
    assert_right(outcome.features, CONSTANT_S, measured=np.arange(N_FRAMES) != 3)
    assert outcome.warnings == []


def darken(n_frames: int = N_FRAMES) -> Iterator[np.ndarray]:
    """Another recording, of equal length."""
    return (np.full_like(image, 200) for image in render(n_frames))


def test_a_video_replaced_by_another_of_its_name_is_embedded_anew(run, embed, video, tmp_path):
    before = embed(video).features
    write_video(video, darken(), fps=FPS)
    for name in STREAMS:
        with pytest.raises(StaleCacheError, match="changed since"):
            read_one(tmp_path / "study.yaml", name)
    ran = run("embed", tmp_path / "study.yaml")
    assert ran.status == 0, ran.err
    after = read_streams(tmp_path / "study.yaml")
    assert np.abs(after["appearance"].features - 200.0).max() < 3
    assert not np.array_equal(before["appearance"].features, after["appearance"].features)
    assert len(list((tmp_path / "cache").glob("*.h5"))) == len(STREAMS)


def read_one(study_file: Path, name: str) -> FeatureSet:
    study, (recording,) = open_study(study_file)
    (stream,) = make_streams((name,), crop=study.crop, backbone=study.backbone, arena=study.arena, cache=study.cache).values()
    return stream.read(recording)


def test_a_pose_replaced_by_another_of_its_name_is_noticed_too(run, embed, video, tmp_path):
    embed(video)
    track = make_track()
    track.positions[:] = 50
    write_deeplabcut(tmp_path / "pose.csv", track, scorer="net")
    ran = run("embed", tmp_path / "study.yaml")
    assert ran.status == 0, ran.err
    for features in read_streams(tmp_path / "study.yaml").values():
        assert (features.centers == 50).all()


@pytest.mark.parametrize("replaced_after", [1, 2])
def test_a_video_replaced_while_it_is_embedded_leaves_no_features(run, video, tmp_path, engine, small_parts, replaced_after):
    """The reader goes on in the old file, which has no name any more."""
    other = tmp_path / "other.mp4"
    write_video(other, darken(), fps=FPS)
    study = make_study(tmp_path, video)
    batches = []

    def replace_then_embed(images):
        batches.append(len(images))
        if len(batches) == replaced_after:
            other.replace(video)
        return images.mean(axis=(1, 2), dtype=np.float32)

    engine.embed = replace_then_embed
    ran = run("embed", study)
    assert ran.status == 1
    assert "a.mp4, pose.csv was changed while it was embedded; embed it again." in ran.err
    assert "Traceback" not in ran.err
    del engine.embed
    # The other streams were made of the new video, and say so.
    left = sorted(path.name for path in (tmp_path / "cache").iterdir() if path.is_file())
    assert [name.split("-")[0] for name in left] == ["a.motion", "a.pose"]
    assert run("embed", study).status == 0
    assert np.abs(read_streams(study)["appearance"].features - 200.0).max() < 3


def interrupt(monkeypatch, stream, n_batches):
    """Break off as many batches later."""
    describe = stream._describe_batches

    def break_off(self, batches, fps):
        for number, vectors in enumerate(describe(self, batches, fps)):
            if number == n_batches:
                raise MemoryError("interrupted")
            yield vectors

    monkeypatch.setattr(stream, "_describe_batches", break_off)


def test_a_video_replaced_between_a_broken_run_and_the_next_keeps_no_part(run, video, tmp_path, small_parts, monkeypatch):
    study = make_study(tmp_path, video)
    with monkeypatch.context() as patched:
        interrupt(patched, MotionStream, 2)
        assert run("embed", study).status == 1
    (parts,) = (tmp_path / "cache").glob(".*.parts")
    assert len(list(parts.glob("*.npz"))) == 2
    write_video(video, darken(), fps=FPS)
    ran = run("embed", study)
    assert ran.status == 0, ran.err
    assert "were made before" not in ran.err
    # Nothing moves in the new one.
    assert np.abs(read_streams(study)["motion"].features[:, -1]).max() < 0.1


@pytest.mark.parametrize("blanked", [slice(None), slice(1000, 3000)])
def test_a_part_that_a_power_cut_has_blanked_is_made_again(run, video, tmp_path, small_parts, monkeypatch, blanked):
    """Some drives have a file's name and length on disk before its content, whatever they were asked for."""
    study = make_study(tmp_path, video)
    with monkeypatch.context() as patched:
        interrupt(patched, MotionStream, 2)
        assert run("embed", study).status == 1
    (parts,) = (tmp_path / "cache").glob(".*.parts")
    second = parts / "000001.npz"
    content = bytearray(second.read_bytes())
    content[blanked] = bytes(len(content[blanked]))
    second.write_bytes(content)
    ran = run("embed", study)
    assert ran.status == 0, ran.err
    assert "a: 16 frames of motion were computed before" in ran.err
    assert_right(read_streams(study), CONSTANT_S)


def test_a_disk_that_fills_up_costs_nothing_that_was_made(run, video, tmp_path, small_parts, monkeypatch):
    study = make_study(tmp_path, video)
    save, saved = np.savez, []

    def fill_up(file, **arrays):
        saved.append(len(arrays["time_s"]))
        if len(saved) > 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        save(file, **arrays)

    with monkeypatch.context() as patched:
        patched.setattr(feature_writer.np, "savez", fill_up)
        ran = run("embed", study)
    assert ran.status == 1
    for line in [line for line in ran.err.splitlines() if "No space left" in line]:
        assert line.startswith("error: a: ")
        assert line.endswith("choose a folder with space that you may write to.")
    assert ran.err.count("No space left") == len(STREAMS)
    assert not list((tmp_path / "cache").glob("*.h5"))
    assert not list((tmp_path / "cache").rglob("*.tmp*"))
    assert not list((tmp_path / "cache").glob("*.claim"))
    ran = run("embed", study)
    assert ran.status == 0, ran.err
    assert "a: 16 frames of appearance were computed before; resuming there" in ran.err
    assert_right(read_streams(study), CONSTANT_S)


def make_read_only(monkeypatch, folder: Path) -> None:
    """Refuse everything below `folder` as a drive does that is mounted to be read only, where even root may not write.

    Such a drive refuses to remove a file before it looks whether there is one.
    """

    def refuse_below(owner, name, *, when=lambda *arguments, **options: True):
        call = getattr(owner, name)

        def checked(path, *arguments, **options):
            if Path(path).is_relative_to(folder) and when(*arguments, **options):
                raise OSError(errno.EROFS, "Read-only file system", str(path))
            return call(path, *arguments, **options)

        monkeypatch.setattr(owner, name, checked)

    refuse_below(Path, "unlink")
    refuse_below(Path, "rename")
    refuse_below(Path, "replace")
    refuse_below(Path, "open", when=lambda mode="r", *_, **__: mode[0] != "r" or "+" in mode)
    refuse_below(os, "utime")
    refuse_below(os, "open", when=lambda flags, *_, **__: bool(flags & (os.O_WRONLY | os.O_RDWR)))
    make = os.mkdir

    def refuse_new(path, *arguments, **options):
        if Path(path).is_relative_to(folder) and not Path(path).exists():
            raise OSError(errno.EROFS, "Read-only file system", str(path))
        make(path, *arguments, **options)

    monkeypatch.setattr(os, "mkdir", refuse_new)


def test_a_read_only_cache_is_used_where_all_is_there(run, embed, video, tmp_path, monkeypatch):
    before = embed(video).features
    make_read_only(monkeypatch, tmp_path)
    ran = run("embed", tmp_path / "study.yaml", "--json")
    assert ran.status == 0, ran.err
    assert '"was there"' in ran.out
    after = read_streams(tmp_path / "study.yaml")
    for name in STREAMS:
        np.testing.assert_array_equal(before[name].features, after[name].features)


def test_a_read_only_cache_that_lacks_some_says_so_once(run, embed, video, tmp_path, monkeypatch):
    embed(video)
    (motion,) = (tmp_path / "cache").glob("a.motion-*.h5")
    motion.unlink()
    make_read_only(monkeypatch, tmp_path)
    ran = run("embed", tmp_path / "study.yaml")
    assert ran.status == 1
    sentence = f"{tmp_path / 'cache'}: cannot be written to (Read-only file system); choose a folder with space that you may write to."
    assert [line for line in ran.err.splitlines() if "cannot be written" in line] == [f"error: a: {sentence}"]
    assert "Traceback" not in ran.err
    assert read_one(tmp_path / "study.yaml", "pose").n_frames == N_FRAMES


def test_a_drive_that_can_next_to_nothing_is_worked_on(embed, video, tmp_path, flushed, monkeypatch):
    """No file locks, no flushing of folders, no reserving of space, and a claim whose time cannot be set."""
    fcntl = pytest.importorskip("fcntl")
    locked = []
    touch, flush = Path.touch, os.fsync

    def make_locked(path, *arguments, **options):
        touch(path, *arguments, **options)
        locked.append(os.open(path, os.O_RDONLY))
        fcntl.flock(locked[-1], fcntl.LOCK_EX)

    def refuse(*_, **__):
        raise OSError(errno.ENOTSUP, "Operation not supported")

    def flush_files(handle):
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "Invalid argument")
        flush(handle)

    # That this is how a lock is felt.
    probe = tmp_path / "probe.h5"
    h5py.File(probe, "w").close()
    with probe.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(OSError, match="lock"):
            h5py.File(probe, "r", locking=True)
    monkeypatch.setattr(Path, "touch", make_locked)
    monkeypatch.setattr(os, "fsync", flush_files)
    monkeypatch.setattr(os, "utime", refuse)
    monkeypatch.setattr(disk_space.os, "posix_fallocate", refuse, raising=False)
    try:
        # The files keep their locks under their final names, while they are read.
        assert_right(embed(video).features, CONSTANT_S)
    finally:
        for handle in locked:
            os.close(handle)
    assert len(locked) > 2 * len(STREAMS)


def test_a_claim_outlives_a_drive_that_does_not_answer_for_a_while(tmp_path, monkeypatch):
    monkeypatch.setattr("behavior.files.claims.SECONDS_BETWEEN_BEATS", 0.01)
    beats, silent, set_time = threading.Event(), threading.Event(), os.utime

    def answer_late(path, *arguments):
        if not silent.is_set():
            silent.set()
            raise OSError(errno.EIO, "Input/output error")
        set_time(path, *arguments)
        beats.set()

    monkeypatch.setattr(os, "utime", answer_late)
    with claim_file(tmp_path / "a.h5") as mine:
        assert mine
        assert beats.wait(timeout=10)


def test_all_that_stands_under_a_name_is_on_disk_before_and_after_the_renaming(run, video, tmp_path, small_parts, monkeypatch):
    """A power cut at any moment finds the old state or the new one, whole."""
    study = make_study(tmp_path, video)
    events: list[tuple[str, object]] = []
    flush, replace, remove = os.fsync, Path.replace, shutil.rmtree

    def note_flush(handle):
        events.append(("flushed", os.fstat(handle).st_ino))
        flush(handle)

    def note_replace(self, target):
        events.append(("renamed", (self.stat().st_ino, Path(target))))
        return replace(self, target)

    def note_remove(folder, *arguments, **options):
        events.append(("removed", Path(folder)))
        remove(folder, *arguments, **options)

    monkeypatch.setattr(os, "fsync", note_flush)
    monkeypatch.setattr(Path, "replace", note_replace)
    monkeypatch.setattr(feature_writer.shutil, "rmtree", note_remove)
    cache = tmp_path / "cache"
    assert run("embed", study).status == 0
    renamed = [(place, *what) for place, (kind, what) in enumerate(events) if kind == "renamed"]
    finished = {target: place for place, _, target in renamed if target.suffix == ".h5"}
    assert len(finished) == len(STREAMS)
    assert sum(target.suffix == ".npz" for _, _, target in renamed) == len(STREAMS) * 3
    for place, number, target in renamed:
        assert events[place - 1] == ("flushed", number), target
        # The folder's name of its own is on disk, too; the folder of parts is gone by now.
        assert events[place + 1][0] == "flushed", target
        if target.parent == cache:
            assert events[place + 1][1] == cache.stat().st_ino
    for place, folder in [(place, what) for place, (kind, what) in enumerate(events) if kind == "removed"]:
        (target,) = (path for path in finished if folder.name == f".{path.name}.parts")
        assert finished[target] + 1 < place
    # A new folder is on disk as soon as something lies in it: that of the cache in the study's, those of parts in the cache's.
    first = next(place for place, *_ in renamed)
    assert {("flushed", tmp_path.stat().st_ino), ("flushed", cache.stat().st_ino)} <= set(events[:first])
