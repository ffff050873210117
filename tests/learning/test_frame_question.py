"""One frame is asked about with other features around it: without a change, the answer is the prediction."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from behavior.errors import UsageError
from behavior.frame_sampling import lay_rows, sample_frames
from behavior.learning.frame_question import FeatureChange, FrameQuestion
from behavior.learning.opened_model import OpenedMember
from behavior.learning.prediction import predict_probabilities
from behavior.learning.recording_features import RecordingFeatures
from behavior.sequence.preparation import Preparation
from behavior.sequence.windowed_network import WindowedNetwork

N_FRAMES = 130


class HeldStreams:
    """The streams of members, all imported, by their names."""

    def find_streams(self, member):
        return [(stream.name, None) for stream in member.streams]


class SlowNetwork:
    """A network whose probabilities depend on where in its window a frame is, and on the frames around it."""

    input_shape = output_shape = (None, None, 2)

    def predict_on_batch(self, windows):
        seen = np.cumsum(windows, axis=1) / np.arange(1, windows.shape[1] + 1)[:, None]
        return 0.05 + 0.9 * (seen + windows[:, ::-1]) / 2


def make_features(seed, fps=10.0, time_s=None):
    values = np.random.default_rng(seed).random((N_FRAMES, 2)).astype(np.float32)
    return RecordingFeatures(values, np.arange(N_FRAMES) / fps if time_s is None else time_s, fps, (), False)


def open_slow(model):
    preparation = Preparation(mean=np.array([0.1, 0.2]), scale=np.array([2.0, 1.0]))
    return replace(
        model,
        members=tuple(
            OpenedMember(one.description, WindowedNetwork(SlowNetwork(), one.description.window_length), preparation)
            for one in model.members
        ),
    )


def to_log_odds(probability):
    return np.log(probability / (1 - probability))


with_a_gap = np.arange(N_FRAMES) / 10 + 30.0 * (np.arange(N_FRAMES) >= 50)


@pytest.mark.parametrize("combine", ["mean", "log_odds"])
@pytest.mark.parametrize(
    ("average", "fps", "time_s"), [(1, 10.0, None), (3, 10.0, None), (1, 25.0, None), (2, 17.0, None), (1, 10.0, with_a_gap)]
)
def test_without_a_change_the_answer_is_the_prediction(make_bundle, make_model, average, fps, time_s, combine):
    model = open_slow(make_model(make_bundle(("rear", "jump"), ("rear", "jump"), member_0={"average": average}, combine=combine)))
    features = [make_features(0, fps, time_s), make_features(1, fps, time_s)]
    predicted = predict_probabilities(model, features).values
    for frame in (0, 1, 48, 49, 50, 77, 128, 129):
        question = FrameQuestion(model, HeldStreams(), features, frame=frame, behavior="jump")
        assert question.log_odds == pytest.approx(to_log_odds(float(predicted[frame, 1])), abs=2e-5)
        low, high = question.rows
        assert low <= frame < high


def test_a_change_counts_where_it_is(make_bundle, make_model):
    model = make_model(make_bundle(("rear", "jump"), ("jump",)))
    features = [make_features(0), make_features(1)]
    question = FrameQuestion(model, HeldStreams(), features, frame=60, behavior="jump")
    one, other = features[0].values[60, 1], features[1].values[60, 0]
    assert question.log_odds == pytest.approx(to_log_odds((one + other) / 2), abs=1e-4)
    elsewhere = FeatureChange("motifs", 55, np.zeros((3, 2)))
    here = FeatureChange("motifs", 58, np.full((5, 2), 0.25))
    column = FeatureChange("motifs", 60, np.full((1, 1), 0.75), np.array([1]))
    unknown = FeatureChange("pose", 58, np.zeros((5, 2)))
    answers = question.ask([[elsewhere], [here], [column], [unknown], [elsewhere, here]])
    expected = [(one + other) / 2, 0.25, (0.75 + other) / 2, (one + other) / 2, 0.25]
    np.testing.assert_allclose(answers, to_log_odds(np.array(expected)), atol=1e-4)


def test_changes_beyond_the_windows_are_cut(make_bundle, make_model):
    model = make_model(make_bundle(("rear", "jump")))
    question = FrameQuestion(model, HeldStreams(), [make_features(0)], frame=0, behavior="rear")
    (answer,) = question.ask([[FeatureChange("motifs", -5, np.full((400, 2), 0.5))]])
    assert answer == pytest.approx(0, abs=1e-6)


def test_what_there_is_not_is_refused(make_bundle, make_model):
    model = make_model(make_bundle(("rear", "jump")))
    for frame in (-1, N_FRAMES):
        with pytest.raises(UsageError, match=f"no frame {frame} in a recording of 130 frames"):
            FrameQuestion(model, HeldStreams(), [make_features(0)], frame=frame, behavior="rear")
    with pytest.raises(UsageError, match="does not know 'groom', but rear, jump"):
        FrameQuestion(model, HeldStreams(), [make_features(0)], frame=0, behavior="groom")


def sample_features(seed, fps, sampling, time_s=None):
    """Features of some frames of a video of another rate."""
    times = np.arange(N_FRAMES) / fps if time_s is None else time_s
    rows = lay_rows(times, sample_frames(times, sampling), rate=sampling, fps=fps)
    values = np.random.default_rng(seed).random((len(rows), 2)).astype(np.float32)
    return RecordingFeatures(values, times, fps, (), False, rows)


@pytest.mark.parametrize(
    ("average", "fps", "time_s"), [(1, 30.0, None), (3, 25.0, None), (1, 5.0, None), (1, 30.0, with_a_gap / 3), (2, 10.0, None)]
)
def test_of_sampled_features_the_answer_is_the_prediction_for_every_frame(make_bundle, make_model, average, fps, time_s):
    model = open_slow(make_model(make_bundle(("rear", "jump"), ("rear", "jump"), member_0={"average": average})))
    features = [sample_features(seed, fps, 10.0, time_s) for seed in (0, 1)]
    predicted = predict_probabilities(model, features).values
    assert predicted.shape == (N_FRAMES, 2)
    for frame in (0, 1, 2, 48, 49, 50, 51, 77, 128, 129):
        question = FrameQuestion(model, HeldStreams(), features, frame=frame, behavior="jump")
        assert question.log_odds == pytest.approx(to_log_odds(float(predicted[frame, 1])), abs=5e-5)
        low, high = question.rows
        assert 0 <= low < high <= len(features[0].values)
    with pytest.raises(UsageError, match="no frame 130 in a recording of 130 frames"):
        FrameQuestion(model, HeldStreams(), features, frame=N_FRAMES, behavior="jump")


def test_a_change_of_a_sampled_row_counts_for_the_frames_around_it(make_bundle, make_model):
    model = make_model(make_bundle(("rear", "jump")))
    features = sample_features(0, 30.0, 10.0)
    assert features.rows.frames[20] == 60
    here = FeatureChange("motifs", 20, np.full((1, 2), 0.75))
    for frame, share in ((60, 1.0), (61, 2 / 3), (62, 1 / 3), (63, 0.0)):
        question = FrameQuestion(model, HeldStreams(), [features], frame=frame, behavior="rear")
        other = features.values[21, 0]
        (answer,) = question.ask([[here]])
        assert answer == pytest.approx(to_log_odds(0.75 * share + other * (1 - share)), abs=1e-4)
