"""Caltech Behavior Annotator: streams that label every frame."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from label_samples import N_FRAMES, NAMES, VALUES, list_frames, make_caltech, read, write

from behavior.errors import LabelError
from behavior.files.label_formats.request import LabelPolicies
from behavior.files.labels import list_behaviors
from behavior.recording import Frames


def test_frames_that_no_row_of_a_stream_covers_are_unlabelled(tmp_path: Path) -> None:
    text = make_caltech().replace("\t26\t40\tbase", "\t36\t40\tbase")
    values, _ = read(write(tmp_path / "a.txt", text))
    assert list_frames(values[:, 0] == -1) == list(range(25, 35))
    with pytest.raises(LabelError, match=r"line 11 holds .* expected first frame"):
        read(write(tmp_path / "a.txt", make_caltech().replace("   \t4\t8\tGrooming", "   \t4\teight\tGrooming")))


@pytest.mark.parametrize(("last", "word"), [(50, "left out"), (35, "not labelled")])
def test_background_counts_for_the_length_that_a_file_covers(tmp_path: Path, last: int, word: str) -> None:
    path = write(tmp_path / "a.txt", make_caltech().replace("\t26\t40\tbase", f"\t26\t{last}\tbase"))
    with pytest.raises(LabelError, match=f"labels {last} frames, but the video has 40, expected as many; are they the labels of another"):
        read(path)
    values, notes = read(path, policies=LabelPolicies(out_of_range="warn"))
    np.testing.assert_array_equal(values[:35], VALUES[:35])
    assert any(f"labels {last} frames, but the video has 40" in note and word in note for note in notes)
    if last > N_FRAMES:
        np.testing.assert_array_equal(read(path, frames=Frames(N_FRAMES, broke_off=True))[0], VALUES)


def test_streams_of_different_behaviors_go_together(tmp_path: Path) -> None:
    second = "S2:\tstart\tend\ttype\n-----\n\t1\t30\tbase\n\t31\t40\tClinch\n"
    values, _ = read(write(tmp_path / "a.txt", make_caltech() + second), (*NAMES, "Clinch"))
    np.testing.assert_array_equal(values[:, :2], VALUES)
    assert list_frames(values[:, 2]) == list(range(30, 40))


def test_streams_with_one_behavior_are_not_mixed_by_accident(tmp_path: Path) -> None:
    second = "S2:\tstart\tend\ttype\n-----\n\t1\t30\tbase\n\t31\t40\tGrooming\n"
    path = write(tmp_path / "a.txt", make_caltech() + second)
    with pytest.raises(LabelError, match="holds bouts of 'S1', 'S2'"):
        read(path)
    np.testing.assert_array_equal(read(path, subject="s1")[0], VALUES)
    assert list_frames(read(path, subject="S2")[0][:, 0]) == list(range(30, 40))


def test_the_background_is_a_behavior_if_it_is_requested(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", make_caltech())
    assert list_behaviors(path) == NAMES
    values, _ = read(path, ("rest",), mapping={"base": "rest"}, ignored=frozenset(NAMES))
    np.testing.assert_array_equal(values[:, 0] == 1, ~VALUES.any(axis=1))
