"""What the top level of a study file may hold."""

import pytest

from behavior.config import MADE_STREAMS


def test_defaults_are_those_of_the_reference_thesis(parse):
    study = parse()
    head = {"kind": "lstm", "layers": 3, "units": 64, "dropout": 0.5, "bidirectional": False, "share": False}
    assert study.head.model_dump() == head
    assert (study.windows.length, study.training.batch_size, study.training.learning_rate) == (300, 8, 0.001)
    assert (study.training.epochs, study.training.patience) == (50, 5)
    assert study.crop.size == 160
    assert study.streams == ["appearance"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"haed": {}}, "unknown key 'haed'; did you mean 'head'?"),
        ({"crop": None}, "crop is missing"),
        ({"behaviors": []}, "behaviors is []"),
        ({"behaviors": ["a", "a"]}, "more than once"),
        ({"behaviors": ["paw lick", "Paw_Lick"]}, "differ only in"),
        ({"behaviors": ["rear", "rear_prob"]}, "'rear_prob' is also the name of another column"),
        ({"behaviors": ["observed"]}, "reserved"),
        ({"behaviors": [" "]}, "an empty name"),
        ({"streams": []}, "streams is []"),
        ({"streams": ["motion", "motion"]}, "motion is named more than once"),
        ({"streams": ["pose"], "crop": {"whole_frame": True}}, "the stream 'pose' needs crop.body_part"),
        ({"streams": ["motifs"], "crop": None, "ensemble": {"members": [{"streams": ["motion"]}]}}, "crop is missing"),
        ({"labels": {"map": {"Groom": "groming"}}}, "labels.map: 'Groom' is 'groming', which is not among the behaviors; did you mean"),
        ({"postprocess": {"threshold": {"groming": 0.4}}}, "postprocess.threshold names 'groming', which is not among the behaviors"),
    ],
)
def test_a_study_whose_parts_do_not_fit_together_is_refused(refuse, changes, expected):
    assert expected in refuse(**changes)


def test_a_study_of_imported_features_needs_no_crop(parse):
    assert "motifs" not in MADE_STREAMS
    assert parse(crop=None, streams=["motifs"]).crop is None


def test_nothing_is_fitted_or_searched_unless_asked_for(parse):
    study = parse()
    assert (study.decisions, study.search, study.finetune, study.arena) == (None, None, None, None)
    assert (study.ensemble.members, study.ensemble.seeds) == ([], 1)
