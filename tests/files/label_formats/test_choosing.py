"""Which observation of a file is the recording's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from label_samples import FRAMES, VALUES, list_frames, make_observation, make_project, read, write

from behavior.errors import LabelError
from behavior.files.label_formats.choosing import choose_observation, fits, spell
from behavior.files.label_formats.request import LabelRequest
from behavior.files.labels import list_observations


def test_the_observation_is_chosen_by_name_video_or_setting(tmp_path: Path) -> None:
    grooming = [[0.1, "", "Grooming", "", ""], [0.2, "", "Grooming", "", ""]]
    others = {
        f"day {number}": make_observation(
            [[number, "", "Grooming", "", ""], [number + 0.1, "", "Grooming", "", ""]], file={"1": [f"C:\\lab\\Mouse {number}.avi"]}
        )
        for number in (1, 2)
    }
    path = write(tmp_path / "a.boris", make_project(observations={**others, "day 3": make_observation(grooming)}))
    assert list_observations(path) == ("day 1", "day 2", "day 3")
    for options, frame in [
        ({"recording_names": ("mouse_2.mp4", "x")}, 20),
        ({"recording_names": ("x.mp4", "day_1")}, 10),
        ({"observation": "Day 3"}, 1),
        ({"observation": "day 1", "recording_names": ("mouse_2.mp4",)}, 10),
    ]:
        values, notes = read(path, ("Grooming",), **options)
        assert list_frames(values[:, 0]) == [frame]
        assert not any("check that" in note for note in notes)
    for options, sentence in [
        ({}, r"holds 3 observations: 'day 1' \(Mouse 1.avi\), 'day 2' \(Mouse 2.avi\), 'day 3' \(mouse_1.mp4\); say in the study"),
        ({"recording_names": ("other.mp4",)}, "holds 3 observations and none names 'other.mp4'"),
        ({"observation": "day 4"}, "has no observation 'day 4', only .* did you mean"),
        ({"recording_names": ("mouse_1.mp4",)}, "2 observations fit 'mouse_1.mp4'"),
    ]:
        with pytest.raises(LabelError, match=sentence):
            read(path, ("Grooming",), **options)


def test_one_observation_of_another_video_is_read_with_a_note(tmp_path: Path) -> None:
    path = write(tmp_path / "a.boris", make_project())
    values, notes = read(path, recording_names=("cage_7.mp4",))
    np.testing.assert_array_equal(values, VALUES)
    assert ["is about mouse_1.mp4, and is read for cage_7.mp4" in note for note in notes] == [True]


@pytest.mark.parametrize(
    ("name", "recording", "expected"),
    [
        ("C:\\lab\\Mouse 1.AVI", "mouse_1", True),
        ("videos/m1.mp4", "m1.avi", True),
        ("m1.2024", "m1.2024", True),
        ("m1", "m10", False),
        ("", "m1", False),
    ],
)
def test_names_fit_apart_from_folder_suffix_and_case(name: str, recording: str, expected: bool) -> None:
    assert fits(name, ["else", recording]) == expected
    assert bool(spell(name) & spell(recording)) == expected


def test_without_any_observation_there_is_nothing_to_choose() -> None:
    with pytest.raises(LabelError, match=r"a\.boris: holds no observation"):
        choose_observation(Path("a.boris"), {}, LabelRequest(("a",), FRAMES))
