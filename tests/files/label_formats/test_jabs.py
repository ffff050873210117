"""JABS annotations: blocks with the end included; what no block covers is unlabelled."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from label_samples import BOUTS, NAMES, VALUES, make_jabs, read, write
from tool_samples import make_jabs as make_changed
from tool_samples import make_jabs_blocks

from behavior.errors import LabelError
from behavior.files.label_formats.request import LabelRequest
from behavior.files.labels import list_behaviors, list_observations, read_labels
from behavior.recording import Frames

POSITIVE = {"start": 3, "end": 7, "present": True}


def write_blocks(path: Path, animals: dict[str, dict[str, list[dict[str, object]]]], **changes: object) -> Path:
    return write(path, make_changed(BOUTS, labels=animals, unfragmented_labels=animals, **changes))


def test_frames_in_no_block_are_unlabelled_and_a_behavior_without_blocks_is_unlabelled_everywhere(tmp_path: Path) -> None:
    path = write_blocks(tmp_path / "a.json", {"0": {"Grooming": [POSITIVE, {"start": 30, "end": 34, "present": False}]}})
    values, notes = read(path)
    expected = np.full((40, 2), -1)
    expected[3:8, 0], expected[30:35, 0] = 1, 0
    np.testing.assert_array_equal(values, expected)
    assert notes == [f"{path}: no frame is labelled for 'Supported'."]
    assert list_observations(path) == ("mouse_1.mp4",)


def test_one_of_several_animals_is_asked_for(tmp_path: Path) -> None:
    blocks = make_jabs_blocks(BOUTS)
    other = {"Grooming": [{"start": 0, "end": 39, "present": False}], "Supported": [{"start": 0, "end": 39, "present": True}]}
    path = write_blocks(tmp_path / "a.json", {"0": blocks, "3": other})
    with pytest.raises(LabelError, match=r"holds labels of the animals '0', '3'; say .* labels: \{subject: \"0\"\}"):
        read(path)
    np.testing.assert_array_equal(read(path, subject="0")[0], VALUES)
    np.testing.assert_array_equal(read(path, subject="3")[0], np.repeat([[0, 1]], 40, axis=0))
    np.testing.assert_array_equal(read(path, subject="*")[0][:, 1], np.ones(40))
    with pytest.raises(LabelError, match="has no labels of the subject '1', only of '0', '3'"):
        read(path, subject="1")


def test_blocks_without_pose_are_unlabelled_and_contradictions_refused(tmp_path: Path) -> None:
    drawn = {"0": {"Grooming": [{"start": 3, "end": 20, "present": True}]}}
    cut = {"0": {"Grooming": [{"start": 3, "end": 9, "present": True}, {"start": 15, "end": 20, "present": True}]}}
    path = write(tmp_path / "a.json", make_changed(BOUTS, labels=cut, unfragmented_labels=drawn))
    values, notes = read(path, ("Grooming",))
    assert np.flatnonzero(values[:, 0] == 1).tolist() == [*range(3, 10), *range(15, 21)]
    assert f"{path}: 5 labelled frames in which the animal has no pose count as not labelled." in notes
    for labels, words in [
        ({"0": {"Grooming": [{"start": 3, "end": 21, "present": True}]}}, "frame 21 of animal '0', behavior 'Grooming', differs between"),
        ({"0": {"Grooming": [{"start": 4, "end": 4, "present": False}]}}, "frame 4 of animal '0', behavior 'Grooming', differs between"),
    ]:
        with pytest.raises(LabelError, match=words):
            read(write(tmp_path / "b.json", make_changed(BOUTS, labels=labels, unfragmented_labels=drawn)), ("Grooming",))


@pytest.mark.parametrize(
    ("block", "sentence"),
    [
        ({"start": 8, "end": 3, "present": True}, "is from frame 8 to 3 of 40, expected a span within these"),
        ({"start": 3, "end": 40, "present": True}, "is from frame 3 to 40 of 40"),
        ({"start": 3, "end": 7}, "does not say whether the behavior is present"),
        ({"start": -1, "end": 7, "present": True}, "the start of block 1 of 'Grooming' of animal '0' is -1, expected a frame"),
        ({"start": 1.5, "end": 7, "present": True}, "is 1.5, expected a frame"),
        ("x", "block 1 of 'Grooming' of animal '0' is 'x', expected names with contents"),
    ],
)
def test_invalid_blocks_are_refused(tmp_path: Path, block: object, sentence: str) -> None:
    with pytest.raises(LabelError, match=sentence):
        read(write_blocks(tmp_path / "a.json", {"0": {"Grooming": [block]}}), ("Grooming",))
    with pytest.raises(LabelError, match="which another block denies"):
        read(write_blocks(tmp_path / "a.json", {"0": {"Grooming": [POSITIVE, {**POSITIVE, "present": False}]}}), ("Grooming",))


def test_a_file_without_a_length_ends_with_its_last_block(tmp_path: Path) -> None:
    content = json.loads(make_jabs())
    del content["num_frames"]
    path = write(tmp_path / "a.json", json.dumps(content))
    np.testing.assert_array_equal(read(path)[0], VALUES)
    values, _ = read(path, frames=Frames(60))
    assert (values[40:] == -1).all()
    assert list_behaviors(path) == NAMES


def test_the_real_file_reads_as_its_blocks_say(shared_data: Path) -> None:
    path = shared_data / "formats/others/jabs_annotation/mouse_01.json"
    labels, _ = read_labels(path, LabelRequest(("grooming",), Frames(1500), recording_names=("mouse_01.mp4",)))
    expected = np.full(1500, -1)
    for block in json.loads(path.read_text())["labels"]["0"]["grooming"]:
        expected[block["start"] : block["end"] + 1] = block["present"]
    np.testing.assert_array_equal(labels.values[:, 0], expected)
    assert np.bincount(expected + 1).tolist() == [1140, 300, 60]
    with pytest.raises(LabelError, match="labels 1500 frames, but the video has 1490"):
        read_labels(path, LabelRequest(("grooming",), Frames(1490)))
