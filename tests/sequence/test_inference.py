"""Probabilities of whole recordings from overlapping windows, and values at other times."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from behavior.sequence.inference import predict_recording, resample_rows
from behavior.sequence.windows import find_prediction_starts, make_fade

lengths = st.integers(1, 40)
frames = st.integers(1, 200)


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


def test_overlapping_windows_are_averaged_with_their_fade():
    """Each window predicts its own number; a frame gets the mean of the numbers of its windows, by their weights."""
    values = np.zeros((9, 2), dtype=np.float32)
    starts, fade = find_prediction_starts(9, 4), make_fade(4)
    predicted = predict_recording(
        lambda windows: np.repeat(np.linspace(0.1, 0.9, len(windows), dtype=np.float32)[:, None, None], 4, axis=1), values, length=4
    )
    total, weight = np.zeros(9), np.zeros(9)
    for start, number in zip(starts, np.linspace(0.1, 0.9, len(starts)), strict=True):
        total[start : start + 4] += fade * number
        weight[start : start + 4] += fade
    np.testing.assert_allclose(predicted[:, 0], total / weight, rtol=1e-6)


def test_several_models_are_predicted_at_once():
    values = np.linspace(0, 1, 30, dtype=np.float32)[:, None]
    together = predict_recording(lambda windows: np.stack([windows, 1 - windows]), values, length=7)
    assert together.shape == (2, 30, 1)
    np.testing.assert_allclose(together, [values, 1 - values], atol=1e-6)


def test_a_recording_shorter_than_a_window_is_predicted_whole():
    predicted = predict_recording(lambda windows: windows, np.array([[0.25], [0.5]], dtype=np.float32), length=10)
    np.testing.assert_allclose(predicted, [[0.25], [0.5]], rtol=1e-6)


def test_rounding_never_leaves_the_range_of_probabilities():
    predicted = predict_recording(lambda windows: windows, np.array([[-0.5], [1.5]], dtype=np.float32), length=1)
    assert predicted.tolist() == [[0.0], [1.0]]


def test_times_outside_get_the_first_or_the_last_row():
    rows = resample_rows(np.array([[1.0], [3.0]], dtype=np.float32), np.array([2.0, 4.0]), np.array([0.0, 2.5, 9.0]))
    assert rows.tolist() == [[1.0], [1.5], [3.0]]
    assert rows.dtype == np.float32
    assert resample_rows(np.array([[7.0]]), np.array([0.0]), np.array([0.0, 5.0])).tolist() == [[7.0], [7.0]]


def test_two_frames_may_have_one_time():
    rows = resample_rows(np.array([[0.0], [1.0], [2.0]]), np.array([0.0, 1.0, 1.0]), np.array([0.5, 1.0, 2.0]))
    assert rows[0, 0] == 0.5
    assert rows[1, 0] in (1.0, 2.0)
    assert rows[2, 0] == 2.0
