"""Whether a written study is complete, reads back, and is the same for the same seed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from behavior.compute.where import Where
from behavior.errors import OutputError
from behavior.files.label_formats.request import LabelRequest
from behavior.files.labels import read_labels
from behavior.files.pose import read_pose
from behavior.files.video import open_video
from behavior.recording import Frames
from behavior.synthetic import BEHAVIORS, RecordingFiles, write_study_files
from behavior.synthetic.study import act_study_recording


def write_small_study(folder: Path, *, processes: int) -> list[RecordingFiles]:
    return write_study_files(folder, n_recordings=2, n_frames=300, seed=11, size=160, where=Where(processes))


def read_frames(path: Path) -> npt.NDArray[np.uint8]:
    with open_video(path) as video:
        return np.stack([frame.image for frame in video.frames() if frame.image is not None])


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> list[RecordingFiles]:
    return write_small_study(tmp_path_factory.mktemp("study"), processes=1)


def test_files_have_the_names_that_a_laboratory_would_give_them(study: list[RecordingFiles]) -> None:
    assert [recording.name for recording in study] == ["mouse_01", "mouse_02"]
    assert {path.name for path in study[0].video.parent.iterdir()} == {
        f"mouse_0{number}{suffix}" for number in (1, 2) for suffix in (".mp4", "DLC_resnet50_demoshuffle1_100000.csv", "_labels.csv")
    }


def test_a_written_study_reads_back(study: list[RecordingFiles]) -> None:
    for recording in study:
        frames = read_frames(recording.video)
        assert frames.shape == (300, 160, 160, 3)
        track = read_pose(recording.pose)
        assert len(track) == 300
        assert {"nose", "leftear", "rightear", "midbody", "tailbase"} <= set(track.body_parts)
        labels, remarks = read_labels(recording.labels, LabelRequest(BEHAVIORS, Frames(300)))
        assert remarks == []
        assert labels.behaviors == BEHAVIORS
        assert np.all(labels.values.any(axis=0))
        assert set(np.unique(labels.values)) == {0, 1}

        # The mouse in the decoded video is where the pose file says, at the same frame.
        part = track.body_parts.index("midbody")
        likely = np.flatnonzero(track.likelihoods[:, part] > 0.9)
        column, row = np.rint(track.positions[likely, part]).astype(int).T
        empty = np.median(frames, axis=0)
        difference = np.abs(frames[likely, row, column] - empty[row, column]).max(axis=1)
        # Where the mouse sat for most of so short a recording, the median shows the mouse itself.
        assert np.mean(difference > 20) > 0.8


def test_the_same_seed_writes_the_same_study_in_any_number_of_processes(study: list[RecordingFiles], tmp_path: Path) -> None:
    again = write_small_study(tmp_path, processes=2)
    for first, second in zip(study, again, strict=True):
        assert first.pose.read_bytes() == second.pose.read_bytes()
        assert first.labels.read_bytes() == second.labels.read_bytes()
        assert np.array_equal(read_frames(first.video), read_frames(second.video))


def test_recordings_differ_within_a_study_and_between_seeds(study: list[RecordingFiles], tmp_path: Path) -> None:
    others = write_study_files(tmp_path / "made", n_recordings=1, n_frames=300, seed=12, size=160)
    assert len({recording.labels.read_bytes() for recording in (*study, *others)}) == 3
    assert len({recording.pose.read_bytes() for recording in (*study, *others)}) == 3


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(OutputError, match="taken"):
        write_study_files(tmp_path / "taken", n_recordings=1, n_frames=300, seed=0)


def test_recordings_too_short_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="too short"):
        write_study_files(tmp_path, n_recordings=1, n_frames=50, seed=0)


def test_a_recording_of_a_written_study_can_be_acted_again(study: list[RecordingFiles]) -> None:
    for index, recording in enumerate(study):
        acted = act_study_recording(index, n_frames=300, seed=11, size=160)
        labels, _ = read_labels(recording.labels, LabelRequest(BEHAVIORS, Frames(300)))
        np.testing.assert_array_equal(acted.labels.values, labels.values)
        shown = read_frames(recording.video)[50].astype(int)
        # The video is compressed.
        assert np.abs(shown - acted.frame(50)).mean() < 4


def test_a_second_camera_leaves_the_files_of_the_first_as_they_are(tmp_path):
    (alone,) = write_study_files(tmp_path / "one", n_recordings=1, n_frames=300, seed=2, size=96)
    (both,) = write_study_files(tmp_path / "two", n_recordings=1, n_frames=300, seed=2, size=96, with_side=True)
    assert alone.side_video is None and both.side_video.is_file() and both.side_pose.is_file()
    for name in ("video", "pose", "labels"):
        assert getattr(alone, name).read_bytes() == getattr(both, name).read_bytes()


def test_another_renderer_shows_the_same_behavior_otherwise(study, tmp_path):
    (solid,) = write_study_files(tmp_path, n_recordings=1, n_frames=300, seed=11, size=160, renderer="solid")
    assert solid.labels.read_bytes() == study[0].labels.read_bytes()
    assert solid.pose.read_bytes() != study[0].pose.read_bytes()
    shown, acted = read_frames(solid.video)[50], act_study_recording(0, n_frames=300, seed=11, size=160, renderer="solid")
    assert np.abs(shown.astype(int) - acted.frame(50)).mean() < 5
