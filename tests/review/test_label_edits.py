"""Edits of labels, against a model that goes frame by frame."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from behavior.review.label_edits import Change, Paint, apply_changes, collide, invert_changes, plan_changes

BEHAVIORS = ("groom", "rear", "rest")
EXCLUSIVE = {"rear": frozenset({"rest"}), "rest": frozenset({"rear"})}
N_FRAMES = 20


@st.composite
def draw_paint(draw: st.DrawFn) -> Paint:
    start = draw(st.integers(0, N_FRAMES - 1))
    stop = draw(st.integers(start + 1, N_FRAMES))
    behavior = draw(st.sampled_from([None, *BEHAVIORS]))
    return Paint(start, stop, behavior, draw(st.sampled_from([0, -1] if behavior is None else [0, 1])))


def paint_slowly(values: np.ndarray, paints: list[Paint]) -> np.ndarray:
    """Each frame by itself."""
    values = values.copy()
    for paint in paints:
        for frame in range(paint.start, paint.stop):
            for column, name in enumerate(BEHAVIORS):
                if paint.behavior is None and paint.value == -1:
                    values[frame, column] = -1
                elif name == paint.behavior:
                    values[frame, column] = paint.value
                elif values[frame, column] == -1 or (paint.value == 1 and name in EXCLUSIVE.get(paint.behavior or "", ())):
                    values[frame, column] = 0
    return values


@given(st.lists(st.lists(draw_paint(), min_size=1, max_size=3), max_size=6), st.integers(-1, 0))
def test_edits_are_what_goes_frame_by_frame_and_can_be_taken_back(edits: list[list[Paint]], first: int) -> None:
    values = np.full((N_FRAMES, len(BEHAVIORS)), first, dtype=np.int8)
    states, made = [values.copy()], []
    for paints in edits:
        changes = plan_changes(values, BEHAVIORS, paints, EXCLUSIVE)
        expected = paint_slowly(values, paints)
        apply_changes(values, changes)
        np.testing.assert_array_equal(values, expected)
        made.append(changes)
        states.append(values.copy())
    for changes, before in zip(reversed(made), reversed(states[:-1]), strict=True):
        apply_changes(values, invert_changes(changes))
        np.testing.assert_array_equal(values, before)


@given(draw_paint(), draw_paint())
def test_paints_that_do_not_collide_may_be_made_in_any_order(first: Paint, second: Paint) -> None:
    if collide([first], [second], EXCLUSIVE):
        return
    values = np.full((N_FRAMES, len(BEHAVIORS)), -1, dtype=np.int8)
    np.testing.assert_array_equal(paint_slowly(values, [first, second]), paint_slowly(values, [second, first]))


def test_labels_that_are_not_as_before_are_left_alone() -> None:
    values = np.zeros((4, 2), dtype=np.int8)
    with pytest.raises(ValueError, match="not what the changes begin with"):
        apply_changes(values, [Change(0, 2, 0, 0, 1), Change(0, 2, 1, 1, 0)])
    assert not values.any()
