"""What `check` says of views besides the first."""

import numpy as np
import pytest

from behavior.config import Study
from behavior.files.video_writer import write_video
from behavior.recording import Frames, Recording
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
    return [(problem.is_error, problem.message) for problem in check_views(STUDY, Recording("m", views={"side": view}), FRAMES)]


def test_what_a_view_shows_is_said(side):
    ((is_error, message),) = look(side, 1.0)
    assert not is_error and "shows 1 to 2.9 s of the 3.9 s of the first view" in message


def test_a_view_without_its_video_or_out_of_time_is_an_error(side, tmp_path):
    assert look(tmp_path / "gone.mp4", 0.0)[0][0]
    ((is_error, message),) = look(side, 60.0)
    assert is_error and "correct start_side" in message


def test_a_missing_view_is_pointed_out():
    (problem,) = check_views(STUDY, Recording("m"), FRAMES)
    assert not problem.is_error and "has no view 'side'" in problem.message
    assert check_view_names(STUDY, [Recording("m")]) == []
