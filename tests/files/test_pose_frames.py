"""The frames of a recording without a video."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sleap_samples import PREDICTED, write_project

from behavior.errors import PoseError
from behavior.files.pose import open_pose, write_deeplabcut
from behavior.files.pose_frames import find_pose_frames, place_on_frames, read_pose_frames
from behavior.recording import Recording, Track

TRACK = Track(np.ones((6, 1, 2)), np.ones((6, 1)), ("nose",))


@pytest.fixture
def table(tmp_path: Path) -> Path:
    write_deeplabcut(tmp_path / "m1DLC.csv", TRACK, scorer="s")
    return tmp_path / "m1DLC.csv"


def write_timed(write_nwb: Callable[..., Any], path: Path, times: np.ndarray) -> Path:
    rows = np.arange(2.0 * len(times)).reshape(-1, 2)
    return Path(write_nwb(path, {"mouse": {"nose": {"data": rows, "timestamps": times}}}))


def test_a_table_takes_the_rate_that_it_is_given(table: Path) -> None:
    known = read_pose_frames(Recording("m1", pose=table, fps=20.0))
    assert (known.frames.n_frames, known.fps, known.notes) == (6, 20.0, ())
    np.testing.assert_allclose(known.frames.time_s, np.arange(6) / 20)


def test_a_rate_that_nobody_gives_is_asked_for(table: Path) -> None:
    with pytest.raises(PoseError, match=r"m1DLC.csv: there is no video, and this file does not say .* pose: \{fps: 30\}"):
        read_pose_frames(Recording("m1", pose=table))
    with pytest.raises(PoseError, match="'m1' has neither a video nor a pose"):
        read_pose_frames(Recording("m1"))


def test_times_in_the_file_come_before_a_rate_that_is_given(tmp_path: Path, write_nwb: Callable[..., Any]) -> None:
    path = write_timed(write_nwb, tmp_path / "a.nwb", 5 + np.array([0, 0.1, 0.2, 0.3, 0.6, 0.7]))
    known = find_pose_frames(open_pose(path), 25.0)
    assert known.fps == pytest.approx(10)
    np.testing.assert_allclose(known.frames.time_s, [0, 0.1, 0.2, 0.3, 0.6, 0.7], atol=1e-9)
    assert "says that it has 10 frames per second, and not the 25" in known.notes[0]
    assert "begin at 5 s, which counts as the beginning" in known.notes[1]
    # A row for each frame, whatever the times are.
    track, notes = place_on_frames(open_pose(path).read(), known.frames, path=path)
    np.testing.assert_array_equal(track.positions[:, 0, 0], np.arange(0, 12, 2))
    assert notes == [] and track.time_s is None


def test_whole_numbers_for_times_are_frames_where_a_rate_is_given(tmp_path: Path, write_nwb: Callable[..., Any]) -> None:
    path = write_timed(write_nwb, tmp_path / "a.nwb", np.arange(8.0))
    known = find_pose_frames(open_pose(path), 40.0)
    assert known.fps == 40.0 and known.frames.time_s is not None and known.frames.time_s[-1] == pytest.approx(7 / 40)
    assert "taken for frame numbers, 40 of them a second" in known.notes[0]
    assert find_pose_frames(open_pose(path), None).fps == pytest.approx(1)


def test_a_file_that_says_how_long_its_video_is_ends_there(tmp_path: Path) -> None:
    backend = {"shape": [9, 4, 4, 1], "fps": 12.5}
    path = write_project(tmp_path / "a.slp", [(3, 0, PREDICTED, -1, (1.0, 2.0))], videos_json=_describe(backend))
    pose = open_pose(path)
    known = find_pose_frames(pose, None)
    assert (known.frames.n_frames, known.fps) == (9, 12.5)
    track, notes = place_on_frames(pose.read(), known.frames, path=path)
    assert np.isfinite(track.positions[:, 0, 0]).tolist() == [False] * 3 + [True] + [False] * 5
    assert "5 of 9 frames, the last ones, have no pose row" in notes[0]
    for fps in (0, -3, True, "fast", 1e9):
        write_project(path, [(3, 0, PREDICTED, -1, (1.0, 2.0))], videos_json=_describe({**backend, "fps": fps}))
        assert open_pose(path).fps is None
    write_project(path, [(3, 0, PREDICTED, -1, (1.0, 2.0))], videos_json=_describe({**backend, "shape": [10**12, 4, 4, 1]}))
    with pytest.raises(PoseError, match="says that its video has 1,000,000,000,000 frames, and ends after 4"):
        find_pose_frames(open_pose(path), None)


def _describe(backend: dict[str, Any]) -> np.ndarray:
    return np.array([json.dumps({"backend": backend}).encode()])
