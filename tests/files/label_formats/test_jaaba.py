"""JAABA scores: frames from 1, the stop not included, animals from their first to their last scored frame."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from binary_samples import make_jaaba, write_bytes
from label_samples import BOUTS, VALUES, read

from behavior.errors import LabelError
from behavior.files.labels import count_label_frames, is_label_file, list_behaviors, recognise_labels
from behavior.recording import Frames

GROOMING = BOUTS["Grooming"]


@pytest.mark.parametrize("compressed", [False, True])
def test_scores_are_read_and_said_to_be_a_classifiers(tmp_path: Path, compressed: bool) -> None:
    path = write_bytes(tmp_path / "scores.mat", make_jaaba([GROOMING], 40, compressed=compressed))
    assert recognise_labels(path) == "JAABA scores"
    assert is_label_file(path)
    assert list_behaviors(path) == ("Grooming",)
    assert count_label_frames(path, ("Grooming",)) == 40
    values, notes = read(path, ("Grooming",))
    np.testing.assert_array_equal(values[:, 0], VALUES[:, 0])
    assert notes == [f"{path}: holds the scores of a JAABA classifier, not labels by people."]
    assert list_behaviors(write_bytes(tmp_path / "scores_Chase.mat", make_jaaba([GROOMING], 40, name=None))) == ("Chase",)


def test_frames_in_which_an_animal_was_not_scored_are_unlabelled(tmp_path: Path) -> None:
    changes = {"tStart": np.array([[3.0]]), "tEnd": np.array([[30.0]])}
    values, _ = read(write_bytes(tmp_path / "a.mat", make_jaaba([GROOMING], 40, **changes)), ("Grooming",))
    assert (values[:2] == -1).all()
    assert (values[30:] == -1).all()
    np.testing.assert_array_equal(values[2:30, 0], VALUES[2:30, 0])


def test_one_of_several_animals_is_asked_for(tmp_path: Path) -> None:
    path = write_bytes(tmp_path / "a.mat", make_jaaba([GROOMING, [(30, 40)], []], 40))
    with pytest.raises(LabelError, match="holds labels of the animals '1', '2', '3'"):
        read(path, ("Grooming",))
    assert np.flatnonzero(read(path, ("Grooming",), subject="2")[0]).tolist() == [*range(30, 40)]
    assert not read(path, ("Grooming",), subject="3")[0].any()
    assert np.flatnonzero(read(path, ("Grooming",), subject="*")[0]).tolist() == [*range(3, 8), *range(20, 25), *range(30, 40)]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"postprocessed": np.zeros((1, 40))}, "t0s and t1s of animal 1 differ from what 'postprocessed' says"),
        ({"t0s": np.array([[4.5]]), "t1s": np.array([[9.0]])}, "animal 1 has frames that are not whole numbers from 1"),
        ({"t0s": np.array([[9.0]]), "t1s": np.array([[4.0]])}, "animal 1 has bouts that are not spans within frames 1 to 40"),
        ({"t0s": np.array([[9.0]]), "t1s": np.array([[50.0]])}, "not spans within frames 1 to 40"),
        ({"tEnd": np.array([[1e15]])}, "not whole numbers from 1"),
        ({"tEnd": np.array([[40.0, 40.0]])}, "has tStart of 1 animals, t0s of 1 and t1s of 1"),
        ({"t0s": "text"}, "'t0s' holds something else than numbers"),
    ],
)
def test_scores_that_contradict_themselves_are_refused(tmp_path: Path, changes: dict[str, object], sentence: str) -> None:
    with pytest.raises(LabelError, match=sentence):
        read(write_bytes(tmp_path / "a.mat", make_jaaba([GROOMING], 40, **changes)), ("Grooming",))


def test_scores_of_a_longer_video_are_refused(tmp_path: Path) -> None:
    with pytest.raises(LabelError, match="labels 40 frames, but the video has 30"):
        read(write_bytes(tmp_path / "a.mat", make_jaaba([GROOMING], 40)), ("Grooming",), frames=Frames(30))
