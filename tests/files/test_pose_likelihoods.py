"""Likelihoods of every format of pose: percent are refused, the peaks of heat maps are not, and what is a little off is said."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from behavior.errors import PoseError
from behavior.files.coco import read_coco
from behavior.files.detection_files import read_detections
from behavior.files.pose import is_pose, open_pose, read_pose, write_deeplabcut
from behavior.files.pose_formats.jabs import KEY_POINTS
from behavior.recording import Track

VIDEO = Path("a.mp4")
SLEAP_CSV = "track,frame_idx,instance.score,nose.x,nose.y,nose.score\n"


def make_track(*likelihoods: float) -> Track:
    values = np.array(likelihoods)[:, np.newaxis]
    return Track(np.ones((len(values), 1, 2)), values, ("nose",))


def write_jabs(path: Path, confidence: float) -> Path:
    values = np.full((2, len(KEY_POINTS)), 0.5, dtype=np.float32)
    values[1, 1] = confidence
    with h5py.File(path, "w") as file:
        file["poseest/points"], file["poseest/confidence"] = np.ones((2, len(KEY_POINTS), 2), dtype=np.uint16), values
    return path


@pytest.mark.parametrize(("suffix", "row"), [(".csv", "line 5"), (".h5", "row 1")])
def test_percent_in_a_table_are_refused(tmp_path: Path, suffix: str, row: str) -> None:
    path = tmp_path / f"a{suffix}"
    write_deeplabcut(path, make_track(0.5, 97.5, 100), scorer="net")
    sentence = rf"a\{suffix}: body part 'nose' has the likelihood 97\.5 in {row}, expected a number from 0 to 1; divide .* by 100"
    assert is_pose(path)
    for read in (read_pose, open_pose, lambda path: read_detections(path, video=VIDEO)):
        with pytest.raises(PoseError, match=sentence):
            read(path)


def test_percent_of_one_of_several_animals_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    write_deeplabcut(path, {"one": make_track(0.5, 0.5), "two": make_track(0.5, 50)}, scorer="net")
    with pytest.raises(PoseError, match=r"body part 'nose' of 'two' has the likelihood 50 in line 6"):
        read_pose(path, individual="one")


def test_percent_in_nwb_are_refused(tmp_path: Path, write_nwb: Callable[..., Any]) -> None:
    content = {"data": np.ones((3, 2)), "confidence": np.array([0.5, 0.75, 75])}
    with pytest.raises(PoseError, match=r"a\.nwb: body part 'nose' of 'pose' has the likelihood 75 in row 2, expected"):
        read_pose(write_nwb(tmp_path / "a.nwb", {"pose": {"nose": content}}))


def test_peaks_of_heat_maps_may_be_above_1(tmp_path: Path, write_sleap: Callable[..., Any], draw_positions: Callable[..., Any]) -> None:
    # As far above as those in published files.
    scores = np.full((5, 1, 3), 0.5)
    scores[3, 0, 2] = 1.75
    table = tmp_path / "a.csv"
    table.write_text(f"{SLEAP_CSV}a,0,1,1,2,1.75\n")
    paths = [
        write_sleap(tmp_path / "a.h5", draw_positions(), point_scores=scores.transpose(1, 2, 0)),
        table,
        write_jabs(tmp_path / "b.h5", 5.5),
    ]
    for path in paths:
        opened = open_pose(path)
        assert opened.notes == () and opened.read().likelihoods.max() == 1
    assert read_detections(table, video=VIDEO).likelihoods.tolist() == [[1]]


def test_percent_are_no_peaks_of_heat_maps(tmp_path: Path, write_sleap: Callable[..., Any], draw_positions: Callable[..., Any]) -> None:
    scores = np.full((5, 1, 3), 50.0)
    table = tmp_path / "a.csv"
    table.write_text(f"{SLEAP_CSV}a,0,1,1,2,0.5\na,7,1,1,2,90\n")
    expected = {
        write_sleap(tmp_path / "a.h5", draw_positions(), point_scores=scores.transpose(1, 2, 0)): r"has the likelihood 50 in row 0",
        table: r"body part 'nose' of 'a' has the likelihood 90 in row 7",
        write_jabs(tmp_path / "b.h5", 80): r"body part 'left_ear' has the likelihood 80 in row 1",
    }
    for path, sentence in expected.items():
        with pytest.raises(PoseError, match=sentence):
            read_pose(path)
    with pytest.raises(PoseError, match=r"body part 'nose' has the likelihood 90 in frame 7"):
        read_detections(table, video=VIDEO)


def test_what_is_a_little_off_counts_as_the_bound_and_is_said(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    write_deeplabcut(path, make_track(0.5, 1.25, -0.5, np.nan, 1.0000001, -1), scorer="net")
    opened = open_pose(path)
    assert opened.read().likelihoods[:, 0].tolist() == [0.5, 1, 0, 0, 1, 0]
    (note,) = opened.notes
    assert "2 of 6 likelihoods are not from 0 to 1, the first of them that of body part 'nose' in line 5, 1.25;" in note


def test_rounding_and_what_was_not_found_are_not_said(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    write_deeplabcut(path, make_track(0, 1, np.nan, 1.001, -0.001, -1), scorer="net")
    assert open_pose(path).notes == ()


def test_a_log_likelihood_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    write_deeplabcut(path, make_track(-0.5, -12), scorer="net")
    with pytest.raises(PoseError, match="has the likelihood -12 in line 5, expected a number from 0 to 1; export the pose again"):
        read_pose(path)


def test_percent_in_coco_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    one = {"image_id": 5, "category_id": 1, "bbox": [0, 0, 2, 2], "keypoints": [1, 1, 95]}
    content = {"images": [{"id": 5}], "annotations": [one], "categories": [{"id": 1, "name": "mouse", "keypoints": ["nose"]}]}
    path.write_text(json.dumps(content))
    with pytest.raises(PoseError, match="keypoints have the visibility 95, expected 0, 1, 2, or a number from 0 to 1"):
        read_coco(path, video=VIDEO)
