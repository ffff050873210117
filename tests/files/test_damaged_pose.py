"""Pose files that cannot be read are pose all the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from behavior.errors import PoseError
from behavior.files.damaged_pose import explain_unreadable, has_pose, is_named_as_pose
from behavior.files.pairing import pair_files
from behavior.files.pose_choice import find_pose_for


@pytest.mark.parametrize("name", ["aDLC_net.h5", "a.analysis.h5", "a.slp", "aDLC_net.csv"])
def test_a_damaged_pose_is_a_pose_with_a_flaw(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.mp4").touch()
    (tmp_path / name).write_bytes(b"\x89HDF\r\n\x1a\n" + b"x" * 900)
    (pairing,), sentences = pair_files(tmp_path)
    assert pairing.pose is None
    assert sentences[0].startswith(f"{name}: is named as the pose of a.mp4, but cannot be read as")
    assert has_pose(tmp_path)
    with pytest.raises(PoseError, match=r"is named as the pose of a\.mp4, but cannot be read"):
        find_pose_for(tmp_path / "a.mp4")


def test_other_hdf5_is_no_pose(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").touch()
    for name in ("squeezenet.h5", "a_spikes.nwb", "a_notes.csv"):
        (tmp_path / name).write_bytes(b"?")
    assert not has_pose(tmp_path)
    assert find_pose_for(tmp_path / "a.mp4") is None


def test_what_is_wrong_is_the_end_of_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "aDLC_net.csv"
    path.write_text("frame,x\n0,1\n")
    assert is_named_as_pose(path, [tmp_path / "a.mp4"])
    assert explain_unreadable(path).startswith("is not a DeepLabCut table")
    path.write_text("scorer,N,N\nbodyparts,a,a\ncoords,x,y\n0,1,2\n")
    assert explain_unreadable(path).startswith("holds no pose that can be recognised")
