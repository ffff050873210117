"""What `check` says of views besides the first."""

import numpy as np
import pytest

from behavior.config import Study
from behavior.files.video_writer import write_video
from behavior.recording import Frames, Recording
from behavior.reporting.check_result import CheckedView
from behavior.reporting.view_check import check_view_names, check_views

STUDY = Study.model_validate(
    {
        "behaviors": ["rear"],
        "streams": ["appearance", "appearance@side"],
        "crop": {"body_part": "midbody"},
        "views": {"others": {"side": {"crop": {"whole_frame": True}}}},
    }
)
FRAMES = Frames.from_times(np.arange(40) / 10)


@pytest.fixture
def side(tmp_path):
    """A video of two seconds."""
    path = tmp_path / "side.mp4"
    write_video(path, [np.full((32, 32, 3), 10 * value, dtype=np.uint8) for value in range(20)], fps=10)
    return path


def look(video, start_s):
    view = Recording("m@side", video=video, start_s=start_s)
    views, problems = check_views(STUDY, Recording("m", views={"side": view}), FRAMES)
    return views, [(problem.is_error, problem.message) for problem in problems]


def test_what_a_view_shows_is_said(side):
    views, ((is_error, message),) = look(side, 1.0)
    assert not is_error and message.startswith("video_side shows 1 to 2.9 s of the 3.9 s of the first view")
    assert views == {"video_side": CheckedView(20, 10.0, 1.0, 2.9)}


@pytest.mark.parametrize("start_s", [2.0, -2.0])
def test_what_a_start_tells_is_no_warning(tmp_path, start_s):
    path = tmp_path / "side.mp4"
    write_video(path, [np.full((32, 32, 3), 5 * value, dtype=np.uint8) for value in range(40)], fps=10)
    views, problems = look(path, start_s)
    shown = (2.0, 3.9) if start_s > 0 else (0.0, 1.9)
    assert problems == [] and (views["video_side"].from_s, views["video_side"].to_s) == pytest.approx(shown)


def test_a_view_without_its_video_or_out_of_time_is_an_error(side, tmp_path):
    ((is_error, message),) = look(tmp_path / "gone.mp4", 0.0)[1]
    assert is_error and "gone.mp4: no such video; correct the path in the manifest, in the column video_side" in message
    views, ((is_error, message),) = look(side, 60.0)
    assert views == {"video_side": CheckedView(20, 10.0)}
    assert is_error and "correct start_side" in message


def test_a_missing_view_is_pointed_out():
    _, (problem,) = check_views(STUDY, Recording("m"), FRAMES)
    assert not problem.is_error and "has no view 'side'" in problem.message
    assert check_view_names(STUDY, [Recording("m")]) == []
