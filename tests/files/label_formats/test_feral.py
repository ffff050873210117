"""FERAL labels: a class, or a row of 1 and 0, for each frame of each video."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from label_samples import BOUTS, NAMES, VALUES, make_feral, read, write

from behavior.errors import LabelError
from behavior.files.label_formats.request import LabelRequest
from behavior.files.labels import list_behaviors, list_observations, read_labels
from behavior.recording import Frames


def make_single(classes: list[Any], **changes: Any) -> str:
    content = {"class_names": {"0": "other", "1": "Grooming", "2": "Supported"}, "is_multilabel": False, "labels": {"mouse_1.mp4": classes}}
    return json.dumps({**content, **changes})


CLASSES = [int(one) + 2 * int(two) for one, two in VALUES.tolist()]


def test_classes_are_behaviors_and_other_is_none_unless_it_is_requested(tmp_path: Path) -> None:
    path = write(tmp_path / "a.json", make_single(CLASSES))
    np.testing.assert_array_equal(read(path)[0], VALUES)
    assert list_behaviors(path) == NAMES
    values, _ = read(path, ("rest",), mapping={"other": "rest"}, ignored=frozenset(NAMES))
    np.testing.assert_array_equal(values[:, 0] == 1, ~VALUES.any(axis=1))


@pytest.mark.parametrize("mark", [None, -1, -100])
def test_frames_that_networks_skip_are_unlabelled(tmp_path: Path, mark: int | None) -> None:
    values, _ = read(write(tmp_path / "a.json", make_single([mark, mark, *CLASSES[2:]])))
    assert (values[:2] == -1).all()
    np.testing.assert_array_equal(values[2:], VALUES[2:])
    rows = [None, [-1, 0], *VALUES.tolist()[2:]]
    content = json.loads(make_feral())
    content["labels"]["mouse_1.mp4"] = rows
    values, _ = read(write(tmp_path / "b.json", json.dumps(content)))
    assert values[:2].tolist() == [[-1, -1], [-1, 0]]


def test_the_video_is_chosen_by_its_name(tmp_path: Path) -> None:
    labels = {"mouse_1.mp4": CLASSES, "mouse_2.mp4": [0] * 40}
    path = write(tmp_path / "a.json", make_single([], labels=labels))
    assert list_observations(path) == ("mouse_1.mp4", "mouse_2.mp4")
    np.testing.assert_array_equal(read(path, recording_names=("mouse_1.mp4", "mouse_1"))[0], VALUES)
    assert not read(path, recording_names=("mouse_2.avi", "mouse_2"))[0].any()
    with pytest.raises(LabelError, match=r"holds 2 observations and none names 'mouse_3\.mp4'"):
        read(path, recording_names=("mouse_3.mp4", "mouse_3"))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"labels": {"m": [0, 5]}}, "frame 1 of 'm' has the class 5, expected one of 0, 1, 2"),
        ({"labels": {"m": [0, 1.0]}}, "frame 1 of 'm' has the class 1.0"),
        ({"labels": {"m": [True]}}, "has the class True"),
        ({"labels": {"m": [[1, 0, 0]]}}, "has the class"),
        ({"labels": {"m": [[1, 0]]}, "is_multilabel": True}, "frame 0 holds .*, expected 3 values"),
        ({"labels": {"m": [[0.5, 0, 0]]}, "is_multilabel": True}, "expected 3 values, each 1, 0 or -1"),
        ({"labels": {"m": 7}}, "the labels of 'm' is 7, expected a list"),
        ({"is_multilabel": "no"}, "has 'no' as 'is_multilabel'"),
        ({"class_names": {"0": "a", "1": "a"}}, "has two classes named 'a'"),
        ({"class_names": {"x": "a"}}, "class 'x' is 'x', expected a"),
    ],
)
def test_invalid_labels_are_refused(tmp_path: Path, changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(LabelError, match=sentence):
        read(write(tmp_path / "a.json", make_single(CLASSES, **changes)))


def test_classes_as_a_list_read_alike(tmp_path: Path) -> None:
    np.testing.assert_array_equal(read(write(tmp_path / "a.json", make_single(CLASSES, class_names=["other", *BOUTS])))[0], VALUES)


@pytest.mark.parametrize("name", ["labels_singlelabel.json", "labels_multilabel.json"])
def test_the_real_files_read_as_json_has_them(shared_data: Path, name: str) -> None:
    path = shared_data / "formats/others/feral_json" / name
    content = json.loads(path.read_text())
    names = tuple(label for label in content["class_names"].values() if label != "other")
    numbers = {label: int(number) for number, label in content["class_names"].items()}
    for video in list(content["labels"])[:3]:
        rows = content["labels"][video]
        labels, _ = read_labels(path, LabelRequest(names, Frames(len(rows)), recording_names=(video,)))
        for column, label in enumerate(names):
            expected = [row[numbers[label]] if content["is_multilabel"] else row == numbers[label] for row in rows]
            np.testing.assert_array_equal(labels.values[:, column], expected)
