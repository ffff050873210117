"""The section `search`; what a space may hold is tested with `behavior.search.space`."""

import pytest

SPACE = {"head.units": [32, 64]}


@pytest.mark.parametrize("nothing", [None, "none", {"rule": "none"}])
def test_pruning_can_be_switched_off_in_a_word(parse, nothing):
    assert parse(search={"space": SPACE, "pruning": nothing}).search.pruning.rule == "none"


def test_a_rule_alone_keeps_the_other_settings_of_pruning(parse):
    pruning = parse(search={"space": SPACE, "pruning": "percentile"}).search.pruning
    assert (pruning.rule, pruning.percentile, pruning.startup_trials, pruning.warmup_epochs) == ("percentile", 25.0, 5, 5)


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ({}, "'search.space' is missing"),
        ({"space": {}}, "search.space is {}, expected at least 1 entry"),
        ({"space": SPACE, "sampler": "tp"}, "did you mean 'tpe'?"),
        ({"space": SPACE, "objective": "accuracy"}, "search.objective is 'accuracy', expected 'average_precision', 'f1' or 'f2'"),
        ({"space": SPACE, "pruning": {"percentile": 100}}, "search.pruning.percentile is 100, expected less than 100"),
        ({"space": SPACE, "pruning": "medain"}, "did you mean 'median'?"),
    ],
)
def test_a_search_that_cannot_be_is_refused(refuse, search, expected):
    assert expected in refuse(search=search)
