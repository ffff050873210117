"""The files that a recording has to have, and what is said of those that it lacks."""

from pathlib import Path

import pytest

from behavior.errors import InputError, PoseError, VideoError
from behavior.files.needed_files import require_pose, require_video
from behavior.recording import Recording


def test_files_that_are_there_are_returned(tmp_path):
    path = tmp_path / "a"
    path.touch()
    assert require_video(Recording("m1", video=path)) == require_pose(Recording("m1@side", pose=path)) == path


@pytest.mark.parametrize(
    ("recording", "of_video", "of_pose"),
    [
        (
            Recording("m1"),
            "recording 'm1' has no video to embed; name one in the manifest, import",
            "recording 'm1' has no pose; name its file, which `behavior track` can make, in the manifest, or set crop: {wh",
        ),
        (
            Recording("m1", line=4),
            "recording 'm1' has no video to embed; name one on line 4 of the manifest, import",
            "can make, on line 4 of the manifest, or set crop",
        ),
        (
            Recording("m1@side", line=4),
            "recording 'm1' has no video for the view 'side'; name one on line 4 of the manifest, in the column video_side, or empty",
            "on line 4 of the manifest, in the column pose_side, or set views: {others: {side: {crop: {whole_frame: true}}}}.",
        ),
    ],
)
def test_what_is_missing_is_named_by_line_and_view(recording, of_video, of_pose):
    with pytest.raises(VideoError) as caught:
        require_video(recording)
    assert of_video in str(caught.value)
    with pytest.raises(PoseError) as caught:
        require_pose(recording)
    assert of_pose in str(caught.value)


def test_files_that_are_not_there_are_named_with_their_cell(tmp_path):
    path = tmp_path / "gone.mp4"
    with pytest.raises(
        VideoError, match=r"gone\.mp4: no such video; correct the path on line 2 of the manifest, in the column video_side, or"
    ):
        require_video(Recording("m1@side", video=path, line=2))
    with pytest.raises(PoseError, match=r"gone\.mp4: no such pose file; correct the path in the manifest, or put the file there"):
        require_pose(Recording("m1", pose=path))


def test_a_drive_that_cannot_be_read_is_said(monkeypatch):
    def fail(path):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "is_file", fail)
    with pytest.raises(InputError, match="cannot be looked for"):
        require_video(Recording("m1", video=Path("m1.mp4")))
