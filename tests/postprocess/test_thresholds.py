"""Each frame decided on its own."""

from __future__ import annotations

import numpy as np
import pytest

from behavior.postprocess import apply_thresholds


def test_a_probability_at_the_threshold_is_positive_and_nan_is_not() -> None:
    probabilities = np.array([[0.7, np.nan], [0.69, 0.2], [1.0, 0.1]], dtype=np.float32)
    assert apply_thresholds(probabilities, [0.7, 0.2]).tolist() == [[True, False], [False, True], [True, False]]


def test_thresholds_of_another_number_of_behaviors_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(3, 2\) and \(1,\)"):
        apply_thresholds(np.zeros((3, 2), dtype=np.float32), [0.5])


def test_a_threshold_that_is_nan_is_refused() -> None:
    with pytest.raises(ValueError, match="threshold is NaN"):
        apply_thresholds(np.zeros((3, 1), dtype=np.float32), [np.nan])
