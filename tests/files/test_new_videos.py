"""Videos without a manifest: which are meant, what they are called, and their pose."""

from pathlib import Path

import pytest

from behavior.errors import PoseError, UsageError
from behavior.files.new_videos import list_videos, name_recordings, require_pose


def touch(folder, *names):
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).touch()


def test_a_folder_stands_for_the_videos_that_nobody_drew_on(tmp_path):
    touch(tmp_path / "new", "b.mp4", "a.AVI", ".hidden.mp4", "a_overlay.mp4", "bDLC_labeled.mp4", "notes.txt")
    touch(tmp_path, "c_overlay.mp4")
    videos, problems = list_videos([tmp_path / "c_overlay.mp4", tmp_path / "new"])
    assert [video.name for video in videos] == ["c_overlay.mp4", "a.AVI", "b.mp4"]
    assert problems == {}


def test_subfolders_are_looked_into(tmp_path):
    touch(tmp_path / "day 1", "m.MTS", "mDLC_net_full.mp4")
    touch(tmp_path / "day 2", "m.MTS")
    touch(tmp_path / "cache", "x.mp4")
    videos, _ = list_videos([tmp_path])
    assert videos == [tmp_path / "day 1" / "m.MTS", tmp_path / "day 2" / "m.MTS"]
    assert name_recordings(videos) == ["day_1_m", "day_2_m"]


def test_what_is_no_video_gets_a_sentence(tmp_path):
    touch(tmp_path / "empty", "notes.txt")
    videos, problems = list_videos([tmp_path / "empty", tmp_path / "none.mp4"])
    assert videos == []
    assert list(problems) == [str(tmp_path / "empty"), str(tmp_path / "none.mp4")]
    assert "holds no videos (.mp4" in problems[str(tmp_path / "empty")]
    assert problems[str(tmp_path / "none.mp4")].endswith("none.mp4: no such video; check the path.")


def test_links_to_videos_that_are_not_there_are_named(tmp_path):
    touch(tmp_path / "new", "a.mp4")
    touch(tmp_path / "drive", "1.mp4")
    (tmp_path / "new" / "b.mp4").symlink_to(tmp_path / "drive" / "1.mp4")
    (tmp_path / "new" / "c.mp4").symlink_to(tmp_path / "gone.mp4")
    videos, problems = list_videos([tmp_path / "new"])
    assert [video.name for video in videos] == ["a.mp4", "b.mp4"]
    gone = tmp_path / "new" / "c.mp4"
    assert problems == {str(gone): f"{gone}: is a link to a file that is not there; connect its drive, or fetch the file."}


def test_recordings_are_called_after_the_folders_of_links(tmp_path):
    touch(tmp_path / "drive", "1.mp4", "2.mp4")
    for cage, name in (("cage1", "1.mp4"), ("cage2", "2.mp4")):
        (tmp_path / cage).mkdir()
        (tmp_path / cage / "m.mp4").symlink_to(tmp_path / "drive" / name)
    assert name_recordings([tmp_path / "cage1" / "m.mp4", tmp_path / "cage2" / "m.mp4"]) == ["cage1_m", "cage2_m"]


@pytest.mark.parametrize(
    ("videos", "names"),
    [
        (["new/mouse 1.mp4"], ["mouse_1"]),
        (["a/m.mp4", "b/m.mp4", "b/n.mp4"], ["a_m", "b_m", "n"]),
        (["x/a/m.mp4", "y/a/m.mp4", "b/m.mp4"], ["x_a_m", "y_a_m", "b_m"]),
        (["new/.m.mp4", "new/....mp4"], ["m", "video"]),
    ],
)
def test_names_are_safe_and_unlike(videos, names):
    assert name_recordings([Path(video) for video in videos]) == names


def test_videos_that_cannot_be_told_apart_are_refused():
    with pytest.raises(UsageError, match=r"m\.mp4: is given twice"):
        name_recordings([Path("new/m.mp4"), Path("new/../new/m.mp4")])
    with pytest.raises(UsageError, match=r"a/m\.mp4, a/m\.avi: their ethograms would have the same names"):
        name_recordings([Path("a/m.mp4"), Path("a/m.avi"), Path("a/n.avi")])


def test_pose_is_next_to_its_video(tmp_path):
    touch(tmp_path, "m1.mp4", "m1DLC_resnet50.csv", "m2.mp4")
    (tmp_path / "m1DLC_resnet50.csv").write_text("scorer,a,a,a\nbodyparts,nose,nose,nose\ncoords,x,y,likelihood\n0,1,2,1\n")
    assert require_pose(tmp_path / "m1.mp4").name == "m1DLC_resnet50.csv"
    with pytest.raises(PoseError, match=r"m2\.mp4: found no pose"):
        require_pose(tmp_path / "m2.mp4")
