from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from behavior.metrics import BOUT_ERRORS, measure_bout_errors

LABELS = np.array([0, 1, 1, 0, 1, 0, -1, -1, 0, 0], dtype=np.int8)


def test_errors_are_decided_minus_labelled() -> None:
    decisions = np.array([0, 0, 1, 1, 1, 0, 1, 1, 1, 0], dtype=bool)
    errors = measure_bout_errors(LABELS, decisions, time_s=np.arange(10) * 0.2)
    # One bout for the first two, another after the gap; one second too late would be 5 frames.
    assert errors["bout_count_error"] == 0
    assert errors["duration_error_s"] == pytest.approx(0.2)
    assert errors["latency_error_s"] == pytest.approx(0.2)
    none = measure_bout_errors(LABELS, np.zeros(10, dtype=bool), time_s=np.arange(10) * 0.2)
    assert none["bout_count_error"] == -2
    assert none["duration_error_s"] == pytest.approx(-0.6)
    assert np.isnan(none["latency_error_s"])


def test_frames_last_as_long_as_their_times_say() -> None:
    time_s = np.array([0.0, 1.0, 3.0, 3.5])
    labels, decisions = np.array([1, 0, 0, 0], dtype=np.int8), np.array([0, 1, 0, 0], dtype=bool)
    errors = measure_bout_errors(labels, decisions, time_s=time_s)
    assert (errors["duration_error_s"], errors["latency_error_s"]) == (1.0, 1.0)
    given_durations = measure_bout_errors(labels, decisions, time_s=time_s, durations_s=np.array([1.0, 0.25, 0.5, 1.0]))
    assert given_durations["duration_error_s"] == -0.75


def test_without_times_there_are_no_errors_in_seconds() -> None:
    assert measure_bout_errors(LABELS, LABELS == 1) == {"bout_count_error": 0.0}


def test_without_a_labelled_frame_nothing_is_defined() -> None:
    errors = measure_bout_errors(np.full(3, -1, dtype=np.int8), np.ones(3, dtype=bool), time_s=np.arange(3.0))
    assert set(errors) == set(BOUT_ERRORS)
    assert np.isnan(list(errors.values())).all()


def test_times_of_another_length_are_refused() -> None:
    with pytest.raises(ValueError, match="time_s"):
        measure_bout_errors(LABELS, LABELS == 1, time_s=np.arange(9.0))


@given(arrays(np.int8, 15, elements=st.sampled_from([0, 1])), arrays(bool, 15), st.floats(-100, 100))
def test_exchanging_the_sides_turns_the_sign_and_a_shift_of_time_changes_nothing(
    labels: npt.NDArray[np.int8], decisions: npt.NDArray[np.bool_], shift: float
) -> None:
    time_s = np.arange(15) / 8
    errors = measure_bout_errors(labels, decisions, time_s=time_s)
    back = measure_bout_errors(decisions.astype(np.int8), labels == 1, time_s=time_s)
    shifted = measure_bout_errors(labels, decisions, time_s=time_s + shift)
    for name in BOUT_ERRORS:
        assert errors[name] == pytest.approx(-back[name], nan_ok=True)
        assert shifted[name] == pytest.approx(errors[name], nan_ok=True, abs=1e-9)
