"""Windows, checked against what they promise for every length."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from behavior.sequence.windows import find_prediction_starts, find_training_starts, make_fade, mark_fresh_frames, take_windows

lengths = st.integers(1, 40)
frames = st.integers(1, 200)


def test_the_last_training_window_starts_early_enough_to_be_full():
    assert find_training_starts(10, 4).tolist() == [0, 4, 6]
    assert find_training_starts(8, 4).tolist() == [0, 4]
    assert find_training_starts(3, 4).tolist() == [0]
    fresh = mark_fresh_frames(find_training_starts(10, 4), 4, 10)
    assert fresh.astype(int).tolist() == [[1, 1, 1, 1], [1, 1, 1, 1], [0, 0, 1, 1]]


@given(n_frames=frames, length=lengths)
def test_every_frame_is_fresh_exactly_once(n_frames, length):
    starts = find_training_starts(n_frames, length)
    fresh = mark_fresh_frames(starts, length, n_frames)
    covered = (starts[:, None] + np.arange(length))[fresh]
    assert sorted(covered.tolist()) == list(range(n_frames))
    assert (starts + length <= max(n_frames, length)).all()


@given(n_frames=frames, length=lengths)
def test_prediction_windows_overlap_by_half_and_stay_inside(n_frames, length):
    starts = find_prediction_starts(n_frames, length)
    assert starts[0] == 0
    assert starts[-1] == max(n_frames - length, 0)
    assert (np.diff(starts) <= max(length // 2, 1)).all()


def test_short_recordings_are_padded_with_their_last_value():
    windows = take_windows(np.array([[1], [2]]), np.array([0]), 4)
    assert windows[0, :, 0].tolist() == [1, 2, 2, 2]


@given(length=lengths)
def test_weights_fade_towards_both_ends_and_are_never_nothing(length):
    fade = make_fade(length)
    np.testing.assert_array_equal(fade, fade[::-1])
    assert fade.min() > 0
    assert fade.max() == pytest.approx(1)
    assert (np.diff(fade[: (length + 1) // 2]) > 0).all()


@pytest.mark.parametrize(("n_frames", "length"), [(0, 5), (5, 0)])
def test_nothing_cannot_be_cut_into_windows(n_frames, length):
    with pytest.raises(ValueError, match="at least 1"):
        find_training_starts(n_frames, length)
