from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.ndimage import binary_closing

from behavior.postprocess import close_gaps
from behavior.recording import find_bouts

DECISIONS = arrays(bool, st.integers(0, 60))
TRAP = np.array([0, 0, 0, 1, 1, 1, 1, 0, 1, 1, 1], dtype=bool)


def test_bouts_that_touch_the_ends_keep_their_frames() -> None:
    assert close_gaps(TRAP, 5).tolist() == [False] * 3 + [True] * 8
    assert close_gaps(TRAP[::-1], 5).tolist() == [True] * 8 + [False] * 3


@pytest.mark.parametrize(("closing_frames", "is_filled"), [(0, False), (1, False), (3, False), (4, True), (100, True)])
def test_a_gap_of_three_is_filled_from_four_on(closing_frames: int, is_filled: bool) -> None:
    values = np.array([0, 0, 1, 0, 0, 0, 1, 0, 0], dtype=bool)
    expected = values.copy()
    expected[3:6] = is_filled
    np.testing.assert_array_equal(close_gaps(values, closing_frames), expected)


@given(DECISIONS, st.integers(1, 70))
@example(TRAP, 5)
def test_it_is_binary_closing_of_a_recording_that_goes_on_as_negative(values: npt.NDArray[np.bool_], closing_frames: int) -> None:
    padded = np.pad(values, closing_frames)
    closed = binary_closing(padded, structure=np.ones(closing_frames, dtype=bool))[closing_frames : closing_frames + len(values)]
    np.testing.assert_array_equal(close_gaps(values, closing_frames), closed)


@given(DECISIONS, st.integers(0, 70))
def test_short_gaps_go_and_nothing_else_changes(values: npt.NDArray[np.bool_], closing_frames: int) -> None:
    before = values.copy()
    closed = close_gaps(values, closing_frames)
    np.testing.assert_array_equal(values, before)
    assert closed.dtype == np.bool_
    assert closed[values].all()
    gaps = {(int(start), int(stop)) for start, stop in find_bouts(~values) if start > 0 and stop < len(values)}
    expected = values.copy()
    for start, stop in gaps:
        expected[start:stop] = stop - start <= closing_frames - 1
    np.testing.assert_array_equal(closed, expected)


@given(DECISIONS, st.integers(0, 70))
def test_closing_twice_is_closing_once(values: npt.NDArray[np.bool_], closing_frames: int) -> None:
    closed = close_gaps(values, closing_frames)
    np.testing.assert_array_equal(close_gaps(closed, closing_frames), closed)


def test_a_negative_length_is_refused() -> None:
    with pytest.raises(ValueError, match="closing_frames is -1"):
        close_gaps(TRAP, -1)
