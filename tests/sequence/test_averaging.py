"""Fewer vectors than frames, and back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from behavior.sequence.averaging import average_features, average_labels, spread_rows

averages = st.integers(1, 9)
frames = st.integers(1, 60)


def test_means_of_whole_groups_and_of_what_is_left():
    features = np.array([[1, 10], [3, 20], [5, 30], [7, 40], [20, 0]], dtype=np.float16)
    averaged = average_features(features, 2)
    assert averaged.tolist() == [[2, 15], [6, 35], [20, 0]]
    assert averaged.dtype == np.float16
    assert average_features(features.astype(np.float32), 3).dtype == np.float32
    assert average_features(features, 9).tolist() == [[np.float16(7.2), 20]]


def test_half_precision_is_summed_in_single():
    assert average_features(np.full((1000, 1), 60000, dtype=np.float16), 1000).tolist() == [[60000]]


def test_most_labels_decide_and_those_without_a_label_have_no_say():
    labels = np.array([1, 1, 0, 0, 0, 1, 1, -1, -1, -1, -1, -1, 0, -1, -1, 0], dtype=np.int8)[:, None]
    assert average_labels(labels, 3)[:, 0].tolist() == [1, 0, 1, -1, 0, 0]
    # As many as not.
    assert average_labels(labels, 4)[:, 0].tolist() == [1, 1, -1, 0]
    assert average_labels(labels, 100)[:, 0].tolist() == [0]


def test_behaviors_are_averaged_apart():
    labels = np.array([[1, -1, 0], [1, -1, 1], [0, 0, 0]], dtype=np.int8)
    averaged = average_labels(labels, 3)
    assert averaged.tolist() == [[1, 0, 0]]
    assert averaged.dtype == np.int8


def test_values_stand_in_the_middle_of_their_frames_and_go_straight_in_between():
    # Middles are at frames 0.5, 2.5 and, of one frame that is left, 4.
    values = np.array([[0.0], [1.0], [0.4]], dtype=np.float32)
    np.testing.assert_allclose(spread_rows(values, 2, 5)[:, 0], [0, 0.25, 0.75, 0.8, 0.4], atol=1e-6)
    np.testing.assert_allclose(spread_rows(values, 3, 9)[:, 0], [0, 0, 1 / 3, 2 / 3, 1, 0.8, 0.6, 0.4, 0.4], atol=1e-6)


@given(values=hnp.arrays(np.int8, st.tuples(frames, st.integers(1, 3)), elements=st.integers(-1, 1)))
def test_averaging_one_frame_is_the_identity(values):
    features = values.astype(np.float16)
    np.testing.assert_array_equal(average_features(features, 1), features)
    np.testing.assert_array_equal(average_labels(values, 1), values)
    np.testing.assert_array_equal(spread_rows(values.astype(np.float32), 1, len(values)), values)


@given(n_frames=frames, average=averages, value=st.sampled_from([-1, 0, 1]))
def test_what_is_constant_stays_so(n_frames, average, value):
    n_rows = -(-n_frames // average)
    features = average_features(np.full((n_frames, 2), value + 0.25, dtype=np.float16), average)
    labels = average_labels(np.full((n_frames, 2), value, dtype=np.int8), average)
    np.testing.assert_array_equal(features, np.full((n_rows, 2), value + 0.25))
    np.testing.assert_array_equal(labels, np.full((n_rows, 2), value))
    back = spread_rows(features.astype(np.float32), average, n_frames)
    assert back.dtype == np.float32
    np.testing.assert_array_equal(back, np.full((n_frames, 2), value + 0.25))


@given(n_frames=frames, average=averages, seed=st.integers(0, 99))
def test_every_frame_counts_once_in_the_mean_that_it_belongs_to(n_frames, average, seed):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(n_frames, 2)).astype(np.float32)
    labels = rng.integers(-1, 2, (n_frames, 2)).astype(np.int8)
    averaged, averaged_labels = average_features(features, average), average_labels(labels, average)
    for row, start in enumerate(range(0, n_frames, average)):
        np.testing.assert_allclose(averaged[row], features[start : start + average].mean(axis=0), atol=1e-6)
        for column in range(2):
            part = labels[start : start + average, column]
            positive, negative = (part == 1).sum(), (part == 0).sum()
            assert averaged_labels[row, column] == (-1 if positive + negative == 0 else int(positive >= negative))


@given(n_frames=st.integers(1, 60), average=averages, seed=st.integers(0, 99))
def test_spread_values_stay_between_their_neighbours(n_frames, average, seed):
    n_rows = -(-n_frames // average)
    values = np.random.default_rng(seed).random((n_rows, 2)).astype(np.float32)
    spread = spread_rows(values, average, n_frames)
    assert spread.shape == (n_frames, 2)
    rows = np.arange(n_frames) // average
    # A frame lies between the middle of its own row and that of the row before or after.
    near = [values[np.clip(rows + step, 0, n_rows - 1)] for step in (-1, 0, 1)]
    assert (spread >= np.min(near, axis=0) - 1e-6).all()
    assert (spread <= np.max(near, axis=0) + 1e-6).all()


@given(n_frames=st.integers(3, 60), average=st.integers(2, 9), slope=st.floats(-1, 1))
def test_a_straight_line_comes_back_between_the_outer_middles(n_frames, average, slope):
    line = (slope * np.arange(n_frames)).astype(np.float32)[:, None]
    back = spread_rows(average_features(line, average), average, n_frames)
    last = n_frames - (n_frames % average or average)
    inside = slice((average - 1) // 2 + 1, (last + n_frames - 1) // 2)
    np.testing.assert_allclose(back[inside], line[inside], atol=1e-4)


def test_means_of_more_frames_than_there_are():
    assert spread_rows(np.array([[0.3]], dtype=np.float32), 50, 4)[:, 0].tolist() == pytest.approx([0.3] * 4)
