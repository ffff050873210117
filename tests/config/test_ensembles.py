"""The section `ensemble`."""

import pytest

from behavior.config import LstmHead, MstcnHead


def test_members_hold_only_what_differs_from_the_study(parse):
    ensemble = parse(ensemble={"seeds": 3, "members": [{"head": {"kind": "mstcn"}}, {"windows": {"length": 600}}]}).ensemble
    first, second = ensemble.members
    assert isinstance(first.head, MstcnHead)
    assert (first.windows, first.streams, first.backbone, first.features) == (None, None, None, None)
    assert second.head is None
    assert second.windows.length == 600
    assert (ensemble.seeds, ensemble.bagging, ensemble.combine) == (3, "none", "mean")


def test_without_members_the_study_is_the_only_one(parse):
    study = parse(ensemble={"seeds": 2})
    assert study.ensemble.members == []
    assert isinstance(study.head, LstmHead)


@pytest.mark.parametrize(
    ("ensemble", "expected"),
    [
        ({"seeds": 0}, "ensemble.seeds is 0, expected at least 1"),
        ({"combine": "max"}, "ensemble.combine is 'max', expected 'mean', 'log_odds', 'vote' or 'any'"),
        ({"bagging": "recording"}, "did you mean 'recordings'?"),
        ({"members": [{"streams": []}]}, "ensemble.members.0.streams is [], expected at least 1 entry"),
        ({"members": [{"training": {}}]}, "unknown key 'ensemble.members.0.training'"),
    ],
)
def test_an_ensemble_that_cannot_be_is_refused(refuse, ensemble, expected):
    assert expected in refuse(ensemble=ensemble)
