"""COCO's JSON: which frame a picture is, boxes, body parts, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from behavior.errors import PoseError
from behavior.files.coco import is_coco, read_coco
from behavior.files.detection_table import DetectionTable

VIDEO = Path("cage.mp4")


def read(tmp_path: Path, content: Any) -> DetectionTable:
    path = tmp_path / "found.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return read_coco(path, video=VIDEO)


def make(images: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    boxes = [{"id": n, "image_id": image["id"], "category_id": 1, "bbox": [10 * n, 4, 8, 6]} for n, image in enumerate(images)]
    return {"images": images, "annotations": boxes, "categories": [{"id": 1, "name": "mouse"}], **more}


@pytest.mark.parametrize(
    "images",
    [
        [{"id": 9, "file_name": "img0007.png"}, {"id": 4, "file_name": "img0003.png"}],
        [{"id": 9, "file_name": "a.png", "frame_id": 7}, {"id": 4, "file_name": "b.png", "frame_id": 3}],
        [{"id": 7}, {"id": 3}],
        [{"id": "x", "file_name": "set\\cage\\frame_7.jpg"}, {"id": "y", "file_name": "set\\cage\\frame_3.jpg"}],
    ],
)
def test_a_frame_is_what_is_stated_or_the_last_number_of_a_name_or_the_id(tmp_path: Path, images: list[dict[str, Any]]) -> None:
    table = read(tmp_path, make(images))
    assert table.frames.tolist() == [3, 7]
    assert table.positions.tolist() == [[14, 7], [4, 7]] and table.sizes.tolist() == [[8, 6], [8, 6]]
    assert table.may_start_at_one == ("frame_id" not in images[0])


def test_a_list_of_results(tmp_path: Path) -> None:
    table = read(tmp_path, [{"image_id": 5, "category_id": 1, "bbox": [0, 0, 2, 2], "score": 0.25}])
    assert table.frames.tolist() == [5] and table.scores.tolist() == [0.25]
    assert is_coco(tmp_path / "found.json")


def test_of_several_videos_the_one_of_that_name_is_read(tmp_path: Path) -> None:
    images = [{"id": 1, "file_name": "cage/0001.png"}, {"id": 2, "file_name": "other/0001.png"}]
    assert read(tmp_path, make(images)).positions.tolist() == [[4, 7]]
    named = [{"id": 1, "file_name": "cage_frame_0001.png"}, {"id": 2, "file_name": "cage2_frame_0001.png"}]
    assert read(tmp_path, make(named)).positions.tolist() == [[4, 7]]
    with pytest.raises(PoseError, match=r"pictures of 2 videos .* none named after cage"):
        read(tmp_path, make([{"id": 1, "file_name": "one/0001.png"}, {"id": 2, "file_name": "two/0001.png"}]))


def test_size_and_body_parts(tmp_path: Path) -> None:
    content = make([{"id": 3, "width": 64, "height": 48}])
    content["categories"][0]["keypoints"] = ["nose", "tail_base"]
    content["annotations"][0]["keypoints"] = [1, 2, 2, 0, 0, 0]
    table = read(tmp_path, content)
    assert table.stated_size == (64, 48) and table.body_parts == ("nose", "tail_base")
    assert table.points[0, 0].tolist() == [1, 2] and table.likelihoods.tolist() == [[1, 0]]


BOX = {"image_id": 1, "category_id": 1, "bbox": [0, 0, 2, 2]}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "cannot be read as COCO"),
        ("[" * 100_000, "cannot be read as COCO"),
        ({"images": []}, "no list of annotations"),
        ([BOX | {"bbox": [0, 0, 0, 2]}], "annotation 0 has a box of 0 x 2"),
        ([BOX | {"bbox": [0, 0, float("nan"), 2]}], "expected 4 numbers"),
        ([BOX | {"bbox": "0000"}], "expected 4 numbers"),
        ([BOX | {"score": 7}], "the score '7', expected a number from 0 to 1"),
        ([BOX | {"image_id": 0.5}], "expected a frame number"),
        ([BOX | {"image_id": -1}], "expected a frame number"),
        ([BOX, BOX | {"category_id": 2}], "objects of 2 categories"),
        (make([{"id": 1, "file_name": "first.png"}]), "has no number in its name"),
        (make([{"id": 1, "file_name": "a1.png"}, {"id": 2, "file_name": "a01.png"}]), "(number of one frame|2 videos)"),
        ({"images": [{"id": [1]}], "annotations": []}, "not a list of pictures with ids"),
    ],
)
def test_what_cannot_be_used_gets_a_sentence(tmp_path: Path, content: Any, message: str) -> None:
    with pytest.raises(PoseError, match=message):
        read(tmp_path, content)


def test_files_that_are_too_large_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("behavior.files.coco._MOST_BYTES", 10)
    with pytest.raises(PoseError, match="at most"):
        read(tmp_path, [BOX])
