"""Rows that are read block by block are those of an array, whatever is asked for, and few are held."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from behavior.row_blocks import RowBlocks, count_block_rows


class Source:
    """An array that notes which blocks of it were read."""

    def __init__(self, n_rows: int, width: int = 3) -> None:
        self.values = np.arange(n_rows * width, dtype=np.float32).reshape(n_rows, width)
        self.read: list[tuple[int, int]] = []

    def make(self, n_together: int) -> RowBlocks:
        def read(start: int, stop: int) -> np.ndarray:
            self.read.append((start, stop))
            return self.values[start:stop]

        return RowBlocks(self.values.shape, np.float32, read, n_together=n_together)


@given(st.data())
def test_rows_are_those_of_the_array(data: st.DataObject) -> None:
    n_rows, n_together = data.draw(st.integers(1, 40)), data.draw(st.integers(1, 12))
    source = Source(n_rows)
    rows = source.make(n_together)
    start = data.draw(st.integers(0, n_rows))
    stop = data.draw(st.integers(start, n_rows))
    np.testing.assert_array_equal(rows[start:stop], source.values[start:stop])
    asked = np.array(data.draw(st.lists(st.integers(0, n_rows - 1), min_size=2, max_size=8))[:2])[:, None] * np.ones((1, 3), dtype=np.int64)
    np.testing.assert_array_equal(rows[asked], source.values[asked])
    taken = np.sort(np.array(data.draw(st.lists(st.integers(0, n_rows - 1), max_size=30)), dtype=np.int64))
    np.testing.assert_array_equal(rows.take(taken)[:], source.values[taken])
    part = rows.part(start, stop)
    assert part.shape == (stop - start, 3)
    np.testing.assert_array_equal(part[:], source.values[start:stop])
    joined = RowBlocks.join([rows, source.values.astype(np.float64)])
    np.testing.assert_array_equal(joined[start:stop], np.concatenate([source.values, source.values], axis=1)[start:stop])
    assert joined.dtype == np.float64


def test_a_block_is_read_once_while_windows_pass_over_it_and_three_are_held() -> None:
    source = Source(100)
    rows = source.make(10)
    for start in range(0, 90, 5):
        rows[start : start + 10]
    assert source.read == [(start, start + 10) for start in range(0, 100, 10)]
    assert len(rows._kept) == 3


def test_what_there_is_not_is_refused() -> None:
    rows = Source(5).make(2)
    with pytest.raises(IndexError, match="rows 4 to 5 of 5"):
        rows[np.array([4, 5])]
    with pytest.raises(ValueError, match="a step of 2 rows"):
        rows[::2]
    assert rows[np.zeros((0, 4), dtype=np.int64)].shape == (0, 4, 3)


def test_blocks_have_megabytes_and_whole_parts_of_a_file() -> None:
    assert count_block_rows(1000) == 8388
    assert count_block_rows(1000, multiple=960) == 7680
    assert count_block_rows(2**30, multiple=960) == 960
