from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from behavior.postprocess import paint_bouts, remove_short_bouts
from behavior.recording import find_bouts

DECISIONS = arrays(bool, st.integers(0, 60))


@given(DECISIONS)
def test_painting_is_the_inverse_of_finding(values: npt.NDArray[np.bool_]) -> None:
    np.testing.assert_array_equal(paint_bouts(find_bouts(values), len(values)), values)


def test_bouts_may_overlap_and_come_in_any_order() -> None:
    assert paint_bouts(np.array([[3, 5], [0, 2], [1, 4]]), 6).tolist() == [True] * 5 + [False]


def test_no_bouts_paint_nothing() -> None:
    assert paint_bouts(np.zeros((0, 2), dtype=int), 3).tolist() == [False] * 3


@pytest.mark.parametrize("bout", [[-1, 2], [2, 5], [3, 2]])
def test_a_bout_outside_the_recording_is_refused(bout: list[int]) -> None:
    with pytest.raises(ValueError, match="outside the 4 frames"):
        paint_bouts(np.array([bout]), 4)


@given(DECISIONS, st.integers(0, 70))
def test_exactly_the_long_bouts_stay(values: npt.NDArray[np.bool_], min_bout_frames: int) -> None:
    before = values.copy()
    expected = [bout for bout in find_bouts(values).tolist() if bout[1] - bout[0] >= min_bout_frames]
    assert find_bouts(remove_short_bouts(values, min_bout_frames)).tolist() == expected
    np.testing.assert_array_equal(values, before)


@pytest.mark.parametrize("min_bout_frames", [0, 1])
def test_zero_and_one_leave_everything(min_bout_frames: int) -> None:
    values = np.array([1, 0, 1, 1, 0, 1], dtype=bool)
    np.testing.assert_array_equal(remove_short_bouts(values, min_bout_frames), values)


def test_a_negative_length_is_refused() -> None:
    with pytest.raises(ValueError, match="min_bout_frames is -2"):
        remove_short_bouts(np.ones(3, dtype=bool), -2)
