"""The kinds of models in an ensemble, how their predictions are combined, and how they are described."""

import numpy as np
import pytest

from behavior.config import Ensemble, Study
from behavior.learning.variants import combine_members, describe_epochs, describe_model, list_variants, select_view

LSTM = {"kind": "lstm", "layers": 1, "units": 4, "dropout": 0.1}
MEMBERS = [
    {"head": LSTM},
    {
        "head": {"kind": "transformer", "layers": 1, "units": 4, "heads": 2, "span": 4, "dropout": 0.0},
        "streams": ["places"],
        "windows": {"length": 20},
    },
    {"head": {**LSTM, "bidirectional": True, "share": True}, "streams": ["motifs", "places"], "features": {"average": 2, "pca": 3}},
]


def test_a_study_without_an_ensemble_is_one_kind_of_model(make_study):
    study = make_study(ensemble={"seeds": 3, "bagging": "recordings"})
    (variant,) = list_variants(study)
    assert variant == study.model_copy(update={"ensemble": Ensemble()})
    assert list_variants(variant) == [variant]


def test_members_take_from_the_study_what_they_do_not_set(make_study):
    study = make_study(ensemble={"members": MEMBERS, "seeds": 2}, windows={"length": 30}, features={"standardize": True})
    first, second, third = list_variants(study)
    assert (first.streams, first.windows.length, first.features.standardize) == (["motifs"], 30, True)
    assert (second.head.kind, second.streams, second.windows.length, second.features.standardize) == ("transformer", ["places"], 20, True)
    assert (third.head.share, third.streams, third.features.average, third.features.standardize) == (True, ["motifs", "places"], 2, False)
    assert all(variant.ensemble == Ensemble() for variant in (first, second, third))


# The odds of 0.2 and 0.6 are 1/4 and 3/2, whose geometric mean is the root of 3/8.
@pytest.mark.parametrize(
    ("combine", "expected"), [("mean", [0.4, 0.5]), ("vote", [0.5, 0.5]), ("log_odds", [0.375**0.5 / (1 + 0.375**0.5), 0.5])]
)
def test_members_are_combined_frame_by_frame(combine, expected):
    members = np.array([[[0.2, 0.9]], [[0.6, 0.1]]], dtype=np.float32)
    combined = combine_members(members, combine)
    assert combined.dtype == np.float32
    np.testing.assert_allclose(combined, [expected], rtol=1e-6)


def test_a_member_without_a_prediction_is_left_out():
    members = np.array([[[0.2, np.nan]], [[0.6, np.nan]], [[np.nan, np.nan]]], dtype=np.float32)
    np.testing.assert_allclose(combine_members(members, "mean"), [[0.4, np.nan]], rtol=1e-6)
    np.testing.assert_allclose(combine_members(members, "vote"), [[0.5, np.nan]])
    np.testing.assert_allclose(combine_members(members[[0, 2]], "log_odds"), [[0.2, np.nan]], rtol=1e-5)


def test_a_member_that_is_quite_sure_does_not_decide_alone():
    members = np.array([[[1.0, 0.0]], [[0.001, 0.999]]], dtype=np.float32)
    odds = (9999 / 999) ** 0.5
    np.testing.assert_allclose(combine_members(members, "log_odds"), [[odds / (1 + odds), 1 / (1 + odds)]], rtol=1e-4)


def test_any_takes_the_highest_probability_of_those_that_there_are():
    members = np.array([[[0.2, np.nan]], [[0.7, np.nan]], [[np.nan, np.nan]]], dtype=np.float32)
    np.testing.assert_allclose(combine_members(members, "any"), [[0.7, np.nan]])
    # Decided at 0.5, one member that votes is enough.
    rng = np.random.default_rng(0)
    drawn = rng.random((4, 50, 3)).astype(np.float32)
    np.testing.assert_array_equal(combine_members(drawn, "any") >= 0.5, (drawn >= 0.5).any(axis=0))


def test_a_half_is_a_vote():
    assert combine_members(np.array([[[0.5]], [[0.49]]], dtype=np.float32), "vote").tolist() == [[0.5]]


def test_a_model_is_described_by_its_features_head_and_decisions(make_study):
    study = make_study(head=LSTM, windows={"length": 30}, features={"average": 2, "standardize": True, "pca": 0.9})
    assert describe_model(study) == (
        "Features and head: motifs (mean of 2 frames, standardised, PCA to 0.9); lstm head on windows of 30 frames; decisions: "
        "threshold 0.5."
    )
    assert "motifs (normal scores, standardised);" in describe_model(make_study(features={"standardize": "quantiles"}))


def test_trees_are_described_by_their_windows(make_study):
    boosting = {"kind": "boosting", "windows_s": [0.5, 2], "trees": 70}
    study = make_study(ensemble={"members": [{"head": boosting}, {"head": LSTM}]}, training={"epochs": 9})
    assert "motifs; boosted trees on statistics of frames and of the 0.5, 2 s around them + motifs; lstm head" in describe_model(study)
    assert describe_epochs(study) == "70 trees or 9 epochs"
    fitted = make_study(decisions={"fit": ["closing"]}, postprocess={"closing_s": 1, "min_bout_s": 2})
    assert describe_model(fitted).endswith("; decisions: threshold 0.5, min_bout_s 2.0.")
    assert "decisions" not in describe_model(make_study(decisions={}))
    assert "; boosted trees on statistics of frames; decisions" in describe_model(make_study(head=boosting | {"windows_s": []}))


def test_an_ensemble_is_described_by_its_members_and_how_they_are_combined(make_study):
    study = make_study(ensemble={"members": MEMBERS, "seeds": 2, "combine": "vote", "bagging": "recordings"}, decisions={})
    text = describe_model(study)
    assert "vote of 6 models per behavior; each from recordings drawn with replacement; " in text
    assert "bidirectional lstm head, one network for all behaviors on windows of" in text
    assert text.count(" + ") == 2
    assert "decisions" not in text


VIEWS = {"behaviors": ["rear"], "streams": ["top", "imu@side"], "views": {"others": {"side": {}}}}


def test_one_view_has_its_own_streams_and_members():
    members = [{"streams": ["top"]}, {"streams": ["top", "imu@side"]}, {"head": {"kind": "mstcn"}}]
    study = Study.model_validate({**VIEWS, "ensemble": {"members": members}})
    side = select_view(study, "side")
    assert side.streams == ["imu@side"] and [member.streams for member in side.ensemble.members] == [["imu@side"], None]
    assert select_view(study, "").streams == ["top"]


@pytest.mark.parametrize(("combine", "expected"), [("features", [["top", "imu@side"]]), ("predictions", [["top"], ["imu@side"]])])
def test_each_view_has_a_model_of_its_own_where_predictions_are_combined(combine, expected):
    study = Study.model_validate({**VIEWS, "views": {"combine": combine, "others": {"side": {}}}})
    assert [variant.streams for variant in list_variants(study)] == expected
