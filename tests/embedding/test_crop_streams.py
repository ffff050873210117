"""Streams of crops: what their features may mean, what prepares them, and motion that is known by construction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from behavior.compute.threads import limit_threads
from behavior.config import Backbone, Crop
from behavior.embedding import crop_streams
from behavior.embedding.backbone_settings import MODELS_VARIABLE
from behavior.embedding.crop_streams import AppearanceStream, MotionStream
from behavior.embedding.recording_inputs import RecordingInputs
from behavior.errors import BehaviorError, UsageError, WeightsError
from behavior.recording import Recording
from behavior.vision.engine_choice import PreparedEngine
from behavior.vision.engine_request import EngineRequest

WriteRecording = Callable[..., Recording]
CROP = Crop(body_part="middle", size=16)


class CountingEngine:
    """Stands for an engine: the vector is the number of the image, counted over all batches."""

    name, batch_size, n_features, input_size = "stand-in", 8, 1, 64

    def __init__(self, precision: str = "float32") -> None:
        self.precision = precision
        self.sizes: list[int] = []

    def embed_batches(self, batches: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        for images in batches:
            first = sum(self.sizes)
            self.sizes.append(len(images))
            yield np.arange(first, first + len(images), dtype=np.float32)[:, None]


@pytest.fixture
def prepared(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What engines were prepared for: the request, and the crops of a check."""
    asked: list[Any] = []

    def prepare(request: EngineRequest, *, sample: Callable[[int], np.ndarray], announce: object) -> PreparedEngine:
        asked.append((request, sample(8)))
        return PreparedEngine(CountingEngine(), cosine=0.9995, note=None)

    monkeypatch.setattr(crop_streams, "prepare_engine", prepare)
    return asked


def make_stream(folder: Path, **backbone: Any) -> AppearanceStream:
    settings = {"name": "openfield", "weights": "packaged", "batch_size": 8, **backbone}
    return AppearanceStream(crop=CROP, backbone=Backbone(**settings), cache=folder / "cache")


def test_a_reduced_precision_is_tried_on_the_same_crops_whichever_recording_comes_first(
    tmp_path: Path, write_recording: WriteRecording, prepared: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(MODELS_VARIABLE, str(tmp_path / "models"))
    first, second = write_recording("a"), write_recording("b", lost=slice(0, 20))
    bad = Recording("bad", video=tmp_path / "none.mkv", pose=second.pose)
    # As two workers do, each of which begins with another recording.
    for own, among in ((first, [first, second, bad]), (second, [bad, second, first])):
        make_stream(tmp_path, precision="int8").prepare(RecordingInputs(own), among=among)
    of_one, of_other = (crops for _, crops in prepared)
    assert len(of_one) == 6
    assert np.array_equal(of_one, of_other)
    # Where the others cannot be used, a recording serves itself, and fails for what is wrong with itself alone.
    make_stream(tmp_path, precision="int8").prepare(RecordingInputs(second), among=[bad])
    assert len(prepared[2][1]) == 8
    with pytest.raises(BehaviorError, match=r"none\.mkv"):
        make_stream(tmp_path, precision="int8").prepare(RecordingInputs(bad))


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("auto", ["float32", "bfloat16"]),
        ("float32", ["float32"]),
        ("bfloat16", ["bfloat16", "float32"]),
        ("int8", ["int8", "float32"]),
    ],
)
def test_float32_serves_for_each_precision(tmp_path: Path, asked: str, expected: list[str]) -> None:
    signatures = make_stream(tmp_path, precision=asked).signatures
    assert [signature.settings["precision"] for signature in signatures] == expected
    assert {signature.settings["crop_size"] for signature in signatures} == {16}
    assert {signature.settings["alignment"] for signature in signatures} == {"none"}


def test_the_engine_is_asked_for_once_with_crops_of_the_recordings(
    tmp_path: Path, write_recording: WriteRecording, prepared: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(MODELS_VARIABLE, str(tmp_path / "models"))
    for name, value in limit_threads(3).items():
        monkeypatch.setenv(name, value)
    stream = make_stream(tmp_path, engine="openvino", precision="bfloat16")
    recordings = [write_recording(name) for name in "ab"]
    for recording in recordings:
        stream.embed(RecordingInputs(recording), among=recordings)
    ((request, crops),) = prepared
    assert (request.engine, request.precision, request.batch_size, request.n_threads) == ("openvino", "bfloat16", 8, 3)
    assert (request.weights, request.models) == ("packaged", tmp_path / "models")
    assert request.identity == stream.signatures[0].settings["weights"]
    assert crops.shape == (8, 64, 64, 3)


def test_each_frame_has_its_vector_and_how_it_was_computed_is_kept(
    tmp_path: Path, write_recording: WriteRecording, prepared: list[Any]
) -> None:
    stream = make_stream(tmp_path)
    recording = write_recording()
    assert stream.embed(RecordingInputs(recording)).n_frames == 40
    features = stream.read(recording)
    np.testing.assert_array_equal(features.features[:, 0], np.arange(40))
    kept = {name: features.attributes[name] for name in ("engine", "precision", "cosine_to_float32")}
    assert kept == {"engine": "stand-in", "precision": "float32", "cosine_to_float32": 0.9995}


def test_random_weights_are_warned_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    make_stream(tmp_path, weights="random")
    assert "openfield has random weights; its features are meaningless and only useful for testing." in caplog.messages


def test_weights_that_are_not_there_are_said_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"none\.keras: no such weights file"):
        make_stream(tmp_path, weights=str(tmp_path / "none.keras"))
    with pytest.raises(UsageError, match="did you mean 'openfield'"):
        make_stream(tmp_path, name="openfeld")


def test_motion_tells_a_window_that_stands_still_from_one_that_does_not(tmp_path: Path, write_recording: WriteRecording) -> None:
    stream = MotionStream(crop=CROP, cache=tmp_path / "cache")
    recording = write_recording()
    assert stream.embed(RecordingInputs(recording)).n_frames == 40
    moving = stream.read(recording).features
    assert not moving[0].any()
    assert (moving[1:] != 0).any(axis=1).all()
    # Every step of the square is the same.
    np.testing.assert_allclose(moving[5:], np.broadcast_to(moving[5], moving[5:].shape), atol=0.05)
