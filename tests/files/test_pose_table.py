"""What every tracker's file is first read into, and what is not a file at all."""

from __future__ import annotations

import os
from pathlib import Path

import h5py
import numpy as np
import pytest

from behavior.errors import PoseError
from behavior.files.pose_table import PoseTable, is_hdf5, require_pose_file


def test_a_column_that_is_there_twice_is_named() -> None:
    columns = (("", "nose", "x"), ("", "nose", "y"), ("", "nose", "x"))
    with pytest.raises(PoseError, match=r"^p\.csv: column 'x' of body part 'nose' is there twice; remove one\.$"):
        PoseTable(columns, np.arange(2), np.zeros((2, 3))).require_distinct(Path("p.csv"))
    named = (("m1", "nose", "x"), ("m2", "nose", "x"))
    PoseTable(named, np.arange(2), np.zeros((2, 2))).require_distinct(Path("p.csv"))
    with pytest.raises(PoseError, match="of 'm1'"):
        PoseTable(named[:1] * 2, np.arange(2), np.zeros((2, 2))).require_distinct(Path("p.csv"))


def test_hdf5_is_told_by_its_first_bytes(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.csv", "w"):
        pass
    (tmp_path / "b.h5").write_text("scorer,N\n")
    (tmp_path / "c.h5").touch()
    assert [is_hdf5(tmp_path / name) for name in ("a.csv", "b.h5", "c.h5")] == [True, False, False]
    assert require_pose_file(tmp_path / "a.csv")
    assert not require_pose_file(tmp_path / "c.h5")


def test_what_is_not_a_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(PoseError, match="there is no such pose file"):
        require_pose_file(tmp_path / "none.csv")
    with pytest.raises(PoseError, match=r"is a folder, expected a pose file"):
        require_pose_file(tmp_path)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.csv")
        with pytest.raises(PoseError, match="is a device or a pipe"):
            require_pose_file(tmp_path / "pipe.csv")
