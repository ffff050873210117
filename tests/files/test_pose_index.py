"""Pose tables whose index counts from 1, or from a camera's number: their rows are of the frames that labels of that kind are of."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from behavior.errors import PoseError
from behavior.files.detection_files import read_detections
from behavior.files.pose import match_pose_to_frames, open_pose, read_pose, write_deeplabcut
from behavior.files.pose_frames import find_pose_frames, place_on_frames
from behavior.files.pose_index import check_frame_index, count_from_0
from behavior.files.pose_table import PoseTable
from behavior.recording import Frames, Track

# Where the animal is in each frame.
PLACES = [10.0, 20.0, 30.0, 40.0]


def write_counted(path: Path, numbers: list[int]) -> Path:
    """Write a table of DeepLabCut whose rows are called `numbers`."""
    positions = np.repeat(np.array(PLACES[: len(numbers)])[:, np.newaxis, np.newaxis], 2, axis=2)
    write_deeplabcut(path, Track(positions, np.ones((len(numbers), 1)), ("nose",)), scorer="net")
    if path.suffix == ".h5":
        table = pd.read_hdf(path)
        table.index = numbers
        table.to_hdf(path, key="df_with_missing", mode="w", format="fixed")
    else:
        lines = path.read_text().splitlines()
        rows = [f"{number},{line.split(',', 1)[1]}" for number, line in zip(numbers, lines[3:], strict=True)]
        path.write_text("\n".join([*lines[:3], *rows, ""]))
    return path


@pytest.mark.parametrize("suffix", [".csv", ".h5"])
@pytest.mark.parametrize("first", [1, 7])
def test_the_first_row_is_of_the_first_frame(tmp_path: Path, suffix: str, first: int) -> None:
    path = write_counted(tmp_path / f"a{suffix}", list(range(first, first + 4)))
    matched, note = match_pose_to_frames(read_pose(path), Frames(4), path=path)
    assert matched.positions[:, 0, 0].tolist() == PLACES and matched.likelihoods[:, 0].tolist() == [1, 1, 1, 1]
    assert note == f"{path}: counts frames from {first} to {first + 3}; its frame {first} is read as frame 0."


def test_without_a_video_there_is_a_frame_for_each_row(tmp_path: Path) -> None:
    opened = open_pose(write_counted(tmp_path / "a.csv", [1, 2, 3, 4]))
    found = find_pose_frames(opened, 10.0)
    assert found.frames.n_frames == 4
    placed, notes = place_on_frames(opened.read(), found.frames, path=opened.path)
    assert placed.positions[:, 0, 0].tolist() == PLACES
    assert len(notes) == 1 and "counts frames from 1 to 4" in notes[0]


def test_an_index_from_1_that_ends_with_the_video_counts_from_0_and_says_so(tmp_path: Path) -> None:
    path = write_counted(tmp_path / "a.csv", [1, 2, 3])
    matched, note = match_pose_to_frames(read_pose(path), Frames(4), path=path)
    np.testing.assert_array_equal(matched.positions[:, 0, 0], [np.nan, 10, 20, 30])
    assert note == f"{path}: its index starts at 1, so frame 0 has no pose; frames are counted from 0."


def test_an_index_from_0_is_what_it_says(tmp_path: Path) -> None:
    path = write_counted(tmp_path / "a.csv", [0, 1, 2, 4])
    track = read_pose(path)
    assert count_from_0(track, 4, path=path) == (track, None)
    _, note = match_pose_to_frames(track, Frames(4), path=path)
    assert "1 of 5 pose rows have no frame" in str(note)


def test_detections_are_told_to_count_from_1(tmp_path: Path) -> None:
    video = Path("a.mp4")
    assert read_detections(write_counted(tmp_path / "a.csv", [1, 2, 3, 4]), video=video).may_start_at_one
    assert not read_detections(write_counted(tmp_path / "b.csv", [0, 1, 2, 3]), video=video).may_start_at_one


def test_an_index_that_is_no_frame_numbers_is_refused(tmp_path: Path) -> None:
    values = np.zeros((2, 1))
    columns = (("", "nose", "x"),)
    assert check_frame_index(tmp_path, PoseTable(columns, np.array([3, 1]), values)).tolist() == [3, 1]
    with pytest.raises(PoseError, match="frame 1 has 2 rows, expected one"):
        check_frame_index(tmp_path, PoseTable(columns, np.array([1, 1]), values))
    with pytest.raises(PoseError, match=r"row 1 has the index '0\.5', expected a frame number"):
        check_frame_index(tmp_path, PoseTable(columns, np.array([0, 0.5]), values))
