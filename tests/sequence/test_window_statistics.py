"""Statistics of windows around frames are those of the frames in them, however long, wide or cut they are."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from behavior.errors import UsageError
from behavior.sequence import window_statistics
from behavior.sequence.preparation import Preparation, PreparedFeatures
from behavior.sequence.window_statistics import count_statistics, describe_rows


def describe_plainly(features, rows, lengths):
    """One frame and window after the other."""
    described = []
    for row in rows:
        parts = [features[row]]
        for length in lengths:
            half = length // 2
            around = features[max(row - half, 0) : row + half + 1].astype(np.float64)
            later, earlier = features[row : row + half + 1], features[max(row - half, 0) : row + 1]
            parts += [
                around.mean(axis=0),
                around.std(axis=0),
                later.mean(axis=0, dtype=np.float64) - earlier.mean(axis=0, dtype=np.float64),
            ]
        described.append(np.concatenate(parts))
    return np.array(described)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    n_frames=st.integers(1, 60),
    n_features=st.integers(1, 4),
    lengths=st.lists(st.sampled_from([1, 3, 5, 21, 99]), max_size=3),
    offset=st.sampled_from([0.0, 1000.0]),
    most=st.sampled_from([8, 60, 2**22]),
)
def test_statistics_are_those_of_the_frames_in_each_window(seed, n_frames, n_features, lengths, offset, most):
    rng = np.random.default_rng(seed)
    features = (rng.normal(size=(n_frames, n_features)) + offset).astype(np.float32)
    rows = np.flatnonzero(rng.random(n_frames) < 0.7)
    with pytest.MonkeyPatch.context() as patch:
        # Little at a time, so that recordings are read in several stretches and groups of columns.
        patch.setattr(window_statistics, "_MOST_VALUES", most)
        described = describe_rows(features, rows, lengths)
    assert described.dtype == np.float32
    assert described.shape == (len(rows), count_statistics(n_features, len(lengths)))
    if len(rows):
        np.testing.assert_allclose(described, describe_plainly(features, rows, lengths), rtol=1e-5, atol=1e-4)


def test_what_does_not_change_has_no_deviation():
    described = describe_rows(np.full((50, 1), 0.1, dtype=np.float32), np.arange(50), [11])
    np.testing.assert_array_equal(described[:, 2:], 0.0)


def test_prepared_features_are_read_in_part():
    features = np.random.default_rng(0).normal(size=(200, 5)).astype(np.float16)
    preparation = Preparation(np.zeros(5), np.full(5, 2.0), np.eye(5)[:, :2])
    rows = np.array([0, 3, 150, 199])
    np.testing.assert_allclose(
        describe_rows(PreparedFeatures(features, preparation), rows, [7]), describe_rows(preparation.apply(features), rows, [7]), rtol=1e-6
    )


def test_odd_input_is_refused():
    features = np.zeros((9, 2), dtype=np.float32)
    with pytest.raises(ValueError, match="expected odd numbers"):
        describe_rows(features, np.arange(9), [4])
    features[5, 1] = np.inf
    with pytest.raises(UsageError, match="feature 1 of frame 5 is not a finite number"):
        describe_rows(features, np.arange(9), [3])
