"""Vector by vector, recordings get the numbers that they get as a whole, as soon as these cannot change any more."""

from functools import partial

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from live_networks import Sums, sum_so_far

from behavior.sequence.frame_streams import NeighbourhoodStream, StepStream, WindowStream
from behavior.sequence.inference import predict_recording

lengths = st.integers(1, 24)
frames = st.integers(1, 90)


def follow(stream, features):
    """Return the probabilities of all frames, and after which frame each was there."""
    parts, known_at = [], []
    for frame, vector in enumerate(features):
        parts.append(stream.advance(vector))
        known_at += [frame] * len(parts[-1])
    parts.append(stream.finish())
    known_at += [len(features)] * len(parts[-1])
    return np.concatenate(parts), np.array(known_at)


def see_both_ways(windows):
    return (sum_so_far(windows) + sum_so_far(windows[:, ::-1])[:, ::-1]) / 2


def average_neighbours(features, reach):
    return np.stack([features[max(frame - reach, 0) : frame + reach + 1].mean(axis=0) for frame in range(len(features))])


def draw(n_frames):
    return np.random.default_rng(n_frames).normal(size=(n_frames, 2)).astype(np.float32)


@given(n_frames=frames, length=lengths)
def test_a_network_that_looks_back_answers_each_frame_at_once(n_frames, length):
    features = draw(n_frames)
    predicted, known_at = follow(StepStream(Sums, length, 2), features)
    np.testing.assert_array_equal(known_at, np.arange(n_frames))
    np.testing.assert_allclose(predicted, predict_recording(sum_so_far, features, length=length, looks_back=True), rtol=0, atol=1e-6)


@given(n_frames=frames, length=lengths)
def test_a_network_that_looks_ahead_answers_a_window_later(n_frames, length):
    features = draw(n_frames)
    predicted, known_at = follow(WindowStream(see_both_ways, length, 2), features)
    np.testing.assert_array_equal(known_at, np.minimum(np.arange(n_frames) + length, n_frames))
    np.testing.assert_allclose(predicted, predict_recording(see_both_ways, features, length=length), rtol=0, atol=1e-6)


@given(n_frames=frames, reach=st.integers(0, 9))
def test_a_model_of_neighbours_answers_when_they_are_there(n_frames, reach):
    features = draw(n_frames)
    predicted, known_at = follow(NeighbourhoodStream(partial(average_neighbours, reach=reach), reach, 2), features)
    np.testing.assert_array_equal(known_at, np.minimum(np.arange(n_frames) + reach, n_frames))
    np.testing.assert_allclose(predicted, average_neighbours(features, reach), rtol=0, atol=1e-6)


@given(n_frames=frames, more=frames, length=lengths)
def test_what_follows_changes_nothing_for_a_network_that_looks_back(n_frames, more, length):
    features = draw(n_frames + more)
    whole = predict_recording(sum_so_far, features, length=length, looks_back=True)
    alone = predict_recording(sum_so_far, features[:n_frames], length=length, looks_back=True)
    np.testing.assert_allclose(whole[:n_frames], alone, rtol=0, atol=1e-6)


def test_no_frame_has_no_probabilities():
    streams = [StepStream(Sums, 5, 2), WindowStream(see_both_ways, 5, 2), NeighbourhoodStream(partial(average_neighbours, reach=1), 1, 2)]
    for stream in streams:
        assert stream.finish().shape == (0, 2)
