"""Features become probabilities member by member: prepared, predicted, brought to one rate, and combined."""

from dataclasses import replace

import numpy as np
import pytest

from behavior.errors import ModelError
from behavior.learning.opened_model import OpenedMember
from behavior.learning.prediction import predict_probabilities, require_rate
from behavior.learning.recording_features import RecordingFeatures
from behavior.row_blocks import RowBlocks
from behavior.sequence import averaging, preparation
from behavior.sequence.preparation import Preparation

N_FRAMES = 50


def make_features(values, fps=10.0):
    return RecordingFeatures(np.asarray(values, dtype=np.float32), np.arange(len(values)) / fps, fps, (), False)


def ramp(columns=2):
    """Return features that rise from 0 to 1, and fall in the second column."""
    rising = np.linspace(0, 1, N_FRAMES)
    return np.stack([rising, 1 - rising], axis=1)[:, :columns]


def test_a_network_sees_the_features_and_names_its_columns(make_bundle, make_model):
    model = make_model(make_bundle(("jump", "rear")))
    predicted = predict_probabilities(model, [make_features(ramp())])
    assert predicted.behaviors == ("rear", "jump")
    assert predicted.values.dtype == np.float32
    np.testing.assert_allclose(predicted.values, ramp()[:, ::-1], atol=1e-6)
    np.testing.assert_array_equal(predicted.time_s, np.arange(N_FRAMES) / 10)


def test_members_are_combined_and_an_output_without_a_name_is_left_out(make_bundle, make_model):
    model = make_model(make_bundle(("rear", "jump"), ("rear", "")))
    high, low = np.full((N_FRAMES, 2), 0.9), np.full((N_FRAMES, 2), 0.1)
    predicted = predict_probabilities(model, [make_features(high), make_features(low)])
    np.testing.assert_allclose(predicted.values, np.tile([0.5, 0.9], (N_FRAMES, 1)), atol=1e-6)


def test_features_are_prepared_first(make_bundle, make_model):
    model = make_model(make_bundle(("rear", "jump")))
    preparation = Preparation(mean=np.array([0.0, 0.0]), scale=np.array([2.0, 4.0]))
    model = replace(model, members=tuple(OpenedMember(one.description, one.model, preparation) for one in model.members))
    predicted = predict_probabilities(model, [make_features(np.ones((N_FRAMES, 2)))])
    np.testing.assert_allclose(predicted.values, np.tile([0.5, 0.25], (N_FRAMES, 1)), atol=1e-6)


def test_averaged_frames_share_a_probability(make_bundle, make_model):
    model = make_model(make_bundle(("rear", "jump"), member_0={"average": 2}))
    alternating = np.stack([np.arange(N_FRAMES) % 2, np.zeros(N_FRAMES)], axis=1)
    np.testing.assert_allclose(predict_probabilities(model, [make_features(alternating)]).values[:, 0], 0.5, atol=1e-6)


def test_another_frame_rate_is_resampled_there_and_back(make_bundle, make_model):
    model = make_model(make_bundle(("rear", "jump")))
    features = make_features(ramp(), fps=25.0)
    predicted = predict_probabilities(model, [features])
    assert len(predicted) == N_FRAMES
    # Linear interpolation leaves a line as it is, but for what lies behind the last sample at the model's rate.
    np.testing.assert_allclose(predicted.values[:-2], ramp()[:-2], atol=1e-5)


def test_another_frame_rate_has_to_be_asked_for(make_bundle, make_model):
    model = make_model(make_bundle(("rear", "jump")))
    assert not require_rate(model, make_features(ramp(), fps=10.05), name="a.mp4", may_resample=False)
    assert require_rate(model, make_features(ramp(), fps=25.0), name="a.mp4", may_resample=True)
    with pytest.raises(
        ModelError, match=r"a\.mp4: has 25 frames per second, but the model in /lab/model was trained on 10; add --resample"
    ):
        require_rate(model, make_features(ramp(), fps=25.0), name="a.mp4", may_resample=False)


def test_each_stretch_without_a_gap_is_predicted_by_itself(make_bundle, make_model):
    model = make_model(make_bundle(("rear", "jump")))
    features = replace(make_features(ramp(), fps=25.0), time_s=np.arange(N_FRAMES) / 25 + 1e9 * (np.arange(N_FRAMES) >= 20))
    # At another rate, frames over the gap would be more than memory holds.
    predicted = predict_probabilities(model, [features])
    assert predicted.values.shape == (N_FRAMES, 2)
    np.testing.assert_allclose(predicted.values, ramp(), atol=0.05)


@pytest.mark.parametrize(("average", "fps"), [(1, 10.0), (3, 10.0), (1, 25.0), (2, 25.0)])
def test_features_that_are_read_block_by_block_give_the_same_bits(make_bundle, make_model, monkeypatch, average, fps):
    # Small blocks everywhere, and products of the same few rows, whose rounding hangs on how many are taken together.
    monkeypatch.setattr(preparation, "_CHUNK_VALUES", 14)
    monkeypatch.setattr(averaging, "count_block_rows", lambda row_bytes: 4)
    model = make_model(make_bundle(("rear", "jump"), member_0={"average": average}))
    rng = np.random.default_rng(0)
    components = np.linalg.qr(rng.normal(size=(2, 2)))[0]
    prepared = Preparation(mean=rng.normal(size=2), scale=rng.uniform(1, 2, 2), components=components)
    model = replace(model, members=tuple(OpenedMember(one.description, one.model, prepared) for one in model.members))
    whole = make_features(rng.normal(size=(N_FRAMES, 2)), fps=fps)
    whole = replace(whole, time_s=whole.time_s + 60.0 * (np.arange(N_FRAMES) >= 30))
    read: list[tuple[int, int]] = []

    def read_block(start, stop):
        read.append((start, stop))
        return whole.values[start:stop]

    blocks = RowBlocks(whole.values.shape, np.float32, read_block, n_together=8)
    predicted = predict_probabilities(model, [replace(whole, values=blocks)])
    np.testing.assert_array_equal(predicted.values, predict_probabilities(model, [whole]).values)
    assert max(stop - start for start, stop in read) == 8
