"""What labels lack before a model can be trained on them."""

from __future__ import annotations

import numpy as np
import pytest

from behavior.errors import LabelError
from behavior.learning.label_needs import count_labelled_minutes, list_needs, require_enough_labels
from behavior.learning.learning_data import LearningData
from behavior.learning.recording_features import RecordingFeatures
from behavior.recording import Labels, Recording

BEHAVIORS = ("groom", "rear", "rest")


def make_labels(*rows: tuple[int, ...]) -> Labels:
    return Labels(np.array(rows, dtype=np.int8), BEHAVIORS)


def test_what_is_missing_is_named_over_all_recordings() -> None:
    needs = list_needs([make_labels((1, 0, 1), (-1, -1, -1)), make_labels((0, 0, 1))], BEHAVIORS)
    assert needs == {"rear": "rear has no bout yet", "rest": "every frame that is labelled has rest; label some without it"}
    # One behavior can be trained.
    require_enough_labels(needs, BEHAVIORS)


def test_labels_that_nothing_can_be_trained_on_are_refused_in_one_sentence() -> None:
    with pytest.raises(LabelError, match="groom has no bout yet; rear has no bout yet; rest has no bout yet"):
        require_enough_labels(list_needs([], BEHAVIORS), BEHAVIORS)


def test_minutes_are_of_frames_with_a_label_for_any_behavior() -> None:
    labels = Labels(np.full((1200, 3), -1, dtype=np.int8), BEHAVIORS)
    labels.values[:600, 0] = 0
    features = RecordingFeatures(np.zeros((1200, 2), dtype=np.float32), np.arange(1200) / 10, 10.0, (), broke_off=False)
    assert count_labelled_minutes(LearningData((Recording("m1"),), (features,), (labels,), BEHAVIORS)) == 1.0
