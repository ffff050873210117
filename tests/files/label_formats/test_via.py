"""VIA's video annotations, in JSON and CSV."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from label_samples import VALUES, make_via_project, make_via_table, read, write

from behavior.errors import LabelError
from behavior.files.label_formats.request import LabelRequest
from behavior.files.labels import list_behaviors, list_names, list_observations, read_labels
from behavior.recording import Frames


def change(**entries: dict[str, Any]) -> str:
    content = json.loads(make_via_project())
    content["metadata"] = entries
    return json.dumps(content)


def test_points_shapes_and_ticked_boxes(tmp_path: Path) -> None:
    point = {"vid": "1", "z": [0.5], "xy": [], "av": {"1": "0"}}
    shape = {"vid": "1", "z": [1.0], "xy": [2, 5, 5, 9, 9], "av": {"1": "1"}}
    both = {"vid": "1", "z": [2.0, 3.0], "xy": [], "av": {"1": "0,1"}}
    path = write(tmp_path / "a.json", change(a=point, b=shape, c=both))
    values, notes = read(path)
    assert np.flatnonzero(values[:, 0]).tolist() == [5, *range(20, 30)]
    assert np.flatnonzero(values[:, 1]).tolist() == list(range(20, 30))
    assert any("1 point event has no duration" in note for note in notes)
    assert list_names(write(tmp_path / "b.json", change(a=point))).points == ("Grooming",)


def test_the_video_is_chosen_by_its_name_even_if_nothing_was_seen_in_it(tmp_path: Path) -> None:
    content = json.loads(make_via_project())
    content["file"]["2"] = {"fid": "2", "fname": "mouse_2.mp4", "src": ""}
    content["view"]["2"] = {"fid_list": ["2"]}
    path = write(tmp_path / "a.json", json.dumps(content))
    assert list_observations(path) == ("mouse_1.mp4", "mouse_2.mp4")
    np.testing.assert_array_equal(read(path, recording_names=("mouse_1.mp4",))[0], VALUES)
    assert not read(path, recording_names=("mouse_2.mp4",))[0].any()
    with pytest.raises(LabelError, match="holds 2 observations"):
        read(path)


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ({"vid": "1", "z": [1.0, 2.0, 3.0], "xy": [], "av": {"1": "0"}}, "annotation 'a' has 3 times, expected a start and a stop"),
        ({"vid": "1", "z": [1.0, 2.0], "xy": [], "av": {}}, "annotation 'a' is a span without a value"),
        ({"vid": "9", "z": [1.0, 2.0], "xy": [], "av": {"1": "0"}}, "the view of annotation 'a' is None"),
        ({"vid": "1", "z": ["x", 2.0], "xy": [], "av": {"1": "0"}}, "a time of annotation 'a' is 'x', expected a number"),
        ({"vid": "1", "z": [1.0, 2.0], "xy": [], "av": {"7": "0"}}, "attribute '7' is None"),
    ],
)
def test_invalid_annotations_are_refused(tmp_path: Path, entry: dict[str, Any], sentence: str) -> None:
    with pytest.raises(LabelError, match=sentence):
        read(write(tmp_path / "a.json", change(a=entry)))


def test_invalid_rows_are_refused(tmp_path: Path) -> None:
    header = make_via_table().splitlines()[0]
    for row, sentence in [
        ('"1","[""a.mp4""]"', "line 2 has 2 cells, expected 6"),
        ('"1",x,0,"[1,2]","[]","{}"', "line 2 holds 'x', expected JSON"),
    ]:
        with pytest.raises(LabelError, match=sentence):
            read(write(tmp_path / "a.csv", f"{header}\n{row}\n"))


def test_the_samples_read_as_json_and_csv_have_them(shared_data: Path) -> None:
    folder = shared_data / "formats/others/via"
    content = json.loads((folder / "mouse_01_via.json").read_text())
    start, stop = content["metadata"]["1_a"]["z"]
    assert content["attribute"]["1"]["options"][content["metadata"]["1_a"]["av"]["1"]] == "grooming"
    expected = [frame for frame in range(1500) if start <= frame / 10 < stop]
    frames = Frames.from_times(np.arange(1500) / 10)
    labels, _ = read_labels(folder / "mouse_01_via.json", LabelRequest(("grooming",), frames, recording_names=("mouse_01.mp4",)))
    assert np.flatnonzero(labels.values[:, 0]).tolist() == expected
    table = folder / "mouse_01_via.csv"
    row = next(csv.reader(table.read_text().splitlines()[1:]))
    assert json.loads(row[3]) == [start, stop]
    # The table has the option's id only: what it means is asked.
    assert list_behaviors(table) == ("g",)
    with pytest.raises(LabelError, match="names 'g', and none of these is a behavior of the study"):
        read_labels(table, LabelRequest(("grooming",), frames))
    labels, _ = read_labels(table, LabelRequest(("grooming",), frames, mapping={"g": "grooming"}))
    assert np.flatnonzero(labels.values[:, 0]).tolist() == expected
