"""Which file has a video's detections, and that every kind of file is read by its content."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from behavior.errors import PoseError, UsageError
from behavior.files.detection_files import find_detections, read_detections
from behavior.files.pose import write_deeplabcut
from behavior.recording import Track

VIDEO = Path("cage.mp4")
CSV = "frame,x,y\n0,1,1\n"


def make_track(x: float, likelihood: float = 0.9) -> Track:
    positions = np.full((3, 2, 2), x)
    positions[1] = np.nan
    return Track(positions, np.where(np.isfinite(positions[..., 0]), likelihood, 0.0), ("nose", "tail"))


def test_a_folder_has_a_file_for_each_video(tmp_path: Path) -> None:
    for name in ("a.csv", "a2_boxes.csv", "b.csv", "b_more.csv", "notes.txt"):
        (tmp_path / name).write_text(CSV)
    (tmp_path / "a_labels.csv").write_text("frame,groom\n0,1\n")
    videos = [Path("x/a.mp4"), Path("x/a2.mp4"), Path("x/b.mp4"), Path("x/c.mp4")]
    found = find_detections(tmp_path, videos)
    assert found[videos[0]] == tmp_path / "a.csv" and found[videos[1]] == tmp_path / "a2_boxes.csv"
    assert "several files of detections" in str(found[videos[2]]) and "b_more.csv" in str(found[videos[2]])
    assert "has no detections named after it" in str(found[videos[3]])


def test_one_file_is_of_one_video(tmp_path: Path) -> None:
    path = tmp_path / "found.csv"
    path.write_text(CSV)
    assert find_detections(path, [VIDEO]) == {VIDEO: path}
    with pytest.raises(UsageError, match="of one video, and there are 2"):
        find_detections(path, [VIDEO, Path("b.mp4")])
    with pytest.raises(UsageError, match="no such detections"):
        find_detections(tmp_path / "missing.csv", [VIDEO])


@pytest.mark.parametrize("suffix", [".csv", ".h5"])
def test_deeplabcut_of_several_animals(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"pose{suffix}"
    write_deeplabcut(path, {"one": make_track(5.0), "two": make_track(9.0), "single": make_track(1.0)}, scorer="net")
    table = read_detections(path, video=VIDEO)
    assert table.frames.tolist() == [0, 0, 2, 2] and table.names == ("one", "two") and table.owners.tolist() == [0, 1, 0, 1]
    assert table.body_parts == ("nose", "tail") and table.points[:, 0, 0].tolist() == [5, 9, 5, 9]
    assert table.least_likelihood == 0.6


def test_deeplabcut_of_one_animal_has_no_names(tmp_path: Path) -> None:
    write_deeplabcut(tmp_path / "pose.csv", make_track(5.0), scorer="net")
    table = read_detections(tmp_path / "pose.csv", video=VIDEO)
    assert table.names == () and table.owners.tolist() == [-1, -1]


def test_sleap_csv_without_tracks(tmp_path: Path) -> None:
    path = tmp_path / "found.csv"
    path.write_text("track,frame_idx,instance.score,nose.x,nose.y,nose.score\n,4,1,1,2,.5\n,4,1,8,9,.7\n,2,1,,,\n,3,1,3,3,1\n")
    table = read_detections(path, video=VIDEO)
    assert table.frames.tolist() == [3, 4, 4] and table.points[:, 0].tolist() == [[3, 3], [1, 2], [8, 9]]
    assert table.likelihoods[:, 0].tolist() == [1, 0.5, 0.7]


def test_what_is_no_detection_gets_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("frame,groom\n0,1\n")
    (tmp_path / "a.json").write_text(json.dumps({"a": 1}))
    (tmp_path / "a.pickle").write_bytes(b"\x80\x04N.")
    for name in ("a.csv", "a.json", "a.pickle"):
        with pytest.raises(PoseError, match="holds no detections that are read, expected"):
            read_detections(tmp_path / name, video=VIDEO)
    with pytest.raises(PoseError, match="no such file"):
        read_detections(tmp_path / "b.csv", video=VIDEO)
