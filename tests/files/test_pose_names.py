"""What recordings are called of which there is pose alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from behavior.files.pose import write_deeplabcut
from behavior.files.pose_names import find_poses, is_pose_file, name_after_video, stand_in
from behavior.recording import Track


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("demo1_tracking.csv", "demo1"),
        ("m1.v2DLC_resnet50_x.h5", "m1.v2"),
        ("m1_pose_est_v6.h5", "m1"),
        ("m1.predictions.analysis.h5", "m1"),
        ("tracking.csv", "tracking"),
        ("DLC_1.csv", "DLC_1"),
        ("m1 filtered.csv", "m1"),
        ("sky.csv", "sky"),
    ],
)
def test_what_trackers_put_behind_a_name_is_cut_off(name: str, expected: str) -> None:
    assert name_after_video(Path(name)) == expected
    assert stand_in(Path("cage") / name) == Path("cage") / (expected + Path(name).suffix)


def test_pose_is_known_by_its_content(tmp_path: Path) -> None:
    write_deeplabcut(tmp_path / "a.csv", Track(np.ones((2, 1, 2)), np.ones((2, 1)), ("nose",)), scorer="s")
    (tmp_path / "b.csv").write_text("behavior,start_frame,stop_frame\n")
    (tmp_path / "c.mp4").write_bytes((tmp_path / "a.csv").read_bytes())
    assert find_poses(sorted(tmp_path.iterdir())) == [tmp_path / "a.csv"]
    assert is_pose_file(tmp_path / "a.csv") and not is_pose_file(tmp_path / "gone.csv")
