"""Streams of one recording side by side, with those of other views."""

from dataclasses import replace

import numpy as np
import pytest

from behavior.errors import UsageError
from behavior.files.feature_cache import FeatureSet
from behavior.files.feature_sources import Signature
from behavior.files.model_bundle import StreamDescription
from behavior.learning.recording_features import RecordingFeatures, join_streams, lay_feature_rows, require_same_frames


def make_set(name, values, fps):
    values = np.asarray(values, dtype=np.float32)[:, None]
    unknown = np.full((len(values), 2), np.nan, dtype=np.float32)
    measured = np.ones(len(values), dtype=bool)
    return FeatureSet(values, unknown, measured, np.arange(len(values)) / fps, fps, Signature(name, {"features": 1}))


TOP = make_set("top", np.arange(8), 2.0)
# One second later, at half the rate: rows at 1, 2 and 3 s of the first view.
SIDE = make_set("imu", [10, 20, 30], 1.0)
LACKED = {"imu@side": StreamDescription(name="imu@side", signature=SIDE.signature.text, n_features=1)}


def join(*sets, names=("top", "imu@side"), **given):
    return join_streams("m", names, sets, starts=[0.0, 1.0][: len(sets)], **given)


def test_a_view_is_laid_onto_the_frames_of_the_first():
    joined = join(TOP, SIDE)
    assert joined.values[:, 0].tolist() == list(range(8))
    np.testing.assert_array_equal(joined.values[:, 1], [np.nan, 10, 10, 10, 20, 20, 30, 30])
    assert joined.present[:, 1].tolist() == [False] + [True] * 7 and joined.present[:, 0].all()
    assert joined.complete_values.shape == (7, 2) and joined.is_seen is None
    assert [stream.name for stream in joined.streams] == ["top", "imu@side"]


def test_a_view_is_laid_onto_sampled_rows():
    joined = join(TOP, SIDE, sampling=1.0)
    np.testing.assert_array_equal(joined.values, [[0, np.nan], [2, 10], [4, 20], [6, 30]])


def test_a_view_that_is_missing_is_absent_or_left_out():
    joined = join(TOP, None, lacked=LACKED)
    assert np.isnan(joined.values[:, 1]).all() and not joined.present[:, 1].any() and len(joined.complete_values) == 0
    assert join(TOP, None).values.shape == (8, 1)


def test_a_view_alone_has_the_frames_of_the_first_and_predicts_only_what_it_shows():
    alone = join_streams("m", ["imu@side"], [SIDE], starts=[1.0], onto=join(TOP, SIDE))
    assert alone.frames.n_frames == 8 and alone.is_frame_seen.tolist() == [False] + [True] * 7
    spread = alone.spread(np.full((8, 1), 0.5, dtype=np.float32))[:, 0]
    np.testing.assert_array_equal(spread, [np.nan] + [0.5] * 7)
    with pytest.raises(ValueError, match="of other views than the first"):
        join_streams("m", ["imu@side"], [SIDE], starts=[1.0])


def test_streams_of_the_first_view_need_the_same_frames():
    with pytest.raises(UsageError, match="different numbers of frames"):
        require_same_frames("m", ["top", "imu"], [TOP, SIDE])
    assert lay_feature_rows("m", [TOP], sampling=None) is None


def test_without_views_every_row_is_there():
    joined = join_streams("m", ["top"], [TOP])
    assert isinstance(joined, RecordingFeatures) and joined.present is None and joined.complete_values is joined.values


def test_how_the_animal_grows_is_what_the_first_view_knows():
    known = replace(TOP, attributes={"growth to the right": 1.5, "broke_off": False})
    second = replace(TOP, attributes={"growth to the right": 3.0, "growth downwards": 0.5})
    of_side = replace(SIDE, attributes={"growth downwards": 7.0})
    assert join(known, of_side).growths == {"growth to the right": 1.5}
    assert join(known, second, names=("top", "motion")).growths == {"growth to the right": 1.5, "growth downwards": 0.5}
    # Features of earlier versions say nothing of it.
    assert join(TOP, SIDE).growths == {}
