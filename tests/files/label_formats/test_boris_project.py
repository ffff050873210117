"""BORIS projects: states and points, and what is damaged in a project."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from label_samples import N_FRAMES, VALUES, list_frames, make_events, make_observation, make_project, read, write

from behavior.errors import LabelError
from behavior.files.label_formats.request import LabelPolicies
from behavior.files.labels import LabelNames, list_names
from behavior.recording import Frames


@pytest.mark.parametrize(
    ("events", "frames", "error"),
    [
        ([(0.5, "START")], range(5, 40), "event 1: 'Grooming' starts without a stop"),
        ([(0.5, "START"), (1.0, "STOP"), (2.0, "START")], [*range(5, 10), *range(20, 40)], "event 3: 'Grooming' starts without"),
    ],
)
def test_a_start_without_a_stop_in_a_project(tmp_path: Path, events: list[tuple[float, str]], frames: Any, error: str) -> None:
    path = write(
        tmp_path / "a.boris", make_project(observations={"o": make_observation([[at, "", "Grooming", "", ""] for at, _ in events])})
    )
    with pytest.raises(LabelError, match=error):
        read(path, ("Grooming",))
    values, notes = read(path, ("Grooming",), policies=LabelPolicies(unterminated="warn"))
    assert list_frames(values[:, 0]) == list(frames)
    assert any("until the observation ends" in note for note in notes)


def test_observations_of_images_count_images(tmp_path: Path) -> None:
    events = [[None, "", "Grooming", "", "", 4, "a.jpg"], ["NA", "", "Grooming", "", "", 9, "b.jpg"]]
    path = write(tmp_path / "a.boris", make_project(observations={"o": make_observation(events, type="IMAGES", file={})}))
    assert np.flatnonzero(read(path, ("Grooming",), frames=Frames(N_FRAMES))[0][:, 0]).tolist() == list(range(3, 8))


@pytest.mark.parametrize(
    ("project", "sentence"),
    [
        ('{"project_format_version": "7.0", "observations": [1]}', "'observations' is"),
        ('{"observations": {"o": 3}}', "observation 'o' is '3'"),
        ('{"observations": {}}', "holds no observation"),
        ('{"observations": {"o": {"events": [[1]]}}}', "event 1 of observation 'o' is"),
        ('{"observations": {"o": {"events": [["x", "", "a"]]}}}', "event 1 of observation 'o' has 'x' as time, expected a number"),
        ('{"observations": {"o": {"events": [[1e999, "", "a"]]}}}', "event 1 of observation 'o' has 'inf' as time, expected a number"),
        ('{"observations": {"o": {"events": [[true, "", "a"]]}}}', "event 1 of observation 'o' has 'True' as time, expected a number"),
        ('{"observations": {"o": {"events": [[NaN, "", "a"]]}}}', "neither a time nor an image"),
        ('{"observations": {"o": {"events": [[1, "", "a"]]}}}', "'a', which the project's ethogram does not have"),
        ('{"observations": ' + "[" * 100_000, "cannot be read as JSON|is not JSON"),
        ('{"observations": {"o": {"time offset": ' + "9" * 5000 + "}}}", "cannot be read as JSON"),
    ],
)
def test_projects_that_make_no_sense(tmp_path: Path, project: str, sentence: str) -> None:
    path = write(tmp_path / "a.boris", project)
    with pytest.raises(LabelError, match=sentence) as caught:
        read(path, ("a",))
    assert str(path) in str(caught.value)


def test_a_project_that_is_cut_short_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LabelError, match=r"a\.boris: line .* is not JSON .* cut short"):
        read(write(tmp_path / "a.boris", make_project()[:-30]), ("a",))


def test_a_live_observation_is_read_with_a_note(tmp_path: Path) -> None:
    path = write(tmp_path / "a.boris", make_project(type="LIVE", file=[]))
    values, notes = read(path)
    np.testing.assert_array_equal(values, VALUES)
    assert notes == [f"{path}: 'first' was observed live; its times are taken for those of the video."]


def test_points_and_names_are_listed_by_the_ethogram(tmp_path: Path) -> None:
    events = [[0.5, "", "Jump", "", ""], *make_events()]
    names = list_names(write(tmp_path / "a.boris", make_project(observations={"o": make_observation(events)})))
    assert names == LabelNames(("Grooming", "Supported", "Jump"), ("Jump",), None)


def test_real_bouts_of_a_project_are_at_their_times(shared_data: Path) -> None:
    path = shared_data / "formats" / "boris" / "test.boris"
    frames = Frames.from_times(np.arange(8999) / 25)
    values, _ = read(path, ("s",), frames=frames, observation="observation #1", subject="subject2")
    assert (np.flatnonzero(np.diff(values[:, 0])) + 1).tolist() == [961, 1153]
    with pytest.raises(LabelError, match=r"9 observations fit|holds 12 observations|observations fit 'video_test_25fps_360s"):
        read(path, ("s",), frames=frames, recording_names=("video_test_25fps_360s.mp4",))
