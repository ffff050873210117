"""The stream `pose`: numbers known by construction, and which of the cached features are those of today's pose."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from behavior.compute.effort import measure_effort
from behavior.config import Arena, Crop
from behavior.embedding.pose_stream import PoseStream
from behavior.embedding.recording_inputs import RecordingInputs
from behavior.errors import PoseError
from behavior.files.feature_cache import MissingCacheError, StaleCacheError
from behavior.recording import Recording

WriteRecording = Callable[..., Recording]
CROP = Crop(body_part="middle", size=16, body_axis=["tail", "nose"])


def make_stream(folder: Path, *, crop: Crop = CROP, arena: Arena | None = None) -> PoseStream:
    return PoseStream(crop=crop, arena=arena, cache=folder / "cache")


def test_an_animal_that_moves_evenly_has_even_features(write_recording: WriteRecording, tmp_path: Path) -> None:
    stream = make_stream(tmp_path)
    recording = write_recording()
    assert stream.embed(RecordingInputs(recording)).n_frames == 40
    features = stream.read(recording)
    columns = features.attributes["columns"]
    assert features.features.shape == (40, len(columns))
    values = features.features.astype(float)
    # It looks ahead, keeps its shape and its pace: away from the ends, every frame is like the others.
    inner = values[15:25]
    np.testing.assert_allclose(inner, np.broadcast_to(inner[0], inner.shape), atol=1e-2)
    assert np.isfinite(values).all()
    assert features.attributes["body_parts"] == ["middle"]


def test_what_computing_features_took_is_kept_with_them(write_recording: WriteRecording, tmp_path: Path) -> None:
    stream, recording = make_stream(tmp_path), write_recording()
    with measure_effort() as measured:
        stream.embed(RecordingInputs(recording))
    told = stream.read_effort(recording)
    assert told is not None
    assert 0 < told.seconds <= measured.effort.seconds
    assert 0 <= told.processor_seconds <= measured.effort.processor_seconds


def test_the_walls_of_an_arena_are_features_of_their_own(write_recording: WriteRecording, tmp_path: Path) -> None:
    recording = write_recording()
    arena = Arena(rectangle=[0, 0, 104, 64])
    without, within = make_stream(tmp_path), make_stream(tmp_path, arena=arena)
    for stream in (without, within):
        stream.embed(RecordingInputs(recording))
    columns = [set(stream.read(recording).attributes["columns"]) for stream in (without, within)]
    assert columns[0] < columns[1]
    # An arena that is elsewhere is another source of the same features.
    moved = make_stream(tmp_path, arena=Arena(rectangle=[0, 0, 104, 60]))
    with pytest.raises(StaleCacheError):
        moved.read(recording)


def test_features_of_a_pose_with_other_body_parts_are_stale(write_recording: WriteRecording, tmp_path: Path) -> None:
    stream = make_stream(tmp_path)
    recording = write_recording()
    stream.embed(RecordingInputs(recording))
    assert recording.pose is not None
    recording.pose.write_text(recording.pose.read_text().replace("nose", "ear").replace("tail", "hip"))
    renamed = make_stream(tmp_path, crop=Crop(body_part="middle", size=16, body_axis=["hip", "ear"]))
    with pytest.raises(MissingCacheError, match="has no features of pose for recording 'a'"):
        renamed.read(recording)
    with pytest.raises(StaleCacheError):
        stream.read(recording)
    renamed.embed(RecordingInputs(recording))
    assert renamed.is_cached(recording)
    # Both are in the cache now; each is found by what it means.
    assert len(list((tmp_path / "cache").glob("a.pose-*.h5"))) == 2
    assert renamed.read(recording).signature.settings["body_parts"] == ["ear", "middle", "hip"]


def test_settings_that_change_the_meaning_are_other_features(write_recording: WriteRecording, tmp_path: Path) -> None:
    recording = write_recording()
    make_stream(tmp_path).embed(RecordingInputs(recording))
    for crop in (Crop(body_part="middle", size=20, body_axis=["tail", "nose"]), Crop(body_part="middle", size=16)):
        assert not make_stream(tmp_path, crop=crop).is_cached(recording)
    # Where the crop is centred is part of the source.
    with pytest.raises(StaleCacheError):
        make_stream(tmp_path, crop=Crop(body_part="nose", size=16, body_axis=["tail", "nose"])).read(recording)


def test_an_end_of_the_axis_that_the_pose_lacks_is_named(write_recording: WriteRecording, tmp_path: Path) -> None:
    stream = make_stream(tmp_path, crop=Crop(body_part="middle", size=16, body_axis=["tail", "antler"]))
    with pytest.raises(PoseError, match="has no body part 'antler'"):
        stream.embed(RecordingInputs(write_recording()))
