"""What names in label files stand for."""

from __future__ import annotations

from pathlib import Path

import pytest
from label_samples import list_frames, make_observation, make_project, read, write

from behavior.errors import LabelError
from behavior.files.label_formats.naming import Naming, is_likely_misspelt, join_modifiers
from behavior.files.labels import list_behaviors


def test_modifiers_count_where_they_are_mapped(tmp_path: Path) -> None:
    events = [
        [at, "", "Grooming", modifier, ""]
        for modifier, span in (("face|left", (0.1, 0.3)), ("None", (0.5, 0.7)), ("body", (0.9, 1.0)))
        for at in span
    ]
    path = write(tmp_path / "a.boris", make_project(observations={"o": make_observation(events)}))
    assert list_behaviors(path) == ("Grooming",)
    values, notes = read(path, ("Grooming",))
    assert (list_frames(values[:, 0]), notes) == ([1, 2, 5, 6, 9], [])
    values, _ = read(path, ("Grooming", "face"), mapping={"Grooming|face|left": "face"})
    assert [list_frames(column) for column in values.T] == [[5, 6, 9], [1, 2]]
    values, notes = read(path, ("face",), mapping={"Grooming|face|left": "face"})
    assert list_frames(values[:, 0]) == [1, 2]
    assert notes[0].endswith("left out: Grooming, Grooming|body.")


def test_names_stand_for_behaviors() -> None:
    naming = Naming(("groom", "face"), {"Grooming|face": "face", " Groom ": "groom", "Rear": "elsewhere"}, frozenset({"noise"}))
    expected = {"groom": 0, "GROOM": 0, "Grooming|face": 1, "Grooming|body": None, "groom|body": 0, "Rear": None, "noise": None}
    assert {name: naming.find_behavior(name) for name in expected} == expected
    notes = naming.note_left_out(Path("a.csv"), ["Grooming|body", "Grooming|face", "noise", "groom"], "columns")
    assert notes == ["a.csv: columns that the study does not name are left out: Grooming|body."]
    assert naming.note_left_out(Path("a.csv"), ["groom", "noise"], "columns") == []


def test_names_that_are_likely_meant_are_refused() -> None:
    naming = Naming(("mid_rearing",))
    with pytest.raises(LabelError, match=r"no bout of 'mid_rearing', but some of 'Mid Rearing'"):
        naming.require_known(Path("a.csv"), ["Mid Rearing"], is_foreign=False)
    with pytest.raises(LabelError, match=r"names 'Sniffing', and none of these is a behavior of the study \(mid_rearing\)"):
        naming.require_known(Path("a.csv"), ["Sniffing"], is_foreign=True)
    naming.require_known(Path("a.csv"), ["Sniffing"], is_foreign=False)
    naming.require_known(Path("a.csv"), ["mid_rearing", "Sniffing"], is_foreign=True)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [("grooming", "Groming", True), ("a b", "A-B", True), ("chamber_a", "chamber_b", False), ("m1", "m2", False), ("rear", "groom", False)],
)
def test_misspellings(first: str, second: str, expected: bool) -> None:
    assert is_likely_misspelt(first, second) == is_likely_misspelt(second, first) == expected


def test_modifiers_are_joined_without_empty_ones() -> None:
    assert join_modifiers("groom", ["None", " face ", "", "NA", "left"]) == "groom|face|left"


def test_an_umlaut_of_two_characters_is_the_same_name() -> None:
    naming = Naming(("K\u00e4lte", "rest"), {"R\u00fchrt sich nicht": "rest"})
    assert naming.find_behavior("Ka\u0308lte") == 0
    assert naming.find_behavior("Ru\u0308hrt sich nicht|lang") == 1
