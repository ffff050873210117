"""What is open, and what goes on in the background."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from behavior.errors import LabelError, VideoError
from behavior.files.video_writer import write_video
from behavior.review.desk import Desk, UnknownRecordingError
from behavior.review.label_edits import Paint
from behavior.review.label_session import EditRequest
from behavior.review.reviewed_study import open_reviewed


def wait_for(condition: Callable[[], bool]) -> bool:
    give_up = time.monotonic() + 10
    while not condition() and time.monotonic() < give_up:
        time.sleep(0.02)
    return condition()


def test_a_video_is_read_through_and_edits_reach_their_file(study: Path) -> None:
    desk = Desk(open_reviewed([study]), "")
    desk.start()
    opened = desk.open("mouse_2")
    assert wait_for(lambda: opened.index.is_proven)
    opened.open_session().edit(EditRequest("1", "a", 0, (Paint(3, 6, "rear", 1),)))
    target = study.parent / "labels" / "mouse_2.csv"
    assert wait_for(target.exists)
    desk.close()
    assert target.read_text() == "behavior,start_frame,stop_frame\nobserved,3,6\nrear,3,6\n"


def test_what_somebody_else_writes_is_seen(study: Path) -> None:
    path = study.parent / "mouse_1_labels.csv"
    path.write_text("behavior,start_frame,stop_frame\ngroom,10,20\n")
    desk = Desk(open_reviewed([study]), "")
    desk.start()
    session = desk.open("mouse_1").open_session()
    path.write_text("behavior,start_frame,stop_frame\ngroom,30,35\n")
    assert wait_for(lambda: bool(session.notices))
    assert session.values[:, 0].sum() == 5
    desk.close()


def test_only_recordings_of_the_study_are_opened(study: Path) -> None:
    desk = Desk(open_reviewed([study]), "")
    for name in ("mouse_3", "../mouse_1", ""):
        with pytest.raises(UnknownRecordingError):
            desk.open(name)


def test_recordings_that_nobody_looks_at_any_more_are_closed(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("behavior.review.desk._MANY_OPEN", 1)
    desk = Desk(open_reviewed([study]), "")
    first = desk.open("mouse_1")
    first.open_session().edit(EditRequest("1", "a", 0, (Paint(30, 36, "rear", 1),)))
    desk.open("mouse_2")
    assert desk.open("mouse_1") is first
    monkeypatch.setattr("behavior.review.desk._IDLE_S", 0.0)
    desk.open("mouse_2")
    assert "rear,30,36" in (study.parent / "labels" / "mouse_1.csv").read_text()
    with pytest.raises(LabelError, match="was closed meanwhile"):
        first.open_session()
    assert desk.open("mouse_1") is not first
    desk.close()


def test_a_video_that_was_replaced_is_opened_anew_where_somebody_opens_it_again(study: Path) -> None:
    desk = Desk(open_reviewed([study]), "")
    first = desk.open("mouse_1")
    assert desk.open("mouse_1", looks_again=True) is first
    path = study.parent / "mouse_1.mp4"
    write_video(path, np.zeros((40, 96, 96, 3), np.uint8), fps=10)
    assert desk.open("mouse_1") is first
    with pytest.raises(VideoError, match=r"mouse_1\.mp4: was replaced by another file since it was opened; open the recording again"):
        first.views.read("a", [0])
    second = desk.open("mouse_1", looks_again=True)
    assert second.index.n_frames == 40
    assert second.views.read("a", [39])[0].image is not None
    path.unlink()
    with pytest.raises(VideoError, match="is gone or cannot be read"):
        second.views.read("a", [0])
    with pytest.raises(VideoError, match=r"mouse_1\.mp4: is not there"):
        desk.open("mouse_1", looks_again=True)
    desk.close()


def test_recordings_that_are_open_share_the_memory_of_predictions_and_pose(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(open_reviewed([study]), "")
    first = desk.open("mouse_1")
    first.read_pose()
    monkeypatch.setattr("behavior.review.desk._MOST_BYTES", first.n_bytes)
    second = desk.open("mouse_2")
    assert first.n_bytes > 0
    second.read_pose()
    desk.open("mouse_2")
    assert (first.n_bytes, second.n_bytes > 0) == (0, True)
    desk.close()
