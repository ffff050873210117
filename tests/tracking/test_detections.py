from __future__ import annotations

import numpy as np
import pytest

from behavior.tracking.detections import Detections


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
