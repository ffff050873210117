"""The sections `postprocess` and `decisions`."""

import numpy as np
import pytest

from behavior.config import Postprocess, spread_over_behaviors


def test_values_spread_over_behaviors_by_name_or_for_all():
    settings = Postprocess(threshold={"b": 0.25}, closing_frames=9, min_bout_s={"a": 0.5})
    np.testing.assert_array_equal(settings.thresholds(["a", "b"]), np.array([0.5, 0.25], dtype=np.float32))
    np.testing.assert_array_equal(settings.closing(["a", "b"], fps=25), [9, 9])
    np.testing.assert_array_equal(settings.min_bouts(["a", "b"], fps=25), [12, 0])


def test_a_behavior_without_a_value_of_its_own_has_the_default():
    np.testing.assert_array_equal(spread_over_behaviors({"b": 3}, ["a", "b"], default=7), [7.0, 3.0])
    np.testing.assert_array_equal(spread_over_behaviors(None, ["a", "b"], default=7), [7.0, 7.0])
    np.testing.assert_array_equal(spread_over_behaviors(2, ["a", "b"], default=7), [2.0, 2.0])


def test_without_a_length_nothing_is_closed_or_removed():
    np.testing.assert_array_equal(Postprocess().closing(["a", "b"], fps=25), [0, 0])
    np.testing.assert_array_equal(Postprocess().min_bouts(["a", "b"], fps=25), [0, 0])


def test_an_empty_section_fits_everything(parse):
    decisions = parse(decisions={}).decisions
    assert decisions.fit == ["threshold", "closing", "min_bout"]
    assert (decisions.beta, decisions.calibration, decisions.nested) == (1.0, "none", "folds")
    assert parse(decisions={"fit": [], "calibration": "isotonic"}).decisions.fit == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"postprocess": {"threshold": 3}}, "postprocess.threshold is 3"),
        ({"postprocess": {"threshold": {"groming": 0.4}}}, "did you mean 'grooming'?"),
        ({"postprocess": {"closing_frames": 1, "closing_s": 0.1}}, "both given"),
        ({"postprocess": {"min_bout_frames": 1, "min_bout_s": 0.1}}, "both given"),
        ({"decisions": {"bta": 2}}, "unknown key 'decisions.bta'; did you mean 'beta'?"),
        ({"decisions": {"beta": 0}}, "decisions.beta is 0"),
        (
            {"decisions": {"fit": ["treshold"]}},
            "decisions.fit.0 is 'treshold'; did you mean 'threshold'? (known: threshold, closing, min_bout)",
        ),
        ({"decisions": {"fit": ["closing", "closing"]}}, "closing is named more than once"),
        ({"decisions": {"fit": []}}, "nothing is fitted"),
        ({"decisions": {"calibration": "platt"}}, "'none', 'isotonic' or 'logistic'"),
        ({"decisions": {"nested": "fold"}}, "did you mean 'folds'? (known: folds, pairs)"),
    ],
)
def test_decisions_that_cannot_be_made_are_refused(refuse, changes, expected):
    assert expected in refuse(**changes)
