"""What starting a training does, what pages are told, and which models are taken."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import fake_jobs
import pytest

from behavior.config import Crop
from behavior.errors import ModelError, UsageError
from behavior.files.training_rounds import read_rounds
from behavior.review.desk import Desk
from behavior.review.label_edits import Paint
from behavior.review.label_session import EditRequest
from behavior.review.reviewed_study import open_reviewed
from behavior.review.training import describe_training, start_predicting, start_training, take_model


def finish(desk: Desk) -> dict[str, Any]:
    deadline = time.monotonic() + 60
    while desk.jobs.is_running:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return describe_training(desk, 0)


def test_edits_are_in_their_files_before_a_job_begins(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("behavior.review.training.train_study", fake_jobs.finish)
    # A server that was killed has left its edits in a journal.
    killed = Desk(open_reviewed([study]), "anna")
    killed.open("mouse_2").open_session().edit(EditRequest("1", "a", 0, (Paint(3, 6, "rear", 1),)))
    journal = study.parent / "labels" / ".review" / "mouse_2_anna.csv.journal"
    assert journal.exists()
    killed.open("mouse_2").session._claim.close()  # type: ignore[union-attr]
    desk = Desk(open_reviewed([study]), "anna")
    desk.open("mouse_1").open_session().edit(EditRequest("2", "b", 0, (Paint(1, 2, "groom", 1),)))
    start_training(desk)
    assert "rear,3,6" in (study.parent / "labels" / "mouse_2_anna.csv").read_text()
    assert "groom,1,2" in (study.parent / "labels" / "mouse_1_anna.csv").read_text()
    assert finish(desk)["job"]["lines"][0]["text"] == "training on the labels of anna"
    desk.close()


def test_rounds_and_advice_are_told_in_numbers_that_json_has(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("behavior.review.training.train_study", fake_jobs.add_round)
    desk = Desk(open_reviewed([study]), "")
    assert describe_training(desk, 0)["advice"]["sentence"] == "Nothing is trained yet."
    for _ in range(3):
        start_training(desk)
        told = finish(desk)
    assert [one["scored_on"] for one in told["rounds"]] == ["all labelled frames", "random clips", "random clips"]
    assert told["rounds"][1]["mean"]["average_precision"] == pytest.approx([0.75, 0.65, 0.8])
    assert told["rounds"][1]["mean"]["f1"][1:] == [None, None]
    assert told["advice"]["gain"] > 0
    assert len(read_rounds(study.parent / "training" / "rounds.csv")) == 3
    (study.parent / "training" / "rounds.csv").write_text("something else\n")
    assert "found columns" in describe_training(desk, 0)["problem"]
    desk.close()


def test_videos_without_a_study_cannot_be_trained(videos: Path) -> None:
    with pytest.raises(UsageError, match="name a behavior"):
        start_training(Desk(open_reviewed([videos]), ""))


@pytest.fixture
def another_model(monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a model that predicts grooming alone, with whole frames."""
    members = [SimpleNamespace(streams=[SimpleNamespace(name="appearance")])]
    description = SimpleNamespace(behaviors=["grooming"], crop=Crop(whole_frame=True), members=members)
    monkeypatch.setattr("behavior.review.training.read_bundle", lambda folder: description)
    return Path("model")


def test_a_model_of_another_study_is_refused(another_model: Path, study: Path, run: Callable[..., Any]) -> None:
    with pytest.raises(ModelError, match="model: is a model of another study: it predicts grooming"):
        take_model(open_reviewed([study]), another_model)
    ran = run("review", study, "--model", another_model, "--no-browser")
    assert (ran.status, "is a model of another study" in ran.err) == (1, True)


def test_a_folder_without_a_model_is_refused(study: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"found no bundle\.yaml"):
        take_model(open_reviewed([study]), tmp_path)


def test_videos_get_the_behaviors_of_a_model_and_those_without_ethogram_are_predicted(
    another_model: Path, videos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reviewed = open_reviewed([videos])
    take_model(reviewed, another_model)
    assert reviewed.behaviors == ("grooming",)
    monkeypatch.setattr("behavior.review.training.predict_recordings", fake_jobs.name_recordings)
    desk = Desk(reviewed, "")
    assert start_predicting(desk, another_model)
    told = finish(desk)
    assert (told["job"]["kind"], told["job"]["outcome"]) == ("predicting", "model: mouse_1, mouse_2")
    # What the job wrote is shown.
    assert list(reviewed.ethograms) == ["mouse_1"]
    desk.close()
