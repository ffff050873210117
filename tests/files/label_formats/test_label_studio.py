"""Label Studio exports: ranges of frames from 1 with the end included, or spans of seconds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from label_samples import VALUES, make_label_studio, read, write

from behavior.errors import LabelError
from behavior.files.label_formats.request import LabelRequest
from behavior.files.labels import list_observations, read_labels
from behavior.recording import Frames


def change_task(**changes: Any) -> str:
    (task,) = json.loads(make_label_studio())
    return json.dumps([{**task, **changes}])


def annotate(*regions: dict[str, Any], by: Any = 1, **more: Any) -> dict[str, Any]:
    return {"id": 1, "completed_by": by, "result": list(regions), **more}


RANGE = {"type": "timelinelabels", "value": {"ranges": [{"start": 4, "end": 8}], "timelinelabels": ["Grooming"]}}


@pytest.mark.parametrize(
    "address",
    [
        "mouse_1.mp4",
        "/data/upload/1/0a1b2c3d-mouse_1.mp4",
        "/data/local-files/?d=lab/mouse_1.mp4",
        "s3://lab/x/mouse_1.mp4?token=a",
        "https://host/mouse_1.mp4",
    ],
)
def test_the_video_is_found_in_its_address(tmp_path: Path, address: str) -> None:
    path = write(tmp_path / "a.json", change_task(data={"video": address}))
    assert list_observations(path) == ("mouse_1.mp4",)
    np.testing.assert_array_equal(read(path, recording_names=("mouse_1.mp4",))[0], VALUES)


def test_the_minimal_export_reads_alike(tmp_path: Path) -> None:
    (task,) = json.loads(make_label_studio())
    minimal = {
        "video": task["data"]["video"],
        "id": 1,
        "label": [region["value"] for region in task["annotations"][0]["result"]],
        "annotator": 1,
    }
    np.testing.assert_array_equal(read(write(tmp_path / "a.json", json.dumps([minimal])))[0], VALUES)


def test_spans_next_to_sound_are_in_seconds(tmp_path: Path) -> None:
    span = {"type": "labels", "original_length": 4.0, "value": {"start": 0.3, "end": 0.8, "labels": ["Grooming"]}}
    values, notes = read(write(tmp_path / "a.json", change_task(annotations=[annotate(span)])), ("Grooming",))
    assert np.flatnonzero(values[:, 0]).tolist() == [3, 4, 5, 6, 7]
    assert notes == []
    with pytest.raises(LabelError, match="is about 9 s, but the video lasts 4 s"):
        read(write(tmp_path / "b.json", change_task(annotations=[annotate({**span, "original_length": 9.0})])), ("Grooming",))
    with pytest.raises(LabelError, match="mixes ranges of frames and spans of seconds"):
        read(write(tmp_path / "c.json", change_task(annotations=[annotate(span, RANGE)])), ("Grooming",))


def test_one_of_several_raters_is_asked_for_and_cancelled_work_left_out(tmp_path: Path) -> None:
    both = [annotate(RANGE, by={"email": "anna@lab"}), annotate(by=2), annotate(RANGE, by=3, was_cancelled=True)]
    path = write(tmp_path / "a.json", change_task(annotations=both))
    with pytest.raises(LabelError, match=r"by 'anna@lab', '2'; name the file in a column labels_NAME"):
        read(path, ("Grooming",))
    assert np.flatnonzero(read(path, ("Grooming",), rater="anna@lab")[0]).tolist() == [3, 4, 5, 6, 7]
    assert not read(path, ("Grooming",), rater="2")[0].any()
    with pytest.raises(LabelError, match="has two annotations by '1', so it is unclear which counts"):
        read(write(tmp_path / "b.json", change_task(annotations=[annotate(RANGE), annotate()])), ("Grooming",))
    with pytest.raises(LabelError, match=r"nobody annotated 'mouse_1.mp4', so its frames are not labelled"):
        read(write(tmp_path / "c.json", change_task(annotations=[])), ("Grooming",))


@pytest.mark.parametrize(
    ("region", "sentence"),
    [
        (
            {"type": "timelinelabels", "value": {"ranges": [{"start": 0, "end": 8}], "timelinelabels": ["Grooming"]}},
            "expected frames counted from 1",
        ),
        ({"type": "timelinelabels", "value": {"ranges": [{"start": 9, "end": 8}], "timelinelabels": ["Grooming"]}}, "is not a span"),
        (
            {"type": "timelinelabels", "value": {"ranges": [{"start": "x", "end": 8}], "timelinelabels": ["Grooming"]}},
            "the start of region 1 is 'x'",
        ),
        ({"type": "timelinelabels", "value": {"ranges": [{"start": 1, "end": 8}], "timelinelabels": [3]}}, "a label of region 1 is 3"),
        ({"type": "timelinelabels", "value": 3}, "the value of region 1 is 3"),
        (
            {"type": "videorectangle", "value": {"framesCount": 90, "labels": ["Grooming"]}},
            "labels 90 frames, but the video has 40",
        ),
    ],
)
def test_invalid_regions_are_refused(tmp_path: Path, region: dict[str, Any], sentence: str) -> None:
    with pytest.raises(LabelError, match=sentence):
        read(
            write(tmp_path / "a.json", change_task(annotations=[annotate(RANGE if "framesCount" in str(region) else region, region)])),
            ("Grooming",),
        )


def test_the_rate_that_frames_are_counted_at_is_to_be_checked(tmp_path: Path) -> None:
    path = write(tmp_path / "a.json", make_label_studio())
    assert not read(path, frames=Frames.from_times(np.arange(40) / 24))[1]
    (note,) = read(path)[1]
    assert "the video's, which has 10 per second; Label Studio counts 24 per second unless frameRate is set" in note


def test_the_sample_reads_as_json_has_it(shared_data: Path) -> None:
    path = shared_data / "formats/others/labelstudio/mouse_01.json"
    value = json.loads(path.read_text())[0]["annotations"][0]["result"][0]["value"]
    labels, _ = read_labels(path, LabelRequest(("grooming",), Frames.from_times(np.arange(1500) / 10)))
    (span,) = value["ranges"]
    assert np.flatnonzero(labels.values[:, 0]).tolist() == list(range(span["start"] - 1, span["end"]))
