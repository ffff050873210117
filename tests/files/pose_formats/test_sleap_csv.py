"""SLEAP's Analysis CSV: tracks, frames that are left out, and what cannot be used."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from behavior.errors import PoseError
from behavior.files.pose import is_pose, match_pose_to_frames, read_pose
from behavior.recording import Frames

HEADER = "track,frame_idx,instance.score,nose.x,nose.y,nose.score,tail.x,tail.y,tail.score"


def write(path: Path, *rows: str, header: str = HEADER) -> Path:
    path.write_text("\n".join([header, *rows, ""]))
    return path


def test_real_analysis_csv(shared_data: Path) -> None:
    track = read_pose(shared_data / "formats" / "others" / "slp" / "minimal_instance.analysis.csv")
    assert track.body_parts == ("A", "B")
    np.testing.assert_array_equal(track.positions, [[[205.9300539013689, 187.88964024221963], [278.63521449272383, 203.3658657346604]]])
    assert track.likelihoods.tolist() == [[1, 1]]


def test_tracks_are_individuals_and_frames_may_be_left_out(tmp_path: Path) -> None:
    rows = ["a,0,0.9,1,2,0.5,3,4,1.2", "b,0,0.9,11,12,0.5,,,", ",;", "a,3,0.9,5,6,,7,8,0.25", ",2,0.9,99,99,1,99,99,1"]
    path = write(tmp_path / "a.csv", *[row.replace(",;", ",,,,,,,,") for row in rows])
    assert is_pose(path)
    with pytest.raises(PoseError, match=r"2 individuals \(a, b\)"):
        read_pose(path)
    track = read_pose(path, individual="a")
    np.testing.assert_array_equal(track.positions[:, 0, 0], [1, np.nan, np.nan, 5])
    np.testing.assert_array_equal(track.likelihoods, [[0.5, 1], [0, 0], [0, 0], [1, 0.25]])
    matched, warning = match_pose_to_frames(track, Frames(9), path=path)
    assert len(matched) == 9
    assert "5 of 9 frames, the last ones" in str(warning)
    semicolons = write(tmp_path / "b.csv", "a;0;0,9;1,5;2;0,5;3;4;1", header=HEADER.replace(",", ";"))
    assert read_pose(semicolons).positions[0, 0].tolist() == [1.5, 2]


def test_tables_that_cannot_be_used(tmp_path: Path) -> None:
    row = "a,0,0.9,1,2,0.5,3,4,1"
    for name, rows, sentence in (
        ("twice", [row, "", row], r"frame 0 has several rows of track 'a' \(lines 2, 4\)"),
        ("untracked", [row[1:], row[1:]], "several rows of no track.*run SLEAP's tracking"),
        ("frame", ["a,0.5,0.9,1,2,0.5,3,4,1"], "line 2 has the frame_idx 0.5"),
        ("negative", ["a,-1,0.9,1,2,0.5,3,4,1"], "line 2 has the frame_idx -1"),
        ("far", [row, "a,99999999,0.9,1,2,0.5,3,4,1"], "the index goes to"),
        ("text", [row, "a,1,0.9,oops,2,0.5,3,4,1"], "line 3, nose.x: 'oops' is not a number"),
        ("empty", [], "has a header but no rows"),
    ):
        path = write(tmp_path / f"{name}.csv", *rows)
        with pytest.raises(PoseError, match=sentence) as caught:
            read_pose(path)
        assert str(path) in str(caught.value)
    assert not is_pose(write(tmp_path / "other.csv", "a,0", header="track,frame_idx"))
