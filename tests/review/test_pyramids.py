"""Pyramids hold the minimum and maximum of every block."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from behavior.review.pyramids import build_pyramid, quantize


@given(hnp.arrays(np.uint8, st.tuples(st.integers(1, 70), st.integers(1, 3))))
def test_every_level_holds_what_its_blocks_do(values: np.ndarray) -> None:
    levels = build_pyramid(values)
    assert len(levels[-1]) == 1
    for level, blocks in enumerate(levels):
        size = 2**level
        expected = [values[start : start + size] for start in range(0, len(values), size)]
        assert len(blocks) == len(expected)
        for block, part in zip(blocks, expected, strict=True):
            np.testing.assert_array_equal(block, np.stack([part.min(axis=0), part.max(axis=0)], axis=1))


def test_probabilities_are_kept_to_a_254th() -> None:
    values = np.linspace(0, 1, 1001)[:, None]
    assert np.abs(quantize(values) / 254 - values).max() <= 0.5 / 254 + 1e-9
    assert quantize(np.array([[np.nan]])).item() == 255
