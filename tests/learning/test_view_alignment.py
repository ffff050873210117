"""Rows of a view for the moments of the first view."""

import numpy as np
import pytest

from behavior.errors import UsageError
from behavior.files.feature_cache import FeatureOutline
from behavior.files.feature_sources import Signature
from behavior.learning.view_alignment import align_view, find_row_times, lay_view, make_absent
from behavior.row_blocks import RowBlocks

FIRST_S = np.arange(300) / 10


@pytest.mark.parametrize("rate", [5.0, 10.0, 29.97])
@pytest.mark.parametrize("start_s", [-3.0, 0.0, 2.0])
def test_the_nearest_row_in_time_stands_for_each(rate, start_s):
    view_s = np.arange(int(25 * rate)) / rate
    rows = align_view("m@side", view_s, start_s, FIRST_S)
    away = np.abs(view_s[rows.places] + start_s - FIRST_S)
    assert (away[rows.is_shown] <= max(0.5 / rate, 1 / rate)).all()
    inside = (start_s <= FIRST_S) & (start_s + view_s[-1] >= FIRST_S)
    assert rows.is_shown[inside].all() and (away[inside] <= 0.5 / rate + 1e-9).all()
    assert not rows.is_shown[(start_s - 1 / rate >= FIRST_S) | (start_s + view_s[-1] + 1 / rate <= FIRST_S)].any()


def test_a_view_of_another_time_is_refused():
    with pytest.raises(UsageError, match=r"recording 'm': its view 'side' starts 40 s after .* lasts from 0 to 29.9 s.*correct start_side"):
        align_view("m@side", FIRST_S, 40.0, FIRST_S)


def test_features_in_blocks_are_laid_as_those_in_memory():
    values = np.random.default_rng(0).normal(size=(150, 3)).astype(np.float32)
    rows = align_view("m@side", np.arange(150) / 5, 2.0, FIRST_S)
    blocks = RowBlocks(values.shape, values.dtype, lambda start, stop: values[start:stop], n_together=40)
    plain, laid = lay_view(values, rows), lay_view(blocks, rows)
    np.testing.assert_array_equal(laid[0 : len(laid)], plain)
    assert np.isnan(plain[:19]).all() and not np.isnan(plain[20:]).any()


def test_rows_of_sampled_features_have_the_times_of_their_frames():
    outline = FeatureOutline(1, np.arange(6) / 2, 2.0, Signature("x", {}), np.array([0, 3]))
    assert find_row_times(outline).tolist() == [0.0, 1.5]


def test_a_missing_view_takes_no_memory():
    absent = make_absent(10**9, 100)
    assert absent.shape == (10**9, 100) and np.isnan(absent[-1]).all()
