"""How alike vectors are, in odd cases too."""

import numpy as np
import pytest

from behavior.vision.similarity import find_lowest_cosine


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ([[1, 0], [3, 4]], [[2, 0], [3, 4]], 1.0),
        ([[1, 0], [1, 1]], [[1, 0], [1, 0]], np.sqrt(0.5)),
        ([[0, 0]], [[0, 0]], 1.0),
        ([[0, 0], [1, 0]], [[1, 0], [1, 0]], 0.0),
        ([[np.nan, 1]], [[1, 1]], -1.0),
        ([[np.inf, 1]], [[np.inf, 1]], -1.0),
    ],
)
def test_lowest_cosine(first, second, expected):
    assert find_lowest_cosine(np.array(first, dtype=np.float32), np.array(second, dtype=np.float32)) == pytest.approx(expected)
