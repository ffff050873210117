"""The sentences about a file that cannot be read as a section."""

from pathlib import Path

import pytest

from behavior.config import Study, parse_section
from behavior.errors import UsageError

HEAD_KEYS = "dropout, share, kind, layers, units, bidirectional"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"head": {"kind": "lstn"}}, "head.kind is 'lstn'; did you mean 'lstm'? (known: lstm, tcn, mstcn, transformer, boosting)."),
        ({"head": {"units": 3}}, "'head.kind' is missing, expected one of 'lstm', 'tcn', 'mstcn', 'transformer' or 'boosting'."),
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
        (
            {"crop": {"body_part": "m", "min_likelihood": 0, 6: None}},
            "crop has the key 6, expected the name of a key; write a decimal number with a point, as 0.6, and a name that looks like a "
            "number in quotes.",
        ),
        (
            {"postprocess": {"threshold": {"groming": 0.5}}},
            "postprocess.threshold names 'groming', which is not among the behaviors; did you mean 'grooming'?",
        ),
        ({"behaviors": "grooming"}, "behaviors is 'grooming', expected a list, such as [a, b]."),
        ({"behaviors": [True]}, "behaviors.0 is true, expected text; put it in quotes."),
        ({"behaviors": []}, "behaviors is [], expected at least 1 entry."),
        ({"recordings": 5}, "recordings is 5, expected the path of a file."),
        ({"labels": {"map": ["a"]}}, "labels.map is ['a'], expected names and values, such as {grooming: ...}."),
        ({"arena": {"rectangle": [1, 2]}}, "arena.rectangle has 2 entries, expected more."),
        ({"ensemble": {"members": [{"hed": 1}]}}, "unknown key 'ensemble.members.0.hed'; did you mean 'head'? (known here: head, "),
    ],
)
def test_values_of_the_wrong_kind_are_described_in_plain_words(refuse, changes, sentence):
    message = refuse(**changes)
    assert message.startswith(f"study.yaml: {sentence}")
    assert message.endswith(").") or message == f"study.yaml: {sentence}"


@pytest.mark.parametrize(
    ("content", "source", "sentence"),
    [
        ("recording,video a,a.mp4", "videos/recordings.csv", "looks like a table, such as a manifest, expected a study file"),
        ("recording,video a,a.mp4", "recordings.txt", "looks like a table"),
        (None, "study.yaml", "is empty, expected a study file: YAML with keys such as 'behaviors'"),
        (["a"], "study.yaml", "found ['a'], expected a study file"),
    ],
)
def test_a_file_that_is_not_a_study_file_is_refused(content, source, sentence):
    with pytest.raises(UsageError) as caught:
        parse_section(Study, content, source=Path(source))
    assert str(caught.value).startswith(f"{Path(source)}: {sentence}")


def test_every_problem_is_named_at_once(refuse):
    message = refuse(training={"epochs": 0, "pacience": 2})
    assert "training.epochs" in message
    assert "did you mean 'patience'?" in message
