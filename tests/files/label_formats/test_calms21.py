"""CalMS21 labels: annotators, sequences and a class for each frame."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from label_samples import NAMES, VALUES, make_calms21, read, write

from behavior.errors import LabelError
from behavior.files.label_formats.request import LabelRequest
from behavior.files.labels import list_behaviors, list_observations, read_labels
from behavior.recording import Frames


def test_the_sequence_and_the_annotator_are_chosen(tmp_path: Path) -> None:
    content = json.loads(make_calms21())
    first = content["annotator-id_0"]["task1/train/mouse_1"]
    content["annotator-id_1"] = {"task1/train/mouse_1": {**first, "annotations": [2] * 40}, "task1/train/mouse_2": first}
    path = write(tmp_path / "a.json", json.dumps(content))
    assert list_observations(path) == ("task1/train/mouse_1", "task1/train/mouse_2")
    assert list_behaviors(path) == NAMES
    np.testing.assert_array_equal(read(path, recording_names=("mouse_2.mp4",))[0], VALUES)
    with pytest.raises(LabelError, match="holds labels of 'task1/train/mouse_1' by 'annotator-id_0', 'annotator-id_1'"):
        read(path, recording_names=("mouse_1.mp4",))
    np.testing.assert_array_equal(read(path, recording_names=("mouse_1.mp4",), rater="annotator-id_0")[0], VALUES)
    assert not read(path, recording_names=("mouse_1.mp4",), rater="annotator-id_1")[0].any()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"annotations": [9] * 40}, "has the class 9, expected one of"),
        ({"metadata": {}}, "the vocabulary of 'task1/train/mouse_1' is None"),
        ({"metadata": {"vocab": {"Grooming": 0, "Supported": 0}}}, "has two names for one class"),
        ({"annotations": 5}, "the annotations of 'task1/train/mouse_1' is 5, expected a list"),
    ],
)
def test_invalid_sequences_are_refused(tmp_path: Path, change: dict[str, object], sentence: str) -> None:
    content = json.loads(make_calms21())
    content["annotator-id_0"]["task1/train/mouse_1"].update(change)
    with pytest.raises(LabelError, match=sentence):
        read(write(tmp_path / "a.json", json.dumps(content)))


def test_the_sample_reads_as_json_has_it(shared_data: Path) -> None:
    path = shared_data / "formats/others/calms21_json/calms21_task1_tiny.json"
    (sequence,) = json.loads(path.read_text())["annotator-id_0"].values()
    vocabulary = sequence["metadata"]["vocab"]
    names = tuple(name for name in vocabulary if name != "other")
    labels, _ = read_labels(path, LabelRequest(names, Frames(len(sequence["annotations"]))))
    for column, name in enumerate(names):
        np.testing.assert_array_equal(labels.values[:, column], np.array(sequence["annotations"]) == vocabulary[name])
