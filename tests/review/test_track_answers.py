from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from tracked_pair import write_pair

ONE = "/api/recordings/mouse_1_animal1"


@pytest.fixture
def client(serve: Callable[..., Any], videos: Path) -> Any:
    write_pair(videos / "mouse_1.mp4")
    return serve(videos)


def correct(client: Any, base: int, identifier: str = "a", **what: Any) -> Any:
    session = client.ask(f"{ONE}/track").content["session"]
    return client.ask(f"{ONE}/track/corrections", {"session": session, "id": identifier, "viewer": "test", "base": base, **what})


def test_the_page_gets_animals_tracklets_and_crossings(client: Any) -> None:
    recordings = {one["id"]: one["has_track"] for one in client.ask("/api/study").content["recordings"]}
    assert recordings == {**{f"mouse_1_animal{number}": True for number in (1, 2, 3)}, "mouse_2": False}
    track = client.ask(f"{ONE}/track").content
    assert track["names"] == ["animal1", "animal2", "animal3"] and track["found"] == [1, 1, 0.1667]
    assert track["tracklets"][1] == [30, 60, 0, 0.6] and track["crossings"] == [[29, 31, [0, 1]]]
    assert client.ask("/api/recordings/mouse_2/track").status == 404


def test_positions_and_crops_are_those_of_the_track(client: Any) -> None:
    answer = client.ask(f"{ONE}/track/positions?start=40&stop=42").body
    length = int.from_bytes(answer[:4], "little")
    head = json.loads(answer[4 : 4 + length])
    values = np.frombuffer(answer[4 + length + (-length % 4) :], dtype="<f4").reshape(2, 3, 5)
    assert head == {"revision": 0, "n_animals": 3, "start": 40, "n_frames": 2}
    np.testing.assert_allclose(values[1, :, :2], [[49, 30], [49, 66], [49, 90]])
    # The third is not seen in frame 10.
    strip = cv2.imdecode(np.frombuffer(client.ask(f"{ONE}/track/crops?animal=2&frames=45,10").body, np.uint8), cv2.IMREAD_COLOR)
    assert strip.shape == (64, 128, 3) and np.abs(strip[:, 70:].astype(int) - 90).max() < 6


def test_corrections_are_made_taken_back_and_told_by_the_state(client: Any, videos: Path) -> None:
    made = correct(client, 0, edit={"action": "swap", "animal": 0, "other": 1, "frame": 30})
    assert made.status == 200 and made.content["revision"] == 1
    assert made.content["corrections"] == [{"text": "exchanged from frame 30 to the end", "frame": 29, "problem": "", "is_own": True}]
    assert client.ask(f"{ONE}/state").content["track"]["revision"] == 1
    late = correct(client, 0, "b", edit={"action": "name", "animal": 0, "name": "anna"})
    assert late.status == 409 and late.content["track"]["revision"] == 1
    assert correct(client, 1, "c").content["corrections"] == []
    assert correct(client, 2, "d", redo=True).content["revision"] == 3
    client.stop()
    # What was asked for last is in the track when the server ends.
    assert (videos / "mouse_1_track_corrections.jsonl").read_text().count("swap") == 1
    assert "66.0" in (videos / "mouse_1_track.csv").read_text().splitlines()[-1].split(",")[2]


@pytest.mark.parametrize(
    ("path", "body", "sentence"),
    [
        ("crops?animal=9&frames=3", None, "no such animal or frame"),
        ("crops?animal=0&frames=99", None, "no such animal or frame"),
        ("crops?animal=0&frames=../x", None, "found 0 frames"),
        ("crops?animal=x&frames=1", None, "animal is 'x'"),
        ("positions?start=5&stop=1", None, "stop is '1'"),
        ("positions?start=0&stop=999999", None, "stop is"),
        ("corrections", {"edit": {"action": "explode"}}, "load the page again"),
        ("corrections", {"edit": {"action": "name", "animal": 0, "name": "a/b"}}, "cannot be the name"),
        ("corrections", {"edit": {"action": "swap"}}, "no such animal"),
        ("corrections", {"drop": 4}, "no such correction"),
        ("corrections", {"drop": 4, "redo": True}, "corrects something or takes it back"),
    ],
)
def test_bad_requests_get_one_sentence(client: Any, path: str, body: dict[str, Any] | None, sentence: str) -> None:
    answer = client.ask(f"{ONE}/track/{path}") if body is None else correct(client, 0, **body)
    assert answer.status == 422 and sentence in answer.content["error"]


def test_a_session_of_another_server_and_a_recording_without_a_track_are_told(client: Any) -> None:
    body = {"session": "old", "id": "a", "viewer": "test", "base": 0, "edit": {"action": "remove", "tracklet": 4}}
    assert client.ask(f"{ONE}/track/corrections", body).status == 409
    assert "run `behavior track`" in client.ask("/api/recordings/mouse_2/track/corrections", body).content["error"]


def test_damaged_tracklets_and_hostile_corrections_get_a_sentence_and_labelling_goes_on(serve: Callable[..., Any], videos: Path) -> None:
    write_pair(videos / "mouse_1.mp4")
    (videos / "mouse_1_track_corrections.jsonl").write_text('{"corrections": 1}\n{"__class__": "os.system"}\n')
    client = serve(videos)
    answer = client.ask(f"{ONE}/track")
    assert answer.status == 422 and "mouse_1_track_corrections.jsonl, line 1" in answer.content["error"]
    (videos / "mouse_1_tracklets.npz").write_bytes(b"PK damaged")
    assert "cannot be read as tracklets" in client.ask(f"{ONE}/track").content["error"]
    assert client.ask(f"{ONE}/frames?start=0").status == 200 and client.ask(ONE).status == 200


def test_a_folder_that_takes_nothing_is_told_and_nothing_is_lost(client: Any, videos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from behavior.errors import OutputError

    def fail(*_: object) -> None:
        raise OutputError("mouse_1_track_corrections.jsonl: cannot be written (read-only); choose a folder that you may write to.")

    monkeypatch.setattr("behavior.review.track_session.write_corrections", fail)
    answer = correct(client, 0, edit={"action": "remove", "tracklet": 4})
    assert answer.status == 507 and "read-only" in answer.content["error"]
    assert client.ask(f"{ONE}/track").content["corrections"] == []
