"""How many frames of each class there are, and how much each counts."""

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_class_weight

from behavior.sequence.weighting import balance_classes, count_classes


def test_class_weights_follow_the_formula():
    assert balance_classes([np.array([0, 0, 0, 1, -1], dtype=np.int8)]) == (4 / 6, 4 / 2)
    with pytest.raises(ValueError, match="0 positive"):
        balance_classes([np.zeros(3, dtype=np.int8)])


def test_unlabelled_frames_are_not_counted():
    assert count_classes([np.array([0, 1, -1, 0], dtype=np.int8), np.array([-1], dtype=np.int8), np.zeros(0, dtype=np.int8)]) == (2, 1)
    assert count_classes([]) == (0, 0)


def test_weights_are_scikit_learns_over_all_recordings_together():
    labels = [np.random.default_rng(seed).integers(-1, 2, 50).astype(np.int8) for seed in range(3)]
    known = np.concatenate(labels)
    known = known[known >= 0]
    expected = compute_class_weight("balanced", classes=np.array([0, 1]), y=known)
    np.testing.assert_allclose(balance_classes(labels), expected)
