"""What is read of a recording's files is read once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from behavior.embedding.recording_inputs import RecordingInputs, share_inputs
from behavior.errors import PoseError
from behavior.recording import Recording


def test_a_pose_is_parsed_once(write_recording: Callable[..., Recording], parses: list[str]) -> None:
    inputs = RecordingInputs(write_recording())
    assert parses == []
    track = inputs.read_track(None)
    assert inputs.read_track(None) is track
    assert len(track) == 40
    assert parses == ["a.csv"]
    # Another recording's turn is another object's.
    assert RecordingInputs(inputs.recording).read_track(None) is not track
    assert parses == ["a.csv", "a.csv"]


def test_individuals_are_tracks_of_their_own(tmp_path: Path, parses: list[str]) -> None:
    path = tmp_path / "two.csv"
    path.write_text("individuals,m1,m1,m2,m2\nbodyparts,a,a,a,a\ncoords,x,y,x,y\n0,1,2,3,4\n")
    inputs = RecordingInputs(Recording("two", pose=path))
    assert inputs.read_track("m1").positions.tolist() == [[[1, 2]]]
    assert inputs.read_track("m2").positions.tolist() == [[[3, 4]]]
    assert inputs.read_track("m1").positions.tolist() == [[[1, 2]]]
    assert parses == ["two.csv"]
    own = RecordingInputs(Recording("two", pose=path, individual="m2"))
    assert own.read_track(None).positions.tolist() == own.read_track("m1").positions.tolist() == [[[3, 4]]]


def test_a_pose_that_cannot_be_read_is_tried_again(tmp_path: Path) -> None:
    inputs = RecordingInputs(Recording("none", pose=tmp_path / "none.csv"))
    for _ in range(2):
        with pytest.raises(PoseError, match="there is no such pose file"):
            inputs.read_track(None)


def test_what_several_streams_find_odd_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    first, second = share_inputs([Recording("a"), Recording("b")])
    for inputs in (first, first, second):
        inputs.note("its pose is a row short.")
    first.note("its video breaks off.")
    assert caplog.messages == ["a: its pose is a row short.", "b: its pose is a row short.", "a: its video breaks off."]
