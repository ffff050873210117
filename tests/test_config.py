"""What a study file may say, and what is said about one that says something else."""

from pathlib import Path

import numpy as np
import pytest

from behavior.config import Postprocess, Study, parse_section
from behavior.errors import UsageError

SOURCE = Path("study.yaml")
LEAST = {"behaviors": ["grooming", "mid_rearing"], "crop": {"body_part": "midbody"}}


def parse(**changes):
    return parse_section(Study, {**LEAST, **changes}, source=SOURCE)


def test_defaults_are_those_of_the_reference_thesis():
    study = parse()
    head = {"kind": "lstm", "layers": 3, "units": 64, "dropout": 0.5, "bidirectional": False, "share": False}
    assert study.head.model_dump() == head
    assert (study.windows.length, study.training.batch_size, study.training.learning_rate) == (300, 8, 0.001)
    assert (study.training.epochs, study.training.patience) == (50, 5)
    assert study.crop.size == 160


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"haed": {}}, "unknown key 'haed'; did you mean 'head'?"),
        ({"head": {"kind": "lstm", "unts": 3}}, "unknown key 'head.unts'; did you mean 'units'?"),
        ({"head": {"kind": "tcn", "filter": 3}}, "unknown key 'head.filter'; did you mean 'filters'?"),
        ({"head": {"kind": "mstcn", "stage": 3}}, "unknown key 'head.stage'; did you mean 'stages'?"),
        ({"head": {"kind": "mstcn", "kernel_size": 2}}, "head.kernel_size is 2"),
        ({"head": {"kind": "mstcn", "smoothing": -1}}, "head.smoothing is -1"),
        ({"head": {"kind": "transformer", "units": 30}}, "head: units 30 cannot be divided among 4 heads"),
        ({"head": {"kind": "transformer", "span": 0}}, "head.span is 0"),
        ({"head": {"kind": "tcn", "bidirectional": True}}, "unknown key 'head.bidirectional'"),
        ({"crop": {"bodypart": "x"}}, "did you mean 'body_part'?"),
        ({"crop": {}}, "body_part is missing"),
        ({"crop": None}, "crop is missing"),
        ({"head": {"kind": "gru"}}, "head.kind is 'gru', expected 'lstm', 'tcn', 'mstcn' or 'transformer'"),
        ({"training": {"epochs": 0}}, "training.epochs is 0"),
        ({"postprocess": {"threshold": 3}}, "postprocess.threshold is 3"),
        ({"postprocess": {"threshold": {"groming": 0.4}}}, "did you mean 'grooming'?"),
        ({"postprocess": {"closing_frames": 1, "closing_s": 0.1}}, "both given"),
        ({"behaviors": []}, "behaviors is []"),
        ({"behaviors": ["a", "a"]}, "more than once"),
        ({"behaviors": ["paw lick", "Paw_Lick"]}, "differ only in"),
        ({"behaviors": ["rear", "rear_prob"]}, "'rear_prob' is also the name of another column"),
        ({"behaviors": ["observed"]}, "reserved"),
    ],
)
def test_what_cannot_be_is_said_in_one_sentence_that_names_the_file(changes, expected):
    with pytest.raises(UsageError) as caught:
        parse(**changes)
    message = str(caught.value)
    assert message.startswith("study.yaml: ")
    assert expected in message
    assert "\n" not in message
    assert caught.value.exit_status == 2


HEAD_KEYS = "dropout, share, kind, layers, units, bidirectional"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"head": {"kind": "lstn"}}, "head.kind is 'lstn'; did you mean 'lstm'? (known: lstm, tcn, mstcn, transformer)."),
        ({"head": {"units": 3}}, "'head.kind' is missing, expected one of 'lstm', 'tcn', 'mstcn' or 'transformer'."),
        ({"head": "lstm"}, f"head is 'lstm', expected keys and values (known here: {HEAD_KEYS})."),
        ({"head": {"kind": "lstm", "dropout": 1}}, "head.dropout is 1, expected less than 1."),
        ({"head": {"kind": "lstm", "share": "maybe"}}, "head.share is 'maybe', expected true or false."),
        ({"crop": {"body_part": "m", "size": "hundred"}}, "crop.size is 'hundred', expected a whole number."),
        ({"crop": {"body_part": "m", "size": 100.5}}, "crop.size is 100.5, expected a whole number."),
        ({"crop": {"body_part": "m", "size": None}}, "crop.size is empty, expected a whole number."),
        ({"crop": {"body_part": "m", "size": 5}}, "crop.size is 5, expected at least 8."),
        ({"crop": {"body_part": "m", "min_likelihood": 2}}, "crop.min_likelihood is 2, expected at most 1."),
        ({"training": {"learning_rate": 0}}, "training.learning_rate is 0, expected more than 0."),
        ({"training": {"learning_rate": "fast"}}, "training.learning_rate is 'fast', expected a number."),
        ({"postprocess": {"threshold": {"grooming": "x"}}}, "postprocess.threshold.grooming is 'x', expected a number."),
        ({"behaviors": "grooming"}, "behaviors is 'grooming', expected a list, such as [a, b]."),
        ({"behaviors": [True]}, "behaviors.0 is true, expected text; put it in quotes."),
        ({"behaviors": []}, "behaviors is [], expected at least 1 entry."),
        ({"recordings": 5}, "recordings is 5, expected the path of a file."),
        ({"labels": {"map": ["a"]}}, "labels.map is ['a'], expected names and values, such as {grooming: ...}."),
        ({"arena": {"rectangle": [1, 2]}}, "arena.rectangle has 2 entries, expected more."),
        ({"ensemble": {"members": [{"hed": 1}]}}, "unknown key 'ensemble.members.0.hed'; did you mean 'head'? (known here: head, "),
    ],
)
def test_values_of_the_wrong_kind_are_said_in_plain_words(changes, sentence):
    with pytest.raises(UsageError) as caught:
        parse(**changes)
    assert str(caught.value).startswith(f"study.yaml: {sentence}")
    assert str(caught.value).endswith(").") or str(caught.value) == f"study.yaml: {sentence}"


@pytest.mark.parametrize(
    ("content", "source", "sentence"),
    [
        ("recording,video a,a.mp4", "videos/recordings.csv", "looks like a table, such as a manifest, expected a study file"),
        ("recording,video a,a.mp4", "recordings.txt", "looks like a table"),
        (None, "study.yaml", "is empty, expected a study file: YAML with keys such as 'behaviors'"),
        (["a"], "study.yaml", "found ['a'], expected a study file"),
    ],
)
def test_what_is_no_study_file_is_said(content, source, sentence):
    with pytest.raises(UsageError) as caught:
        parse_section(Study, content, source=Path(source))
    assert str(caught.value).startswith(f"{Path(source)}: {sentence}")


def test_every_problem_is_named_at_once():
    with pytest.raises(UsageError) as caught:
        parse(training={"epochs": 0, "pacience": 2})
    assert "training.epochs" in str(caught.value)
    assert "did you mean 'patience'?" in str(caught.value)


def test_a_study_of_imported_features_needs_no_crop():
    assert parse(crop=None, streams=["motifs"]).crop is None


def test_values_spread_over_behaviors_by_name_or_for_all():
    settings = Postprocess(threshold={"b": 0.25}, closing_frames=9, min_bout_s={"a": 0.5})
    np.testing.assert_array_equal(settings.thresholds(["a", "b"]), np.array([0.5, 0.25], dtype=np.float32))
    np.testing.assert_array_equal(settings.closing(["a", "b"], fps=25), [9, 9])
    np.testing.assert_array_equal(settings.min_bouts(["a", "b"], fps=25), [12, 0])


def test_several_body_parts_are_a_mean():
    assert parse(crop={"body_part": ["leftear", "rightear"]}).crop.body_parts == ("leftear", "rightear")


def test_nothing_is_fitted_and_no_feature_changed_unless_asked_for():
    study = parse()
    assert study.decisions is None
    assert (study.features.standardize, study.features.pca) == (False, None)
    assert parse(decisions={}).decisions.fit == ["threshold", "closing", "min_bout"]


@pytest.mark.parametrize(("pca", "kind"), [(64, int), (1, int), (0.95, float), (None, type(None))])
def test_principal_components_are_a_number_or_a_share(pca, kind):
    found = parse(features={"pca": pca}).features.pca
    assert found == pca
    assert type(found) is kind


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
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
        ({"features": {"standardise": True}}, "unknown key 'features.standardise'; did you mean 'standardize'?"),
        *(({"features": {"pca": pca}}, f"features.pca: found {pca!r}; give a whole number") for pca in (0, 1.5, -0.1, 1.0, True, "64")),
    ],
)
def test_what_cannot_be_fitted_is_said(changes, expected):
    with pytest.raises(UsageError) as caught:
        parse(**changes)
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)
