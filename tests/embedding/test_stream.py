"""What every stream promises: features that are computed once, found again by what they mean, and never used when they are out of date."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from behavior.config import Crop
from behavior.embedding.recording_inputs import RecordingInputs
from behavior.embedding.recordings import embed_recordings, require_features
from behavior.embedding.stream import Embedded, FeatureStream, FillJob
from behavior.embedding.streams import make_streams
from behavior.errors import BehaviorError, CacheError, PoseError, VideoError
from behavior.files.claims import claim_file
from behavior.files.feature_cache import DamagedCacheError, MissingCacheError, StaleCacheError, cache_path
from behavior.files.feature_sources import Signature
from behavior.files.feature_writer import FeatureWriter, parts_folder
from behavior.files.pose import read_pose, write_deeplabcut
from behavior.recording import Recording, Track
from behavior.vision.engine_choice import PreparedEngine

WriteRecording = Callable[..., Recording]
CROP = Crop(body_part="middle", size=16, body_axis=["tail", "nose"])
STREAMS = ("appearance", "motion", "pose")


class MeanEngine:
    """Stands for an engine: the vector is the mean color."""

    name, precision, batch_size, n_features, input_size = "stand-in", "float32", 32, 3, 64

    def embed_batches(self, batches):
        for images in batches:
            yield images.mean(axis=(1, 2), dtype=np.float32)


@pytest.fixture
def streams(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, FeatureStream]:
    from behavior.config import Backbone

    monkeypatch.setattr("behavior.embedding.crop_streams.prepare_engine", lambda *_, **__: PreparedEngine(MeanEngine()))
    backbone = Backbone(name="openfield", weights="packaged")
    return make_streams(STREAMS, crop=CROP, backbone=backbone, arena=None, cache=tmp_path / "cache")


@pytest.fixture(params=STREAMS)
def stream(request: pytest.FixtureRequest, streams: dict[str, FeatureStream]) -> FeatureStream:
    return streams[request.param]


def find_file(stream: FeatureStream, recording: Recording) -> Path:
    return cache_path(stream._cache, recording.id, stream.read(recording).signature)


def test_features_are_computed_once_and_read_back(stream: FeatureStream, write_recording: WriteRecording) -> None:
    recording = write_recording(lost=slice(3, 6))
    assert not stream.is_cached(recording)
    with pytest.raises(MissingCacheError, match="run `behavior embed STUDY` first"):
        stream.read(recording)
    embedded = stream.embed(RecordingInputs(recording), among=[recording])
    assert embedded is not None
    assert embedded.n_frames == 40
    assert stream.is_cached(recording)
    features = stream.read(recording)
    assert features.features.shape[0] == 40
    assert np.flatnonzero(~features.measured).tolist() == [3, 4, 5]
    assert features.fps == pytest.approx(20)
    np.testing.assert_allclose(features.time_s, np.arange(40) / 20, atol=1e-3)
    np.testing.assert_array_equal(features.centers[features.measured, 0], 16 + np.flatnonzero(features.measured))
    assert stream.embed(RecordingInputs(recording)) == Embedded(0, ())
    # A square in a window of four times its area, which streams of pictures look at.
    brightness, contrast, sharpness, noise, size, likelihood = features.measures.T
    seen = np.arange(10, 30)
    np.testing.assert_allclose(size[seen], 16)
    np.testing.assert_allclose(likelihood[[0, 4]], [1, 0.1], atol=1e-6)
    assert np.isnan(size[3:6]).all()
    if stream.name == "pose":
        assert np.isnan([brightness, contrast, sharpness, noise]).all()
    else:
        assert (noise[seen] >= 0).all()
        np.testing.assert_allclose(brightness[seen], 40 + 200 / 4, atol=1)
        # Its edges are smoothed.
        np.testing.assert_allclose(contrast[seen], 200 * np.sqrt(3) / 4, atol=6)


def test_how_the_animal_grows_along_the_picture_is_kept_where_the_pose_tells_it(
    stream: FeatureStream, write_recording: WriteRecording
) -> None:
    recording = write_recording()
    assert recording.pose is not None
    stream.embed(RecordingInputs(recording))
    kept = stream.read(recording).attributes
    assert kept["growth to the right"] == pytest.approx(1)
    # It moves along a row.
    assert "growth downwards" not in kept
    frames = np.arange(40)
    ends = 3.0 * 2.0 ** (frames / (0.9 * 39))
    positions = np.zeros((40, 3, 2))
    positions[..., 0] = 16 + frames[:, None] + np.stack([ends, 0 * ends, -ends], axis=1)
    positions[..., 1] = 32
    write_deeplabcut(recording.pose, Track(positions, np.ones((40, 3)), ("nose", "middle", "tail")), scorer="net")
    stream.embed(RecordingInputs(recording))
    assert stream.read(recording).attributes["growth to the right"] == pytest.approx(2, rel=0.05)


def test_a_changed_pose_or_video_makes_features_stale(stream: FeatureStream, write_recording: WriteRecording) -> None:
    recording = write_recording()
    stream.embed(RecordingInputs(recording))
    assert recording.pose is not None
    assert recording.video is not None
    for path, change in ((recording.pose, lambda text: text.replace(b"1.0", b"0.9")), (recording.video, lambda content: content + b"\0")):
        before = path.read_bytes()
        path.write_bytes(change(before))
        assert not stream.is_cached(recording)
        with pytest.raises(StaleCacheError, match="have changed since"):
            stream.read(recording)
        path.write_bytes(before)
        assert stream.is_cached(recording)
    stale = write_recording(lost=slice(0, 2))
    assert stream.embed(RecordingInputs(stale)).n_frames == 40
    assert not stream.read(stale).measured[:2].any()


def test_a_damaged_file_is_named_and_computed_again(stream: FeatureStream, write_recording: WriteRecording) -> None:
    recording = write_recording()
    stream.embed(RecordingInputs(recording))
    path = find_file(stream, recording)
    path.write_bytes(path.read_bytes()[:400])
    assert not stream.is_cached(recording)
    with pytest.raises(DamagedCacheError) as caught:
        stream.read(recording)
    assert str(path) in str(caught.value)
    assert stream.embed(RecordingInputs(recording)).n_frames == 40
    assert stream.is_cached(recording)


def test_damaged_features_are_computed_again_with_a_warning(
    stream: FeatureStream, write_recording: WriteRecording, caplog: pytest.LogCaptureFixture
) -> None:
    recording = write_recording()
    stream.embed(RecordingInputs(recording))
    path, right = find_file(stream, recording), stream.read(recording).features
    with h5py.File(path, "r") as file:
        place = file["features"].id.get_chunk_info(0).byte_offset
    content = bytearray(path.read_bytes())
    content[place + 1] ^= 0x40
    path.write_bytes(content)
    # Whether anything is missing is told without reading all features.
    assert stream.is_cached(recording)
    assert not stream.is_cached(recording, with_content=True)
    with pytest.raises(CacheError, match="cannot be read as a complete feature cache"):
        stream.read(recording)
    require_features([stream], recording)
    assert f"{path}: cannot be read as a complete feature cache" in caplog.text
    np.testing.assert_array_equal(stream.read(recording).features, right)


def test_the_claim_of_another_process_is_named(stream: FeatureStream, write_recording: WriteRecording) -> None:
    recording = write_recording()
    assert stream.explain_claim(recording) == "another process"
    stream.embed(RecordingInputs(recording))
    path = find_file(stream, recording)
    with claim_file(path):
        assert f"(its claim is {path.with_name(f'.{path.name}.claim')})" in stream.explain_claim(recording)


def test_what_another_process_claims_is_left_to_it(stream: FeatureStream, write_recording: WriteRecording) -> None:
    recording = write_recording()
    stream.embed(RecordingInputs(recording))
    path = find_file(stream, recording)
    path.unlink()
    with claim_file(path) as mine:
        assert mine
        assert stream.embed(RecordingInputs(recording)) is None
    assert stream.embed(RecordingInputs(recording)).n_frames == 40


def test_parts_beside_complete_features_are_removed(stream: FeatureStream, write_recording: WriteRecording) -> None:
    recording = write_recording()
    stream.embed(RecordingInputs(recording))
    parts = parts_folder(find_file(stream, recording))
    parts.mkdir()
    (parts / "000000.npz").touch()
    stream.tidy(recording)
    assert not parts.exists()


def test_files_that_are_missing_are_said(stream: FeatureStream, write_recording: WriteRecording, tmp_path: Path) -> None:
    recording = write_recording()
    with pytest.raises(VideoError, match="no such video"):
        stream.embed(RecordingInputs(Recording("b", video=tmp_path / "none.mp4", pose=recording.pose)))
    with pytest.raises(PoseError, match="has no pose"):
        stream.embed(RecordingInputs(Recording("b", video=recording.video)))


def test_recordings_with_like_names_are_told_apart(stream: FeatureStream, write_recording: WriteRecording) -> None:
    first = write_recording("a")
    stream.embed(RecordingInputs(first))
    label = find_file(stream, first).name.split(".")[1]
    # A recording whose name goes on as a file of the first one's does.
    other = write_recording(f"a.{label}", lost=slice(0, 5))
    assert not stream.is_cached(other)
    stream.embed(RecordingInputs(other))
    find_file(stream, first).unlink()
    assert not stream.is_cached(first)
    assert stream.is_cached(other)


def test_a_pose_is_parsed_once_for_all_streams(
    streams: dict[str, FeatureStream], write_recording: WriteRecording, parses: list[str]
) -> None:
    recordings = [write_recording(name) for name in "ab"]
    result = embed_recordings(list(streams.values()), recordings)
    assert sorted(result.embedded) == ["a", "b"]
    assert parses == ["a.csv", "b.csv"]
    # What is in the cache says what it means.
    for recording in recordings:
        for stream in streams.values():
            assert stream.is_cached(recording)
            stream.read(recording)
            stream.tidy(recording)
    embed_recordings(list(streams.values()), recordings)
    require_features(list(streams.values()), recordings[0])
    assert parses == ["a.csv", "b.csv"]


READ = """
import sys
for name in ("openvino", "tensorflow", "keras", "nncf"):
    # An import of it raises ImportError.
    sys.modules[name] = None
from pathlib import Path
from behavior.compute import child
from behavior.config import Backbone, Crop
from behavior.embedding import crop_reader, crop_streams, pose_stream, recording_inputs, upright_pose
from behavior.embedding.streams import make_streams
from behavior.files.pose import read_pose, write_deeplabcut
from behavior.recording import Recording, Track
from behavior.vision import devices
def refuse(*_, **__):
    raise AssertionError("something was opened, or the machine was looked at")
child.subprocess.Popen = devices.ctypes.CDLL = refuse
crop_reader.open_video = crop_streams.open_video = pose_stream.open_video = upright_pose.open_video = recording_inputs.open_pose = refuse
folder = Path(sys.argv[1])
streams = make_streams({streams}, crop=Crop(body_part="middle", size=16, body_axis=["tail", "nose"]),
                       backbone=Backbone(name="openfield", weights="packaged"), arena=None, cache=folder / "cache")
recording = Recording("a", video=folder / "a.mkv", pose=folder / "a.csv")
for stream in streams.values():
    assert stream.is_cached(recording)
    print(stream.name, stream.read(recording).n_frames)
"""


def test_reading_opens_no_engine_and_looks_for_no_gpu(
    streams: dict[str, FeatureStream], write_recording: WriteRecording, tmp_path: Path
) -> None:
    """The engines' libraries cannot be imported, no process is started, no driver is loaded, no video and no pose is opened."""
    embed_recordings(list(streams.values()), [write_recording()])
    script = READ.format(streams=STREAMS)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [f"{name} 40" for name in STREAMS]


class Interrupted(FeatureStream):
    """A stream whose computing ends with an error."""

    name = "interrupted"

    def list_signatures(self, recording: Recording) -> tuple[Signature, ...]:
        return (Signature("interrupted", {}),)

    def _choose_signature(self, inputs: RecordingInputs, among: Sequence[Recording]) -> Signature:
        return Signature("interrupted", {})

    def _fill(self, jobs: Sequence[FillJob]) -> list[Embedded | BehaviorError]:
        raise PoseError("it broke")


def test_a_failure_leaves_no_claim(write_recording: WriteRecording, tmp_path: Path) -> None:
    stream = Interrupted(crop=CROP, cache=tmp_path / "cache")
    recording = write_recording()
    for _ in range(2):
        with pytest.raises(PoseError, match="it broke"):
            stream.embed(RecordingInputs(recording))
    assert not list((tmp_path / "cache").glob("*.claim"))
    assert not stream.is_cached(recording)


@pytest.fixture
def decodes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the videos whose frames were read from their first on, once for each time."""
    from behavior.files.video import VideoReader

    decoded: list[str] = []
    read_rows = VideoReader.read_rows

    def note(self: VideoReader) -> object:
        decoded.append(self.path.name)
        return read_rows(self)

    monkeypatch.setattr(VideoReader, "read_rows", note)
    return decoded


@pytest.fixture
def three(write_recording: WriteRecording) -> list[Recording]:
    """The bright square, another place, and an animal that no frame shows: individuals of one video."""
    alone = write_recording()
    assert alone.pose is not None
    track = read_pose(alone.pose)
    lost = Track(np.full_like(track.positions, np.nan), np.zeros_like(track.likelihoods), track.body_parts)
    tracks = {"square": track, "beside": replace(track, positions=track.positions + 10.0), "nobody": lost}
    write_deeplabcut(alone.pose.with_name("aDLC_el.csv"), tracks, scorer="net")
    several = replace(alone, pose=alone.pose.with_name("aDLC_el.csv"))
    return [replace(several, id=f"a_{name}", individual=name) for name in tracks]


def test_individuals_of_a_video_are_read_together_and_have_the_features_that_each_has_alone(
    streams: dict[str, FeatureStream],
    stream: FeatureStream,
    three: list[Recording],
    write_recording: WriteRecording,
    decodes: list[str],
    parses: list[str],
) -> None:
    square, beside, _ = three
    result = embed_recordings([stream], three)
    assert sorted(result.embedded) == ["a_beside", "a_square"]
    assert list(result.failures) == ["a_nobody"]
    assert "is not found in any frame" in result.failures["a_nobody"]
    # Matroska does not say how many frames there are, so they are counted before crops are cut.
    assert decodes == ["a.mkv"] * (1 if stream.name == "pose" else 2)
    assert parses == ["aDLC_el.csv"]
    together = {one.id: stream.read(one) for one in (square, beside)}
    alone = replace(square, id="alone")
    stream.embed(RecordingInputs(alone))
    for name in ("features", "centers", "measured", "time_s"):
        np.testing.assert_array_equal(getattr(together["a_square"], name), getattr(stream.read(alone), name))
    assert not np.array_equal(together["a_square"].centers, together["a_beside"].centers)
    # What is there is not read again for one that is missing.
    find_file(stream, beside).unlink()
    require_features([stream], beside)
    np.testing.assert_array_equal(stream.read(beside).features, together["a_beside"].features)


def test_a_run_that_was_killed_goes_on_for_each_individual_where_it_was(
    streams: dict[str, FeatureStream], three: list[Recording], write_recording: WriteRecording, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("feature_writer", "feature_cache"):
        monkeypatch.setattr(f"behavior.files.{module}.PART_ROWS", 8)
    monkeypatch.setattr("behavior.embedding.crop_batches.PART_ROWS", 8)
    square, beside, _ = three
    motion = streams["motion"]
    whole = embed_recordings([motion], [square, beside])
    assert not whole.failures
    expected = {one.id: motion.read(one).features for one in (square, beside)}
    for one in (square, beside):
        find_file(motion, one).unlink()
    added: list[int] = []
    add_part = FeatureWriter.add_part

    def kill(self: FeatureWriter, **arrays: np.ndarray) -> None:
        if len(added) == 5:
            raise KeyboardInterrupt
        added.append(len(arrays["features"]))
        add_part(self, **arrays)

    with monkeypatch.context() as killed, pytest.raises(KeyboardInterrupt):
        killed.setattr(FeatureWriter, "add_part", kill)
        embed_recordings([motion], [square, beside])
    # The one is three parts on, the other two.
    assert sorted(len(list(folder.glob("*.npz"))) for folder in (motion._cache).glob(".*.parts")) == [2, 3]
    assert not embed_recordings([motion], [square, beside]).failures
    for one in (square, beside):
        np.testing.assert_array_equal(motion.read(one).features, expected[one.id])


@pytest.fixture
def make_sampled(tmp_path: Path, streams: dict[str, FeatureStream]) -> Callable[..., dict[str, FeatureStream]]:
    """Make the streams of the fixture `streams`, of so many frames a second."""
    from behavior.config import Backbone

    def make(sampling: float) -> dict[str, FeatureStream]:
        backbone = Backbone(name="openfield", weights="packaged")
        return make_streams(STREAMS, crop=CROP, backbone=backbone, arena=None, cache=tmp_path / "cache", sampling=sampling)

    return make


@pytest.mark.parametrize("name", STREAMS)
@pytest.mark.parametrize(("sampling", "frames"), [(10.0, range(0, 40, 2)), (4.0, range(0, 40, 5)), (7.0, None)])
def test_sampled_features_are_those_of_their_frames(
    streams: dict[str, FeatureStream],
    make_sampled: Callable[..., dict[str, FeatureStream]],
    write_recording: WriteRecording,
    name: str,
    sampling: float,
    frames: range | None,
) -> None:
    recording = write_recording(lost=slice(3, 7))
    embedded = streams[name].embed(RecordingInputs(recording))
    sampled = make_sampled(sampling)[name]
    assert not sampled.is_cached(recording)
    assert sampled.embed(RecordingInputs(recording)) == embedded
    every, some = streams[name].read(recording), sampled.read(recording)
    assert some.frames is not None
    if frames is not None:
        # The last frame is nearest to the point after it.
        assert [frame for frame in some.frames if frame != 39] == list(frames)
    assert every.frames is None
    assert (some.n_frames, some.fps, len(some.features)) == (40, every.fps, len(some.frames))
    np.testing.assert_array_equal(some.time_s, every.time_s)
    for what in ("features", "centers", "measured"):
        np.testing.assert_array_equal(getattr(some, what), getattr(every, what)[some.frames])
    outline = sampled.read_outline(recording)
    assert outline.n_frames == 40
    np.testing.assert_array_equal(outline.frames, some.frames)
    # Both are in the cache side by side.
    assert streams[name].is_cached(recording, with_content=True)
    assert sampled.is_cached(recording, with_content=True)


@pytest.mark.parametrize("name", STREAMS)
def test_sampling_that_is_interrupted_ends_as_unbroken(
    make_sampled: Callable[..., dict[str, FeatureStream]], write_recording: WriteRecording, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    for module in ("behavior.files.feature_writer", "behavior.embedding.crop_batches", "behavior.embedding.pose_stream"):
        monkeypatch.setattr(f"{module}.PART_ROWS", 8)
    recording = write_recording()
    stream = make_sampled(10.0)[name]
    stream.embed(RecordingInputs(recording))
    unbroken, path = stream.read(recording), find_file(stream, recording)
    path.unlink()
    add_part = FeatureWriter.add_part

    def interrupt(self: FeatureWriter, **rows: np.ndarray) -> None:
        if self.n_parts == 1:
            raise MemoryError("interrupted")
        add_part(self, **rows)

    with monkeypatch.context() as patched, pytest.raises(MemoryError):
        patched.setattr(FeatureWriter, "add_part", interrupt)
        stream.embed(RecordingInputs(recording))
    stream.embed(RecordingInputs(recording))
    again = stream.read(recording)
    for what in ("features", "centers", "measured", "time_s", "frames"):
        np.testing.assert_array_equal(getattr(again, what), getattr(unbroken, what))


@pytest.mark.parametrize(("name", "n_converted"), [("appearance", 9), ("motion", 17)])
def test_frames_that_no_other_needs_are_not_converted(
    make_sampled: Callable[..., dict[str, FeatureStream]],
    write_recording: WriteRecording,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    n_converted: int,
) -> None:
    from behavior.files.video_pictures import PictureConverter

    recording = write_recording()
    stream = make_sampled(4.0)[name]
    inputs = RecordingInputs(recording)
    # It looks at pictures, too.
    inputs.read_track(None)
    converted: list[object] = []
    convert = PictureConverter.convert
    monkeypatch.setattr(PictureConverter, "convert", lambda self, picture: converted.append(picture) or convert(self, picture))
    stream.embed(inputs)
    # Of the frames 0, 5, ..., 35 and 39; movement needs the frame before each but the first.
    assert len(converted) == n_converted


@pytest.mark.parametrize("name", STREAMS)
def test_a_video_slower_than_the_sampling_gives_each_frame_once_and_says_so(
    make_sampled: Callable[..., dict[str, FeatureStream]], write_recording: WriteRecording, name: str
) -> None:
    recording = write_recording()
    stream = make_sampled(50.0)[name]
    embedded = stream.embed(RecordingInputs(recording))
    assert embedded is not None
    assert any("has 20 frames per second, fewer than sampling.fps 50; each of its frames is used once" in note for note in embedded.notes)
    features = stream.read(recording)
    assert features.frames is not None
    assert features.frames.tolist() == list(range(40))
    assert make_sampled(20.0)[name].embed(RecordingInputs(recording)).notes == ()


def test_files_of_studies_without_sampling_are_called_as_before(tmp_path: Path) -> None:
    """Names that an earlier version gave, so that its caches are found."""
    from behavior.config import Backbone

    made = make_streams(
        STREAMS, crop=Crop(body_part="middle", size=16), backbone=Backbone(name="openfield", weights="packaged"), arena=None, cache=tmp_path
    )
    recording = Recording("a")
    assert made["appearance"].list_signatures(recording)[0].key == "openfield-3c39ba6a16"
    assert made["motion"].list_signatures(recording)[0].key == "motion-d8ba4e3c16"
    assert made["pose"]._sign({"body_parts": ["nose"]}).key == "pose-9dbfe24e35"


@pytest.mark.parametrize("name", STREAMS)
def test_sampled_individuals_of_a_video_are_read_together(
    make_sampled: Callable[..., dict[str, FeatureStream]], streams: dict[str, FeatureStream], three: list[Recording], name: str
) -> None:
    square, beside, _ = three
    sampled = make_sampled(10.0)[name]
    assert not embed_recordings([sampled], [square, beside]).failures
    embed_recordings([streams[name]], [square, beside])
    for one in (square, beside):
        some, every = sampled.read(one), streams[name].read(one)
        assert some.frames is not None
        assert some.frames.tolist()[:20] == list(range(0, 40, 2))
        for what in ("features", "centers", "measured"):
            np.testing.assert_array_equal(getattr(some, what), getattr(every, what)[some.frames])
