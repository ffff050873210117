"""A cross-validation that was opened."""

import numpy as np
import pandas as pd
import pytest

import behavior as bh


def test_it_holds_scores_predictions_and_labels(demo):
    cv = bh.open_crossval(str(demo.crossval))
    pd.testing.assert_frame_equal(cv.metrics, pd.read_csv(demo.crossval / "metrics.csv", dtype={"recording": str}))
    assert list(cv.ethograms) == list(cv.labels) == ["mouse_01", "mouse_02", "mouse_03"]
    assert set(cv.folds["fold"]) == {"mouse_01", "mouse_02", "mouse_03"}
    labels = bh.open_study(demo.study).labels("mouse_02")
    assert np.array_equal(cv.labels["mouse_02"].values, labels.values)


def test_its_scores_are_those_of_its_predictions(demo):
    cv = bh.open_crossval(demo.crossval)
    again = cv.ethograms["mouse_01"].score(cv.labels["mouse_01"]).query("recording == 'mouse_01'")
    merged = cv.metrics.merge(again, on=["recording", "behavior", "metric"], suffixes=("", "_again"))
    assert len(merged) == len(again) > 20
    assert np.allclose(merged["value"], merged["value_again"], equal_nan=True)


def test_it_shows_the_pooled_scores(demo):
    lines = repr(bh.open_crossval(demo.crossval)).splitlines()
    assert lines[0] == f"Cross-validation in {demo.crossval}: 3 recordings"
    assert lines[1].split()[:2] == ["behavior", "average_precision"]
    assert [line.split()[0] for line in lines[2:]] == ["grooming", "mid_rearing", "wall_rearing"]


def test_a_folder_without_one_is_named(tmp_path):
    with pytest.raises(bh.CrossvalError, match=str(tmp_path)):
        bh.open_crossval(tmp_path)
