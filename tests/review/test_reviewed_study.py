"""What is reviewed, and the files that are made on the way."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from behavior.errors import OutputError, UsageError
from behavior.files.label_journal import FOLDER
from behavior.files.manifest import read_manifest
from behavior.files.study import open_study
from behavior.review.reviewed_study import open_reviewed


def test_a_study_brings_its_ethograms(study: Path) -> None:
    for paths in ([study], [study.parent], [study, study.parent / "ethograms"]):
        reviewed = open_reviewed(paths)
        assert reviewed.behaviors == ("groom", "rear")
        assert list(reviewed.recordings) == list(reviewed.ethograms) == ["mouse_1", "mouse_2"]


def test_videos_become_a_study_when_the_first_behavior_is_named(videos: Path) -> None:
    reviewed = open_reviewed([videos])
    assert (reviewed.behaviors, list(reviewed.recordings)) == ((), ["mouse_1", "mouse_2"])
    assert sorted(path.name for path in videos.iterdir()) == ["mouse_1.mp4", "mouse_2.mp4"]
    reviewed.add_behavior("grooming")
    reviewed.add_behavior("wall rearing")
    study, recordings = open_study(videos / "study.yaml")
    assert study.behaviors == ["grooming", "wall rearing"]
    assert [recording.id for recording in recordings] == ["mouse_1", "mouse_2"]


def test_single_videos_are_reviewed_where_they_are(videos: Path) -> None:
    assert list(open_reviewed([videos / "mouse_2.mp4"]).recordings) == ["mouse_2"]


def test_ethograms_alone_name_their_videos(study: Path) -> None:
    reviewed = open_reviewed([study.parent / "ethograms"])
    assert reviewed.behaviors == ("groom", "rear")
    assert reviewed.recordings["mouse_2"].video == study.parent / "mouse_2.mp4"
    reviewed.require_study()
    assert [recording.id for recording in open_study(study.parent / "ethograms" / "study.yaml")[1]] == ["mouse_1", "mouse_2"]


def test_one_line_of_a_study_file_changes_when_a_behavior_is_added(study: Path) -> None:
    text = "# ours\nbehaviors: [groom, rear]  # two\ncrop: {body_part: midbody, size: 32}\n"
    study.write_text(text)
    open_reviewed([study]).add_behavior("rest")
    assert study.read_text() == text.replace("[groom, rear]", "[groom, rear, rest]")
    study.write_text("behaviors:\n- groom\n- rear\ncrop: {body_part: midbody, size: 32}\n")
    reviewed = open_reviewed([study])
    reviewed.add_behavior("rest")
    assert reviewed.behaviors == ("groom", "rear", "rest")
    assert study.read_text() == "behaviors:\n- groom\n- rear\n- rest\ncrop: {body_part: midbody, size: 32}\n"


@pytest.mark.parametrize("name", ["", " groom", "groom", "observed", "a" * 61, "Groom!"[:5] + "\n"])
def test_what_cannot_be_a_behavior_is_refused(study: Path, name: str) -> None:
    before = study.read_text()
    with pytest.raises(UsageError):
        open_reviewed([study]).add_behavior(name)
    assert study.read_text() == before


def test_the_manifest_points_to_new_labels_and_is_kept_as_it_was(study: Path) -> None:
    reviewed = open_reviewed([study])
    before = reviewed.manifest_path.read_text()
    path = reviewed.choose_label_file("mouse_2", "anna")
    assert path == study.parent / "labels" / "mouse_2_anna.csv"
    reviewed.point_to_labels("mouse_2", "anna", path)
    assert {recording.id: dict(recording.labels) for recording in read_manifest(reviewed.manifest_path)} == {
        "mouse_1": {"": study.parent / "mouse_1_labels.csv"},
        "mouse_2": {"anna": path},
    }
    assert (study.parent / FOLDER / "recordings_before.csv").read_text() == before


def test_somebody_elses_file_is_never_chosen_for_labels(study: Path) -> None:
    (study.parent / "labels").mkdir()
    (study.parent / "labels" / "mouse_2.csv").write_text("mine")
    assert open_reviewed([study]).choose_label_file("mouse_2", "").name == "mouse_2_review.csv"


def test_two_studies_or_nothing_cannot_be_reviewed(study: Path, tmp_path: Path) -> None:
    for paths, words in (
        ([], "nothing to review"),
        ([study, study], "both studies"),
        ([study, study.parent / "mouse_1.mp4"], "with a study"),
    ):
        with pytest.raises(UsageError, match=words):
            open_reviewed(paths)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="found no video"):
        open_reviewed([tmp_path / "empty"])


def test_files_that_are_there_are_not_written_over(videos: Path) -> None:
    reviewed = open_reviewed([videos])
    (videos / "recordings.csv").write_text("mine")
    with pytest.raises(OutputError, match="is there already"):
        reviewed.add_behavior("grooming")
    assert (videos / "recordings.csv").read_text() == "mine"


def test_exclusive_behaviors_are_kept(study: Path) -> None:
    open_reviewed([study]).set_exclusive([["groom", "rear", "rear"], ["groom"]])
    assert open_reviewed([study]).settings.exclusive == [["groom", "rear"]]
    with pytest.raises(UsageError, match="'fly'"):
        open_reviewed([study]).set_exclusive([["groom", "fly"]])


def test_what_cannot_be_reviewed_is_one_sentence(run: Callable[..., Any], study: Path) -> None:
    for arguments, words in (([study.parent / "nothing.yaml"], "nothing.yaml"), ([study, "--rater", "../anna"], "--rater ../anna")):
        ran = run("review", *arguments, "--no-browser")
        assert ran.status == 2
        assert words in ran.err
        assert "Traceback" not in ran.err
