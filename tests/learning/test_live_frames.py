"""A model that looks at a grid in time gives live what it gives a whole recording; what was seen of each frame is known in order."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from live_networks import look_back

from behavior.config import Sampling
from behavior.frame_sampling import lay_rows, sample_frames
from behavior.frame_times import estimate_fps
from behavior.learning.live_features import View, ViewFeatures
from behavior.learning.live_frames import EveryFrame, GridFrames, make_live_frames
from behavior.learning.prediction import predict_probabilities
from behavior.learning.recording_features import RecordingFeatures

RATE = 10.0


class NumberedFeatures:
    """Features of pictures that hold the number of their frame; nothing is known of where the animal is in the first ones."""

    def __init__(self, values, n_unknown=0):
        self.values, self.n_unknown, self.described = values, n_unknown, []

    def look(self, image, time_s):
        number = int(image[0, 0, 0])
        return None if number < self.n_unknown else View(image, None, np.zeros(2), number % 7 != 0)

    def describe(self, view):
        number = int(view.image[0, 0, 0])
        self.described.append(number)
        return ViewFeatures([self.values[number]], (float(number),))

    def forget(self):
        pass


@pytest.fixture(scope="session")
def values():
    return np.random.default_rng(0).normal(size=(200, 2)).astype(np.float16)


@pytest.fixture
def model(make_bundle, make_model):
    stream = make_bundle(["rear", "jump"]).members[0].streams[0].model_copy(update={"name": "appearance"})
    bundle = make_bundle(["rear", "jump"], streams=[stream], fps=RATE, sampling=Sampling(fps=RATE))
    return look_back(make_model(bundle))


def follow(frames, time_s, *, skipped=()):
    """Take all frames as one stretch, and return the looks, the probabilities, and at which frame each became known."""
    frames.begin(time_s[0], is_first=True)
    looks, parts, known_at = [], [], []
    for number, one in enumerate(time_s):
        image = None if number in skipped else np.full((1, 1, 3), number, dtype=np.uint8)
        taken = frames.take(one, image, is_skipped=image is None)
        looks += taken.looks
        parts.append(taken.values)
        known_at += [number] * len(taken.values)
    taken = frames.finish()
    return looks + taken.looks, np.concatenate([*parts, taken.values]), known_at


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(fps=st.sampled_from([4.0, 8.0, 12.0, 15.0, 25.0, 29.97, 60.0]), n_frames=st.integers(1, 200), jitter=st.floats(0, 0.4))
def test_probabilities_are_those_of_the_whole_recording(model, values, fps, n_frames, jitter):
    time_s = (np.arange(n_frames) + jitter * np.random.default_rng(n_frames).random(n_frames)) / fps
    time_s -= time_s[0]
    features = NumberedFeatures(values)
    looks, predicted, _ = follow(make_live_frames(model, features, fps=fps), time_s)
    chosen = sample_frames(time_s, RATE)
    assert features.described == chosen.tolist()
    rows = lay_rows(time_s, chosen, rate=RATE, fps=estimate_fps(time_s) if n_frames > 1 else fps)
    whole = RecordingFeatures(values[rows.frames], time_s, fps, (), False, rows)
    np.testing.assert_allclose(predicted, predict_probabilities(model, [whole]).values, rtol=0, atol=1e-5)
    assert [number for number, look in enumerate(looks) if look.details] == chosen.tolist()
    assert {looks[number].looked for number in chosen} <= {"yes", "not found"}
    assert {look.looked for look in looks if not look.details} <= {"between"}


@pytest.mark.parametrize("fps", [15.0, 30.0])
def test_a_frame_is_known_a_step_of_the_grid_later(model, values, fps):
    time_s = np.arange(150) / fps
    _, predicted, known_at = follow(make_live_frames(model, NumberedFeatures(values), fps=fps), time_s)
    late_s = time_s[known_at] - time_s[: len(known_at)]
    assert late_s.max() <= 1 / RATE + 1 / fps and len(predicted) == 150


def test_frames_that_came_too_fast_are_not_looked_at_and_get_what_is_beside_them(model, values):
    time_s = np.arange(60) / 30
    skipped = set(range(20, 40))
    looks, predicted, _ = follow(make_live_frames(model, NumberedFeatures(values), fps=30.0), time_s, skipped=skipped)
    assert len(predicted) == len(looks) == 60
    assert {number for number, look in enumerate(looks) if look.looked == "skipped"} == skipped
    assert (predicted[20:40] >= 0).all() and np.isfinite(predicted).all()


def test_nothing_is_predicted_until_something_is_known(model, values):
    features = NumberedFeatures(values, n_unknown=12)
    looks, predicted, _ = follow(make_live_frames(model, features, fps=30.0), np.arange(60) / 30)
    assert [look.looked for look in looks[:13]] == ["warm-up"] * 12 + ["yes"]
    assert not predicted[:12].any() and predicted[12:].all()
    every = replace(model, description=model.description.model_copy(update={"sampling": None}))
    looks, predicted, _ = follow(make_live_frames(every, NumberedFeatures(values, n_unknown=12), fps=RATE), np.arange(60) / RATE)
    assert [look.looked for look in looks].count("warm-up") == 12 and not predicted[:12].any()
    whole = RecordingFeatures(values[12:60], np.arange(48) / RATE, RATE, (), False)
    np.testing.assert_allclose(predicted[12:], predict_probabilities(every, [whole]).values, rtol=0, atol=1e-5)


def test_every_frame_of_a_camera_with_the_rate_of_the_grid_is_looked_at(model, values):
    assert isinstance(make_live_frames(model, NumberedFeatures(values), fps=10.05), EveryFrame)
    assert isinstance(make_live_frames(model, NumberedFeatures(values), fps=9.0), GridFrames)
