from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from behavior.tracking.detections import Detections, FrameDetections


def test_detections_join_and_select_in_order() -> None:
    first, second = Detections.at(np.array([[1.0, 2.0]])), Detections.at(np.array([[3.0, 4.0], [5.0, 6.0]]))
    joined = Detections.join([first, second])
    assert joined.positions.tolist() == [[1, 2], [3, 4], [5, 6]]
    assert joined.select(np.array([False, True, False])).positions.tolist() == [[3, 4]]
    assert len(joined.select([])) == len(Detections.join([])) == 0


def test_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match="qualities have shape"):
        Detections.at(np.zeros((2, 2)), qualities=np.ones(3))
    with pytest.raises(ValueError, match="positions have shape"):
        nothing = np.zeros(2)
        Detections(np.zeros((2, 3)), nothing, nothing, nothing, nothing, nothing, nothing, np.zeros(2, dtype=bool), nothing)


@given(counts=st.lists(st.integers(0, 4), max_size=12))
def test_a_table_gives_back_what_was_put_in(counts: list[int]) -> None:
    rng = np.random.default_rng(len(counts))
    frames = []
    for n in counts:
        plain = Detections.at(rng.normal(size=(n, 2)), qualities=rng.uniform(0.1, 1, n))
        frames.append(replace(plain, angles=rng.normal(size=n), touching=rng.random(n) > 0.5))
    table = FrameDetections.gather(frames)
    assert FrameDetections.of(table) is table
    assert len(table) == len(frames) and [len(one) for one in table] == counts
    for found, expected in zip(table, frames, strict=True):
        for field in fields(Detections):
            np.testing.assert_array_equal(getattr(found, field.name), getattr(expected, field.name))
        assert found.touching.dtype == np.bool_
    assert [len(one) for one in table[1:3]] == counts[1:3]
    np.testing.assert_array_equal(table.take("qualities"), [quality for one in frames for quality in one.qualities])
    assert [int(start) for start in table.starts] == [sum(counts[:frame]) for frame in range(len(counts))]


def test_a_table_of_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match="values have shape"):
        FrameDetections(np.array([2]), np.zeros((1, 10)))
