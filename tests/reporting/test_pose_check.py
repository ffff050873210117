"""What a check says of pose."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from behavior.config import Crop
from behavior.errors import PoseError
from behavior.files.pose import write_deeplabcut
from behavior.files.video_writer import write_video
from behavior.recording import Frames, Recording, Track
from behavior.reporting.pose_check import check_pose, open_pose_of

CROP = Crop(body_part="nose")
FRAMES = Frames.from_times(np.arange(10) / 10)


def write(folder: Path, *, lost: int = 0) -> Recording:
    positions, likelihoods = np.full((10, 1, 2), 900.0), np.ones((10, 1))
    likelihoods[:lost] = 0
    write_deeplabcut(folder / "a.csv", Track(positions, likelihoods, ("nose",)), scorer="s")
    return Recording("a", pose=folder / "a.csv", fps=10)


def test_without_a_picture_no_point_is_outside_of_it(tmp_path: Path) -> None:
    recording = write(tmp_path, lost=3)
    checked = check_pose(recording, CROP, FRAMES, None, open_file=lambda: open_pose_of(recording))
    assert (checked.n_rows, checked.measured) == (10, pytest.approx(0.7))
    assert [problem.is_error for problem in checked.problems] == [False]
    assert "was not found in 3 of 10 frames" in checked.problems[0].message
    checked = check_pose(recording, CROP, FRAMES, (640, 480), open_file=lambda: open_pose_of(recording))
    assert checked.measured is None and "is outside the picture of 640 x 480" in checked.problems[0].message


def test_a_pose_of_a_smaller_copy_of_the_video_is_doubted(tmp_path: Path) -> None:
    places = np.stack([10 + 2 * np.arange(36), 10 + np.arange(36)], axis=1)
    images = np.full((36, 64, 96, 3), 40, dtype=np.uint8)
    for image, (x, y) in zip(images, places, strict=True):
        image[y - 6 : y + 6, x - 6 : x + 6] = 230
    write_video(tmp_path / "a.mp4", images, fps=10)
    write_deeplabcut(tmp_path / "a.csv", Track(places[:, None] / 2, np.ones((36, 1)), ("nose",)), scorer="s")
    recording = Recording("a", video=tmp_path / "a.mp4", pose=tmp_path / "a.csv")
    frames = Frames.from_times(np.arange(36) / 10)
    checked = check_pose(recording, CROP, frames, (96, 64), open_file=lambda: open_pose_of(recording))
    assert any("is it the pose of a copy of about 48 x 32 pixels" in problem.message for problem in checked.problems)


def test_a_body_part_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    recording = write(tmp_path)
    checked = check_pose(recording, Crop(body_part="tail"), FRAMES, None, open_file=lambda: open_pose_of(recording))
    assert checked.problems[0].is_error and "has no body part 'tail'" in checked.problems[0].message


def test_a_pose_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(PoseError, match="'a' has no pose"):
        open_pose_of(Recording("a"))
    with pytest.raises(PoseError, match=r"gone\.csv: no such pose file"):
        open_pose_of(Recording("a", pose=tmp_path / "gone.csv"))


def test_likelihoods_that_are_a_little_off_are_said_and_percent_are_an_error(tmp_path: Path) -> None:
    recording = write(tmp_path)
    text = (tmp_path / "a.csv").read_text()
    (tmp_path / "a.csv").write_text(text.replace("900.0,1.0\n", "900.0,1.25\n", 1))
    checked = check_pose(recording, CROP, FRAMES, None, open_file=lambda: open_pose_of(recording))
    assert [problem.is_error for problem in checked.problems] == [False]
    assert "1 of 10 likelihoods are not from 0 to 1" in checked.problems[0].message
    (tmp_path / "a.csv").write_text(text.replace("900.0,1.0\n", "900.0,99.0\n"))
    checked = check_pose(recording, CROP, FRAMES, None, open_file=lambda: open_pose_of(recording))
    assert [problem.is_error for problem in checked.problems] == [True]
    assert "has the likelihood 99 in line 4" in checked.problems[0].message


def test_rows_of_a_pose_that_counts_from_1_are_as_many_as_the_frames(tmp_path: Path) -> None:
    recording = write(tmp_path)
    lines = (tmp_path / "a.csv").read_text().splitlines()
    rows = [f"{number},{line.split(',', 1)[1]}" for number, line in enumerate(lines[3:], 1)]
    (tmp_path / "a.csv").write_text("\n".join([*lines[:3], *rows, ""]))
    checked = check_pose(recording, CROP, FRAMES, None, open_file=lambda: open_pose_of(recording))
    assert (checked.n_rows, checked.measured) == (10, 1.0)
    assert [problem.message for problem in checked.problems] == [
        f"{tmp_path / 'a.csv'}: counts frames from 1 to 10; its frame 1 is read as frame 0."
    ]
