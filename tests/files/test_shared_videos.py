"""Recordings of one video are known as such."""

from pathlib import Path

from behavior.files.shared_videos import group_by_video, identify_video, introduce_companions
from behavior.recording import Recording


def test_recordings_of_one_video_are_grouped_whatever_path_leads_to_it(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    first = Recording("a", video=tmp_path / "v.mp4", individual="m1")
    other = Recording("b", video=tmp_path / "w.mp4")
    second = Recording("c", video=tmp_path / "deep" / ".." / "v.mp4", individual="m2")
    assert group_by_video([first, other, second]) == [[first, second], [other]]
    assert [one.companions for one in introduce_companions([first, other, second])] == [{"c": "m2"}, {}, {"a": "m1"}]


def test_without_a_video_the_pose_tells(tmp_path: Path) -> None:
    poses = [Recording(name, pose=tmp_path / "p.csv") for name in "ab"]
    assert identify_video(poses[0]) == identify_video(poses[1])
    assert len(group_by_video([Recording("a"), Recording("b")])) == 2
