"""What a search may vary, and what is said about the rest before anything is tried."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from behavior.config import APPEARANCE, Search, Study, parse_section
from behavior.errors import UsageError
from behavior.files.study import read_study
from behavior.search.space import SearchSpace, read_space

SOURCE = Path("study.yaml")
CONFIGS = Path(__file__).resolve().parents[2] / "configs"


def read(space: dict[str, Any], **study: Any) -> SearchSpace:
    content = {"behaviors": ["groom"], "streams": ["motifs"], **study, "search": {"space": space}}
    parsed = parse_section(Study, content, source=SOURCE)
    assert isinstance(parsed.search, Search)
    return read_space(parsed, parsed.search, source=SOURCE)


@pytest.mark.parametrize(
    ("space", "expected"),
    [
        ({"head.unit": [64]}, "unknown key 'head.unit'; did you mean 'units'?"),
        ({"haed.units": [64]}, "unknown key 'haed'; did you mean 'head'?"),
        ({"windows.lenght": {"low": 10, "high": 20}}, "unknown key 'windows.lenght'; did you mean 'length'?"),
        ({"head.units": [64, "many"]}, "head.units many; head.units is 'many'"),
        ({"head.units": [64, 0]}, "head.units is 0"),
        ({"head.layers": {"low": 1, "high": 9}}, "head.layers 9; head.layers is 9"),
        ({"head.units": 64}, "search.space.head.units is 64; give a list of values"),
        ({"head.units": []}, "give a list of values"),
        ({"head.units": [64, 64]}, "lists 64 twice"),
        ({"head.units": {"low": 64, "hgih": 128}}, "unknown key 'hgih'; did you mean 'high'?"),
        ({"head.units": {"low": 64}}, "goes from 64 to None"),
        ({"head.units": {"low": 64, "high": 32}}, "goes from 64 to 32"),
        ({"head.units": {"low": "few", "high": 32}}, "search.space.head.units.low is 'few', expected a number"),
        ({"head.dropout": {"low": 0.0, "high": 0.5, "log": True}}, "log: true goes with a low above 0"),
        ({"head": {"kind": "lstm"}}, "whole sections go in a list"),
        ({"head": [{"kind": "lstm", "unit": 3}]}, "unknown key 'head.unit'; did you mean 'units'?"),
        ({"head": [{"kind": "lstm"}], "head.units": [64]}, "has 'head' and 'head.units', which is a part of it"),
        ({"recordings": ["a.csv"]}, "search.space.recordings cannot be searched, because all trials are scored on the same recordings"),
        ({"crossval.leave_out": ["animal"]}, "scored in the same folds"),
        ({"postprocess.threshold": [0.4]}, "decisions are fitted after the search"),
        ({"search.seed": [1, 2]}, "a search does not search itself"),
        ({"streams": [["motifs"], [APPEARANCE]]}, "crop is missing"),
        ({"head.units": [64, None]}, "head.units null; head.units"),
    ],
)
def test_what_cannot_be_searched_is_said_in_one_sentence(space, expected):
    with pytest.raises(UsageError) as caught:
        read(space)
    message = str(caught.value)
    assert message.startswith("study.yaml: ")
    assert expected in message
    assert "\n" not in message
    assert caught.value.exit_status == 2


def test_values_that_do_not_go_together_are_found():
    head = {"kind": "transformer", "units": 64, "heads": 4}
    with pytest.raises(UsageError, match=r"allows head\.units 96, head\.heads 5; head: units 96 cannot be divided among 5 heads"):
        read({"head.units": [40, 96], "head.heads": [4, 5]}, head=head)
    # Among more combinations than can be looked at, each pair is.
    many = {"training.seed": list(range(40)), "training.epochs": list(range(1, 40)), "training.patience": list(range(1, 10))}
    with pytest.raises(UsageError, match="cannot be divided among 5 heads"):
        read({"head.units": [40, 96], "head.heads": [4, 5], **many}, head=head)


def test_sections_lists_and_null_make_the_studies_that_they_say():
    space = read(
        {
            "head": [{"kind": "lstm", "units": 16}, {"kind": "tcn", "filters": 8, "causal": False}],
            "features.pca": [32, None],
            "streams": [["motifs"], ["motifs", "whiskers"]],
            "windows.length": {"low": 100, "high": 250, "step": 100},
        },
        features={"pca": 64},
    )
    studies = [space.make_study(setting) for setting in space.list_settings()]
    assert len(studies) == space.size == 16
    assert {study.head.kind for study in studies} == {"lstm", "tcn"}
    assert {(study.head.kind, getattr(study.head, "filters", None)) for study in studies} == {("lstm", None), ("tcn", 8)}
    assert {study.features.pca for study in studies} == {32, None}
    assert {tuple(study.streams) for study in studies} == {("motifs",), ("motifs", "whiskers")}
    assert {study.windows.length for study in studies} == {100, 200}
    assert all(study.search is None for study in studies)
    assert len({study.model_dump_json() for study in studies}) == 16
    assert [study.streams for study in space.list_feature_studies()] == [["motifs"], ["motifs", "whiskers"]]


def test_weights_in_a_space_are_relative_to_the_study_file_too(tmp_path):
    content = {"behaviors": ["groom"], "crop": {"body_part": "nose"}, "search": {"space": {"backbone.weights": ["w/a.h5", "imagenet"]}}}
    study = parse_section(Study, content, source=tmp_path / "study.yaml")
    assert study.search is not None
    space = read_space(study, study.search, source=tmp_path / "study.yaml")
    assert {found.backbone.weights for found in space.list_feature_studies()} == {str(tmp_path / "w" / "a.h5"), "imagenet"}


def test_a_range_without_an_end_of_values_is_no_grid():
    space = read({"training.learning_rate": {"low": 0.001, "high": 0.1, "log": True}})
    assert space.size is None
    with pytest.raises(UsageError, match="a grid needs a list"):
        space.list_settings()


def test_features_of_a_range_of_crops_would_never_be_there():
    with pytest.raises(UsageError, match="list them"):
        read({"crop.min_likelihood": {"low": 0.1, "high": 0.9}}, crop={"body_part": "nose"}).list_feature_studies()


def test_the_order_of_the_lines_does_not_number_the_settings_anew():
    lines = {"head.units": [8, 16], "windows.length": [100, 50]}
    other = dict(reversed(lines.items()))
    assert [sorted(found.items()) for found in read(lines).list_settings()] == [
        sorted(found.items()) for found in read(other).list_settings()
    ]


@given(low=st.integers(1, 50), width=st.integers(1, 20), step=st.integers(1, 7))
def test_a_stepped_range_holds_what_python_s_does(low, width, step):
    space = read({"windows.length": {"low": low, "high": low + width, "step": step}})
    assert [found["windows.length"] for found in space.list_settings()] == list(range(low, low + width + 1, step))


def test_fractions_are_those_of_the_file():
    space = read({"head.dropout": {"low": 0.1, "high": 0.7, "step": 0.1}})
    assert [found["head.dropout"] for found in space.list_settings()] == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]


@pytest.mark.parametrize(("name", "size"), [("lstm", 81), ("tcn", 648)])
def test_the_grids_that_ship_are_the_thesis_s(name: str, size: int) -> None:
    path = CONFIGS / f"thesis_{name}_grid.yaml"
    study = read_study(path)
    assert study.search is not None
    space = read_space(study, study.search, source=path)
    assert space.size == len(space.list_settings()) == size
    plain = read_study(CONFIGS / f"thesis_resnet50v2_{name}.yaml")
    assert study.model_copy(update={"search": None}) == plain
