"""Behaviors that a label file has no room for: asked for, not labelled or absent."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from label_samples import (
    CASES,
    NAMES,
    VALUES,
    Case,
    make_bento,
    make_caltech,
    make_project,
    name_case,
    read,
    write,
)

from behavior.errors import LabelError
from behavior.files.label_formats.missing_behaviors import check_missing
from behavior.files.label_formats.request import LabelPolicies, LabelRequest
from behavior.recording import Frames

LISTING = ("frame table", "DeepEthogram labels", "SimBA targets_inserted", "sheet of x marks", "BORIS project", "Bento annotation")
LISTING += ("Caltech Behavior Annotator",)


@pytest.mark.parametrize("case", [case for case in CASES if case.format in LISTING], ids=name_case)
def test_a_behavior_that_a_file_has_no_room_for_is_asked_for(case: Case, tmp_path: Path) -> None:
    path, names = case.write(tmp_path), (*NAMES, "sniffing")
    with pytest.raises(LabelError, match=r"has no (column|behavior) 'sniffing', only .*labels: \{missing: unlabelled\} if nobody looked"):
        read(path, names)
    for policy, value, word in (("unlabelled", -1, "not labelled"), ("absent", 0, "labelled as without it")):
        values, notes = read(path, names, policies=LabelPolicies(missing=policy))
        np.testing.assert_array_equal(values[:, :2], VALUES)
        assert (values[:, 2] == value).all()
        assert any(f" sniffing; all frames count as {word} (labels: missing)." in note for note in notes)


def test_a_name_that_is_near_is_one_sentence_with_what_to_do() -> None:
    request = LabelRequest(("grooming",), Frames(0))
    with pytest.raises(LabelError) as caught:
        check_missing(Path("a.csv"), ["groming", "rear"], request, kind="column")
    assert str(caught.value).startswith(
        "a.csv: has no column 'grooming', only groming, rear; did you mean 'groming'? Rename it there, or map it"
    )
    assert "labels: {map: {'groming': 'grooming'}}" in str(caught.value) and "nobody looked" not in str(caught.value)


@pytest.mark.parametrize("make", [make_project, make_bento, make_caltech])
def test_a_behavior_that_could_be_coded_and_was_not_is_absent(tmp_path: Path, make: Callable[[], str]) -> None:
    text = make()
    for old, new in (
        ('"code": "Jump"', '"code": "sniffing"'),
        ("Supported\n\nCh1", "Supported\nsniffing\n\nCh1"),
        ("Supported\ts\n", "Supported\ts\nsniffing\tn\n"),
    ):
        text = text.replace(old, new)
    assert "sniffing" in text
    values, _ = read(write(tmp_path / "a.txt", text), (*NAMES, "sniffing"))
    np.testing.assert_array_equal(values, np.column_stack((VALUES, np.zeros(len(VALUES), np.int8))))


def test_names_with_modifiers_and_mappings_make_room() -> None:
    mapping = {"groom|face": "face_groom", "Rearing": "rear"}
    request = LabelRequest(("face_groom", "rear"), Frames(0), mapping=mapping)
    assert check_missing(Path("a.boris"), ["Groom", "rearing"], request, kind="behavior") == []
    with pytest.raises(LabelError, match="has no behavior 'rear', only Groom"):
        check_missing(Path("a.boris"), ["Groom"], request, kind="behavior")


def test_a_track_of_ethovision_is_named_with_the_column_that_is_meant(tmp_path: Path) -> None:
    text = "Trial time,Recording time,X center,Grooming(Mutually exclusive)\ns,s,cm,\n0,0,1.5,1\n0.1,0.1,1.5,0\n"
    path = write(tmp_path / "a.csv", text)
    with pytest.raises(LabelError, match=r"has no EthoVision column 'grooming', only .*; did you mean 'Grooming\(Mutually exclusive\)'\?"):
        read(path, ("grooming",), frames=Frames.from_times(np.arange(2) / 10))
    values, _ = read(path, ("grooming",), frames=Frames.from_times(np.arange(2) / 10), mapping={"Grooming(Mutually exclusive)": "grooming"})
    assert values[:, 0].tolist() == [1, 0]
