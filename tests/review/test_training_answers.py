"""Training by requests: the job is the same for whoever asks, and a real one trains a model."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fake_jobs
import numpy as np
import pytest

from behavior.synthetic.study import write_study_files


def wait_for_end(client: Any, seconds: float = 20.0) -> Any:
    deadline = time.monotonic() + seconds
    while (told := client.ask("/api/training").content)["job"]["state"] == "running":
        assert time.monotonic() < deadline, told
        time.sleep(0.1)
    return told


def test_a_job_is_started_once_seen_by_all_and_stopped(serve: Callable[..., Any], study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("behavior.review.training.train_study", fake_jobs.wait)
    client = serve(study)
    assert client.ask("/api/training").content["job"] is None
    started = client.ask("/api/training/start", {}).content["job"]
    assert started["state"] == "running"
    again = client.ask("/api/training/start", {})
    assert (again.status, again.content["error"]) == (422, "a job is already running; wait for it or stop it.")
    assert client.ask("/api/training").content["job"]["id"] == started["id"]
    client.ask("/api/training/stop", {})
    assert wait_for_end(client)["job"]["state"] == "stopped"


@pytest.mark.parametrize("path", ["start", "stop"])
def test_no_path_and_nothing_else_is_taken_from_a_request(serve: Callable[..., Any], study: Path, path: str) -> None:
    client = serve(study)
    for body in ({"study": "/etc/passwd"}, [], b"{", b""):
        assert client.ask(f"/api/training/{path}", body or b" ").status == 422
    assert client.ask("/api/training/start/../../etc", {}).status == 404
    assert client.ask("/api/training?since=-1").status == 422
    assert client.ask("/api/training", {}).status in (404, 405)


@pytest.fixture
def rendered_study(tmp_path: Path) -> Path:
    """Two rendered videos of thirty seconds with pose, of which the labels are not used, and settings that train in a moment."""
    write_study_files(tmp_path / "videos", n_recordings=2, n_frames=300, seed=0)
    folder = tmp_path / "videos"
    (folder / "study.yaml").write_text(
        "behaviors: [left, right]\ncrop: {body_part: midbody, size: 96}\nbackbone: {name: openfield, weights: packaged}\n"
        "windows: {length: 30}\nhead: {kind: lstm, layers: 1, units: 4}\ntraining: {epochs: 3}\n"
    )
    rows = [f"mouse_0{number},mouse_0{number}.mp4,{next(folder.glob(f'mouse_0{number}DLC*')).name}" for number in (1, 2)]
    (folder / "recordings.csv").write_text("\n".join(["recording,video,pose", *rows]) + "\n")
    return folder / "study.yaml"


@pytest.mark.slow
def test_a_model_is_trained_and_its_predictions_are_shown_at_once(serve: Callable[..., Any], rendered_study: Path) -> None:
    client = serve(rendered_study)
    refused = client.ask("/api/training/start", {})
    assert refused.status == 200
    assert "left has no bout yet; right has no bout yet" in wait_for_end(client, 600)["job"]["outcome"]
    for recording in ("mouse_01", "mouse_02"):
        client.paint(recording, 0, 60, None, 0)
        client.paint(recording, 10, 30, "left")
        client.paint(recording, 30, 50, "right")
    assert client.ask("/api/recordings/mouse_01/state?since=0").content["predictions"] == ""
    client.ask("/api/training/start", {})
    told = wait_for_end(client, 600)
    assert told["job"]["state"] == "done", told
    (only,) = told["rounds"]
    assert (only["recordings"], only["behaviors"], only["scored_on"]) == (2, ["left", "right"], "all labelled frames")
    assert only["minutes"] == pytest.approx(2 * 60 / 10 / 60)
    assert 0 < only["mean"]["average_precision"][0] <= 1
    assert any(line["text"].startswith("step 4 of 4") for line in told["job"]["lines"])
    for recording in ("mouse_01", "mouse_02"):
        assert client.ask(f"/api/recordings/{recording}/state?since=0").content["predictions"] != ""
        assert client.ask(f"/api/recordings/{recording}/predictions").content["behaviors"] == ["left", "right"]
        cut = client.ask(f"/api/recordings/{recording}/probabilities?level=0&start=0&stop=300").body
        assert np.frombuffer(cut, np.uint8).shape == (300 * 2 * 2,)
    # What a person labelled is as it was.
    assert "left,10,30" in (rendered_study.parent / "labels" / "mouse_01.csv").read_text()
    assert all(one["has_predictions"] for one in client.ask("/api/study").content["recordings"])
