from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from behavior.metrics import score_frames
from behavior.postprocess import clean_decisions


def test_gaps_close_before_short_bouts_go() -> None:
    # Two single frames one frame apart: joined they last three frames, alone neither would stay.
    probabilities = np.array([0, 0.9, 0, 0.9, 0, 0, 0, 0.9, 0], dtype=np.float32)[:, np.newaxis]
    raw, cleaned = clean_decisions(probabilities, thresholds=[0.5], closing_frames=[2], min_bout_frames=[3])
    assert np.flatnonzero(raw[:, 0]).tolist() == [1, 3, 7]
    assert np.flatnonzero(cleaned[:, 0]).tolist() == [1, 2, 3]


def test_each_behavior_has_its_own_settings() -> None:
    column = np.array([0.6, 0.1, 0.6, 0.1, 0.1], dtype=np.float32)
    probabilities = np.column_stack([column, column, column])
    raw, cleaned = clean_decisions(probabilities, thresholds=[0.5, 0.5, 0.65], closing_frames=[0, 2, 2], min_bout_frames=[0, 0, 0])
    assert raw.sum(axis=0).tolist() == [2, 2, 0]
    assert cleaned.sum(axis=0).tolist() == [2, 3, 0]


def test_no_frames_give_no_decisions() -> None:
    raw, cleaned = clean_decisions(
        np.zeros((0, 2), dtype=np.float32), thresholds=[0.5] * 2, closing_frames=[5] * 2, min_bout_frames=[2] * 2
    )
    assert raw.shape == cleaned.shape == (0, 2)


@pytest.mark.parametrize(("closing", "shortest"), [([1.5], [0]), ([0], [2.5]), ([1, 2], [0]), ([-1], [0]), ([0], [-1])])
def test_settings_that_mean_nothing_are_refused(closing: list[float], shortest: list[float]) -> None:
    with pytest.raises(ValueError, match=r"closing_frames|min_bout_frames"):
        clean_decisions(np.zeros((3, 1), dtype=np.float32), thresholds=[0.5], closing_frames=closing, min_bout_frames=shortest)


def test_on_the_public_prediction_of_the_thesis_cleaning_never_pays(shared_data: Path) -> None:
    table = np.loadtxt(shared_data / "formats" / "thesis" / "results.csv", delimiter=",", skiprows=1)
    labels, probabilities = table[:, 1:4].astype(np.int8), table[:, 4:7].astype(np.float32)
    f1 = {}
    for closing_frames in (0, 2, 5, 15, 51):
        raw, cleaned = clean_decisions(probabilities, thresholds=[0.5] * 3, closing_frames=[closing_frames] * 3, min_bout_frames=[0] * 3)
        assert cleaned[raw].all()
        f1[closing_frames] = [score_frames(labels[:, column], None, cleaned[:, column])["f1"] for column in range(3)]
    np.testing.assert_allclose(f1[0], [0.9378, 0.6667, 0.8017], atol=5e-5)
    lengths = sorted(f1)
    for shorter, longer in pairwise(lengths):
        assert np.all(np.array(f1[longer]) <= f1[shorter])
