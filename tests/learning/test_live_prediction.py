"""Predicting frame by frame gives the numbers of the whole recording, as early as they can be known; what cannot is told why."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from live_networks import CROP, SumNetwork, look_back

from behavior.config import Crop, Sampling
from behavior.learning.live_prediction import LivePredictor, count_ahead, find_obstacle
from behavior.learning.opened_model import OpenedMember
from behavior.learning.prediction import predict_probabilities
from behavior.learning.recording_features import RecordingFeatures
from behavior.sequence.preparation import Preparation
from behavior.sequence.windowed_network import WindowedNetwork

FPS = 10.0


def draw(n_frames, seed=0):
    return np.random.default_rng(seed).normal(size=(n_frames, 2)).astype(np.float16)


def follow(model, features):
    predictor = LivePredictor(model)
    parts = [predictor.advance(list(vectors)) for vectors in zip(*features, strict=True)]
    known_at = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    return np.concatenate([*parts, predictor.finish()]), known_at


@pytest.fixture
def model(make_bundle, make_model, describe_appearance):
    return look_back(make_model(make_bundle(["rear", "jump"], streams=[describe_appearance], fps=FPS)))


@pytest.fixture
def describe_appearance(make_bundle):
    stream = make_bundle(["rear", "jump"]).members[0].streams[0]
    return stream.model_copy(update={"name": "appearance"})


def test_a_model_that_looks_back_answers_each_frame_at_once(model):
    features = [draw(77)]
    assert count_ahead(model) == 0 and find_obstacle(model) == ""
    predicted, known_at = follow(model, features)
    np.testing.assert_array_equal(known_at, np.arange(77))
    expected = predict_probabilities(model, [RecordingFeatures(features[0], np.arange(77) / FPS, FPS, (), False)]).values
    np.testing.assert_allclose(predicted, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("combine", ["mean", "vote", "any"])
def test_members_are_combined_and_their_features_prepared(make_bundle, make_model, combine, describe_appearance):
    names = [["rear", "jump"], ["jump", ""]]
    bundle = make_bundle(*names, streams=[describe_appearance], combine=combine)
    model = look_back(make_model(bundle))
    prepared = replace(model.members[1], preparation=Preparation(np.array([0.5, -0.5]), np.array([2.0, 0.5])))
    # One of the two looks ahead, so the other waits for it.
    ahead = OpenedMember(model.members[0].description, WindowedNetwork(SumNetwork(), 20), None)
    model = replace(model, members=(ahead, prepared))
    assert count_ahead(model) == 20
    features = [draw(50), draw(50, seed=1)]
    predicted, known_at = follow(model, features)
    np.testing.assert_array_equal(known_at, np.arange(20, 50))
    whole = [RecordingFeatures(one, np.arange(50) / FPS, FPS, (), False) for one in features]
    np.testing.assert_allclose(predicted, predict_probabilities(model, whole).values, rtol=0, atol=1e-6)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(n_frames=st.integers(1, 150), average=st.integers(2, 6), looks_back=st.booleans())
def test_averages_are_spread_as_over_a_whole_recording(model, n_frames, average, looks_back):
    member = model.members[0]
    network = member.model if looks_back else WindowedNetwork(SumNetwork(), 20)
    member = replace(member, description=member.description.model_copy(update={"average": average}), model=network)
    model = replace(model, members=(member,), description=model.description.model_copy(update={"members": [member.description]}))
    features = draw(n_frames)
    predicted, known_at = follow(model, [features])
    assert (known_at <= np.arange(len(known_at)) + count_ahead(model)).all()
    expected = predict_probabilities(model, [RecordingFeatures(features, np.arange(n_frames) / FPS, FPS, (), False)]).values
    np.testing.assert_allclose(predicted, expected, rtol=0, atol=1e-6)


def test_what_cannot_go_live_is_told_why(model, make_bundle, make_model, describe_appearance):
    assert "imported features (motifs)" in find_obstacle(make_model(make_bundle(["rear", "jump"])))
    pose = make_bundle(["rear", "jump"], streams=[describe_appearance.model_copy(update={"name": "pose"})])
    assert "a camera gives no pose" in find_obstacle(replace(make_model(pose), crop=CROP))
    turned = Crop(body_part="centre", size=64, egocentric=True, body_axis=["tail", "nose"])
    assert "turned by the body axis" in find_obstacle(replace(model, crop=turned))
    sampled = model.description.model_copy(update={"sampling": Sampling(fps=5)})
    assert find_obstacle(replace(model, description=sampled)) == ""
    bundle = make_bundle(["rear", "jump"], streams=[describe_appearance], fps=FPS)
    ahead = replace(make_model(bundle), crop=CROP)
    assert "its head (lstm) looks at later frames, up to 2 s; add --delay 2, or train a head" in find_obstacle(ahead)
    assert find_obstacle(ahead, delay_s=2.0) == ""
