"""Measures of files of each version."""

from __future__ import annotations

import numpy as np

from behavior.files.feature_measures import LIVE_MEASURES, MEASURES, place_measures


def test_files_that_knew_no_noise_have_none_and_all_else_in_its_place() -> None:
    known = np.arange(10, dtype=np.float32).reshape(2, 5)
    placed = dict(zip(MEASURES, place_measures(known).T, strict=True))
    assert np.isnan(placed.pop("noise")).all()
    np.testing.assert_array_equal(np.column_stack([placed[name] for name in placed]), known)
    assert list(placed) == ["brightness", "contrast", "sharpness", "size", "likelihood"]


def test_files_of_this_version_and_odd_ones_are_as_they_are() -> None:
    for n_columns in (3, len(MEASURES)):
        known = np.ones((2, n_columns), dtype=np.float32)
        assert place_measures(known) is known


def test_live_measures_are_the_first() -> None:
    assert (*LIVE_MEASURES, "noise") == MEASURES[:4]
