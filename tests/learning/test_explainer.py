"""What a model goes by is found by hiding it: in a picture, in time, and among its features."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from behavior.config import Crop
from behavior.embedding.crop_streams import MotionStream
from behavior.errors import ModelError, UsageError, VideoError
from behavior.files.feature_sources import Signature
from behavior.files.model_bundle import StreamDescription
from behavior.files.video_writer import write_video
from behavior.frame_sampling import lay_rows, sample_frames
from behavior.learning.explainer import Explainer
from behavior.learning.model_features import LoadedFeatures
from behavior.learning.recording_features import RecordingFeatures
from behavior.recording import Recording
from behavior.sequence.windowed_network import WindowedNetwork

N_FRAMES, FPS, SIZE = 60, 10.0, 48
# Where the model looks, in the picture, and what is elsewhere.
EAR, TAIL = (slice(8, 16), slice(30, 38)), (slice(34, 42), slice(4, 12))
SHOWN = slice(25, 36)


class EarStream(MotionStream):
    """One feature: how bright the place of the ear is, from 0.1 to 0.9."""

    input_size = SIZE

    def _describe_batches(self, batches, fps):
        for batch in batches:
            yield (0.1 + 0.8 * batch.images[:, EAR[0], EAR[1]].mean(axis=(1, 2, 3)) / 255)[:, None].astype(np.float32)


class HeldFeatures:
    """Features that are there already."""

    def __init__(self, loaded: LoadedFeatures, streams: dict[str, Any]) -> None:
        self.loaded, self.streams = loaded, streams

    def load(self, recording):
        return self.loaded

    def find_streams(self, member):
        return [(stream.name, self.streams.get(stream.name)) for stream in member.streams]


def draw(frame):
    picture = np.full((SIZE, SIZE, 3), 20, dtype=np.uint8)
    if frame in range(SHOWN.start, SHOWN.stop):
        picture[EAR] = 220
        picture[TAIL] = 220
    return picture


@pytest.fixture
def recording(tmp_path):
    write_video(tmp_path / "a.mkv", (draw(frame) for frame in range(N_FRAMES)), fps=FPS, codec="ffv1")
    return Recording("a", video=tmp_path / "a.mkv")


@pytest.fixture
def explainer(recording, tmp_path, make_bundle, make_model):
    crop = Crop(whole_frame=True)
    stream = EarStream(crop=crop, cache=tmp_path)
    described = StreamDescription(name="motion", signature=Signature("motion", {}).text, n_features=1)
    values = stream.describe_crops(np.stack([draw(frame) for frame in range(N_FRAMES)]), np.zeros((N_FRAMES, 1, 1, 3), np.uint8), fps=FPS)
    features = RecordingFeatures(values, np.arange(N_FRAMES) / FPS, FPS, (described,), False)
    model = make_model(make_bundle(("rear",), streams=[described], behaviors=["rear"], crop=crop))
    with Explainer(model, HeldFeatures(LoadedFeatures((features,), None), {"motion": stream}), recording) as opened:
        yield opened


def test_the_map_is_where_the_model_looks_and_not_on_the_rest_of_the_animal(explainer):
    told = []
    explanation = explainer.explain("rear", [30], advance=told.append)
    assert explanation.probability == pytest.approx(0.1 + 0.8 * 220 / 255, abs=0.01)
    assert explanation.picture is not None
    positive = np.maximum(explanation.picture.values, 0)
    scale = len(positive) / SIZE
    place = tuple(slice(int(part.start * scale), int(part.stop * scale) + 1) for part in EAR)
    assert positive[place].sum() > 0.97 * positive.sum() > 0
    assert explanation.picture.scene_log_odds == pytest.approx(np.log(0.163 / 0.837), abs=0.05)
    np.testing.assert_array_equal(explanation.picture.picture, draw(30))
    assert explanation.picture.corners.tolist() == [[0, 0], [SIZE, 0], [SIZE, SIZE], [0, SIZE]]
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_moments_and_streams_count_where_the_model_looks(explainer):
    explanation = explainer.explain("rear", [30])
    edges, changes = explanation.moments.edges_s, explanation.moments.changes
    here = int(np.flatnonzero((edges[:-1] <= 0) & (edges[1:] > 0))[0])
    assert changes[here] > 1
    changes[here] = 0
    # The network echoes a frame, so that no other moment counts.
    np.testing.assert_allclose(changes, 0, atol=1e-6)
    assert list(explanation.streams) == ["motion"]
    assert explanation.streams["motion"] > 1
    assert explanation.parts == {}


def test_several_frames_are_averaged(explainer):
    one, other = explainer.explain("rear", [30]), explainer.explain("rear", [5])
    both = explainer.explain("rear", [5, 30])
    assert both.frames == (5, 30)
    assert both.frame == 30
    assert both.log_odds == pytest.approx((one.log_odds + other.log_odds) / 2)
    np.testing.assert_allclose(both.picture.values, (one.picture.values + other.picture.values) / 2, atol=1e-6)


def test_what_there_is_not_is_refused(explainer):
    with pytest.raises(UsageError, match="no frame 60"):
        explainer.explain("rear", [60])
    with pytest.raises(UsageError, match="does not know 'jump'"):
        explainer.explain("jump", [3])


def test_features_of_another_engine_are_noticed(explainer, monkeypatch):
    monkeypatch.setattr(EarStream, "describe_crops", lambda self, images, previous, *, fps: -np.ones((len(images), 1), np.float32))
    with pytest.raises(ModelError, match="differ from those computed now"):
        explainer.explain("rear", [30])


def test_a_video_that_is_gone_is_named(explainer, recording):
    recording.video.unlink()
    with pytest.raises(VideoError, match="no such video"):
        explainer.explain("rear", [30])


def test_body_parts_of_a_pose_are_hidden_one_after_the_other(recording, make_bundle, make_model):
    """The model goes by the second part's place, features 2 and 3, and by nothing else; no picture is opened."""
    settings = {"body_parts": ["nose", "tail"], "body_axis": None, "walls": False}
    described = StreamDescription(name="pose", signature=Signature("pose", settings).text, n_features=11)
    values = np.random.default_rng(0).random((N_FRAMES, 11)).astype(np.float32)
    values[30, 2] = 0.99
    features = RecordingFeatures(values, np.arange(N_FRAMES) / FPS, FPS, (described,), False)
    model = make_model(make_bundle(("rear",), streams=[described], behaviors=["rear"]))

    class Second:
        input_shape, output_shape = (None, None, 11), (None, None, 1)

        def predict_on_batch(self, windows):
            return windows[..., 2:3]

    model = replace(model, members=tuple(replace(member, model=WindowedNetwork(Second(), 20)) for member in model.members))
    with Explainer(model, HeldFeatures(LoadedFeatures((features,), None), {}), recording) as opened:
        explanation = opened.explain("rear", [30])
    assert explanation.picture is None
    assert explanation.parts["tail"] == pytest.approx(explanation.streams["pose"])
    assert explanation.parts["tail"] > 1
    assert explanation.parts["nose"] == explanation.parts["whole body"] == pytest.approx(0)
    assert any("does not use single pictures" in note for note in explanation.notes)


def test_an_explanation_of_sampled_features_is_of_the_frame_that_is_asked_about(recording, tmp_path, make_bundle, make_model):
    """The same video, of which every other frame has features: places and times are as those of all frames say."""
    crop, sampling = Crop(whole_frame=True), FPS / 2
    stream = EarStream(crop=crop, cache=tmp_path, sampling=sampling)
    described = StreamDescription(name="motion", signature=Signature("motion", {"sampling": sampling}).text, n_features=1)
    every = stream.describe_crops(np.stack([draw(frame) for frame in range(N_FRAMES)]), np.zeros((N_FRAMES, 1, 1, 3), np.uint8), fps=FPS)
    time_s = np.arange(N_FRAMES) / FPS
    rows = lay_rows(time_s, sample_frames(time_s, sampling), rate=sampling, fps=FPS)
    features = RecordingFeatures(every[rows.frames], time_s, FPS, (described,), False, rows)
    model = make_model(make_bundle(("rear",), streams=[described], behaviors=["rear"], crop=crop, fps=sampling))
    with Explainer(model, HeldFeatures(LoadedFeatures((features,), None), {"motion": stream}), recording) as opened:
        shown, between, never = (opened.explain("rear", [frame]) for frame in (30, 31, 50))
        with pytest.raises(UsageError, match="no frame 60"):
            opened.explain("rear", [60])
    for explanation, frame in ((shown, 30), (between, 31)):
        assert explanation.frame == frame
        assert explanation.time_s == pytest.approx(frame / FPS)
        assert explanation.probability == pytest.approx(0.1 + 0.8 * 220 / 255, abs=0.01)
        assert explanation.picture is not None
        np.testing.assert_array_equal(explanation.picture.picture, draw(frame))
        positive = np.maximum(explanation.picture.values, 0)
        scale = len(positive) / SIZE
        place = tuple(slice(int(part.start * scale), int(part.stop * scale) + 1) for part in EAR)
        assert positive[place].sum() > 0.97 * positive.sum() > 0
        edges, changes = explanation.moments.edges_s, explanation.moments.changes
        near = (edges[:-1] <= 1 / sampling) & (edges[1:] > -1 / sampling)
        assert changes[near].max() > 1
        np.testing.assert_allclose(changes[~near], 0, atol=1e-6)
        assert np.diff(edges).max() == pytest.approx(0.4, abs=0.21)
        assert explanation.streams["motion"] > 1
    assert never.probability < 0.2
