"""Windows, checked against what they promise for every length."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from behavior.sequence.inference import predict_recording, resample_rows
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


@given(n_frames=frames, length=lengths)
def test_prediction_puts_every_frame_back_in_its_place(n_frames, length):
    values = np.linspace(0, 1, n_frames, dtype=np.float32)[:, None]
    predicted = predict_recording(lambda windows: windows[:, :, :1], values, length=length)
    assert predicted.dtype == np.float32
    np.testing.assert_allclose(predicted, values, atol=1e-6)


def test_a_frame_at_a_windows_edge_is_not_worse_off():
    """A model that knows nothing at the edges of its window is still right in every frame but the first and last few."""

    def predict(windows):
        probabilities = windows[:, :, :1].copy()
        probabilities[:, :3] = 0.5
        probabilities[:, -3:] = 0.5
        return probabilities

    truth = np.ones((200, 1), dtype=np.float32)
    predicted = predict_recording(predict, truth, length=20)
    assert (predicted[3:-3] > 0.8).all()


def test_windows_do_not_depend_on_how_many_are_predicted_at_once(monkeypatch):
    values = np.random.default_rng(0).random((300, 2)).astype(np.float32)
    before = predict_recording(lambda windows: windows[:, :, :1], values, length=10)
    monkeypatch.setattr("behavior.sequence.inference.WINDOWS_AT_ONCE", 3)
    np.testing.assert_array_equal(before, predict_recording(lambda windows: windows[:, :, :1], values, length=10))


@given(
    times=st.lists(st.floats(0.01, 1), min_size=1, max_size=30),
    slope=st.floats(-5, 5),
    new=st.lists(st.floats(-1, 40), min_size=1, max_size=20),
)
def test_resampling_a_straight_line_stays_on_it(times, slope, new):
    time_s = np.cumsum(times)
    rows = resample_rows((slope * time_s)[:, None], time_s, np.array(new))
    expected = slope * np.clip(new, time_s[0], time_s[-1])
    np.testing.assert_allclose(rows[:, 0], expected, atol=1e-4)


def test_resampling_at_the_known_times_changes_nothing():
    values = np.random.default_rng(0).random((9, 4)).astype(np.float32)
    time_s = np.sort(np.random.default_rng(1).random(9))
    np.testing.assert_allclose(resample_rows(values, time_s, time_s), values, atol=1e-6)


@pytest.mark.parametrize(("n_frames", "length"), [(0, 5), (5, 0)])
def test_nothing_cannot_be_cut_into_windows(n_frames, length):
    with pytest.raises(ValueError, match="at least 1"):
        find_training_starts(n_frames, length)
