"""Labels of one recording, and label files that tell how many frames it has, or do not."""

import numpy as np
import pytest

import behavior as bh
from behavior.api.labels import RecordingLabels
from behavior.recording import Labels

FRAMES = "frame,grooming,rearing\n0,1,0\n1,1,\n2,0,1\n3,0,1\n"
BOUTS = "behavior,start_s,stop_s\ngrooming,0,0.2\nrearing,0.2,0.4\n"


@pytest.fixture
def bouts(tmp_path):
    path = tmp_path / "m1.csv"
    path.write_text(BOUTS)
    return path


def test_a_table_with_a_row_per_frame_needs_nothing_else(tmp_path):
    (tmp_path / "m1.csv").write_text(FRAMES)
    labels = bh.read_labels(str(tmp_path / "m1.csv"))
    assert labels.behaviors == ("grooming", "rearing")
    assert labels.values.T.tolist() == [[1, 1, 0, 0], [0, -1, 1, 1]]
    assert (labels.time_s, labels.recording) == (None, "")
    timed = bh.read_labels(tmp_path / "m1.csv", fps=10, behaviors=["rearing"])
    assert timed.time_s.tolist() == [0.0, 0.1, 0.2, 0.3]
    assert timed.behaviors == ("rearing",)


def test_a_table_of_samples_is_at_its_own_times_or_at_the_frames_that_are_asked_for(tmp_path):
    (tmp_path / "m1.csv").write_text("time,grooming\n0.0,1\n0.5,0\n1.0,1\n")
    labels = bh.read_labels(tmp_path / "m1.csv")
    assert (labels.time_s.tolist(), labels.values[:, 0].tolist()) == ([0.0, 0.5, 1.0], [1, 0, 1])
    assert bh.read_labels(tmp_path / "m1.csv", fps=4).values[:, 0].tolist() == [1, 1, 0, 0, 1, 1]


def test_what_a_file_does_not_say_is_said_by_arguments(tmp_path):
    (tmp_path / "m1.csv").write_text(",background,grooming\n0,1,0\n1,0,1\n2,1,0\n3,1,0\n")
    with pytest.raises(bh.LabelError, match="'background' is 1 in 3 of 4 rows"):
        bh.read_labels(tmp_path / "m1.csv")
    assert bh.read_labels(tmp_path / "m1.csv", background="unlabelled").values[:, 0].tolist() == [-1, 1, -1, -1]
    options = {"background": "absent", "observed": "from_first_to_last", "missing": "unlabelled"}
    labels = bh.read_labels(tmp_path / "m1.csv", behaviors=["grooming", "rearing"], **options)
    assert labels.values.T.tolist() == [[-1, 1, -1, -1], [-1, -1, -1, -1]]


def test_bouts_need_frames(bouts):
    with pytest.raises(bh.UsageError, match="does not tell how many frames the recording has; give its video"):
        bh.read_labels(bouts)
    expected = [[1, 1, 0, 0, 0], [0, 0, 1, 1, 0]]
    assert bh.read_labels(bouts, n_frames=5, fps=10).values.T.tolist() == expected
    assert bh.read_labels(bouts, time_s=[0.0, 0.1, 0.2, 0.3, 0.4]).values.T.tolist() == expected


def test_frames_are_counted_in_the_video(demo):
    videos = demo.study.parent / "videos"
    labels = bh.read_labels(videos / "mouse_01_labels.csv", video=videos / "mouse_01.mp4")
    assert labels.values.shape == (400, 3)
    assert labels.time_s[-1] == pytest.approx(39.9)


def test_a_boris_project_knows_its_video(demo, tmp_path):
    bh.export_ethograms(demo.ethograms, "boris", tmp_path)
    (project,) = tmp_path.rglob("*.boris")
    labels = bh.read_labels(project, recording="mouse_04")
    ethogram = bh.read_ethogram(demo.ethograms / "mouse_04_ethogram.csv")
    assert np.array_equal(labels.select(ethogram.behaviors), ethogram.values)
    assert np.allclose(labels.time_s, ethogram.time_s)


def test_tables_have_frames_and_seconds():
    values = np.array([[1, 0], [1, -1], [0, 1]], dtype=np.int8)
    labels = RecordingLabels("m1", Labels(values, ("grooming", "rearing")), np.array([0.0, 0.5, 1.0]))
    assert labels.to_frame().to_numpy().tolist() == [[0, 0.0, 1, 0], [1, 0.5, 1, -1], [2, 1.0, 0, 1]]
    assert labels.bouts().to_numpy().tolist() == [["grooming", 0, 2, 0.0, 1.0, 1.0], ["rearing", 2, 3, 1.0, 1.5, 0.5]]
    untimed = RecordingLabels("m1", labels.labels, None)
    assert list(untimed.to_frame()) == ["frame", "grooming", "rearing"]
    assert untimed.bouts().to_numpy().tolist() == [["grooming", 0, 2], ["rearing", 2, 3]]
    assert repr(labels).splitlines()[0] == "Labels of m1: 3 frames"
    assert repr(labels).splitlines()[3].split() == ["rearing", "2", "1", "1"]


def test_a_recording_without_bouts_has_an_empty_table():
    labels = RecordingLabels("m1", Labels(np.zeros((3, 1), dtype=np.int8), ("grooming",)), np.arange(3.0))
    assert list(labels.bouts()) == ["behavior", "start_frame", "stop_frame", "start_s", "stop_s", "duration_s"]
    assert len(labels.bouts()) == 0


def test_what_is_odd_in_a_file_is_noted(tmp_path):
    (tmp_path / "m1.csv").write_text(BOUTS + "jumping,0.1,0.2\n")
    labels = bh.read_labels(tmp_path / "m1.csv", behaviors=["grooming", "rearing"], n_frames=5, fps=10)
    assert any("jumping" in note for note in labels.notes)
