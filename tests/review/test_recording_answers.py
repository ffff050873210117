"""What the server answers about a recording, and edits of its labels."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from behavior.files.video import open_video


def test_a_frame_is_the_frame_with_this_number(serve: Callable[..., Any], study: Path) -> None:
    client = serve(study)
    with open_video(study.parent / "mouse_1.mp4") as reader:
        expected = list(reader.frames())
    content = client.ask("/api/recordings/mouse_1/frames?start=31&count=3&step=7&viewer=a").body
    place, rows = 0, []
    while place < len(content):
        row, length = struct.unpack_from("<II", content, place)
        picture = cv2.imdecode(np.frombuffer(content[place + 8 : place + 8 + length], np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
        assert np.abs(picture.astype(int) - expected[row].image).mean() < 3
        rows.append(row)
        place += 8 + length
    assert rows == [31, 38, 45]


def test_labels_predictions_times_and_pose_are_answered(serve: Callable[..., Any], study: Path) -> None:
    client = serve(study)
    assert client.ask("/api/recordings/mouse_1/labels").content["runs"] == {"groom": [[10, 20, 1]], "rear": []}
    assert client.ask("/api/recordings/mouse_2/labels").content["runs"] == {"groom": [[0, 60, -1]], "rear": [[0, 60, -1]]}
    assert client.ask("/api/recordings/mouse_1/predictions").content["decided"] == {"groom": [[12, 22]], "rear": [[40, 50]]}
    assert len(client.ask("/api/recordings/mouse_1/probabilities?level=2&start=0&stop=99").body) == 15 * 2 * 2
    times = np.frombuffer(client.ask("/api/recordings/mouse_1/times").body, "<f8")
    np.testing.assert_allclose(times, np.arange(60) / 10)
    body = client.ask("/api/recordings/mouse_1/pose?start=20&stop=22").body
    values = np.frombuffer(body[-2 * 2 * 3 * 4 :], "<f4").reshape(2, 2, 3)
    np.testing.assert_allclose(values[:, 0, 0], [28, 29])


def test_an_edit_is_answered_with_what_it_changed_and_others_see_it(serve: Callable[..., Any], study: Path) -> None:
    client = serve(study)
    made = client.paint("mouse_2", 5, 9, "rear")
    assert made.status == 200
    assert made.content["made"]["changes"] == [[5, 9, "groom", 0], [5, 9, "rear", 1]]
    state = client.ask("/api/recordings/mouse_2/state?since=0").content
    assert [revision["number"] for revision in state["revisions"]] == [1]
    conflict = client.paint("mouse_2", 8, 12, "rear", 0, base=0, viewer="other")
    assert (conflict.status, len(conflict.content["revisions"])) == (409, 1)
    assert client.paint("mouse_2", 20, 22, "rear", base=0, viewer="other").status == 200
    undone = client.paint("mouse_2", 0, 1, None, id="u", paints=[], undo=1)
    assert undone.content["made"]["changes"] == [[5, 9, "groom", -1], [5, 9, "rear", -1]]
    stale = client.paint("mouse_2", 8, 12, "rear", session="another")
    assert (stale.status, stale.content["is_stale"]) == (409, True)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"session": 1}',
        b"[" * 5000,
        {"paints": [{"start": 0, "stop": 9, "behavior": "fly", "value": 1}]},
        {"paints": [{"start": -5, "stop": 9, "behavior": "rear", "value": 1}]},
        {"paints": [{"start": 0, "stop": 10**9, "behavior": "rear", "value": 1}]},
        {"paints": [{"start": 0, "stop": 9, "behavior": "rear", "value": 7}]},
        {"paints": [{"start": 0.5, "stop": 9, "behavior": "rear", "value": 1}]},
        {"paints": []},
        {"undo": 5},
        {"more": 1},
    ],
)
def test_an_edit_that_makes_no_sense_changes_nothing(serve: Callable[..., Any], study: Path, body: Any) -> None:
    client = serve(study)
    session = client.ask("/api/recordings/mouse_1/labels").content["session"]
    whole = {"session": session, "id": "1", "viewer": "a", "base": 0, **body} if isinstance(body, dict) else body
    answer = client.ask("/api/recordings/mouse_1/edits", whole)
    assert answer.status == 422
    assert "Traceback" not in answer.content["error"]
    assert client.ask("/api/recordings/mouse_1/labels").content["revision"] == 0
    assert not (study.parent / "labels").exists()


def test_a_video_that_vanishes_or_cannot_be_opened_is_said(serve: Callable[..., Any], study: Path) -> None:
    client = serve(study)
    client.ask("/api/recordings/mouse_1")
    (study.parent / "mouse_1.mp4").rename(study.parent / "elsewhere.mp4")
    answer = client.ask("/api/recordings/mouse_1/frames?start=3")
    assert (answer.status, "is gone" in answer.content["error"]) == (422, True)
    (study.parent / "mouse_2.mp4").write_bytes(b"no video")
    assert "is not a video" in client.ask("/api/recordings/mouse_2").content["error"]


def test_labels_that_cannot_be_written_say_why_and_the_rest_works(
    serve: Callable[..., Any], study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    client = serve(study)
    assert client.paint("mouse_1", 1, 4, "rear").status == 200
    monkeypatch.setattr("behavior.files.label_journal.os.fsync", refuse)
    refused = client.paint("mouse_1", 30, 34, "rear")
    assert (refused.status, "No space left" in refused.content["error"]) == (507, True)
    assert client.ask("/api/recordings/mouse_1/labels").content["runs"]["rear"] == [[1, 4, 1]]
    monkeypatch.undo()
    assert client.paint("mouse_1", 30, 34, "rear").status == 200
