"""The study file that `init` writes: read back as a study, whatever its names look like."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from behavior.config import BoostingHead, LstmHead, Study
from behavior.errors import UsageError
from behavior.files.behavior_names import ChosenNames
from behavior.files.new_study import NewCrop, NewPose, choose_body_axis, choose_center_parts, format_new_study
from behavior.files.study import read_study
from behavior.learning.variants import list_members


def read_back(
    folder: Path,
    names: ChosenNames,
    center_parts: list[str] | NewCrop,
    backbone: str = "resnet50v2",
    weights: str = "imagenet",
    **settings: Any,
) -> Study:
    path = folder / "study.yaml"
    crop = center_parts if isinstance(center_parts, NewCrop) else NewCrop(tuple(center_parts))
    path.write_text(format_new_study(names, crop, backbone=backbone, weights=weights, **settings), encoding="utf-8")
    return read_study(path)


@pytest.mark.parametrize("names", [["groom", "rear"], ["yes", "no", "null", "y"], ["Säubern", "1e3", "2024-05-17"]])
def test_behaviors_are_read_back_as_they_are(tmp_path: Path, names: list[str]) -> None:
    study = read_back(tmp_path, ChosenNames(tuple(names)), ["midbody"])
    assert study.behaviors == names
    assert study.recordings == tmp_path / "recordings.csv"
    assert (study.backbone.name, study.backbone.weights) == ("resnet50v2", "imagenet")


def test_what_label_files_call_behaviors_is_read_back(tmp_path: Path) -> None:
    names = ChosenNames(("rear",), mapping={"Rear ing": "rear", "on": "rear", 'said "rear"': "rear"}, ignored=("++", "noise: loud"))
    labels = read_back(tmp_path, names, ["midbody"]).labels
    assert labels.map == names.mapping
    assert labels.ignore == list(names.ignored)


@pytest.mark.parametrize("parts", [["midbody"], ["left ear", "off"]])
def test_crops_are_centred_on_the_parts(tmp_path: Path, parts: list[str]) -> None:
    crop = read_back(tmp_path, ChosenNames(("rear",)), parts).crop
    assert crop is not None
    assert crop.body_parts == tuple(parts)
    assert (crop.size, crop.min_likelihood, crop.whole_frame) == (160, 0.6, False)


def test_each_view_has_a_stream_and_the_crop_that_differs(tmp_path: Path) -> None:
    crop = NewCrop(("midbody",))
    views = {"side": crop, "back": NewCrop(), "1": NewCrop(("hip",))}
    study = read_back(tmp_path, ChosenNames(("rear",)), crop, views=views)
    assert study.streams == ["appearance", "motion", "pose", "appearance@side", "appearance@back", "appearance@1"]
    assert study.views is not None and study.views.combine == "features"
    crops = {name: view.crop for name, view in study.views.others.items()}
    assert crops["side"] is None and crops["back"] is not None and crops["back"].whole_frame
    assert crops["1"] is not None and crops["1"].body_parts == ("hip",)


def test_without_parts_whole_frames_are_embedded(tmp_path: Path) -> None:
    crop = read_back(tmp_path, ChosenNames(("rear",)), []).crop
    assert crop is not None
    assert crop.whole_frame


def test_a_study_begins_with_a_network_for_all_behaviors_and_trees(tmp_path: Path) -> None:
    study = read_back(tmp_path, ChosenNames(("rear",)), ["midbody"])
    network, of_pose, trees = list_members(study)
    assert isinstance(network.head, LstmHead)
    assert (network.head.bidirectional, network.head.share, network.features.standardize) == (True, True, "quantiles")
    assert isinstance(trees.head, BoostingHead)
    assert of_pose.head == network.head
    assert [one.streams for one in (network, of_pose, trees)] == [["appearance", "motion", "pose"], ["pose"], ["motion", "pose"]]
    # Whole frames have no pose; pose alone has no picture.
    for alone, stream in (
        (read_back(tmp_path, ChosenNames(("rear",)), []), "appearance"),
        (read_back(tmp_path, ChosenNames(("rear",)), ["midbody"], pose=NewPose(fps=30)), "pose"),
    ):
        assert [one.streams for one in list_members(alone)] == [[stream], [stream]]
    assert (study.windows.length, study.training.epochs, study.training.class_weights) == (300, 50, "balanced")
    assert (study.crossval.leave_out, study.crossval.early_stopping_on) == ("recording", "inner")


def test_windows_of_a_study_that_samples_are_in_seconds(tmp_path: Path) -> None:
    study = read_back(tmp_path, ChosenNames(("rear",)), ["midbody"])
    assert (study.sampling, study.windows.length_s) == (None, None)
    study = read_back(tmp_path, ChosenNames(("rear",)), ["midbody"], sampling=10.0)
    assert (study.sampling_fps, study.windows.length_s) == (10.0, 30.0)
    assert study.decisions is not None and study.decisions.fit == ["closing", "min_bout"]


@pytest.mark.parametrize(
    ("body_parts", "expected"),
    [
        (["nose", "midbody", "tail1"], ["midbody"]),
        (["centroid", "center"], ["center"]),
        (["snout", "leftear", "tail_base", "tailtip", "leftpaw"], ["leftear", "tail_base"]),
        (["Nose", "Left Ear", "Tailbase", "Mid-Back", "Tail"], ["Mid-Back"]),
        (["snout", "Ear_L", "Ear-L", "Tail base", "Tail tip"], ["Ear_L", "Ear-L", "Tail base"]),
        (["nose", "tail1"], ["nose", "tail1"]),
        ([], []),
    ],
)
def test_a_point_in_the_middle_goes_before_those_on_the_trunk(body_parts: list[str], expected: list[str]) -> None:
    assert choose_center_parts(body_parts) == expected


@pytest.mark.parametrize(
    ("body_parts", "expected"),
    [
        # As the files of trackers and of published data name them.
        (["top", "body", "tail", "tail-m", "tail-e"], ("tail", "top")),
        (["Snout", "Front Paw R", "Hind Paw L", "Butt/Proximal Tail"], ("Butt/Proximal Tail", "Snout")),
        (["Nose", "Ear_R", "TTI", "TailTip", "Head", "Trunk", "Tail_0", "Tail_1", "Neck"], ("TTI", "Nose")),
        (["nose", "base_neck", "center_spine", "base_tail", "mid_tail", "tip_tail"], ("base_tail", "nose")),
        (["nose", "left ear", "neck", "left hip", "tail base"], ("tail base", "nose")),
        (["centroid", "nose_end", "tail_end"], ("tail_end", "nose_end")),
        (["wingR", "head", "abdomen", "thorax"], ("abdomen", "head")),
        (["Nose", "Tail-tip"], None),
        (["top", "body"], None),
    ],
)
def test_the_ends_of_the_body_are_known_by_names_that_people_use(body_parts: list[str], expected: tuple[str, str] | None) -> None:
    assert choose_body_axis(body_parts) == expected


def test_what_has_to_be_chosen_is_a_key_without_a_value(tmp_path: Path) -> None:
    crop = read_back(tmp_path, ChosenNames(("rear",)), NewCrop(("midbody",), "in: truder #2")).crop
    assert crop is not None
    assert (crop.body_parts, crop.individual, crop.whole_frame) == (("midbody",), "in: truder #2", False)
    with pytest.raises(UsageError, match="body_part"):
        read_back(tmp_path, ChosenNames(("rear",)), NewCrop(is_open=True))
    assert "whole_frame" not in (tmp_path / "study.yaml").read_text()
