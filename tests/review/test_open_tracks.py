from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from tracked_pair import write_pair

from behavior.recording import Recording
from behavior.review.desk import Desk
from behavior.review.open_tracks import find_track
from behavior.review.reviewed_study import open_reviewed
from behavior.review.track_edits import TrackEdit
from behavior.review.track_session import TrackRequest


def test_a_track_is_found_beside_the_video_and_where_the_pose_is(videos: Path, tmp_path: Path) -> None:
    recording = Recording("mouse_1", video=videos / "mouse_1.mp4")
    assert find_track(recording) is None
    stem = write_pair(videos / "mouse_1.mp4")
    assert find_track(recording) == stem
    (tmp_path / "out").mkdir()
    for suffix in ("_track.csv", "_tracklets.npz"):
        stem.with_name(stem.name + suffix).rename(tmp_path / "out" / f"m{suffix}")
    assert find_track(recording) is None
    assert find_track(replace(recording, pose=tmp_path / "out" / "m_track.csv")) == tmp_path / "out" / "m"


def test_recordings_of_one_track_share_a_session_and_problems_are_told(videos: Path, caplog: Any, run: Callable[..., Any]) -> None:
    stem = write_pair(videos / "mouse_1.mp4")
    desk = Desk(open_reviewed([videos]), "")
    opened = desk.open("mouse_1_animal1")
    opened.index.read_through(lambda: True)
    session = desk.tracks.open(opened)
    assert (
        session is not None and desk.tracks.open(desk.open("mouse_1_animal2")) is session and desk.tracks.find(opened.recording) is session
    )
    assert desk.tracks.open(desk.open("mouse_2")) is None
    # The track is written with a correction, and its picture is drawn again.
    picture = stem.with_name("mouse_1_track.jpg").read_bytes()
    session.edit(TrackRequest("one", "anna", session.revision, TrackEdit("swap", 0, 1, frame=30)))
    desk.tracks.write_all(now=True)
    assert session.problem == "" and not session.is_pending
    assert stem.with_name("mouse_1_track.jpg").read_bytes() != picture
    stem.with_name("mouse_1_tracklets.npz").write_bytes(b"damaged")
    desk.tracks.write_all()
    desk.tracks.write_all()
    assert "cannot be read as tracklets" in caplog.text
    desk.close()
