"""What a detector's file says, in order and of one shape."""

from __future__ import annotations

import numpy as np
import pytest

from behavior.files.detection_table import DetectionTable
from behavior.files.pose_table import PoseInstances


def test_boxes_are_put_in_the_order_of_their_frames() -> None:
    frames = np.array([4, 0, 4])
    positions = np.array([[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]])
    table = DetectionTable.from_boxes(frames, positions, np.full((3, 2), 5.0), scores=np.array([0.1, 0.2, 0.3]))
    assert table.frames.tolist() == [0, 4, 4] and table.scores.tolist() == [0.2, 0.1, 0.3]
    assert table.select(table.frames == 4).positions.tolist() == [[1, 1], [3, 3]]


def test_likelihoods_above_one_count_as_one() -> None:
    instances = PoseInstances(np.array([2]), np.array([0]), ("a",), ("nose",), np.array([[[1.0, 2.0, 1.7]]]))
    assert DetectionTable.from_instances(instances).likelihoods.tolist() == [[1.0]]


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="positions have shape"):
        DetectionTable.from_boxes(np.array([0]), np.zeros((1, 3)), np.zeros((1, 2)))
