"""One recording that is looked at."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from behavior.errors import VideoError
from behavior.files.manifest import read_manifest
from behavior.review.label_edits import Paint
from behavior.review.label_session import EditRequest
from behavior.review.opened_recording import OpenedRecording, list_runs
from behavior.review.pictures import OpenReaders
from behavior.review.reviewed_study import open_reviewed
from behavior.review.video_indices import VideoIndices


def open_recording(study: Path, name: str = "mouse_1", rater: str = "") -> OpenedRecording:
    reviewed = open_reviewed([study])
    return OpenedRecording(reviewed, reviewed.recordings[name], rater, VideoIndices(), OpenReaders())


def paint(opened: OpenedRecording, start: int, stop: int, behavior: str) -> None:
    session = opened.open_session()
    session.edit(EditRequest(f"{start} {stop} {behavior}", "a", session.revision, (Paint(start, stop, behavior, 1),)))


def test_a_table_of_frames_is_not_changed_but_taken_over(study: Path) -> None:
    before = (study.parent / "mouse_1_labels.csv").read_bytes()
    opened = open_recording(study)
    paint(opened, 40, 45, "rear")
    opened.close()
    assert (study.parent / "mouse_1_labels.csv").read_bytes() == before
    assert read_manifest(study.parent / "recordings.csv")[0].labels[""] == study.parent / "labels" / "mouse_1.csv"
    table = (study.parent / "labels" / "mouse_1.csv").read_text()
    assert table == "behavior,start_frame,stop_frame,source\ngroom,10,20,mouse_1_labels.csv\nrear,40,45,\n"
    again = open_recording(study)
    paint(again, 50, 55, "rear")
    again.close()
    assert (study.parent / "labels" / "mouse_1.csv").read_text() == table + "rear,50,55,\n"


def test_a_bout_table_of_our_own_is_edited_where_it_is(study: Path) -> None:
    path = study.parent / "mouse_1_labels.csv"
    path.write_text("behavior,start_frame,stop_frame\ngroom,10,20\n")
    opened = open_recording(study)
    paint(opened, 40, 45, "rear")
    opened.close()
    assert path.read_text() == "behavior,start_frame,stop_frame\ngroom,10,20\nrear,40,45\n"


@pytest.mark.parametrize(
    "text",
    [
        "behavior,start_s,stop_s\ngroom,1.0,2.0\n",
        "recording,behavior,start_frame,stop_frame\nmouse_1,groom,10,20\nmouse_2,groom,1,2\n",
        "behavior,start_frame,stop_frame,comment\ngroom,10,20,mine\n",
    ],
)
def test_a_bout_table_that_holds_more_is_not_changed(study: Path, text: str) -> None:
    path = study.parent / "mouse_1_labels.csv"
    path.write_text(text)
    opened = open_recording(study)
    paint(opened, 40, 45, "rear")
    opened.close()
    assert path.read_text() == text
    assert (study.parent / "labels" / "mouse_1.csv").read_text().splitlines()[1:] == ["groom,10,20,mouse_1_labels.csv", "rear,40,45,"]


def test_a_rater_has_labels_of_their_own(study: Path) -> None:
    opened = open_recording(study, rater="anna")
    paint(opened, 5, 9, "rear")
    assert {rater: list_runs(labels.values[:, 0]) for rater, labels in opened.read_others().items()} == {"": [[10, 20, 1]]}
    opened.close()
    assert set(read_manifest(study.parent / "recordings.csv")[0].labels) == {"", "anna"}
    assert (study.parent / "labels" / "mouse_1_anna.csv").read_text() == "behavior,start_frame,stop_frame\nobserved,5,9\nrear,5,9\n"


def test_edits_before_the_manifest_was_written_are_found_again(study: Path) -> None:
    opened = open_recording(study, "mouse_2")
    paint(opened, 5, 9, "rear")
    opened.session._claim.close()
    again = open_recording(study, "mouse_2")
    assert np.flatnonzero(again.open_session().values[:, 1] == 1).tolist() == [5, 6, 7, 8]
    again.close()
    assert read_manifest(study.parent / "recordings.csv")[1].labels[""].name == "mouse_2.csv"


def test_a_behavior_without_a_column_is_labelled_nowhere(study: Path) -> None:
    study.write_text(study.read_text().replace("[groom, rear]", "[groom, rear, rest]"))
    values = open_recording(study).open_session().values
    assert [sorted(set(column)) for column in values.T.tolist()] == [[0, 1], [0], [-1]]


def test_pose_comes_with_the_centre_of_the_crop(study: Path) -> None:
    read = open_recording(study).read_pose()
    assert read is not None
    names, pose = read
    assert (names, pose.shape) == (("midbody", "crop centre"), (60, 2, 3))
    np.testing.assert_allclose(pose[30, :, :2], 2 * [[38.0, 48.0]])


def test_what_the_page_has_to_know_is_there(study: Path) -> None:
    opened = open_recording(study)
    described = opened.describe()
    assert {name: described[name] for name in ("n_frames", "width", "height", "crop_size", "has_pose", "is_complete")} == {
        **{"n_frames": 60, "width": 96, "height": 96, "crop_size": 32, "has_pose": True, "is_complete": True}
    }
    assert described["fps"] == pytest.approx(10)


def test_a_recording_without_a_video_is_refused(study: Path) -> None:
    (study.parent / "recordings.csv").write_text("recording\nmouse_1\n")
    with pytest.raises(VideoError, match="has no video"):
        open_recording(study)


def test_what_takes_memory_is_let_go_and_read_again(study: Path) -> None:
    opened = open_recording(study)
    assert opened.n_bytes == 0
    before, pose = opened.read_predictions(), opened.read_pose()
    assert before is not None
    assert pose is not None
    assert opened.n_bytes == sum(level.nbytes for level in before.pyramid) + pose[1].nbytes > 0
    opened.release()
    assert opened.n_bytes == 0
    again = opened.read_predictions()
    assert again is not None
    np.testing.assert_array_equal(again.pyramid[0], before.pyramid[0])
